import type Long from 'long';
import { readU64, type U64 } from '../../util/u64.ts';
import { Experimenter, type Match, type MatchInit } from '../oxm/fields.ts';
import { decodeNxMatch, encodeNxMatch } from '../oxm/match.ts';
import type { Enumerated } from '../wire/enumeration.ts';
import { type ExperimenterCodec, experimenterCodec, type MessageBase, type WithoutXid } from './codec.ts';
import { type FlowRemovedReason, flowRemovedReasons } from './flow-removed.ts';

interface NxFlowRemovedFields<Value> {
  readonly cookie: Value;
  readonly priority: number;
  readonly reason: Enumerated<FlowRemovedReason>;
  /** Left out when the switch does not say. */
  readonly tableId?: number;
  readonly durationSec: number;
  /** Nanoseconds beyond `durationSec`. */
  readonly durationNsec: number;
  readonly idleTimeout: number;
  readonly packetCount: Value;
  readonly byteCount: Value;
}

/** NXT_FLOW_REMOVED: a flow that asked for it has gone (nicira-ext.h). */
export interface NxFlowRemoved extends MessageBase<'nxFlowRemoved'>, NxFlowRemovedFields<Long> {
  readonly match: Match;
}

/** An {@link NxFlowRemoved} to be sent (nicira-ext.h). */
export interface NxFlowRemovedInit
  extends WithoutXid<MessageBase<'nxFlowRemoved'>>,
    NxFlowRemovedFields<U64> {
  readonly match: MatchInit;
}

const MATCH_OFFSET = 56;

/** The codec of {@link NxFlowRemoved}. */
export const nxFlowRemoved: ExperimenterCodec = experimenterCodec<NxFlowRemoved, NxFlowRemovedInit>({
  type: 'nxFlowRemoved',
  experimenter: Experimenter.NICIRA,
  expType: 14,
  size: MATCH_OFFSET,
  decode(wire, start, end, xid) {
    const { view } = wire;
    const tablePlusOne = view.getUint8(start + 27);
    return {
      type: 'nxFlowRemoved',
      xid,
      cookie: readU64(view, start + 16),
      priority: view.getUint16(start + 24),
      reason: flowRemovedReasons.name(view.getUint8(start + 26)),
      ...(tablePlusOne !== 0 && { tableId: tablePlusOne - 1 }),
      durationSec: view.getUint32(start + 28),
      durationNsec: view.getUint32(start + 32),
      idleTimeout: view.getUint16(start + 36),
      packetCount: readU64(view, start + 40),
      byteCount: readU64(view, start + 48),
      match: decodeNxMatch(wire, start + MATCH_OFFSET, view.getUint16(start + 38), end).match,
    };
  },
  encode(writer, message) {
    writer.u64(message.cookie);
    writer.u16(message.priority);
    writer.u8(flowRemovedReasons.code(message.reason));
    writer.u8(message.tableId === undefined ? 0 : message.tableId + 1);
    writer.u32(message.durationSec);
    writer.u32(message.durationNsec);
    writer.u16(message.idleTimeout);
    const matchSizeAt = writer.offset;
    writer.u16(0);
    writer.u64(message.packetCount);
    writer.u64(message.byteCount);
    const size = encodeNxMatch(writer, message.match);
    writer.view.setUint16(matchSizeAt, size);
  },
});
