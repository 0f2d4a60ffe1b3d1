import { WireError } from '../../util/errors.ts';
import type { Field, Prerequisite } from './field.ts';
import { fromBits, toBits } from './field-bits.ts';
import { FIELD_COUNT, FieldTrail, fieldByName } from './field-index.ts';
import { FIELDS, type FieldName, type MatchInit } from './fields.ts';
import { splitMask } from './oxm.ts';

/**
 * Refuses a match that breaks a prerequisite (OpenFlow 1.3.5, 7.2.3.6): what a field needs must be said, and said
 * before it. A switch refuses such a match as a whole, or takes no packet for it.
 * @throws WireError `OFP_BAD_PREREQUISITE`, with what to add
 */
export function checkMatch(match: MatchInit): void {
  // Each condition is looked at once, in the whole match; only then is what it looks at not allowed to come later. What
  // fails is looked at again, field by field, for the sentence about it.
  let held = 0;
  let settled = 0;
  let previous = FIELD_COUNT;
  for (const name in match) {
    const field = trail.find(previous, name);
    if (field === undefined || match[name as FieldName] === undefined) continue;
    previous = field.index;
    if ((sources[field.index]! & settled) !== 0) return checkInOrder(match);
    const { needs } = field;
    const condition = conditionOf[field.index]!;
    if ((held & condition) !== 0 || condition === 0) continue;
    if (!CONDITIONS[needs].holds(match as Said)) return checkInOrder(match);
    held |= condition;
    settled |= settledBy[needs];
  }
}

const trail = new FieldTrail();

function checkInOrder(match: MatchInit): void {
  const before: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(match)) {
    if (value === undefined) continue;
    checkField(name, before, match as Record<string, unknown>);
    before[name] = value;
  }
}

/**
 * Writes a match in its simplest form, which takes the same packets: masks of all zeros go with their fields, masks of
 * all ones leave exact values, and values lose the bits outside of their masks, which switches refuse (OpenFlow 1.3.5,
 * 7.2.3.6).
 * @throws WireError when a value is none that its field can have
 */
export function normalizeMatch(match: MatchInit): MatchInit {
  const normal: Record<string, unknown> = {};
  for (const [name, init] of Object.entries(match)) {
    if (init === undefined) continue;
    const { value, mask } = splitMask(name, init);
    if (mask === undefined || !Object.hasOwn(FIELDS, name)) normal[name] = init;
    else Object.assign(normal, simplest(name as FieldName, value, mask));
  }
  return normal as MatchInit;
}

function simplest(name: FieldName, value: unknown, mask: unknown): Record<string, unknown> {
  const { kind, bits } = FIELDS[name];
  // Of fields of variable size, even a mask of zeros says something: that the packet has the field.
  if (kind === 'bytes') return { [name]: { value, mask } };
  const all = (1n << BigInt(bits)) - 1n;
  const maskBits = toBits(name, mask) & all;
  if (maskBits === 0n) return {};
  const kept = fromBits(name, toBits(name, value) & maskBits);
  return { [name]: maskBits === all ? kept : { value: kept, mask: fromBits(name, maskBits) } };
}

type Said = Readonly<Record<string, unknown>>;

/** What makes a prerequisite hold, and how to say it. */
interface Condition {
  holds(said: Said): boolean;
  /** What to add to the match, in the words of our fields. */
  readonly add: string;
}

const EtherType = {
  IPV4: 0x0800,
  ARP: 0x0806,
  RARP: 0x8035,
  IPV6: 0x86dd,
  MPLS: 0x8847,
  MPLS_MULTICAST: 0x8848,
  PBB: 0x88e7,
  NSH: 0x894f,
} as const;
const Protocol = { ICMP: 1, TCP: 6, UDP: 17, ICMPV6: 58, SCTP: 132 } as const;
const NeighborType = { SOLICIT: 135, ADVERT: 136 } as const;

const CONDITIONS: Readonly<Record<Prerequisite, Condition>> = {
  none: { holds: () => true, add: '' },
  inPort: { holds: (said) => (exact(said.inPort) ?? exact(said.nxmInPort)) !== undefined, add: 'inPort' },
  vlan: { holds: hasTag, add: 'vlanVid with the bit 0x1000, as in vlanVid: 0x1005' },
  mpls: { holds: etherTypes(EtherType.MPLS, EtherType.MPLS_MULTICAST), add: 'ethType: 0x8847' },
  pbb: { holds: etherTypes(EtherType.PBB), add: 'ethType: 0x88e7' },
  nsh: { holds: etherTypes(EtherType.NSH), add: 'ethType: 0x894f' },
  arp: { holds: etherTypes(EtherType.ARP, EtherType.RARP), add: 'ethType: 0x0806' },
  ip: { holds: etherTypes(EtherType.IPV4, EtherType.IPV6), add: 'ethType: 0x0800 or ethType: 0x86dd' },
  ipv4: { holds: etherTypes(EtherType.IPV4), add: 'ethType: 0x0800' },
  ipv6: { holds: etherTypes(EtherType.IPV6), add: 'ethType: 0x86dd' },
  tcp: transport(Protocol.TCP),
  udp: transport(Protocol.UDP),
  sctp: transport(Protocol.SCTP),
  icmpv4: {
    holds: (said) => etherType(said) === EtherType.IPV4 && protocol(said) === Protocol.ICMP,
    add: 'ethType: 0x0800 and ipProto: 1',
  },
  icmpv6: {
    holds: (said) => etherType(said) === EtherType.IPV6 && protocol(said) === Protocol.ICMPV6,
    add: 'ethType: 0x86dd and ipProto: 58',
  },
  nd: neighbor(NeighborType.SOLICIT, NeighborType.ADVERT),
  ndSolicit: neighbor(NeighborType.SOLICIT),
  ndAdvert: neighbor(NeighborType.ADVERT),
  ct: {
    holds: isTracked,
    add: 'ctState with a valid connection, as in { value: 0x22, mask: 0x22 } for +trk+est',
  },
};

const IS_IP = ['ethType', 'nxmEthType', 'packetType'] as const;
const IS_TRANSPORT = [...IS_IP, 'ipProto', 'nxmIpProto'] as const;
const IS_ND = [...IS_TRANSPORT, 'icmpv6Type', 'nxmIcmpv6Type', 'icmpv6Code', 'nxmIcmpv6Code'] as const;

/** The fields that each condition looks at. */
const LOOKS_AT: Readonly<Record<Prerequisite, readonly FieldName[]>> = {
  none: [],
  inPort: ['inPort', 'nxmInPort'],
  vlan: ['vlanVid', 'nxmVlanTci'],
  mpls: IS_IP,
  pbb: IS_IP,
  nsh: IS_IP,
  arp: IS_IP,
  ip: IS_IP,
  ipv4: IS_IP,
  ipv6: IS_IP,
  tcp: IS_TRANSPORT,
  udp: IS_TRANSPORT,
  sctp: IS_TRANSPORT,
  icmpv4: IS_TRANSPORT,
  icmpv6: IS_TRANSPORT,
  nd: IS_ND,
  ndSolicit: IS_ND,
  ndAdvert: IS_ND,
  ct: ['ctState'],
};

/** Bits for sets of fields that conditions look at, and for sets of conditions. */
const sourceNames = [...new Set(Object.values(LOOKS_AT).flat())];
const conditionNames: readonly Prerequisite[] = (Object.keys(LOOKS_AT) as Prerequisite[]).filter(
  (name) => name !== 'none',
);

/** By the field's index: its own bit among those that conditions look at, and the bit of the condition that it needs. */
const sources = new Int32Array(FIELD_COUNT);
const conditionOf = new Int32Array(FIELD_COUNT);
for (const [name, { needs }] of Object.entries<Field>(FIELDS)) {
  const { index } = fieldByName(name);
  sources[index] = bit(sourceNames.indexOf(name as FieldName));
  conditionOf[index] = bit(conditionNames.indexOf(needs));
}

/** The bits of the fields that each condition looks at. */
const settledBy = Object.fromEntries(
  Object.entries(LOOKS_AT).map(([name, looksAt]) => [
    name,
    looksAt.reduce((bits, field) => bits | sources[fieldByName(field).index]!, 0),
  ]),
) as Readonly<Record<Prerequisite, number>>;

function bit(place: number): number {
  return place < 0 ? 0 : 1 << place;
}

function checkField(name: string, before: Said, match: Said): void {
  if (!Object.hasOwn(FIELDS, name)) return;
  const { holds, add } = CONDITIONS[FIELDS[name as FieldName].needs];
  if (holds(before)) return;
  const fix = holds(match) ? `what it needs stands behind it: put ${add} first` : `add ${add}`;
  throw new WireError('OFP_BAD_PREREQUISITE', `${name} is not in every packet that this match takes; ${fix}`);
}

function etherTypes(...types: readonly number[]): (said: Said) => boolean {
  return (said) => types.includes(etherType(said) ?? -1);
}

function transport(number: number): Condition {
  const isIp = etherTypes(EtherType.IPV4, EtherType.IPV6);
  return {
    holds: (said) => isIp(said) && protocol(said) === number,
    add: `ethType: 0x0800 (or 0x86dd) and ipProto: ${number}`,
  };
}

function neighbor(...types: readonly number[]): Condition {
  const { holds, add } = {
    holds: (said: Said) => CONDITIONS.icmpv6.holds(said),
    add: 'ethType: 0x86dd, ipProto: 58',
  };
  return {
    holds: (said) =>
      holds(said) &&
      types.includes(exact(said.icmpv6Type) ?? exact(said.nxmIcmpv6Type) ?? -1) &&
      (exact(said.icmpv6Code) ?? exact(said.nxmIcmpv6Code) ?? 0) === 0,
    add: `${add} and icmpv6Type: ${types.join(' or ')}`,
  };
}

/** The number that is given for a field; undefined when it is not said, or masked. */
function exact(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

const ETHERTYPE_NAMESPACE = 1;

function etherType(said: Said): number | undefined {
  const packetType = exact(said.packetType) ?? 0;
  if (packetType === 0) return exact(said.ethType) ?? exact(said.nxmEthType);
  return packetType >>> 16 === ETHERTYPE_NAMESPACE ? packetType & 0xffff : undefined;
}

function protocol(said: Said): number | undefined {
  return exact(said.ipProto) ?? exact(said.nxmIpProto);
}

/** The bits that a field's value sets for certain. */
function setBits(said: Said, name: FieldName): bigint {
  if (said[name] === undefined) return 0n;
  const { value, mask } = splitMask(name, said[name]);
  const bits = toBits(name, value);
  return mask === undefined ? bits : bits & toBits(name, mask);
}

const TAG_PRESENT = 0x1000n;

function hasTag(said: Said): boolean {
  return ((setBits(said, 'vlanVid') | setBits(said, 'nxmVlanTci')) & TAG_PRESENT) !== 0n;
}

/** Bits of `ctState`: any of the first says that a connection is tracked and valid; else tracked and not invalid does. */
const STATES = 0xcfn;
const INVALID = 0x10n;
const TRACKED = 0x20n;

function isTracked(said: Said): boolean {
  const state = setBits(said, 'ctState');
  if ((state & STATES) !== 0n) return true;
  if ((state & TRACKED) === 0n) return false;
  const { mask } = splitMask('ctState', said.ctState);
  return (state & INVALID) === 0n && (mask === undefined || (toBits('ctState', mask) & INVALID) !== 0n);
}
