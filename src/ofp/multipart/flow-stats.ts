import type Long from 'long';
import { readU64, type U64 } from '../../util/u64.ts';
import {
  decodeInstructions,
  encodeInstructions,
  type Instruction,
  type InstructionInit,
} from '../instruction.ts';
import type { Match, MatchInit } from '../oxm/fields.ts';
import { decodeMatch, encodeMatch, matchSize } from '../oxm/match.ts';
import { ALL_TABLES, GroupNo, PortNo } from '../ports.ts';
import { pad, struct, u32, u64 } from '../wire/struct.ts';
import { need, readLength, type WireView } from '../wire/wire-view.ts';
import type { BodyCodec, MultipartCodec } from './codec.ts';

/** Which flows OFPMP_FLOW and OFPMP_AGGREGATE ask for (OpenFlow 1.3.5, 7.3.5.2). */
export interface FlowStatsRequest {
  readonly tableId: number;
  readonly outPort: number;
  readonly outGroup: number;
  readonly cookie: Long;
  /** Which bits of `cookie` must be equal; 0 for none. */
  readonly cookieMask: Long;
  readonly match: Match;
}

/** A {@link FlowStatsRequest} to be sent: all flows, but for what is given (OpenFlow 1.3.5, 7.3.5.2). */
export interface FlowStatsRequestInit {
  readonly tableId?: number;
  readonly outPort?: number;
  readonly outGroup?: number;
  readonly cookie?: U64;
  readonly cookieMask?: U64;
  readonly match?: MatchInit;
}

interface FlowStatsFields<Value, M, I> {
  readonly tableId: number;
  readonly durationSec: number;
  /** Nanoseconds beyond `durationSec`. */
  readonly durationNsec: number;
  readonly priority: number;
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  /** Bits of FlowModFlag. */
  readonly flags: number;
  readonly cookie: Value;
  readonly packetCount: Value;
  readonly byteCount: Value;
  readonly match: M;
  readonly instructions: readonly I[];
}

/** One flow as the switch has it: ofp_flow_stats (OpenFlow 1.3.5, 7.3.5.2). */
export interface FlowStats extends FlowStatsFields<Long, Match, Instruction> {}

/** A {@link FlowStats} to be sent (OpenFlow 1.3.5, 7.3.5.2). */
export interface FlowStatsInit extends FlowStatsFields<U64, MatchInit, InstructionInit> {}

/** The reply to OFPMP_AGGREGATE (OpenFlow 1.3.5, 7.3.5.3). */
export interface AggregateStats<Value = Long> {
  readonly packetCount: Value;
  readonly byteCount: Value;
  readonly flowCount: number;
}

const REQUEST_MATCH_OFFSET = 32;
const ENTRY_SIZE = 56;

/** Where the fields of an ofp_flow_stats are. */
export const FlowEntryOffset = {
  TABLE_ID: 2,
  PRIORITY: 12,
  IDLE_TIMEOUT: 14,
  HARD_TIMEOUT: 16,
  FLAGS: 18,
  COOKIE: 24,
  MATCH: 48,
} as const;

const request: BodyCodec<FlowStatsRequest, FlowStatsRequestInit | undefined> = {
  size: 40,
  decode: (wire, start, end) => ({
    tableId: wire.view.getUint8(start),
    outPort: wire.view.getUint32(start + 4),
    outGroup: wire.view.getUint32(start + 8),
    cookie: readU64(wire.view, start + 16),
    cookieMask: readU64(wire.view, start + 24),
    match: decodeMatch(wire, start + REQUEST_MATCH_OFFSET, end),
  }),
  encode(writer, body = {}) {
    writer.u8(body.tableId ?? ALL_TABLES);
    writer.zeros(3);
    writer.u32(body.outPort ?? PortNo.ANY);
    writer.u32(body.outGroup ?? GroupNo.ANY);
    writer.zeros(4);
    writer.u64(body.cookie ?? 0);
    writer.u64(body.cookieMask ?? 0);
    encodeMatch(writer, body.match ?? {});
  },
};

const reply: BodyCodec<FlowStats[], readonly FlowStatsInit[]> = {
  size: 0,
  decode(wire, start, end) {
    const flows: FlowStats[] = [];
    walkFlowEntries(wire, start, end, (at, next) => flows.push(decodeFlowEntry(wire, at, next)));
    return flows;
  },
  encode(writer, flows) {
    for (const flow of flows) {
      const start = writer.offset;
      writer.u16(0);
      writer.u8(flow.tableId);
      writer.u8(0);
      writer.u32(flow.durationSec);
      writer.u32(flow.durationNsec);
      writer.u16(flow.priority);
      writer.u16(flow.idleTimeout);
      writer.u16(flow.hardTimeout);
      writer.u16(flow.flags);
      writer.zeros(4);
      writer.u64(flow.cookie);
      writer.u64(flow.packetCount);
      writer.u64(flow.byteCount);
      encodeMatch(writer, flow.match);
      encodeInstructions(writer, flow.instructions);
      writer.patchLength(start, 0);
    }
  },
};

/** OFPMP_FLOW. */
export const flowStats: MultipartCodec = { type: 'flow', code: 1, request, reply };

/** OFPMP_AGGREGATE. */
export const aggregateStats: MultipartCodec = {
  type: 'aggregate',
  code: 2,
  request,
  reply: struct<AggregateStats>(
    'ofp_aggregate_stats_reply',
    u64('packetCount'),
    u64('byteCount'),
    u32('flowCount'),
    pad(4),
  ),
};

/**
 * Finds the entries of a reply to OFPMP_FLOW, without decoding them.
 * @throws WireError `OFP_TRUNCATED`, `OFP_BAD_LENGTH`
 */
export function walkFlowEntries(
  wire: WireView,
  start: number,
  end: number,
  onEntry: (start: number, end: number) => void,
): void {
  for (let at = start; at < end; ) {
    need('flow statistics', ENTRY_SIZE, at, end);
    const next = at + readLength(wire, 'flow statistics', at, ENTRY_SIZE, at, end);
    onEntry(at, next);
    at = next;
  }
}

/** Decodes an entry whose length has been checked. @throws WireError */
export function decodeFlowEntry(wire: WireView, start: number, end: number): FlowStats {
  const { view } = wire;
  const matchStart = start + FlowEntryOffset.MATCH;
  return {
    tableId: view.getUint8(start + 2),
    durationSec: view.getUint32(start + 4),
    durationNsec: view.getUint32(start + 8),
    priority: view.getUint16(start + 12),
    idleTimeout: view.getUint16(start + 14),
    hardTimeout: view.getUint16(start + 16),
    flags: view.getUint16(start + 18),
    cookie: readU64(view, start + 24),
    packetCount: readU64(view, start + 32),
    byteCount: readU64(view, start + 40),
    match: decodeMatch(wire, matchStart, end),
    instructions: decodeInstructions(wire, matchStart + matchSize(wire, matchStart, end), end),
  };
}
