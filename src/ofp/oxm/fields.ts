import {
  experimenterField,
  type Field,
  type FieldInit,
  type FieldValue,
  field,
  type Masked,
} from './field.ts';

/** OXM classes (OpenFlow 1.3.5, 7.2.3.2, and Open vSwitch's nicira-ext.h). */
export const OxmClass = {
  NXM_0: 0x0000,
  NXM_1: 0x0001,
  ERICSSON: 0x1000,
  OPENFLOW_BASIC: 0x8000,
  PACKET_REGS: 0x8001,
  EXPERIMENTER: 0xffff,
} as const;

/** Experimenter ids whose fields, actions and messages are known here (OpenFlow 1.3.5, 7.5.4). */
export const Experimenter = { NICIRA: 0x2320, ONF: 0x4f4e4600, NSH: 0x5ad650 } as const;

const { NXM_0, NXM_1, ERICSSON, OPENFLOW_BASIC, PACKET_REGS } = OxmClass;
const { NICIRA, ONF, NSH } = Experimenter;

/** The fields of OpenFlow 1.3.5 (7.2.3.7, table 12), and those of 1.5 in the same class that Open vSwitch reads. */
const openflowFields = {
  inPort: field(OPENFLOW_BASIC, 0, 'number', 32, 'exact'),
  inPhyPort: field(OPENFLOW_BASIC, 1, 'number', 32, 'exact', 'inPort'),
  metadata: field(OPENFLOW_BASIC, 2, 'u64', 64, 'maskable'),
  ethDst: field(OPENFLOW_BASIC, 3, 'mac', 48, 'maskable'),
  ethSrc: field(OPENFLOW_BASIC, 4, 'mac', 48, 'maskable'),
  ethType: field(OPENFLOW_BASIC, 5, 'number', 16, 'exact'),
  vlanVid: field(OPENFLOW_BASIC, 6, 'number', 13, 'maskable'),
  vlanPcp: field(OPENFLOW_BASIC, 7, 'number', 3, 'exact', 'vlan'),
  ipDscp: field(OPENFLOW_BASIC, 8, 'number', 6, 'exact', 'ip'),
  ipEcn: field(OPENFLOW_BASIC, 9, 'number', 2, 'exact', 'ip'),
  ipProto: field(OPENFLOW_BASIC, 10, 'number', 8, 'exact', 'ip'),
  ipv4Src: field(OPENFLOW_BASIC, 11, 'ipv4', 32, 'maskable', 'ipv4'),
  ipv4Dst: field(OPENFLOW_BASIC, 12, 'ipv4', 32, 'maskable', 'ipv4'),
  tcpSrc: field(OPENFLOW_BASIC, 13, 'number', 16, 'maskable', 'tcp'),
  tcpDst: field(OPENFLOW_BASIC, 14, 'number', 16, 'maskable', 'tcp'),
  udpSrc: field(OPENFLOW_BASIC, 15, 'number', 16, 'maskable', 'udp'),
  udpDst: field(OPENFLOW_BASIC, 16, 'number', 16, 'maskable', 'udp'),
  sctpSrc: field(OPENFLOW_BASIC, 17, 'number', 16, 'maskable', 'sctp'),
  sctpDst: field(OPENFLOW_BASIC, 18, 'number', 16, 'maskable', 'sctp'),
  icmpv4Type: field(OPENFLOW_BASIC, 19, 'number', 8, 'exact', 'icmpv4'),
  icmpv4Code: field(OPENFLOW_BASIC, 20, 'number', 8, 'exact', 'icmpv4'),
  arpOp: field(OPENFLOW_BASIC, 21, 'number', 16, 'exact', 'arp'),
  arpSpa: field(OPENFLOW_BASIC, 22, 'ipv4', 32, 'maskable', 'arp'),
  arpTpa: field(OPENFLOW_BASIC, 23, 'ipv4', 32, 'maskable', 'arp'),
  arpSha: field(OPENFLOW_BASIC, 24, 'mac', 48, 'maskable', 'arp'),
  arpTha: field(OPENFLOW_BASIC, 25, 'mac', 48, 'maskable', 'arp'),
  ipv6Src: field(OPENFLOW_BASIC, 26, 'ipv6', 128, 'maskable', 'ipv6'),
  ipv6Dst: field(OPENFLOW_BASIC, 27, 'ipv6', 128, 'maskable', 'ipv6'),
  ipv6Flabel: field(OPENFLOW_BASIC, 28, 'number', 20, 'maskable', 'ipv6'),
  icmpv6Type: field(OPENFLOW_BASIC, 29, 'number', 8, 'exact', 'icmpv6'),
  icmpv6Code: field(OPENFLOW_BASIC, 30, 'number', 8, 'exact', 'icmpv6'),
  ipv6NdTarget: field(OPENFLOW_BASIC, 31, 'ipv6', 128, 'maskable', 'nd'),
  ipv6NdSll: field(OPENFLOW_BASIC, 32, 'mac', 48, 'maskable', 'ndSolicit'),
  ipv6NdTll: field(OPENFLOW_BASIC, 33, 'mac', 48, 'maskable', 'ndAdvert'),
  mplsLabel: field(OPENFLOW_BASIC, 34, 'number', 20, 'exact', 'mpls'),
  mplsTc: field(OPENFLOW_BASIC, 35, 'number', 3, 'exact', 'mpls'),
  mplsBos: field(OPENFLOW_BASIC, 36, 'number', 1, 'exact', 'mpls'),
  pbbIsid: field(OPENFLOW_BASIC, 37, 'number', 24, 'maskable', 'pbb', 3),
  tunnelId: field(OPENFLOW_BASIC, 38, 'u64', 64, 'maskable'),
  ipv6Exthdr: field(OPENFLOW_BASIC, 39, 'number', 9, 'maskable', 'ipv6'),
  tcpFlags: field(OPENFLOW_BASIC, 42, 'number', 12, 'maskable', 'tcp'),
  actsetOutput: field(OPENFLOW_BASIC, 43, 'number', 32, 'exact'),
  packetType: field(OPENFLOW_BASIC, 44, 'number', 32, 'exact'),
};

/** The older NXM forms of fields that OpenFlow has by now; kept apart so that their bytes survive. */
const nxmFields = {
  nxmInPort: field(NXM_0, 0, 'number', 16, 'exact'),
  nxmEthDst: field(NXM_0, 1, 'mac', 48, 'maskable'),
  nxmEthSrc: field(NXM_0, 2, 'mac', 48, 'maskable'),
  nxmEthType: field(NXM_0, 3, 'number', 16, 'exact'),
  nxmVlanTci: field(NXM_0, 4, 'number', 16, 'maskable'),
  nxmIpTos: field(NXM_0, 5, 'number', 8, 'exact', 'ip'),
  nxmIpProto: field(NXM_0, 6, 'number', 8, 'exact', 'ip'),
  nxmIpSrc: field(NXM_0, 7, 'ipv4', 32, 'maskable', 'ipv4'),
  nxmIpDst: field(NXM_0, 8, 'ipv4', 32, 'maskable', 'ipv4'),
  nxmTcpSrc: field(NXM_0, 9, 'number', 16, 'maskable', 'tcp'),
  nxmTcpDst: field(NXM_0, 10, 'number', 16, 'maskable', 'tcp'),
  nxmUdpSrc: field(NXM_0, 11, 'number', 16, 'maskable', 'udp'),
  nxmUdpDst: field(NXM_0, 12, 'number', 16, 'maskable', 'udp'),
  nxmIcmpType: field(NXM_0, 13, 'number', 8, 'exact', 'icmpv4'),
  nxmIcmpCode: field(NXM_0, 14, 'number', 8, 'exact', 'icmpv4'),
  nxmArpOp: field(NXM_0, 15, 'number', 16, 'exact', 'arp'),
  nxmArpSpa: field(NXM_0, 16, 'ipv4', 32, 'maskable', 'arp'),
  nxmArpTpa: field(NXM_0, 17, 'ipv4', 32, 'maskable', 'arp'),
  nxmTunId: field(NXM_1, 16, 'u64', 64, 'maskable'),
  nxmArpSha: field(NXM_1, 17, 'mac', 48, 'maskable', 'arp'),
  nxmArpTha: field(NXM_1, 18, 'mac', 48, 'maskable', 'arp'),
  nxmIpv6Src: field(NXM_1, 19, 'ipv6', 128, 'maskable', 'ipv6'),
  nxmIpv6Dst: field(NXM_1, 20, 'ipv6', 128, 'maskable', 'ipv6'),
  nxmIcmpv6Type: field(NXM_1, 21, 'number', 8, 'exact', 'icmpv6'),
  nxmIcmpv6Code: field(NXM_1, 22, 'number', 8, 'exact', 'icmpv6'),
  nxmNdTarget: field(NXM_1, 23, 'ipv6', 128, 'maskable', 'nd'),
  nxmNdSll: field(NXM_1, 24, 'mac', 48, 'maskable', 'ndSolicit'),
  nxmNdTll: field(NXM_1, 25, 'mac', 48, 'maskable', 'ndAdvert'),
  nxmIpv6Label: field(NXM_1, 27, 'number', 20, 'maskable', 'ipv6'),
  nxmIpEcn: field(NXM_1, 28, 'number', 2, 'exact', 'ip'),
  nxmTcpFlags: field(NXM_1, 34, 'number', 12, 'maskable', 'tcp'),
};

/** Fields that only Open vSwitch has, in its own class (ovs-fields(7)). */
const niciraFields = {
  ...series('reg', 16, (n) => field(NXM_1, n, 'number', 32, 'maskable')),
  ipFrag: field(NXM_1, 26, 'number', 2, 'maskable', 'ip'),
  ipTtl: field(NXM_1, 29, 'number', 8, 'exact', 'ip'),
  mplsTtl: field(NXM_1, 30, 'number', 8, 'exact', 'mpls'),
  tunIpv4Src: field(NXM_1, 31, 'ipv4', 32, 'maskable'),
  tunIpv4Dst: field(NXM_1, 32, 'ipv4', 32, 'maskable'),
  pktMark: field(NXM_1, 33, 'number', 32, 'maskable'),
  nxmDpHash: field(NXM_1, 35, 'number', 32, 'maskable'),
  recircId: field(NXM_1, 36, 'number', 32, 'exact'),
  conjId: field(NXM_1, 37, 'number', 32, 'exact'),
  tunGbpId: field(NXM_1, 38, 'number', 16, 'maskable'),
  tunGbpFlags: field(NXM_1, 39, 'number', 8, 'maskable'),
  ...series('tunMetadata', 64, (n) => field(NXM_1, 40 + n, 'bytes', 992, 'maskable', 'none', 0)),
  tunFlags: field(NXM_1, 104, 'number', 1, 'maskable', 'none', 2),
  ctState: field(NXM_1, 105, 'number', 32, 'maskable'),
  ctZone: field(NXM_1, 106, 'number', 16, 'exact'),
  ctMark: field(NXM_1, 107, 'number', 32, 'maskable'),
  ctLabel: field(NXM_1, 108, 'hex', 128, 'maskable'),
  tunIpv6Src: field(NXM_1, 109, 'ipv6', 128, 'maskable'),
  tunIpv6Dst: field(NXM_1, 110, 'ipv6', 128, 'maskable'),
  ...series('xxreg', 4, (n) => field(NXM_1, 111 + n, 'hex', 128, 'maskable')),
  ctNwProto: field(NXM_1, 119, 'number', 8, 'exact', 'ct'),
  ctNwSrc: field(NXM_1, 120, 'ipv4', 32, 'maskable', 'ct'),
  ctNwDst: field(NXM_1, 121, 'ipv4', 32, 'maskable', 'ct'),
  ctIpv6Src: field(NXM_1, 122, 'ipv6', 128, 'maskable', 'ct'),
  ctIpv6Dst: field(NXM_1, 123, 'ipv6', 128, 'maskable', 'ct'),
  ctTpSrc: field(NXM_1, 124, 'number', 16, 'maskable', 'ct'),
  ctTpDst: field(NXM_1, 125, 'number', 16, 'maskable', 'ct'),
  ndReserved: field(ERICSSON, 1, 'number', 32, 'exact', 'nd'),
  ndOptionsType: field(ERICSSON, 2, 'number', 8, 'exact', 'nd'),
  ...series('xreg', 16, (n) => field(PACKET_REGS, n, 'u64', 64, 'maskable')),
};

/** Fields of class 0xffff, by experimenter. */
const experimenterFields = {
  dpHash: experimenterField(NICIRA, 0, 'number', 32, 'maskable'),
  tunErspanIdx: experimenterField(NICIRA, 11, 'number', 20, 'maskable'),
  tunErspanVer: experimenterField(NICIRA, 12, 'number', 4, 'maskable'),
  tunErspanDir: experimenterField(NICIRA, 13, 'number', 1, 'maskable'),
  tunErspanHwid: experimenterField(NICIRA, 14, 'number', 6, 'maskable'),
  tunGtpuFlags: experimenterField(NICIRA, 15, 'number', 8, 'maskable'),
  tunGtpuMsgtype: experimenterField(NICIRA, 16, 'number', 8, 'maskable'),
  reg16: experimenterField(NICIRA, 17, 'number', 32, 'maskable'),
  reg17: experimenterField(NICIRA, 18, 'number', 32, 'maskable'),
  reg18: experimenterField(NICIRA, 19, 'number', 32, 'maskable'),
  reg19: experimenterField(NICIRA, 20, 'number', 32, 'maskable'),
  reg20: experimenterField(NICIRA, 21, 'number', 32, 'maskable'),
  reg21: experimenterField(NICIRA, 22, 'number', 32, 'maskable'),
  reg22: experimenterField(NICIRA, 23, 'number', 32, 'maskable'),
  reg23: experimenterField(NICIRA, 24, 'number', 32, 'maskable'),
  reg24: experimenterField(NICIRA, 25, 'number', 32, 'maskable'),
  reg25: experimenterField(NICIRA, 26, 'number', 32, 'maskable'),
  reg26: experimenterField(NICIRA, 27, 'number', 32, 'maskable'),
  reg27: experimenterField(NICIRA, 28, 'number', 32, 'maskable'),
  reg28: experimenterField(NICIRA, 29, 'number', 32, 'maskable'),
  reg29: experimenterField(NICIRA, 30, 'number', 32, 'maskable'),
  reg30: experimenterField(NICIRA, 31, 'number', 32, 'maskable'),
  reg31: experimenterField(NICIRA, 32, 'number', 32, 'maskable'),
  xxreg4: experimenterField(NICIRA, 33, 'hex', 128, 'maskable'),
  xxreg5: experimenterField(NICIRA, 34, 'hex', 128, 'maskable'),
  xxreg6: experimenterField(NICIRA, 35, 'hex', 128, 'maskable'),
  xxreg7: experimenterField(NICIRA, 36, 'hex', 128, 'maskable'),
  nshFlags: experimenterField(NSH, 1, 'number', 8, 'maskable', 'nsh'),
  nshMdtype: experimenterField(NSH, 2, 'number', 8, 'exact', 'nsh'),
  nshNp: experimenterField(NSH, 3, 'number', 8, 'exact', 'nsh'),
  nshSpi: experimenterField(NSH, 4, 'number', 24, 'exact', 'nsh'),
  nshSi: experimenterField(NSH, 5, 'number', 8, 'exact', 'nsh'),
  nshC1: experimenterField(NSH, 6, 'number', 32, 'maskable', 'nsh'),
  nshC2: experimenterField(NSH, 7, 'number', 32, 'maskable', 'nsh'),
  nshC3: experimenterField(NSH, 8, 'number', 32, 'maskable', 'nsh'),
  nshC4: experimenterField(NSH, 9, 'number', 32, 'maskable', 'nsh'),
  nshTtl: experimenterField(NSH, 10, 'number', 8, 'exact', 'nsh'),
  onfTcpFlags: experimenterField(ONF, 42, 'number', 12, 'maskable', 'tcp'),
  onfActsetOutput: experimenterField(ONF, 43, 'number', 32, 'exact'),
};

/** Every field, by the name that matches and actions use: the OXM table (OpenFlow 1.3.5, 7.2.3.7). */
export const FIELDS = { ...openflowFields, ...nxmFields, ...niciraFields, ...experimenterFields };

type Fields = typeof FIELDS;

/** The name of a field: its OXM name in camelCase (OpenFlow 1.3.5, 7.2.3). */
export type FieldName = keyof Fields;

/**
 * The name of a field that is not in the table: the four bytes of its header (and, in class 0xffff, the experimenter)
 * in hexadecimal, as in `unknown:0x8000fe04` (OpenFlow 1.3.5, 7.2.3.2). Its value is the payload as it came.
 */
export type UnknownFieldName = `unknown:${string}`;

/**
 * A decoded match (OpenFlow 1.3.5, 7.2.3): values by field name, in wire order. An empty match takes every packet.
 */
export type Match = {
  readonly [N in FieldName]?:
    | FieldValue<Fields[N]>
    | (Fields[N] extends Field<infer _K, 'maskable'> ? Masked<FieldValue<Fields[N]>> : never);
} & { readonly [unknown: UnknownFieldName]: Uint8Array };

/**
 * A match to be sent (OpenFlow 1.3.5, 7.2.3). Addresses take their mask as `10.0.0.0/8` or `10.0.0.0/255.0.0.0` too,
 * 64-bit fields any of `Long`, `bigint` and `number`.
 */
export type MatchInit = {
  readonly [N in FieldName]?:
    | FieldInit<Fields[N]>
    | (Fields[N] extends Field<infer _K, 'maskable'> ? Masked<FieldInit<Fields[N]>> : never);
} & { readonly [unknown: UnknownFieldName]: Uint8Array };

/** The decoded value of the field called `N`, without a mask (OpenFlow 1.3.5, 7.2.3). */
export type ValueOf<N extends FieldName> = FieldValue<Fields[N]>;

/** The value that encoding takes for the field called `N`, without a mask (OpenFlow 1.3.5, 7.2.3). */
export type InitOf<N extends FieldName> = FieldInit<Fields[N]>;

type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';
type Numbers<Count extends number> = Count extends 4
  ? '0' | '1' | '2' | '3'
  : Count extends 16
    ? Digit | '10' | '11' | '12' | '13' | '14' | '15'
    : Digit | `${'1' | '2' | '3' | '4' | '5'}${Digit}` | '60' | '61' | '62' | '63';

/** Rows that differ in their number only: `reg0` to `reg15`. */
function series<Name extends string, Count extends 4 | 16 | 64, Row>(
  name: Name,
  count: Count,
  row: (number: number) => Row,
): Record<`${Name}${Numbers<Count>}`, Row> {
  const entries = Array.from({ length: count }, (_, number) => [`${name}${number}`, row(number)] as const);
  return Object.fromEntries(entries) as Record<`${Name}${Numbers<Count>}`, Row>;
}
