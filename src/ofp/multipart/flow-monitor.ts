import type Long from 'long';
import { WireError } from '../../util/errors.ts';
import { readU64, type U64 } from '../../util/u64.ts';
import {
  decodeInstructions,
  encodeInstructions,
  type Instruction,
  type InstructionInit,
} from '../instruction.ts';
import { type FlowRemovedReason, flowRemovedReasons } from '../messages/flow-removed.ts';
import { Experimenter, type Match, type MatchInit } from '../oxm/fields.ts';
import { decodeMatch, encodeMatch, matchSize } from '../oxm/match.ts';
import { ALL_TABLES, PortNo } from '../ports.ts';
import type { Enumerated } from '../wire/enumeration.ts';
import { badLength, need, readLength, type WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';
import type { BodyCodec, ExperimenterMultipartCodec } from './codec.ts';

/** Asks for word of changes to flows (ONF extension 187), until onfFlowMonitorCancel (nicira-ext.h). */
export interface FlowMonitorRequest {
  /** Any number that is not in use on the connection. */
  readonly monitorId: number;
  /** Bits of {@link FlowMonitorFlag}. */
  readonly flags: number;
  /** Only flows that output here; OFPP_ANY for all. */
  readonly outPort: number;
  readonly tableId: number;
  readonly match: Match;
  /** What stands for the match's length where it is not the one in its header; Open vSwitch reads over it. */
  readonly matchLen?: number;
}

/** A {@link FlowMonitorRequest} to be sent: all flows, but for what is given (nicira-ext.h). */
export interface FlowMonitorRequestInit {
  readonly monitorId: number;
  readonly flags: number;
  readonly outPort?: number;
  readonly tableId?: number;
  readonly match?: MatchInit;
  readonly matchLen?: number;
}

/** ONFFMF_ bits (nicira-ext.h). */
export const FlowMonitorFlag = {
  /** What to tell of: flows that are there already, and those that come, go and change. */
  INITIAL: 1 << 0,
  ADD: 1 << 1,
  DELETE: 1 << 2,
  MODIFY: 1 << 3,
  /** Tell the instructions too. */
  ACTIONS: 1 << 4,
  /** Tell all of what this connection changed itself, instead of the xid that changed it. */
  OWN: 1 << 5,
} as const;

interface UpdatedFlow<Value, M, I> {
  readonly priority: number;
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly tableId: number;
  readonly cookie: Value;
  readonly match: M;
  /** Empty unless they were asked for. */
  readonly instructions: readonly I[];
}

/** ONFFME_: what happened to a flow, or, as `abbrev`, which of this connection's own messages did it (nicira-ext.h). */
export type FlowUpdate<Value = Long, M = Match, I = Instruction> =
  | ({ readonly type: 'added' | 'modified' } & UpdatedFlow<Value, M, I>)
  | ({ readonly type: 'deleted'; readonly reason: Enumerated<FlowRemovedReason> } & UpdatedFlow<Value, M, I>)
  | { readonly type: 'abbrev'; readonly xid: number }
  | { readonly type: 'unknown'; readonly code: number; readonly raw: Uint8Array };

/** A {@link FlowUpdate} to be sent, as software switches do (nicira-ext.h). */
export type FlowUpdateInit = FlowUpdate<U64, MatchInit, InstructionInit>;

const Event = { ADDED: 0, DELETED: 1, MODIFIED: 2, ABBREV: 3 } as const;

const REQUEST_SIZE = 16;
const HEADER_SIZE = 4;
const ABBREV_SIZE = 8;
const FULL_SIZE = 24;

/** The requests' and updates' `match_len` is the length in the header of the match: Open vSwitch's reading of the extension. */
const request: BodyCodec<FlowMonitorRequest[], readonly FlowMonitorRequestInit[]> = {
  size: 0,
  decode(wire, start, end) {
    const requests: FlowMonitorRequest[] = [];
    for (let at = start; at < end; ) {
      need('a flow monitor', REQUEST_SIZE, at, end);
      const matchStart = at + REQUEST_SIZE;
      const matchEnd = matchStart + matchSize(wire, matchStart, end);
      const matchLen = wire.view.getUint16(at + 6);
      requests.push({
        monitorId: wire.view.getUint32(at),
        flags: wire.view.getUint16(at + 4),
        outPort: wire.view.getUint32(at + 8),
        tableId: wire.view.getUint8(at + 12),
        match: decodeMatch(wire, matchStart, end),
        ...(matchLen !== wire.view.getUint16(matchStart + 2) && { matchLen }),
      });
      at = matchEnd;
    }
    return requests;
  },
  encode(writer, requests) {
    for (const {
      monitorId,
      flags,
      outPort = PortNo.ANY,
      tableId = ALL_TABLES,
      match = {},
      matchLen,
    } of requests) {
      writer.u32(monitorId);
      writer.u16(flags);
      const lengthAt = writer.offset;
      writer.u16(0);
      writer.u32(outPort);
      writer.u8(tableId);
      writer.zeros(3);
      encodeMatchWithLength(writer, match, lengthAt);
      if (matchLen !== undefined) writer.view.setUint16(lengthAt, matchLen);
    }
  },
};

const reply: BodyCodec<FlowUpdate[], readonly FlowUpdateInit[]> = {
  size: 0,
  decode(wire, start, end) {
    const updates: FlowUpdate[] = [];
    for (let at = start; at < end; ) {
      need('a flow update', HEADER_SIZE, at, end);
      const length = readLength(wire, 'flow update', at, HEADER_SIZE, at, end);
      updates.push(decodeUpdate(wire, at, at + length));
      at += length;
    }
    return updates;
  },
  encode(writer, updates) {
    for (const update of updates) {
      const start = writer.offset;
      writer.u16(0);
      encodeUpdate(writer, update);
      writer.patchLength(start, 0);
    }
  },
};

/** ONFST_FLOW_MONITOR. Updates come as replies with the request's xid at first, later with xid 0. */
export const flowMonitor: ExperimenterMultipartCodec = {
  type: 'onfFlowMonitor',
  experimenter: Experimenter.ONF,
  expType: 1870,
  request,
  reply,
};

function decodeUpdate(wire: WireView, start: number, end: number): FlowUpdate {
  const { view } = wire;
  const code = view.getUint16(start + 2);
  if (code === Event.ABBREV) {
    if (end - start !== ABBREV_SIZE) throw badLength('flow update', end - start, ABBREV_SIZE, ABBREV_SIZE);
    return { type: 'abbrev', xid: view.getUint32(start + 4) };
  }
  if (code > Event.ABBREV) {
    return { type: 'unknown', code, raw: wire.bytes.subarray(start + HEADER_SIZE, end) };
  }
  need('a flow update', FULL_SIZE, start, end);
  const matchStart = start + FULL_SIZE;
  const flow = {
    priority: view.getUint16(start + 6),
    idleTimeout: view.getUint16(start + 8),
    hardTimeout: view.getUint16(start + 10),
    tableId: view.getUint8(start + 14),
    cookie: readU64(view, start + 16),
    match: decodeMatch(wire, matchStart, end),
    instructions: decodeInstructions(wire, matchStart + matchSize(wire, matchStart, end), end),
  };
  if (code !== Event.DELETED) return { type: code === Event.ADDED ? 'added' : 'modified', ...flow };
  return { type: 'deleted', reason: flowRemovedReasons.name(view.getUint16(start + 4)), ...flow };
}

function encodeUpdate(writer: Writer, update: FlowUpdateInit): void {
  switch (update.type) {
    case 'abbrev':
      writer.u16(Event.ABBREV);
      return writer.u32(update.xid);
    case 'unknown':
      writer.u16(update.code);
      return writer.raw(update.raw);
    case 'added':
      return encodeFlow(writer, update, Event.ADDED, 0);
    case 'modified':
      return encodeFlow(writer, update, Event.MODIFIED, 0);
    case 'deleted':
      return encodeFlow(writer, update, Event.DELETED, flowRemovedReasons.code(update.reason));
    default:
      throw new WireError('OFP_BAD_VALUE', `no flow update is called '${(update as { type: string }).type}'`);
  }
}

function encodeFlow(
  writer: Writer,
  flow: UpdatedFlow<U64, MatchInit, InstructionInit>,
  event: number,
  reason: number,
): void {
  writer.u16(event);
  writer.u16(reason);
  writer.u16(flow.priority);
  writer.u16(flow.idleTimeout);
  writer.u16(flow.hardTimeout);
  const lengthAt = writer.offset;
  writer.u16(0);
  writer.u8(flow.tableId);
  writer.u8(0);
  writer.u64(flow.cookie);
  encodeMatchWithLength(writer, flow.match, lengthAt);
  encodeInstructions(writer, flow.instructions);
}

/** Writes a match, and its length, as in its header, once more at `lengthAt`. */
function encodeMatchWithLength(writer: Writer, match: MatchInit, lengthAt: number): void {
  const start = writer.offset;
  encodeMatch(writer, match);
  writer.view.setUint16(lengthAt, writer.view.getUint16(start + 2));
}
