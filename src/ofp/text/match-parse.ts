import type { MatchInit } from '../oxm/fields.ts';
import type { TextPrerequisite } from './field-table.ts';
import { type MaskedValue, parseFieldValue } from './field-value.ts';
import { fieldByText, fieldTextNames, type TextField } from './fields.ts';
import { FlowKey } from './flow-key.ts';
import { fitsOptionSpace, saysField, setField, setFieldBits } from './match-key.ts';
import { isMatched, matchOfKey } from './match-write.ts';
import { isSupportedPort } from './names.ts';
import { parseBits } from './numbers.ts';
import { EthType, IpProto } from './packet-kind.ts';
import { type KeyValue, keyValues, Span } from './span.ts';
import { parseSubfield } from './subfield.ts';
import { didYouMean } from './text-error.ts';

/**
 * Reads a match as ovs-ofctl does (ovs-fields(7)): `tcp,nw_src=10.0.0.0/8,tp_dst=80`. The fields come in the order in
 * which Open vSwitch sends them. One that such packets do not have (`tp_dst` without a protocol) is refused: ovs-ofctl
 * leaves it out, and so takes more packets than were meant.
 * @throws TextError `OFP_TEXT_INVALID`
 */
export function parseMatch(text: string): MatchInit {
  const key = new FlowKey();
  const words = keyValues(new Span(text));
  for (const word of words) {
    if (parseMatchWord(key, word)) continue;
    throw word.key.error(`no field is called '${word.key.text}'${didYouMean(word.key.text, matchWords())}`);
  }
  finishKey(key, words);
  return matchOfKey(key);
}

/** EtherType and protocol of the words that stand for them. */
const SHORTHANDS: Readonly<Record<string, readonly [etherType: number, protocol?: number]>> = {
  ip: [EthType.IPV4],
  ipv4: [EthType.IPV4],
  ip4: [EthType.IPV4],
  arp: [EthType.ARP],
  icmp: [EthType.IPV4, IpProto.ICMP],
  tcp: [EthType.IPV4, IpProto.TCP],
  udp: [EthType.IPV4, IpProto.UDP],
  sctp: [EthType.IPV4, IpProto.SCTP],
  ipv6: [EthType.IPV6],
  ip6: [EthType.IPV6],
  icmp6: [EthType.IPV6, IpProto.ICMPV6],
  tcp6: [EthType.IPV6, IpProto.TCP],
  udp6: [EthType.IPV6, IpProto.UDP],
  sctp6: [EthType.IPV6, IpProto.SCTP],
  rarp: [EthType.RARP],
  mpls: [EthType.MPLS],
  mplsm: [EthType.MPLS_MULTICAST],
};

/** Every word that a match may have: fields, their aliases and the protocols. */
export function matchWords(): string[] {
  return [...fieldTextNames(), ...Object.keys(SHORTHANDS), 'eth'];
}

/** Adds one word of a match to a key; false when it is none. @throws TextError when its value is wrong */
export function parseMatchWord(key: FlowKey, word: KeyValue): boolean {
  const name = word.key.text;
  if (name === 'eth') {
    key.setExact('packetType', 0);
    return true;
  }
  if (Object.hasOwn(SHORTHANDS, name)) {
    const [etherType, protocol] = SHORTHANDS[name]!;
    key.setExact('dlType', etherType);
    if (protocol !== undefined) key.setExact('nwProto', protocol);
    sayEthernet(key);
    return true;
  }
  const field = fieldByText(name);
  if (field !== undefined) {
    parseField(key, field, word);
    return true;
  }
  if (!name.includes('[')) return false;
  parseBitsOfField(key, word);
  return true;
}

/**
 * Takes the EtherType from a packet type that is one, whatever else was said of it, and then looks whether the packets
 * have every field that was said.
 * @throws TextError with what to add
 */
export function finishKey(key: FlowKey, words: readonly KeyValue[]): void {
  const packetType = key.number('packetType');
  if (packetType >>> 16 === 1 && key.has('dlType')) key.setExact('dlType', packetType & 0xffff);
  for (const { key: name } of words) {
    const field = name.text.includes('[') ? parseSubfield(name).field : fieldByText(name.text);
    if (field === undefined || !Object.hasOwn(ADD, field.needs)) continue;
    if (saysField(key, field) && !isMatched(key, field)) {
      throw name.error(`${name.text} is not in every packet; add ${ADD[field.needs]}`);
    }
  }
}

/** What makes packets have the fields that need it; fields that need anything else are always matched. */
const ADD: Readonly<Partial<Record<TextPrerequisite, string>>> = {
  mpls: 'mpls',
  ipv4: 'ip',
  ipv6: 'ipv6',
  ip: 'ip or ipv6',
  arp: 'arp',
  tcp: 'tcp or tcp6',
  udp: 'udp or udp6',
  sctp: 'sctp or sctp6',
  icmpv4: 'icmp',
  icmpv6: 'icmp6',
  nd: 'icmp6,icmp_type=135,icmp_code=0 or 136',
  ndSolicit: 'icmp6,icmp_type=135,icmp_code=0',
  ndAdvert: 'icmp6,icmp_type=136,icmp_code=0',
  ct: 'ct_nw_proto',
};

function parseField(key: FlowKey, field: TextField, { key: name, value }: KeyValue): void {
  checkOnce(key, field, name);
  const parsed = value.isEmpty ? existence(field, name) : parseFieldValue(field, value);
  if (parsed.mask !== 0n) checkMatchable(field, name);
  setField(key, field, parsed.value, parsed.mask);
  checkOptionSpace(key, name);
  if (field.needs !== 'none') sayEthernet(key);
}

/** Tunnel options are said at once. */
function checkOnce(key: FlowKey, field: TextField, name: Span): void {
  const isSaid = field.place === undefined && saysField(key, field);
  if (isSaid) throw name.error(`${field.name} is there twice`);
}

function checkMatchable({ oxm, name: field }: TextField, name: Span): void {
  const isTunnel = oxm === undefined && field.startsWith('tun_');
  if (isTunnel) throw name.error(`${field} cannot be matched with OpenFlow`);
}

function checkOptionSpace(key: FlowKey, name: Span): void {
  if (!fitsOptionSpace(key)) throw name.error('the tunnel options of this match are too long together');
}

/** A field without a value: of a tunnel option it says that there is one, of others nothing. */
function existence(field: TextField, name: Span): MaskedValue {
  if (field.kind === 'decimal' || field.kind === 'hex') return { value: 0n, mask: 0n };
  throw name.error(`${field.name} needs a value`, name.text.length);
}

function parseBitsOfField(key: FlowKey, { key: name, value }: KeyValue): void {
  const { field, offset, bits } = parseSubfield(name);
  checkMatchable(field, name);
  checkOnce(key, field, name);
  const given = parseBits(value, Math.min(64, field.bytes * 8), field.name);
  if (given >> BigInt(bits) !== 0n) throw value.error(`${name.text} has ${bits} bits, got ${value.text}`);
  if (!setFieldBits(key, field, offset, bits, given)) {
    throw name.error(`${field.name} takes no mask, so all ${field.bytes * 8} bits of it are needed`);
  }
  if (field.kind === 'port' && !isSupportedPort(key.number(field.place!)))
    throw value.error(`${value.text} is no port`);
  checkOptionSpace(key, name);
  if (field.needs !== 'none') sayEthernet(key);
}

function sayEthernet(key: FlowKey): void {
  if (!key.has('packetType')) key.setExact('packetType', 0);
}
