import { readIpv4, writeIpv4 } from '../../util/ip.ts';
import { readMac, writeMac } from '../../util/mac.ts';
import { type ActionCodec, actionCodec } from './codec.ts';

/** OFPAT_SET_VLAN_VID, of a packet that has a tag (OpenFlow 1.1.0, A.2.5). */
export interface SetVlanVid {
  readonly type: 'setVlanVid';
  readonly vlanVid: number;
}

/** OFPAT_SET_VLAN_PCP, of a packet that has a tag (OpenFlow 1.1.0, A.2.5). */
export interface SetVlanPcp {
  readonly type: 'setVlanPcp';
  readonly vlanPcp: number;
}

/** OFPAT_SET_DL_SRC and OFPAT_SET_DL_DST (OpenFlow 1.1.0, A.2.5). */
export interface SetDlAddr {
  readonly type: 'setDlSrc' | 'setDlDst';
  readonly dlAddr: string;
}

/** OFPAT_SET_NW_SRC and OFPAT_SET_NW_DST (OpenFlow 1.1.0, A.2.5). */
export interface SetNwAddr {
  readonly type: 'setNwSrc' | 'setNwDst';
  readonly nwAddr: string;
}

/** OFPAT_SET_NW_TOS: the six bits of the DSCP, where they stand in the byte (OpenFlow 1.1.0, A.2.5). */
export interface SetNwTos {
  readonly type: 'setNwTos';
  readonly nwTos: number;
}

/** OFPAT_SET_NW_ECN (OpenFlow 1.1.0, A.2.5). */
export interface SetNwEcn {
  readonly type: 'setNwEcn';
  readonly nwEcn: number;
}

/** OFPAT_SET_TP_SRC and OFPAT_SET_TP_DST: the port of TCP, UDP or SCTP (OpenFlow 1.1.0, A.2.5). */
export interface SetTpPort {
  readonly type: 'setTpSrc' | 'setTpDst';
  readonly tpPort: number;
}

/** OFPAT_SET_MPLS_LABEL (OpenFlow 1.1.0, A.2.5). */
export interface SetMplsLabel {
  readonly type: 'setMplsLabel';
  readonly mplsLabel: number;
}

/** OFPAT_SET_MPLS_TC (OpenFlow 1.1.0, A.2.5). */
export interface SetMplsTc {
  readonly type: 'setMplsTc';
  readonly mplsTc: number;
}

/** What set-field replaced in OpenFlow 1.2 (OpenFlow 1.1.0, A.2.5); Open vSwitch still takes it over 1.3, and never sends it. */
export type OpenFlow11Action =
  | SetVlanVid
  | SetVlanPcp
  | SetDlAddr
  | SetNwAddr
  | SetNwTos
  | SetNwEcn
  | SetTpPort
  | SetMplsLabel
  | SetMplsTc;

/** The codecs of {@link OpenFlow11Action}, in the order of their codes. */
export const openflow11Actions: readonly ActionCodec[] = [
  actionCodec<SetVlanVid>({
    type: 'setVlanVid',
    code: 1,
    size: 8,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'setVlanVid', vlanVid: view.getUint16(start + 4) }),
    encode(writer, { vlanVid }) {
      writer.u16(vlanVid);
      writer.zeros(2);
    },
  }),
  actionCodec<SetVlanPcp>({
    type: 'setVlanPcp',
    code: 2,
    size: 8,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'setVlanPcp', vlanPcp: view.getUint8(start + 4) }),
    encode(writer, { vlanPcp }) {
      writer.u8(vlanPcp);
      writer.zeros(3);
    },
  }),
  dlAddr('setDlSrc', 3),
  dlAddr('setDlDst', 4),
  nwAddr('setNwSrc', 5),
  nwAddr('setNwDst', 6),
  actionCodec<SetNwTos>({
    type: 'setNwTos',
    code: 7,
    size: 8,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'setNwTos', nwTos: view.getUint8(start + 4) }),
    encode(writer, { nwTos }) {
      writer.u8(nwTos);
      writer.zeros(3);
    },
  }),
  actionCodec<SetNwEcn>({
    type: 'setNwEcn',
    code: 8,
    size: 8,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'setNwEcn', nwEcn: view.getUint8(start + 4) }),
    encode(writer, { nwEcn }) {
      writer.u8(nwEcn);
      writer.zeros(3);
    },
  }),
  tpPort('setTpSrc', 9),
  tpPort('setTpDst', 10),
  actionCodec<SetMplsLabel>({
    type: 'setMplsLabel',
    code: 13,
    size: 8,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'setMplsLabel', mplsLabel: view.getUint32(start + 4) }),
    encode: (writer, { mplsLabel }) => writer.u32(mplsLabel),
  }),
  actionCodec<SetMplsTc>({
    type: 'setMplsTc',
    code: 14,
    size: 8,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'setMplsTc', mplsTc: view.getUint8(start + 4) }),
    encode(writer, { mplsTc }) {
      writer.u8(mplsTc);
      writer.zeros(3);
    },
  }),
];

function dlAddr(type: SetDlAddr['type'], code: number): ActionCodec {
  return actionCodec<SetDlAddr>({
    type,
    code,
    size: 16,
    fixed: true,
    decode: ({ bytes }, start) => ({ type, dlAddr: readMac(bytes, start + 4) }),
    encode(writer, action) {
      writer.zeros(12);
      writeMac(writer.bytes, writer.offset - 12, action.dlAddr);
    },
  });
}

function nwAddr(type: SetNwAddr['type'], code: number): ActionCodec {
  return actionCodec<SetNwAddr>({
    type,
    code,
    size: 8,
    fixed: true,
    decode: ({ bytes }, start) => ({ type, nwAddr: readIpv4(bytes, start + 4) }),
    encode(writer, action) {
      writer.zeros(4);
      writeIpv4(writer.bytes, writer.offset - 4, action.nwAddr);
    },
  });
}

function tpPort(type: SetTpPort['type'], code: number): ActionCodec {
  return actionCodec<SetTpPort>({
    type,
    code,
    size: 8,
    fixed: true,
    decode: ({ view }, start) => ({ type, tpPort: view.getUint16(start + 4) }),
    encode(writer, action) {
      writer.u16(action.tpPort);
      writer.zeros(2);
    },
  });
}
