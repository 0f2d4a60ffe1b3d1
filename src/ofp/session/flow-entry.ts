import { writeU64 } from '../../util/u64.ts';
import type { FlowSpec } from '../flow-spec.ts';
import { encodeInstructions } from '../instruction.ts';
import { FlowModFlag } from '../messages/flow-mod.ts';
import { FlowEntryOffset as Offset } from '../multipart/flow-stats.ts';
import { findField, type OxmField } from '../oxm/field-index.ts';
import { encodeOxmInit } from '../oxm/oxm.ts';
import { inOrder } from '../told/told-instructions.ts';
import type { WireView } from '../wire/wire-view.ts';
import { type Writer, writeU8, writeU16 } from '../wire/writer.ts';

/*
 * Flows are compared as the entries in which switches list them, ofp_flow_stats (OpenFlow 1.3.5, 7.3.5.2): what is
 * desired is encoded once as the switch would list it, and what the switch lists needs no decoding. An entry is told by
 * the bytes that it lies in and where it begins.
 */

/** OFPMT_OXM. */
const OXM_MATCH_TYPE = 1;
/** Type and length before the fields of a match. */
const MATCH_HEADER_SIZE = 4;

/** Flags that a switch keeps; RESET_COUNTS is an order, which some switches show all the same. */
const LASTING_FLAGS = ~FlowModFlag.RESET_COUNTS;

/**
 * Encodes a flow as switches list it: masks in their simplest form, instructions in the order of execution. Duration and
 * counters, which are not compared, are left as they are.
 * @returns where the entry begins
 */
export function encodeFlowEntry(writer: Writer, flow: FlowSpec): number {
  const start = writer.reserve(Offset.MATCH);
  const { view } = writer;
  writeU8(view, start + Offset.TABLE_ID, flow.tableId);
  writeU16(view, start + Offset.PRIORITY, flow.priority);
  writeU16(view, start + Offset.IDLE_TIMEOUT, flow.idleTimeout ?? 0);
  writeU16(view, start + Offset.HARD_TIMEOUT, flow.hardTimeout ?? 0);
  writeU16(view, start + Offset.FLAGS, flow.flags ?? 0);
  writeU64(view, start + Offset.COOKIE, flow.cookie ?? 0);
  const matchStart = writer.begin(OXM_MATCH_TYPE);
  for (const name in flow.match) {
    const init = flow.match[name as keyof typeof flow.match];
    if (init !== undefined) encodeSimplest(writer, name, init);
  }
  writer.patchLength(matchStart);
  writer.padTo8(matchStart);
  if (flow.instructions !== undefined) encodeInstructions(writer, inOrder(flow.instructions));
  writer.patchLength(start, 0);
  return start;
}

/**
 * Whether {@link hashFlow} and the comparisons may look at an entry that a switch sent: true when its match and the
 * fields in it end where they should.
 */
export function isWalkable({ view }: WireView, start: number, end: number): boolean {
  const matchStart = start + Offset.MATCH;
  const size = view.getUint16(matchStart + 2);
  if (view.getUint16(matchStart) !== OXM_MATCH_TYPE || matchStart + ((size + 7) & ~7) > end) return false;
  let at = matchStart + MATCH_HEADER_SIZE;
  const fieldsEnd = matchStart + size;
  while (at + 4 <= fieldsEnd) at += 4 + view.getUint8(at + 3);
  return at === fieldsEnd;
}

/**
 * A number that is the same for entries of the same flow: one with the same table, priority and match. The fields are
 * summed up, because each switch has an order of its own for them.
 */
export function hashFlow({ view, bytes }: WireView, start: number): number {
  let sum = (view.getUint8(start + Offset.TABLE_ID) << 16) | view.getUint16(start + Offset.PRIORITY);
  const fieldsEnd = endOfFields(view, start);
  for (let at = start + Offset.MATCH + MATCH_HEADER_SIZE; at < fieldsEnd; ) {
    const next = at + 4 + view.getUint8(at + 3);
    let hash = 0;
    for (; at + 4 <= next; at += 4) hash = mix(hash ^ view.getInt32(at));
    for (; at < next; at++) hash = mix(hash ^ bytes[at]!);
    sum = (sum + hash) | 0;
  }
  return mix(sum);
}

/** Whether two entries are of the same flow. */
export function isSameFlow(a: WireView, aStart: number, b: WireView, bStart: number): boolean {
  if (a.view.getUint8(aStart + Offset.TABLE_ID) !== b.view.getUint8(bStart + Offset.TABLE_ID)) return false;
  if (a.view.getUint16(aStart + Offset.PRIORITY) !== b.view.getUint16(bStart + Offset.PRIORITY)) return false;
  const aFields = aStart + Offset.MATCH + MATCH_HEADER_SIZE;
  const bFields = bStart + Offset.MATCH + MATCH_HEADER_SIZE;
  const size = endOfFields(a.view, aStart) - aFields;
  if (size !== endOfFields(b.view, bStart) - bFields) return false;
  if (isEqual(a, aFields, b, bFields, size)) return true;
  // No match has a field twice: when each of one's is among the other's, and they are as long, they are the same.
  for (let at = aFields; at < aFields + size; ) {
    const fieldSize = 4 + a.view.getUint8(at + 3);
    if (!hasField(b, bFields, bFields + size, a, at, fieldSize)) return false;
    at += fieldSize;
  }
  return true;
}

/** Whether cookie, timeouts and flags are the same, which modifying a flow cannot change. */
export function hasSameFrame(a: WireView, aStart: number, b: WireView, bStart: number): boolean {
  return (
    isEqual(a, aStart + Offset.COOKIE, b, bStart + Offset.COOKIE, 8) &&
    // Idle and hard timeout, side by side.
    isEqual(a, aStart + Offset.IDLE_TIMEOUT, b, bStart + Offset.IDLE_TIMEOUT, 4) &&
    ((a.view.getUint16(aStart + Offset.FLAGS) ^ b.view.getUint16(bStart + Offset.FLAGS)) & LASTING_FLAGS) ===
      0
  );
}

/** Whether the instructions are the same, byte for byte. */
export function doesSame(a: WireView, aStart: number, b: WireView, bStart: number): boolean {
  const aInstructions = startOfInstructions(a.view, aStart);
  const bInstructions = startOfInstructions(b.view, bStart);
  const size = aStart + a.view.getUint16(aStart) - aInstructions;
  if (size !== bStart + b.view.getUint16(bStart) - bInstructions) return false;
  return isEqual(a, aInstructions, b, bInstructions, size);
}

function endOfFields(view: DataView, start: number): number {
  return start + Offset.MATCH + view.getUint16(start + Offset.MATCH + 2);
}

function startOfInstructions(view: DataView, start: number): number {
  return start + Offset.MATCH + ((view.getUint16(start + Offset.MATCH + 2) + 7) & ~7);
}

function hasField(
  wire: WireView,
  start: number,
  end: number,
  other: WireView,
  otherStart: number,
  size: number,
): boolean {
  for (let at = start; at < end; at += 4 + wire.view.getUint8(at + 3)) {
    if (isEqual(wire, at, other, otherStart, Math.min(size, end - at))) return true;
  }
  return false;
}

/** Compares by words: for so few bytes, `Buffer.compare` takes longer to call than this to run. */
function isEqual(a: WireView, aStart: number, b: WireView, bStart: number, size: number): boolean {
  let i = 0;
  for (; i + 4 <= size; i += 4) if (a.view.getInt32(aStart + i) !== b.view.getInt32(bStart + i)) return false;
  for (; i < size; i++) if (a.bytes[aStart + i] !== b.bytes[bStart + i]) return false;
  return true;
}

function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return mixed ^ (mixed >>> 15);
}

/**
 * Writes a field of a match as switches show it: without the bits that the mask leaves out, without a mask that takes
 * all bits, and not at all when it takes none.
 */
function encodeSimplest(writer: Writer, name: string, init: unknown): void {
  const start = writer.offset;
  encodeOxmInit(writer, name, init);
  const oxm = (writer.bytes[start + 2]! & MASK_BIT) === 0 ? undefined : findField(name);
  if (oxm !== undefined) simplify(writer, start, oxm);
}

/** Of the header's third byte. */
const MASK_BIT = 1;

function simplify(writer: Writer, start: number, { bits, size, header, headerSize }: OxmField): void {
  const payload = writer.bytes.subarray(start + headerSize, writer.offset);
  const mask = payload.subarray(payload.length / 2);
  if (mask.every((byte) => byte === 0)) writer.offset = start;
  else if (size !== 0 && mask.every((byte, i) => byte === fullMaskByte(i, size, bits))) {
    writer.view.setUint32(start, header);
    writer.offset = start + headerSize + size;
  } else {
    mask.forEach((byte, i) => {
      payload[i]! &= byte;
    });
  }
}

/** Byte `index` of the mask that takes all `bits` of a field of `size` bytes. */
function fullMaskByte(index: number, size: number, bits: number): number {
  const unused = Math.min(Math.max(size * 8 - bits - index * 8, 0), 8);
  return 0xff >> unused;
}
