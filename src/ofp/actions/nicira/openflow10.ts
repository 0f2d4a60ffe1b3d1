import { type ActionCodec, actionCodec } from '../codec.ts';

/** NXAST_PUSH_MPLS and NXAST_POP_MPLS, with the EtherType that the packet then has (ovs-actions(7)). */
export interface NxMplsTag {
  readonly type: 'nxPushMpls' | 'nxPopMpls';
  readonly ethType: number;
}

/** NXAST_SET_MPLS_TTL (ovs-actions(7)). */
export interface NxSetMplsTtl {
  readonly type: 'nxSetMplsTtl';
  readonly ttl: number;
}

/** NXAST_SET_MPLS_LABEL (ovs-actions(7)). */
export interface NxSetMplsLabel {
  readonly type: 'nxSetMplsLabel';
  readonly mplsLabel: number;
}

/** NXAST_SET_MPLS_TC (ovs-actions(7)). */
export interface NxSetMplsTc {
  readonly type: 'nxSetMplsTc';
  readonly mplsTc: number;
}

/** NXAST_GROUP (ovs-actions(7)). */
export interface NxGroup {
  readonly type: 'nxGroup';
  readonly groupId: number;
}

/**
 * What Open vSwitch gave OpenFlow 1.0 of later versions: later versions have actions of their own for it, so that a
 * switch refuses these over 1.3 (ovs-actions(7)).
 */
export type NxOpenFlow10Action = NxMplsTag | NxSetMplsTtl | NxSetMplsLabel | NxSetMplsTc | NxGroup;

/** The codecs of {@link NxOpenFlow10Action}. */
export const nxOpenFlow10Actions: readonly ActionCodec[] = [
  mplsTag('nxPushMpls', 23),
  mplsTag('nxPopMpls', 24),
  actionCodec<NxSetMplsTtl>({
    type: 'nxSetMplsTtl',
    code: 25,
    size: 16,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'nxSetMplsTtl', ttl: view.getUint8(start + 10) }),
    encode: (writer, { ttl }) => writer.u8(ttl),
  }),
  actionCodec<NxSetMplsLabel>({
    type: 'nxSetMplsLabel',
    code: 30,
    size: 16,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'nxSetMplsLabel', mplsLabel: view.getUint32(start + 12) }),
    encode(writer, { mplsLabel }) {
      writer.zeros(2);
      writer.u32(mplsLabel);
    },
  }),
  actionCodec<NxSetMplsTc>({
    type: 'nxSetMplsTc',
    code: 31,
    size: 16,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'nxSetMplsTc', mplsTc: view.getUint8(start + 10) }),
    encode: (writer, { mplsTc }) => writer.u8(mplsTc),
  }),
  actionCodec<NxGroup>({
    type: 'nxGroup',
    code: 40,
    size: 16,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'nxGroup', groupId: view.getUint32(start + 12) }),
    encode(writer, { groupId }) {
      writer.zeros(2);
      writer.u32(groupId);
    },
  }),
];

function mplsTag(type: NxMplsTag['type'], code: number): ActionCodec {
  return actionCodec<NxMplsTag>({
    type,
    code,
    size: 16,
    fixed: true,
    decode: ({ view }, start) => ({ type, ethType: view.getUint16(start + 10) }),
    encode: (writer, { ethType }) => writer.u16(ethType),
  });
}
