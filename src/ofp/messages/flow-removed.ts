import type Long from 'long';
import { readU64, type U64 } from '../../util/u64.ts';
import type { Match, MatchInit } from '../oxm/fields.ts';
import { decodeMatch, encodeMatch } from '../oxm/match.ts';
import { type Enumerated, enumeration } from '../wire/enumeration.ts';
import type { MessageBase, MessageCodec, WithoutXid } from './codec.ts';

/** OFPRR_: why a flow went (OpenFlow 1.3.5, 7.4.2). */
export type FlowRemovedReason =
  | 'idleTimeout'
  | 'hardTimeout'
  | 'delete'
  | 'groupDelete'
  | 'meterDelete'
  | 'eviction';

/** The numbers of {@link FlowRemovedReason}; the last two are OpenFlow 1.4's. */
export const flowRemovedReasons = enumeration<FlowRemovedReason>('OFPRR', {
  idleTimeout: 0,
  hardTimeout: 1,
  delete: 2,
  groupDelete: 3,
  meterDelete: 4,
  eviction: 5,
});

interface FlowRemovedFields<Value> {
  readonly cookie: Value;
  readonly priority: number;
  readonly reason: Enumerated<FlowRemovedReason>;
  readonly tableId: number;
  readonly durationSec: number;
  /** Nanoseconds beyond `durationSec`. */
  readonly durationNsec: number;
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly packetCount: Value;
  readonly byteCount: Value;
}

/** OFPT_FLOW_REMOVED (OpenFlow 1.3.5, 7.4.2): a flow that asked for it has gone. */
export interface FlowRemoved extends MessageBase<'flowRemoved'>, FlowRemovedFields<Long> {
  readonly match: Match;
}

/** A {@link FlowRemoved} to be sent (OpenFlow 1.3.5, 7.4.2). */
export interface FlowRemovedInit extends WithoutXid<MessageBase<'flowRemoved'>>, FlowRemovedFields<U64> {
  readonly match: MatchInit;
}

/** The codec of {@link FlowRemoved}. */
export const flowRemoved: MessageCodec<FlowRemoved, FlowRemovedInit> = {
  type: 'flowRemoved',
  code: 11,
  size: 56,
  decode(wire, start, end, xid) {
    const { view } = wire;
    return {
      type: 'flowRemoved',
      xid,
      cookie: readU64(view, start + 8),
      priority: view.getUint16(start + 16),
      reason: flowRemovedReasons.name(view.getUint8(start + 18)),
      tableId: view.getUint8(start + 19),
      durationSec: view.getUint32(start + 20),
      durationNsec: view.getUint32(start + 24),
      idleTimeout: view.getUint16(start + 28),
      hardTimeout: view.getUint16(start + 30),
      packetCount: readU64(view, start + 32),
      byteCount: readU64(view, start + 40),
      match: decodeMatch(wire, start + 48, end),
    };
  },
  encode(writer, message) {
    writer.u64(message.cookie);
    writer.u16(message.priority);
    writer.u8(flowRemovedReasons.code(message.reason));
    writer.u8(message.tableId);
    writer.u32(message.durationSec);
    writer.u32(message.durationNsec);
    writer.u16(message.idleTimeout);
    writer.u16(message.hardTimeout);
    writer.u64(message.packetCount);
    writer.u64(message.byteCount);
    encodeMatch(writer, message.match);
  },
};
