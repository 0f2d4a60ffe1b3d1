import Long from 'long';
import { readU64, toBigInt, toLong, type U64 } from '../../util/u64.ts';
import {
  decodeInstructions,
  encodeInstructions,
  type Instruction,
  type InstructionInit,
} from '../instruction.ts';
import { Experimenter, type Match, type MatchInit } from '../oxm/fields.ts';
import { decodeNxMatch, encodeOxmFields } from '../oxm/match.ts';
import { readPort16, writePort16 } from '../port16.ts';
import { PortNo } from '../ports.ts';
import type { Enumerated } from '../wire/enumeration.ts';
import type { Writer } from '../wire/writer.ts';
import { type ExperimenterCodec, experimenterCodec, type MessageBase } from './codec.ts';
import { DEFAULT_PRIORITY, type FlowModCommand, flowModCommands } from './flow-mod.ts';
import { NO_BUFFER } from './packet-in.ts';

/** Which cookies modify and delete look at: those that are `value` in the bits of `mask` (nicira-ext.h). */
export interface CookieMatch<Value = Long> {
  readonly value: Value;
  readonly mask: Value;
}

/**
 * NXT_FLOW_MOD: a flow-mod with an nx_match (nicira-ext.h). Over OpenFlow 1.0 it ends with actions, over 1.3 with
 * instructions.
 */
export interface NxFlowMod extends MessageBase<'nxFlowMod'> {
  readonly cookie: Long;
  readonly command: Enumerated<FlowModCommand>;
  /** Read by the switch when {@link NxFlowModTableId} has set it to; 0 otherwise. */
  readonly tableId: number;
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly priority: number;
  readonly bufferId: number;
  readonly outPort: number;
  /** Bits of FlowModFlag. */
  readonly flags: number;
  readonly match: Match;
  /** NXM_NX_COOKIE, which stands behind the other fields. */
  readonly cookieMatch?: CookieMatch;
  readonly instructions: readonly Instruction[];
}

/** An {@link NxFlowMod} to be sent, with what a flow-mod has unless given (nicira-ext.h). */
export interface NxFlowModInit {
  readonly type: 'nxFlowMod';
  readonly xid?: number;
  readonly cookie?: U64;
  readonly command: Enumerated<FlowModCommand>;
  readonly tableId?: number;
  readonly idleTimeout?: number;
  readonly hardTimeout?: number;
  readonly priority?: number;
  readonly bufferId?: number;
  readonly outPort?: number;
  readonly flags?: number;
  readonly match?: MatchInit;
  readonly cookieMatch?: CookieMatch<U64>;
  readonly instructions?: readonly InstructionInit[];
}

/** NXT_FLOW_MOD_TABLE_ID: whether the high byte of later commands is a table (nicira-ext.h). */
export interface NxFlowModTableId extends MessageBase<'nxFlowModTableId'> {
  readonly set: boolean;
}

const MATCH_OFFSET = 48;
/** NXM_NX_COOKIE and its masked form, which have the number of a field of another size. */
const COOKIE_HEADER = 0x00013c08;
const MASKED_COOKIE_HEADER = 0x00013d10;
const COOKIE = 'unknown:0x00013c08';
const MASKED_COOKIE = 'unknown:0x00013d10';

/** The codec of {@link NxFlowMod}. */
export const nxFlowMod: ExperimenterCodec = experimenterCodec<NxFlowMod, NxFlowModInit>({
  type: 'nxFlowMod',
  experimenter: Experimenter.NICIRA,
  expType: 13,
  size: MATCH_OFFSET,
  decode(wire, start, end, xid) {
    const { view } = wire;
    const found = decodeNxMatch(wire, start + MATCH_OFFSET, view.getUint16(start + 40), end);
    return {
      type: 'nxFlowMod',
      xid,
      cookie: readU64(view, start + 16),
      command: flowModCommands.name(view.getUint8(start + 25)),
      tableId: view.getUint8(start + 24),
      idleTimeout: view.getUint16(start + 26),
      hardTimeout: view.getUint16(start + 28),
      priority: view.getUint16(start + 30),
      bufferId: view.getUint32(start + 32),
      outPort: readPort16(view, start + 36),
      flags: view.getUint16(start + 38),
      ...splitCookie(found.match),
      instructions: decodeInstructions(wire, found.end, end),
    };
  },
  encode(writer, message) {
    const start = writer.offset;
    writer.u64(message.cookie ?? 0);
    writer.u8(message.tableId ?? 0);
    writer.u8(flowModCommands.code(message.command));
    writer.u16(message.idleTimeout ?? 0);
    writer.u16(message.hardTimeout ?? 0);
    writer.u16(message.priority ?? DEFAULT_PRIORITY);
    writer.u32(message.bufferId ?? NO_BUFFER);
    writePort16(writer, message.outPort ?? PortNo.ANY);
    writer.u16(message.flags ?? 0);
    writer.zeros(8);
    const matchStart = writer.offset;
    encodeOxmFields(writer, message.match ?? {});
    if (message.cookieMatch !== undefined) encodeCookie(writer, message.cookieMatch);
    writer.view.setUint16(start + 24, writer.offset - matchStart);
    writer.padTo8(matchStart);
    encodeInstructions(writer, message.instructions ?? []);
  },
});

/** The codec of {@link NxFlowModTableId}. */
export const nxFlowModTableId: ExperimenterCodec = experimenterCodec<NxFlowModTableId>({
  type: 'nxFlowModTableId',
  experimenter: Experimenter.NICIRA,
  expType: 15,
  size: 24,
  decode: ({ view }, start, _end, xid) => ({
    type: 'nxFlowModTableId',
    xid,
    set: view.getUint8(start + 16) !== 0,
  }),
  encode(writer, { set }) {
    writer.u8(set ? 1 : 0);
    writer.zeros(7);
  },
});

/** Takes the cookie out of a match that ends with it, and leaves one elsewhere as the unknown field that it then is. */
function splitCookie(match: Match): Pick<NxFlowMod, 'match' | 'cookieMatch'> {
  const last = Object.keys(match).at(-1);
  if (last !== COOKIE && last !== MASKED_COOKIE) return { match };
  const { [last]: bytes, ...rest } = match as Record<string, Uint8Array>;
  const view = new DataView(bytes!.buffer, bytes!.byteOffset, bytes!.byteLength);
  const value = readU64(view, 0);
  const mask = last === COOKIE ? Long.MAX_UNSIGNED_VALUE : readU64(view, 8);
  return { match: rest as Match, cookieMatch: { value, mask } };
}

function encodeCookie(writer: Writer, { value, mask }: CookieMatch<U64>): void {
  const exact = toBigInt(toLong(mask)) === 0xffff_ffff_ffff_ffffn;
  writer.u32(exact ? COOKIE_HEADER : MASKED_COOKIE_HEADER);
  writer.u64(value);
  if (!exact) writer.u64(mask);
}
