import type Long from 'long';
import { readU64, type U64 } from '../../../util/u64.ts';
import { type ActionCodec, actionCodec } from '../codec.ts';

/**
 * NXAST_SET_TUNNEL (32 bits) and NXAST_SET_TUNNEL64: sets the tunnel key, as set-field `tunnelId` does
 * (ovs-actions(7)).
 */
export type NxSetTunnel<Value = Long> =
  | { readonly type: 'nxSetTunnel'; readonly tunnelId: number }
  | { readonly type: 'nxSetTunnel64'; readonly tunnelId: Value };

/** NXAST_SET_QUEUE: OpenFlow 1.0's form of OFPAT_SET_QUEUE, which Open vSwitch refuses over 1.3 (ovs-actions(7)). */
export interface NxSetQueue {
  readonly type: 'nxSetQueue';
  readonly queueId: number;
}

/** NXAST_WRITE_METADATA: the instruction write-metadata as an action; both may be used (ovs-actions(7)). */
export interface NxWriteMetadata<Value = Long> {
  readonly type: 'nxWriteMetadata';
  readonly metadata: Value;
  /** Which bits are written. */
  readonly metadataMask: Value;
}

/** Actions that set what travels with the packet (ovs-actions(7)). */
export type NxMetadataAction<Value = Long> = NxSetTunnel<Value> | NxSetQueue | NxWriteMetadata<Value>;

/** A {@link NxMetadataAction} to be sent (ovs-actions(7)). */
export type NxMetadataActionInit = NxMetadataAction<U64>;

/** The codecs of {@link NxMetadataAction}. */
export const nxMetadataActions: readonly ActionCodec[] = [
  actionCodec<Extract<NxSetTunnel, { type: 'nxSetTunnel' }>>({
    type: 'nxSetTunnel',
    code: 2,
    size: 16,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'nxSetTunnel', tunnelId: view.getUint32(start + 12) }),
    encode(writer, { tunnelId }) {
      writer.zeros(2);
      writer.u32(tunnelId);
    },
  }),
  actionCodec<NxSetQueue>({
    type: 'nxSetQueue',
    code: 4,
    size: 16,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'nxSetQueue', queueId: view.getUint32(start + 12) }),
    encode(writer, { queueId }) {
      writer.zeros(2);
      writer.u32(queueId);
    },
  }),
  actionCodec<Extract<NxSetTunnel, { type: 'nxSetTunnel64' }>>({
    type: 'nxSetTunnel64',
    code: 9,
    size: 24,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'nxSetTunnel64', tunnelId: readU64(view, start + 16) }),
    encode(writer, { tunnelId }) {
      writer.zeros(6);
      writer.u64(tunnelId);
    },
  }),
  actionCodec<NxWriteMetadata>({
    type: 'nxWriteMetadata',
    code: 22,
    size: 32,
    fixed: true,
    decode: ({ view }, start) => ({
      type: 'nxWriteMetadata',
      metadata: readU64(view, start + 16),
      metadataMask: readU64(view, start + 24),
    }),
    encode(writer, { metadata, metadataMask }) {
      writer.zeros(6);
      writer.u64(metadata);
      writer.u64(metadataMask);
    },
  }),
];
