import type Long from 'long';
import { WireError } from '../util/errors.ts';
import { readU64, type U64 } from '../util/u64.ts';
import { type Action, type ActionInit, decodeActions, encodeActions } from './actions/action.ts';
import { enumeration } from './wire/enumeration.ts';
import { badLength, countPadded, type WireView } from './wire/wire-view.ts';
import { type Writer, writeU8, writeU32 } from './wire/writer.ts';

/** OFPIT_GOTO_TABLE: goes on in a later table (OpenFlow 1.3.5, 7.2.4). */
export interface GotoTable {
  readonly type: 'gotoTable';
  readonly tableId: number;
}

/** OFPIT_WRITE_METADATA: writes the bits of `metadata` that `metadataMask` sets (OpenFlow 1.3.5, 7.2.4). */
export interface WriteMetadata<V = Long> {
  readonly type: 'writeMetadata';
  readonly metadata: V;
  readonly metadataMask: V;
}

/** OFPIT_WRITE_ACTIONS (into the action set) and OFPIT_APPLY_ACTIONS (at once) (OpenFlow 1.3.5, 7.2.4). */
export interface ActionsInstruction<A = Action> {
  readonly type: 'writeActions' | 'applyActions';
  readonly actions: readonly A[];
}

/** OFPIT_CLEAR_ACTIONS: empties the action set (OpenFlow 1.3.5, 7.2.4). */
export interface ClearActions {
  readonly type: 'clearActions';
}

/** OFPIT_METER: applies a meter to the packet, which may drop it (OpenFlow 1.3.5, 7.2.4). */
export interface MeterInstruction {
  readonly type: 'meter';
  readonly meterId: number;
}

/**
 * An instruction that is not known here, experimenters' included; `raw` is all behind its type and length (OpenFlow
 * 1.3.5, 7.2.4).
 */
export interface UnknownInstruction {
  readonly type: 'unknown';
  readonly code: number;
  readonly raw: Uint8Array;
}

/** A decoded instruction (OpenFlow 1.3.5, 7.2.4). */
export type Instruction =
  | GotoTable
  | WriteMetadata
  | ActionsInstruction
  | ClearActions
  | MeterInstruction
  | UnknownInstruction;

/** An instruction to be sent (OpenFlow 1.3.5, 7.2.4). */
export type InstructionInit = Instruction | WriteMetadata<U64> | ActionsInstruction<ActionInit>;

/** OFPIT_ numbers. */
const Code = {
  GOTO_TABLE: 1,
  WRITE_METADATA: 2,
  WRITE_ACTIONS: 3,
  APPLY_ACTIONS: 4,
  CLEAR_ACTIONS: 5,
  METER: 6,
} as const;

/** What an instruction that is known here is called (OpenFlow 1.3.5, 7.2.4). */
export type InstructionName = Exclude<Instruction['type'], 'unknown'>;

/** The numbers of {@link InstructionName}. */
export const instructionCodes = enumeration<InstructionName>('OFPIT', {
  gotoTable: Code.GOTO_TABLE,
  writeMetadata: Code.WRITE_METADATA,
  writeActions: Code.WRITE_ACTIONS,
  applyActions: Code.APPLY_ACTIONS,
  clearActions: Code.CLEAR_ACTIONS,
  meter: Code.METER,
});

/**
 * Decodes the instructions that fill `start` to `end`.
 * @throws WireError `OFP_BAD_LENGTH`, `OFP_TRUNCATED`
 */
export function decodeInstructions(wire: WireView, start: number, end: number): Instruction[] {
  const count = countPadded(wire, 'instruction', 4, start, end);
  const instructions = new Array<Instruction>(count);
  for (let i = 0, at = start; i < count; i++) {
    const next = at + wire.view.getUint16(at + 2);
    instructions[i] = decodeInstruction(wire, at, next);
    at = next;
  }
  return instructions;
}

/** Encodes instructions in the order given. */
export function encodeInstructions(writer: Writer, instructions: readonly InstructionInit[]): void {
  for (const instruction of instructions) {
    const start = writer.offset;
    encodeInstruction(writer, instruction);
    writer.patchLength(start);
  }
}

function decodeInstruction(wire: WireView, start: number, end: number): Instruction {
  const { view, bytes } = wire;
  const code = view.getUint16(start);
  switch (code) {
    case Code.GOTO_TABLE:
      return { type: 'gotoTable', tableId: view.getUint8(sized(start, end, 8)) };
    case Code.WRITE_METADATA:
      sized(start, end, 24);
      return {
        type: 'writeMetadata',
        metadata: readU64(view, start + 8),
        metadataMask: readU64(view, start + 16),
      };
    case Code.WRITE_ACTIONS:
      return { type: 'writeActions', actions: decodeActions(wire, start + 8, end) };
    case Code.APPLY_ACTIONS:
      return { type: 'applyActions', actions: decodeActions(wire, start + 8, end) };
    case Code.CLEAR_ACTIONS:
      sized(start, end, 8);
      return { type: 'clearActions' };
    case Code.METER:
      return { type: 'meter', meterId: view.getUint32(sized(start, end, 8)) };
    default:
      return { type: 'unknown', code, raw: bytes.subarray(start + 4, end) };
  }
}

function encodeInstruction(writer: Writer, instruction: InstructionInit): void {
  let at: number;
  switch (instruction.type) {
    case 'gotoTable':
      at = header(writer, Code.GOTO_TABLE);
      return writeU8(writer.view, at, instruction.tableId);
    case 'writeMetadata':
      header(writer, Code.WRITE_METADATA);
      writer.u64(instruction.metadata);
      return writer.u64(instruction.metadataMask);
    case 'writeActions':
    case 'applyActions':
      header(writer, instruction.type === 'writeActions' ? Code.WRITE_ACTIONS : Code.APPLY_ACTIONS);
      return encodeActions(writer, instruction.actions);
    case 'clearActions':
      header(writer, Code.CLEAR_ACTIONS);
      return;
    case 'meter':
      at = header(writer, Code.METER);
      return writeU32(writer.view, at, instruction.meterId);
    case 'unknown':
      writer.begin(instruction.code);
      return writer.raw(instruction.raw);
    default:
      throw new WireError(
        'OFP_BAD_VALUE',
        `no instruction is called '${(instruction as { type: string }).type}'`,
      );
  }
}

/** Writes the eight bytes that every instruction begins with; returns where the four behind type and length are. */
function header(writer: Writer, code: number): number {
  const start = writer.reserve(8);
  writer.view.setUint32(start, code << 16);
  writer.view.setUint32(start + 4, 0);
  return start + 4;
}

/** Checks the length of an instruction of fixed size; returns where its body begins. */
function sized(start: number, end: number, size: number): number {
  if (end - start === size) return start + 4;
  throw badLength('instruction', end - start, size, size);
}
