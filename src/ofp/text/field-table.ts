import type { Prerequisite } from '../oxm/field.ts';
import type { FieldName } from '../oxm/fields.ts';
import type { Place } from './flow-key.ts';

/** How a field's value is written. */
export type ValueKind =
  | 'decimal'
  | 'hex'
  | 'mac'
  | 'ipv4'
  | 'ipv6'
  | 'port'
  | 'frag'
  | 'tunFlags'
  | 'tcpFlags'
  | 'ctState'
  | 'packetType';

/** What a packet must be for a field to mean anything, in Open vSwitch: Ethernet frames are one more kind of packet. */
export type TextPrerequisite = Exclude<Prerequisite, 'inPort' | 'pbb'> | 'ethernet';

/** What a row says besides what follows from its name. */
interface RowOptions {
  /** Bytes of the value, where they do not follow from its bits. */
  readonly bytes?: number;
  /** True unless said. */
  readonly maskable?: boolean;
  /** True unless said. */
  readonly writable?: boolean;
  readonly shift?: number;
  /** The OXM field, where its name does not follow from this; null for none. */
  readonly oxm?: FieldName | null;
  readonly nxm?: FieldName;
  /** Another name that is accepted. */
  readonly alias?: string;
  /** Other OXM fields that are the same. */
  readonly also?: readonly FieldName[];
}

/** A field of ovs-fields(7), as short as it can be said. */
export type Row = readonly [
  name: string,
  kind: ValueKind,
  bits: number,
  place: Place | undefined,
  options: RowOptions,
];

const RO = { writable: false };
const EXACT = { maskable: false };
const RO_EXACT = { writable: false, maskable: false };

/** Fields with what they need, in Open vSwitch's order, which lists of fields are printed in. */
export const SECTIONS: readonly (readonly [needs: TextPrerequisite, rows: readonly Row[]])[] = [
  [
    'none',
    [
      row('dp_hash', 'hex', 32, 'dpHash', { ...RO, oxm: 'nxmDpHash', also: ['dpHash'] }),
      row('recirc_id', 'decimal', 32, 'recircId', RO_EXACT),
      row('packet_type', 'packetType', 32, 'packetType', RO_EXACT),
      row('conj_id', 'decimal', 32, 'conjId', RO_EXACT),
      row('tun_id', 'hex', 64, 'tunId', { oxm: 'tunnelId', nxm: 'nxmTunId', alias: 'tunnel_id' }),
      row('tun_src', 'ipv4', 32, 'tunSrc', { oxm: 'tunIpv4Src' }),
      row('tun_dst', 'ipv4', 32, 'tunDst', { oxm: 'tunIpv4Dst' }),
      row('tun_ipv6_src', 'ipv6', 128, 'tunIpv6Src'),
      row('tun_ipv6_dst', 'ipv6', 128, 'tunIpv6Dst'),
      row('tun_flags', 'tunFlags', 1, 'tunFlags', { bytes: 2 }),
      row('tun_ttl', 'decimal', 8, 'tunTtl', { ...RO_EXACT, oxm: null }),
      row('tun_tos', 'decimal', 8, 'tunTos', { ...RO_EXACT, oxm: null }),
      row('tun_gbp_id', 'decimal', 16, 'tunGbpId'),
      row('tun_gbp_flags', 'hex', 8, 'tunGbpFlags'),
      row('tun_erspan_idx', 'hex', 20, 'tunErspanIdx'),
      row('tun_erspan_ver', 'decimal', 4, 'tunErspanVer'),
      row('tun_erspan_dir', 'decimal', 1, 'tunErspanDir'),
      row('tun_erspan_hwid', 'hex', 6, 'tunErspanHwid'),
      row('tun_gtpu_flags', 'hex', 8, 'tunGtpuFlags', RO),
      row('tun_gtpu_msgtype', 'decimal', 8, 'tunGtpuMsgtype', RO),
      ...series(64, (n) =>
        row(`tun_metadata${n}`, 'hex', 992, undefined, { oxm: `tunMetadata${n}` as FieldName }),
      ),
      row('metadata', 'hex', 64, 'metadata'),
      row('in_port', 'port', 16, 'inPort', { ...EXACT, oxm: 'nxmInPort' }),
      row('in_port_oxm', 'port', 32, 'inPort', { ...EXACT, oxm: 'inPort' }),
      row('actset_output', 'port', 32, 'actsetOutput', {
        ...RO_EXACT,
        oxm: 'onfActsetOutput',
        also: ['actsetOutput'],
      }),
      row('pkt_mark', 'hex', 32, 'pktMark'),
      row('ct_state', 'ctState', 32, 'ctState', RO),
      row('ct_zone', 'hex', 16, 'ctZone', RO_EXACT),
      row('ct_mark', 'hex', 32, 'ctMark'),
      row('ct_label', 'hex', 128, 'ctLabel'),
    ],
  ],
  [
    'ct',
    [
      row('ct_nw_proto', 'decimal', 8, 'ctNwProto', RO_EXACT),
      row('ct_nw_src', 'ipv4', 32, 'ctNwSrc', RO),
      row('ct_nw_dst', 'ipv4', 32, 'ctNwDst', RO),
      row('ct_ipv6_src', 'ipv6', 128, 'ctIpv6Src', RO),
      row('ct_ipv6_dst', 'ipv6', 128, 'ctIpv6Dst', RO),
      row('ct_tp_src', 'decimal', 16, 'ctTpSrc', RO),
      row('ct_tp_dst', 'decimal', 16, 'ctTpDst', RO),
    ],
  ],
  [
    'none',
    [
      ...series(16, (n) =>
        row(`reg${n}`, 'hex', 32, 'regs', { shift: (15 - n) * 32, oxm: `reg${n}` as FieldName }),
      ),
      ...series(8, (n) =>
        row(`xreg${n}`, 'hex', 64, 'regs', { shift: (7 - n) * 64, oxm: `xreg${n}` as FieldName }),
      ),
      ...series(4, (n) =>
        row(`xxreg${n}`, 'hex', 128, 'regs', { shift: (3 - n) * 128, oxm: `xxreg${n}` as FieldName }),
      ),
    ],
  ],
  [
    'ethernet',
    [
      row('eth_src', 'mac', 48, 'dlSrc', { nxm: 'nxmEthSrc', alias: 'dl_src' }),
      row('eth_dst', 'mac', 48, 'dlDst', { nxm: 'nxmEthDst', alias: 'dl_dst' }),
      row('eth_type', 'hex', 16, 'dlType', { ...RO_EXACT, nxm: 'nxmEthType', alias: 'dl_type' }),
      row('vlan_tci', 'hex', 16, 'vlanTci', { oxm: 'nxmVlanTci' }),
      row('dl_vlan', 'decimal', 12, 'vlanTci', { ...EXACT, oxm: null }),
      row('vlan_vid', 'decimal', 12, 'vlanTci'),
      row('dl_vlan_pcp', 'decimal', 3, 'vlanTci', { ...EXACT, shift: 13, oxm: null }),
    ],
  ],
  ['vlan', [row('vlan_pcp', 'decimal', 3, 'vlanTci', { ...EXACT, shift: 13 })]],
  [
    'mpls',
    [
      row('mpls_label', 'decimal', 20, 'mplsLabel', EXACT),
      row('mpls_tc', 'decimal', 3, 'mplsTc', EXACT),
      row('mpls_bos', 'decimal', 1, 'mplsBos', RO_EXACT),
      row('mpls_ttl', 'decimal', 8, 'mplsTtl', EXACT),
    ],
  ],
  [
    'ipv4',
    [
      row('ip_src', 'ipv4', 32, 'nwSrc', { oxm: 'ipv4Src', nxm: 'nxmIpSrc', alias: 'nw_src' }),
      row('ip_dst', 'ipv4', 32, 'nwDst', { oxm: 'ipv4Dst', nxm: 'nxmIpDst', alias: 'nw_dst' }),
    ],
  ],
  [
    'ipv6',
    [
      row('ipv6_src', 'ipv6', 128, 'ipv6Src', { nxm: 'nxmIpv6Src' }),
      row('ipv6_dst', 'ipv6', 128, 'ipv6Dst', { nxm: 'nxmIpv6Dst' }),
      row('ipv6_label', 'hex', 20, 'ipv6Label', { oxm: 'ipv6Flabel', nxm: 'nxmIpv6Label' }),
    ],
  ],
  [
    'ip',
    [
      row('nw_proto', 'decimal', 8, 'nwProto', {
        ...RO_EXACT,
        oxm: 'ipProto',
        nxm: 'nxmIpProto',
        alias: 'ip_proto',
      }),
      row('nw_tos', 'decimal', 8, 'nwTos', { ...EXACT, oxm: 'nxmIpTos' }),
      row('ip_dscp', 'decimal', 6, 'nwTos', { ...EXACT, shift: 2 }),
      row('nw_ecn', 'decimal', 2, 'nwTos', { ...EXACT, oxm: 'ipEcn', nxm: 'nxmIpEcn', alias: 'ip_ecn' }),
      row('nw_ttl', 'decimal', 8, 'nwTtl', { ...EXACT, oxm: 'ipTtl' }),
      row('ip_frag', 'frag', 2, 'nwFrag', { ...RO, alias: 'nw_frag' }),
    ],
  ],
  [
    'arp',
    [
      row('arp_op', 'decimal', 16, 'nwProto', { ...EXACT, nxm: 'nxmArpOp' }),
      row('arp_spa', 'ipv4', 32, 'nwSrc', { nxm: 'nxmArpSpa' }),
      row('arp_tpa', 'ipv4', 32, 'nwDst', { nxm: 'nxmArpTpa' }),
      row('arp_sha', 'mac', 48, 'arpSha', { nxm: 'nxmArpSha' }),
      row('arp_tha', 'mac', 48, 'arpTha', { nxm: 'nxmArpTha' }),
    ],
  ],
  [
    'tcp',
    [
      row('tcp_src', 'decimal', 16, 'tpSrc', { nxm: 'nxmTcpSrc', alias: 'tp_src' }),
      row('tcp_dst', 'decimal', 16, 'tpDst', { nxm: 'nxmTcpDst', alias: 'tp_dst' }),
      row('tcp_flags', 'tcpFlags', 12, 'tcpFlags', {
        ...RO,
        oxm: 'onfTcpFlags',
        nxm: 'nxmTcpFlags',
        also: ['tcpFlags'],
      }),
    ],
  ],
  [
    'udp',
    [
      row('udp_src', 'decimal', 16, 'tpSrc', { nxm: 'nxmUdpSrc' }),
      row('udp_dst', 'decimal', 16, 'tpDst', { nxm: 'nxmUdpDst' }),
    ],
  ],
  ['sctp', [row('sctp_src', 'decimal', 16, 'tpSrc'), row('sctp_dst', 'decimal', 16, 'tpDst')]],
  [
    'icmpv4',
    [
      row('icmp_type', 'decimal', 8, 'tpSrc', { ...EXACT, oxm: 'icmpv4Type', nxm: 'nxmIcmpType' }),
      row('icmp_code', 'decimal', 8, 'tpDst', { ...EXACT, oxm: 'icmpv4Code', nxm: 'nxmIcmpCode' }),
    ],
  ],
  [
    'icmpv6',
    [
      row('icmpv6_type', 'decimal', 8, 'tpSrc', { ...EXACT, nxm: 'nxmIcmpv6Type' }),
      row('icmpv6_code', 'decimal', 8, 'tpDst', { ...EXACT, nxm: 'nxmIcmpv6Code' }),
    ],
  ],
  ['nd', [row('nd_target', 'ipv6', 128, 'ndTarget', { oxm: 'ipv6NdTarget', nxm: 'nxmNdTarget' })]],
  ['ndSolicit', [row('nd_sll', 'mac', 48, 'arpSha', { oxm: 'ipv6NdSll', nxm: 'nxmNdSll' })]],
  ['ndAdvert', [row('nd_tll', 'mac', 48, 'arpTha', { oxm: 'ipv6NdTll', nxm: 'nxmNdTll' })]],
  [
    'nd',
    [
      row('nd_reserved', 'decimal', 32, 'ndReserved', EXACT),
      row('nd_options_type', 'decimal', 8, 'tcpFlags', EXACT),
    ],
  ],
  [
    'nsh',
    [
      row('nsh_flags', 'decimal', 8, 'nshFlags'),
      row('nsh_mdtype', 'decimal', 8, 'nshMdtype', RO_EXACT),
      row('nsh_np', 'decimal', 8, 'nshNp', RO_EXACT),
      row('nsh_spi', 'hex', 24, 'nshSpi', { ...EXACT, alias: 'nsp' }),
      row('nsh_si', 'decimal', 8, 'nshSi', { ...EXACT, alias: 'nsi' }),
      row('nsh_c1', 'hex', 32, 'nshC1', { alias: 'nshc1' }),
      row('nsh_c2', 'hex', 32, 'nshC2', { alias: 'nshc2' }),
      row('nsh_c3', 'hex', 32, 'nshC3', { alias: 'nshc3' }),
      row('nsh_c4', 'hex', 32, 'nshC4', { alias: 'nshc4' }),
      row('nsh_ttl', 'decimal', 8, 'nshTtl', EXACT),
    ],
  ],
];

function row(
  name: string,
  kind: ValueKind,
  bits: number,
  place: Place | undefined,
  options: RowOptions = {},
): Row {
  return [name, kind, bits, place, options];
}

function series(count: number, make: (number: number) => Row): Row[] {
  return Array.from({ length: count }, (_, number) => make(number));
}
