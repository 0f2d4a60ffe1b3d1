import type {
  HashFields,
  MultipathAlgorithm,
  NxBundle,
  NxBundleLoad,
  NxMultipath,
} from '../../ofp/actions/nicira/multipath.ts';
import type { Place } from '../../ofp/text/flow-key.ts';
import { PLACES } from '../../ofp/text/flow-key.ts';
import { EthType } from '../../packet/ethernet.ts';
import { IpProtocol } from '../../packet/headers.ts';
import { type FlowWords, WORD_OF, wordRun } from '../packet/layout.ts';
import { isIp } from '../packet/prerequisite.ts';
import type { Walk } from './walk.ts';

/** No member is up. */
const NO_PORT = 0xffff_ffff;

/** The link that a packet is given (ovs-actions(7), multipath). Open vSwitch's hash is another, so that its links may be too. */
export function linkOf(walk: Walk, action: NxMultipath): number {
  const links = action.maxLink + 1;
  const hash = hashFields(walk, action.fields as HashFields, action.basis);
  switch (action.algorithm as MultipathAlgorithm) {
    case 'moduloN':
      return hash % links;
    case 'hashThreshold':
      return Math.floor((hash / 2 ** 32) * links);
    case 'hrw':
      return highestWeight(hash, links, () => true);
    case 'iterHash':
      return iterated(hash, links, action.arg);
  }
}

/** The port of a bundle that a packet is given; {@link NO_PORT} when none is up (ovs-actions(7), bundle). */
export function memberOf(walk: Walk, { algorithm, fields, basis, members }: NxBundle | NxBundleLoad): number {
  if (algorithm === 'activeBackup') return members.find((port) => walk.isLive(port)) ?? NO_PORT;
  const hash = hashFields(walk, fields as HashFields, basis);
  const best = highestWeight(hash, members.length, (index) => walk.isLive(members[index]!));
  return members[best] ?? NO_PORT;
}

/** The index of the highest random weight among those that fit; -1 for none (RFC 2991). */
function highestWeight(hash: number, count: number, fits: (index: number) => boolean): number {
  let best = -1;
  let bestWeight = -1;
  for (let index = 0; index < count; index++) {
    if (!fits(index)) continue;
    const weight = mix(hash ^ Math.imul(index + 1, 0x9e3779b1));
    if (weight > bestWeight) [best, bestWeight] = [index, weight];
  }
  return best;
}

/** Hashes again until the outcome, in a space of at least `modulo` that is a power of two, is a link. */
function iterated(hash: number, links: number, modulo: number): number {
  const space = 2 ** Math.ceil(Math.log2(Math.max(links, modulo, 1)));
  let next = hash;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (next % space < links) return next % space;
    next = mix(next + 1);
  }
  return 0;
}

const MAX_ROUNDS = 4096;

/** The finalizer of MurmurHash3. */
export function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Hashes what tells connections apart, the same for both directions where `fields` is symmetric. */
function hashFields(walk: Walk, fields: HashFields, basis: number): number {
  const { words } = walk.packet;
  const hasher = new Hasher(walk, words, mix(basis));
  const isIpv6 = words[WORD_OF.dlType] === EthType.IPV6;
  switch (fields) {
    case 'ethSrc':
      return hasher.add('dlSrc').value;
    case 'nwSrc':
      return hasher.add(isIpv6 ? 'ipv6Src' : 'nwSrc').value;
    case 'nwDst':
      return hasher.add(isIpv6 ? 'ipv6Dst' : 'nwDst').value;
    case 'symmetricL3':
      return hasher.addresses().value;
    case 'symmetricL3L4':
    case 'symmetricL3L4Udp':
      if (isIp(words)) return hasher.addresses().ports(fields === 'symmetricL3L4Udp').value;
      return hasher.both('dlSrc', 'dlDst').value;
    case 'symmetricL4':
      return hasher.both('dlSrc', 'dlDst').add('vlanTci').add('dlType').addresses().ports(false).value;
  }
}

class Hasher {
  readonly #walk: Walk;
  readonly #words: FlowWords;
  value: number;

  constructor(walk: Walk, words: FlowWords, basis: number) {
    this.#walk = walk;
    this.#words = words;
    this.value = basis;
  }

  add(place: Place): this {
    return this.both(place, undefined);
  }

  /** Adds the bits in which two places differ. */
  both(a: Place, b: Place | undefined): this {
    const bits = PLACES[a];
    this.#walk.reads(wordRun(a, 0, bits));
    if (b !== undefined) this.#walk.reads(wordRun(b, 0, bits));
    for (let i = 0; i < Math.ceil(bits / 32); i++) {
      const other = b === undefined ? 0 : this.#words[WORD_OF[b] + i]!;
      this.value = mix(this.value ^ this.#words[WORD_OF[a] + i]! ^ other);
    }
    return this;
  }

  addresses(): this {
    if (this.#words[WORD_OF.dlType] === EthType.IPV4) return this.both('nwSrc', 'nwDst');
    return this.#words[WORD_OF.dlType] === EthType.IPV6 ? this.both('ipv6Src', 'ipv6Dst') : this;
  }

  ports(hasUdp: boolean): this {
    if (!isIp(this.#words)) return this;
    this.add('nwProto');
    const protocol = this.#words[WORD_OF.nwProto];
    const isKnown = protocol === IpProtocol.TCP || protocol === IpProtocol.SCTP;
    return isKnown || (hasUdp && protocol === IpProtocol.UDP) ? this.both('tpSrc', 'tpDst') : this;
  }
}
