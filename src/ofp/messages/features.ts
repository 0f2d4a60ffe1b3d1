import type Long from 'long';
import { pad, struct, u8, u32, u64 } from '../wire/struct.ts';
import { bareMessage, type MessageBase, type MessageCodec } from './codec.ts';

/** OFPT_FEATURES_REQUEST (OpenFlow 1.3.5, 7.3.1). */
export type FeaturesRequest = MessageBase<'featuresRequest'>;

/** What a switch is and can do: the body of OFPT_FEATURES_REPLY (OpenFlow 1.3.5, 7.3.1). */
export interface SwitchFeatures {
  /** The low 48 bits are a MAC address, the high 16 are the implementer's. */
  readonly datapathId: Long;
  /** How many packets it can hold back at once. */
  readonly nBuffers: number;
  readonly nTables: number;
  /** 0 on the main connection. */
  readonly auxiliaryId: number;
  /** Bits of {@link Capability}. */
  readonly capabilities: number;
  readonly reserved: number;
}

/** OFPT_FEATURES_REPLY (OpenFlow 1.3.5, 7.3.1). */
export interface FeaturesReply extends MessageBase<'featuresReply'>, SwitchFeatures {}

/** OFPC_ bits (OpenFlow 1.3.5, 7.3.1). */
export const Capability = {
  FLOW_STATS: 1 << 0,
  TABLE_STATS: 1 << 1,
  PORT_STATS: 1 << 2,
  GROUP_STATS: 1 << 3,
  IP_REASM: 1 << 5,
  QUEUE_STATS: 1 << 6,
  PORT_BLOCKED: 1 << 8,
} as const;

const features = struct<SwitchFeatures>(
  'ofp_switch_features',
  u64('datapathId'),
  u32('nBuffers'),
  u8('nTables'),
  u8('auxiliaryId'),
  pad(2),
  u32('capabilities'),
  u32('reserved'),
);

/** The codec of {@link FeaturesRequest}. */
export const featuresRequest: MessageCodec<FeaturesRequest> = bareMessage('featuresRequest', 5);

/** The codec of {@link FeaturesReply}. */
export const featuresReply: MessageCodec<FeaturesReply> = {
  type: 'featuresReply',
  code: 6,
  size: 8 + features.size,
  decode: (wire, start, end, xid) => ({
    type: 'featuresReply',
    xid,
    ...features.decode(wire, start + 8, end),
  }),
  encode: (writer, message) => features.encode(writer, message),
};
