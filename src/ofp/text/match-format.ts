import { bytesToBits } from '../oxm/field-bits.ts';
import type { Match, MatchInit } from '../oxm/fields.ts';
import { formatFragment, formatMaskedAddress, formatPacketType } from './field-value.ts';
import { fieldByOxm } from './fields.ts';
import { CT_STATE_BITS, formatMaskedBits, TCP_FLAG_BITS, TUN_FLAG_BITS } from './flags.ts';
import { allOnes, type FlowKey, PLACES, type Place } from './flow-key.ts';
import { keyOfMatch, optionBits } from './match-key.ts';
import { formatPort } from './names.ts';
import { dottedHex, hex, paddedHex } from './numbers.ts';
import { EthType, IpProto, isEthernet, isIp } from './packet-kind.ts';

/** OFP_DEFAULT_PRIORITY, which is not written. */
const DEFAULT_PRIORITY = 0x8000;

/**
 * Writes a match as ovs-ofctl does (ovs-fields(7)): `tcp,nw_src=10.0.0.0/8,tp_dst=80`; an empty text for one that takes
 * every packet. Fields that Open vSwitch does not know stand at the end, as `unknown:0x80005e04=00.00.00.01`.
 * @param priority written first unless it is the default, 0x8000
 */
export function formatMatch(match: Match | MatchInit, priority: number = DEFAULT_PRIORITY): string {
  const words = [formatKey(keyOfMatch(match), priority)];
  for (const [name, value] of Object.entries(match)) {
    if (fieldByOxm(name) !== undefined) continue;
    words.push(`${name}=${value instanceof Uint8Array ? dottedHex(value) : JSON.stringify(value)}`);
  }
  return words.filter((word) => word !== '').join(',');
}

/** Writes a key the way that {@link formatMatch} does. */
export function formatKey(key: FlowKey, priority: number = DEFAULT_PRIORITY): string {
  const words: string[] = [];
  if (priority !== DEFAULT_PRIORITY) words.push(`priority=${priority}`);
  addMetadata(words, key);
  const type = addKind(words, key);
  addTunnel(words, key);
  addLink(words, key, type);
  addNetwork(words, key, type);
  addTransport(words, key, type);
  return words.join(',');
}

/** How the value of a place is written, and its mask. */
type Writer = (value: bigint, mask: bigint, isExact: boolean) => string;

const hexadecimal: Writer = (value, mask, isExact) => (isExact ? hex(value) : `${hex(value)}/${hex(mask)}`);
const decimal: Writer = (value) => value.toString();
/** In decimal when exact, else both in hexadecimal. */
const number: Writer = (value, mask, isExact) =>
  isExact ? value.toString() : `0x${value.toString(16)}/0x${mask.toString(16)}`;
const byte: Writer = (value, mask, isExact) =>
  isExact ? value.toString() : `${paddedHex(value, 2)}/${paddedHex(mask, 2)}`;
const word: Writer = (value, mask, isExact) =>
  isExact ? value.toString() : `${paddedHex(value, 8)}/${paddedHex(mask, 8)}`;
const port: Writer = (value) => formatPort(Number(value));
const mac: Writer = (value, mask) => formatMaskedAddress('mac', value, mask);
const ipv4: Writer = (value, mask) => formatMaskedAddress('ipv4', value, mask);
const ipv6: Writer = (value, mask) => formatMaskedAddress('ipv6', value, mask);
const valueInHex: Writer = (value) => hex(value);
const fiveDigits: Writer = (value, mask, isExact) =>
  isExact ? paddedHex(value, 5) : `${paddedHex(value, 5)}/${paddedHex(mask, 5)}`;
const alwaysHex: Writer = (value, mask, isExact) =>
  isExact ? `0x${value.toString(16)}` : `0x${value.toString(16)}/0x${mask.toString(16)}`;

function add(words: string[], key: FlowKey, name: string, place: Place, write: Writer): void {
  const mask = key.mask(place);
  if (mask !== 0n) words.push(`${name}=${write(key.value(place), mask, mask === allOnes(PLACES[place]))}`);
}

function addMetadata(words: string[], key: FlowKey): void {
  add(words, key, 'pkt_mark', 'pktMark', hexadecimal);
  add(words, key, 'recirc_id', 'recircId', hexadecimal);
  add(words, key, 'dp_hash', 'dpHash', hexadecimal);
  add(words, key, 'conj_id', 'conjId', decimal);
  add(words, key, 'actset_output', 'actsetOutput', port);
  add(words, key, 'ct_state', 'ctState', (value, mask) =>
    formatMaskedBits(Number(value), Number(mask), 0xff, CT_STATE_BITS),
  );
  add(words, key, 'ct_zone', 'ctZone', number);
  add(words, key, 'ct_mark', 'ctMark', hexadecimal);
  add(words, key, 'ct_label', 'ctLabel', hexadecimal);
  add(words, key, 'ct_nw_src', 'ctNwSrc', ipv4);
  add(words, key, 'ct_ipv6_src', 'ctIpv6Src', ipv6);
  add(words, key, 'ct_nw_dst', 'ctNwDst', ipv4);
  add(words, key, 'ct_ipv6_dst', 'ctIpv6Dst', ipv6);
  if (!key.has('ctNwProto')) return;
  add(words, key, 'ct_nw_proto', 'ctNwProto', decimal);
  add(words, key, 'ct_tp_src', 'ctTpSrc', number);
  add(words, key, 'ct_tp_dst', 'ctTpDst', number);
}

/** What stands for an EtherType and, behind the slash, an IP protocol. */
const KINDS: Readonly<Record<string, string>> = {
  [`${EthType.IPV4}`]: 'ip',
  [`${EthType.IPV4}/${IpProto.ICMP}`]: 'icmp',
  [`${EthType.IPV4}/${IpProto.TCP}`]: 'tcp',
  [`${EthType.IPV4}/${IpProto.UDP}`]: 'udp',
  [`${EthType.IPV4}/${IpProto.SCTP}`]: 'sctp',
  [`${EthType.IPV6}`]: 'ipv6',
  [`${EthType.IPV6}/${IpProto.ICMPV6}`]: 'icmp6',
  [`${EthType.IPV6}/${IpProto.TCP}`]: 'tcp6',
  [`${EthType.IPV6}/${IpProto.UDP}`]: 'udp6',
  [`${EthType.IPV6}/${IpProto.SCTP}`]: 'sctp6',
  [`${EthType.ARP}`]: 'arp',
  [`${EthType.RARP}`]: 'rarp',
  [`${EthType.MPLS}`]: 'mpls',
  [`${EthType.MPLS_MULTICAST}`]: 'mplsm',
};

/** The EtherType as `match_format` of Open vSwitch sees it: from the packet type only where that is written. */
function shownType(key: FlowKey): number {
  const showsPacketType = key.has('packetType') && (!isEthernet(key) || key.has('recircId'));
  return showsPacketType && key.number('packetType') >>> 16 === 1
    ? key.number('packetType') & 0xffff
    : key.number('dlType');
}

function addKind(words: string[], key: FlowKey): number {
  if (key.has('packetType') && (!isEthernet(key) || key.has('recircId'))) {
    words.push(formatPacketType(key.value('packetType')));
  }
  const type = shownType(key);
  if (!key.has('dlType')) return type;
  const kind = KINDS[kindKey(key, type)] ?? KINDS[`${type}`];
  if (kind !== undefined) words.push(kind);
  return type;
}

function kindKey(key: FlowKey, type: number): string {
  return key.has('nwProto') ? `${type}/${key.number('nwProto')}` : `${type}`;
}

function addTunnel(words: string[], key: FlowKey): void {
  for (let n = 0; n < 16; n++) addRegister(words, key, n);
  add(words, key, 'tun_id', 'tunId', hexadecimal);
  add(words, key, 'tun_src', 'tunSrc', ipv4);
  add(words, key, 'tun_dst', 'tunDst', ipv4);
  add(words, key, 'tun_ipv6_src', 'tunIpv6Src', ipv6);
  add(words, key, 'tun_ipv6_dst', 'tunIpv6Dst', ipv6);
  add(words, key, 'tun_gbp_id', 'tunGbpId', number);
  add(words, key, 'tun_gbp_flags', 'tunGbpFlags', valueInHex);
  add(words, key, 'tun_tos', 'tunTos', (value) => value.toString(16));
  add(words, key, 'tun_ttl', 'tunTtl', decimal);
  add(words, key, 'tun_erspan_ver', 'tunErspanVer', decimal);
  const version = key.number('tunErspanVer');
  if (version === 1) add(words, key, 'tun_erspan_idx', 'tunErspanIdx', valueInHex);
  if (version === 2) add(words, key, 'tun_erspan_dir', 'tunErspanDir', decimal);
  if (version === 2) add(words, key, 'tun_erspan_hwid', 'tunErspanHwid', valueInHex);
  add(words, key, 'gtpu_flags', 'tunGtpuFlags', valueInHex);
  add(words, key, 'gtpu_msgtype', 'tunGtpuMsgtype', decimal);
  add(words, key, 'tun_flags', 'tunFlags', (value, mask) =>
    formatMaskedBits(Number(value), Number(mask), 0xf, TUN_FLAG_BITS),
  );
  for (const number of [...key.tunnelOptions.keys()].sort((a, b) => a - b))
    words.push(tunnelOption(key, number));
}

function addRegister(words: string[], key: FlowKey, n: number): void {
  const shift = BigInt((15 - n) * 32);
  const mask = (key.mask('regs') >> shift) & 0xffffffffn;
  if (mask === 0n) return;
  const value = (key.value('regs') >> shift) & 0xffffffffn;
  words.push(`reg${n}=${hexadecimal(value, mask, mask === 0xffffffffn)}`);
}

function tunnelOption(key: FlowKey, number: number): string {
  const name = `tun_metadata${number}`;
  const { value, mask } = key.tunnelOptions.get(number)!;
  if (mask === undefined) return `${name}=${hex(bytesToBits(value))}`;
  if (optionBits(mask) === 0n) return name;
  const isExact = mask.every((byte) => byte === 0xff);
  return `${name}=${hexadecimal(bytesToBits(value), bytesToBits(mask), isExact)}`;
}

function addLink(words: string[], key: FlowKey, type: number): void {
  add(words, key, 'metadata', 'metadata', hexadecimal);
  add(words, key, 'in_port', 'inPort', port);
  addVlan(words, key);
  addVlan(words, key, 'innerTci', '1');
  add(words, key, 'dl_src', 'dlSrc', mac);
  add(words, key, 'dl_dst', 'dlDst', mac);
  if (key.has('dlType') && KINDS[`${type}`] === undefined) words.push(`dl_type=${paddedHex(type, 4)}`);
}

function addVlan(
  words: string[],
  key: FlowKey,
  place: 'vlanTci' | 'innerTci' = 'vlanTci',
  suffix = '',
): void {
  const mask = key.mask(place);
  if (mask === 0n) return;
  const tci = key.value(place);
  const [vid, pcp] = [mask & 0xfffn, mask & 0xe000n];
  const isWhole = (vid === 0n || vid === 0xfffn) && (pcp === 0n || pcp === 0xe000n) && (vid | pcp) !== 0n;
  if ((mask & tci & 0x1000n) !== 0n && isWhole) {
    if (vid !== 0n) words.push(`dl_vlan${suffix}=${tci & 0xfffn}`);
    if (pcp !== 0n) words.push(`dl_vlan_pcp${suffix}=${tci >> 13n}`);
  } else {
    const maskText = mask === 0xffffn ? '' : `/${paddedHex(mask, 4)}`;
    words.push(`vlan_tci${suffix}=${paddedHex(tci, 4)}${maskText}`);
  }
}

function addNetwork(words: string[], key: FlowKey, type: number): void {
  const isArpType = type === EthType.ARP || type === EthType.RARP;
  if (type === EthType.IPV6) {
    add(words, key, 'ipv6_src', 'ipv6Src', ipv6);
    add(words, key, 'ipv6_dst', 'ipv6Dst', ipv6);
    add(words, key, 'ipv6_label', 'ipv6Label', fiveDigits);
  } else if (type === EthType.NSH) {
    addNsh(words, key);
  } else {
    add(words, key, isArpType ? 'arp_spa' : 'nw_src', 'nwSrc', ipv4);
    add(words, key, isArpType ? 'arp_tpa' : 'nw_dst', 'nwDst', ipv4);
  }
  if (!key.has('dlType') || KINDS[kindKey(key, type)] === undefined || isArpType) {
    add(words, key, isArpType ? 'arp_op' : 'nw_proto', 'nwProto', decimal);
  }
  if (isArpType) add(words, key, 'arp_sha', 'arpSha', mac);
  if (isArpType) add(words, key, 'arp_tha', 'arpTha', mac);
  if ((key.mask('nwTos') & 0xfcn) !== 0n) words.push(`nw_tos=${key.value('nwTos') & 0xfcn}`);
  if ((key.mask('nwTos') & 3n) !== 0n) words.push(`nw_ecn=${key.value('nwTos') & 3n}`);
  add(words, key, 'nw_ttl', 'nwTtl', decimal);
  add(words, key, 'mpls_label', 'mplsLabel', decimal);
  add(words, key, 'mpls_tc', 'mplsTc', decimal);
  add(words, key, 'mpls_ttl', 'mplsTtl', decimal);
  add(words, key, 'mpls_bos', 'mplsBos', decimal);
  add(words, key, 'mpls_lse1', 'mplsLse1', word);
  add(words, key, 'mpls_lse2', 'mplsLse2', word);
  add(words, key, 'nw_frag', 'nwFrag', formatFragment);
}

function addNsh(words: string[], key: FlowKey): void {
  add(words, key, 'nsh_flags', 'nshFlags', byte);
  add(words, key, 'nsh_ttl', 'nshTtl', byte);
  add(words, key, 'nsh_mdtype', 'nshMdtype', byte);
  add(words, key, 'nsh_np', 'nshNp', byte);
  add(words, key, 'nsh_spi', 'nshSpi', alwaysHex);
  add(words, key, 'nsh_si', 'nshSi', byte);
  if (!key.has('nshMdtype') || key.number('nshMdtype') !== 1) return;
  add(words, key, 'nsh_c1', 'nshC1', alwaysHex);
  add(words, key, 'nsh_c2', 'nshC2', alwaysHex);
  add(words, key, 'nsh_c3', 'nshC3', alwaysHex);
  add(words, key, 'nsh_c4', 'nshC4', alwaysHex);
}

function addTransport(words: string[], key: FlowKey, type: number): void {
  const protocol = key.number('nwProto');
  const isIcmp = type === EthType.IPV4 && protocol === IpProto.ICMP;
  const isIcmpv6 = type === EthType.IPV6 && protocol === IpProto.ICMPV6;
  add(words, key, isIcmp || isIcmpv6 ? 'icmp_type' : 'tp_src', 'tpSrc', number);
  add(words, key, isIcmp || isIcmpv6 ? 'icmp_code' : 'tp_dst', 'tpDst', number);
  if (isIcmpv6) {
    add(words, key, 'nd_target', 'ndTarget', ipv6);
    add(words, key, 'nd_sll', 'arpSha', mac);
    add(words, key, 'nd_tll', 'arpTha', mac);
    add(words, key, 'nd_reserved', 'ndReserved', word);
    add(words, key, 'nd_options_type', 'tcpFlags', number);
  }
  if (isIp(key) && protocol === IpProto.TCP) {
    add(words, key, 'tcp_flags', 'tcpFlags', (value, mask) =>
      formatMaskedBits(Number(value & 0xffffn), Number(mask & 0xfffn), 0xfff, TCP_FLAG_BITS),
    );
  }
}
