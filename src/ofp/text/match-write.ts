import { fromBits } from '../oxm/field-bits.ts';
import type { FieldName, MatchInit } from '../oxm/fields.ts';
import { exactMask } from './field-value.ts';
import { TEXT_FIELDS, type TextField, textField } from './fields.ts';
import { allOnes, type FlowKey, PLACES } from './flow-key.ts';
import { fieldRun } from './match-key.ts';
import {
  EthType,
  etherTypeOf,
  IpProto,
  isArp,
  isIp,
  isMpls,
  isNeighborDiscovery,
  NeighborType,
} from './packet-kind.ts';

/**
 * The OpenFlow 1.3 match of a key, with the fields and the order that ovs-ofctl sends. Prerequisites that the key
 * has become fields of their own; places that mean nothing in such packets are left out.
 */
export function matchOfKey(key: FlowKey): MatchInit {
  const match: Record<string, unknown> = {};
  let impliesEthernet = false;
  for (const field of fieldsOf(key)) {
    if (put(match, key, field)) impliesEthernet ||= field.needs !== 'none';
  }
  const isDefaultType = key.has('packetType') && key.value('packetType') === 0n;
  return (isDefaultType && !impliesEthernet ? { packetType: 0, ...match } : match) as MatchInit;
}

/** True when a field's bits, by this name or another of their place, are part of the match of a key. */
export function isMatched(key: FlowKey, field: TextField): boolean {
  return fieldsOf(key).some(({ place }) => place !== undefined && place === field.place);
}

const named = (...names: readonly string[]) => names.map(textField);

const FRAME = named(
  'dp_hash',
  'recirc_id',
  'conj_id',
  'in_port_oxm',
  'actset_output',
  'eth_src',
  'eth_dst',
  'eth_type',
  'vlan_vid',
  'vlan_pcp',
);
const MPLS = named('mpls_tc', 'mpls_bos', 'mpls_ttl', 'mpls_label');
const IPV4 = named('ip_src', 'ip_dst');
const IPV6 = named('ipv6_src', 'ipv6_dst');
const IP = named('ip_frag', 'ip_dscp', 'nw_ecn', 'nw_ttl', 'ipv6_label', 'nw_proto');
const ARP = named('arp_op', 'arp_spa', 'arp_tpa', 'arp_sha', 'arp_tha');
const TCP = named('tcp_src', 'tcp_dst', 'tcp_flags');
const UDP = named('udp_src', 'udp_dst');
const SCTP = named('sctp_src', 'sctp_dst');
const ICMPV4 = named('icmp_type', 'icmp_code');
const ICMPV6 = named('icmpv6_type', 'icmpv6_code');
const NEIGHBOR = named('nd_reserved', 'nd_target', 'nd_options_type');
const PACKET_TYPE = named('packet_type');
const TUNNEL = named(
  'tun_id',
  'tun_flags',
  'tun_src',
  'tun_dst',
  'tun_ipv6_src',
  'tun_ipv6_dst',
  'tun_gbp_id',
  'tun_gbp_flags',
);
const TUNNEL_OPTIONS = TEXT_FIELDS.filter((field) => field.place === undefined);
const REST = named(
  'tun_erspan_idx',
  'tun_erspan_ver',
  'tun_erspan_dir',
  'tun_erspan_hwid',
  'tun_gtpu_flags',
  'tun_gtpu_msgtype',
  'nsh_flags',
  'nsh_ttl',
  'nsh_mdtype',
  'nsh_np',
  'nsh_spi',
  'nsh_si',
  'nsh_c1',
  'nsh_c2',
  'nsh_c3',
  'nsh_c4',
  ...Array.from({ length: 16 }, (_, n) => `reg${n}`),
  'pkt_mark',
  'ct_state',
  'ct_zone',
  'ct_mark',
  'ct_label',
  'ct_nw_src',
  'ct_ipv6_src',
  'ct_nw_dst',
  'ct_ipv6_dst',
);
const CT_TRANSPORT = named('ct_nw_proto', 'ct_tp_src', 'ct_tp_dst');
const METADATA = named('metadata');

/** The fields that may be said of such packets, in the order in which Open vSwitch sends them. */
function fieldsOf(key: FlowKey): TextField[] {
  return [
    ...(key.value('packetType') === 0n ? [] : PACKET_TYPE),
    ...FRAME,
    ...(isMpls(etherTypeOf(key)) ? MPLS : []),
    ...networkFields(key),
    ...TUNNEL,
    ...TUNNEL_OPTIONS,
    ...REST,
    ...(key.value('ctNwProto') === 0n ? [] : CT_TRANSPORT),
    ...METADATA,
  ];
}

function networkFields(key: FlowKey): TextField[] {
  if (isArp(key)) return ARP;
  if (!isIp(key)) return [];
  const isIpv4 = etherTypeOf(key) === EthType.IPV4;
  const common = [...(isIpv4 ? IPV4 : IPV6), ...IP];
  return key.has('nwProto') ? [...common, ...transportFields(key, isIpv4)] : common;
}

function transportFields(key: FlowKey, isIpv4: boolean): TextField[] {
  switch (key.number('nwProto')) {
    case IpProto.TCP:
      return TCP;
    case IpProto.UDP:
      return UDP;
    case IpProto.SCTP:
      return SCTP;
    case IpProto.ICMP:
      return isIpv4 ? ICMPV4 : [];
    case IpProto.ICMPV6:
      return isIpv4 ? [] : [...ICMPV6, ...neighborFields(key)];
    default:
      return [];
  }
}

function neighborFields(key: FlowKey): TextField[] {
  if (!isNeighborDiscovery(key)) return [];
  return [...NEIGHBOR, textField(key.number('tpSrc') === NeighborType.SOLICIT ? 'nd_sll' : 'nd_tll')];
}

/** Puts a field into the match when the key says something of it. */
function put(match: Record<string, unknown>, key: FlowKey, field: TextField): boolean {
  const oxm = field.oxm!;
  if (field.place === undefined) return putTunnelOption(match, key, field, oxm);
  const run = fieldRun(field);
  const all = allOnes(run.bits);
  const mask = (key.mask(run.place) >> BigInt(run.shift)) & all;
  if (mask === 0n) return false;
  const value = (key.value(run.place) >> BigInt(run.shift)) & all & exactMask(field);
  if (field.name === 'vlan_pcp' && (key.value('vlanTci') & 0x1fffn) === 0n) return false;
  const isExact = !field.maskable || (mask === all && !ALWAYS_MASKED.has(field.name));
  match[oxm] = isExact ? fromBits(oxm, value) : { value: fromBits(oxm, value), mask: fromBits(oxm, mask) };
  return true;
}

/** Fields whose places have fewer bits than they have on the wire, so that a mask is always sent. */
const ALWAYS_MASKED = new Set(
  TEXT_FIELDS.filter(
    ({ name, place, bytes }) => place && PLACES[place] < bytes * 8 && name !== 'ip_frag',
  ).map(({ name }) => name),
).add('tun_flags');

function putTunnelOption(
  match: Record<string, unknown>,
  key: FlowKey,
  field: TextField,
  oxm: FieldName,
): boolean {
  const option = key.tunnelOptions.get(Number(field.name.slice('tun_metadata'.length)));
  if (option === undefined) return false;
  match[oxm] = option.mask === undefined ? option.value : option;
  return true;
}
