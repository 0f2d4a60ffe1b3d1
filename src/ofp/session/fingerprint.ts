import { encodeBuckets } from '../bucket.ts';
import type { FlowSpec, GroupSpec, MeterSpec } from '../flow-spec.ts';
import { encodeInstructions, type InstructionInit } from '../instruction.ts';
import { groupTypes } from '../messages/group-mod.ts';
import { MeterFlag } from '../messages/meter-mod.ts';
import { encodeMeterBands } from '../meter-band.ts';
import { fieldByName } from '../oxm/field-index.ts';
import { encodeOxm, splitMask } from '../oxm/oxm.ts';
import { Writer } from '../wire/writer.ts';

/*
 * Fingerprints are the bytes of what is compared, as text: equal text means equal in the switch, whichever way the
 * value was written in TypeScript.
 */

const writer = new Writer(1024);

/** Which flow it is: table, priority and match, with the match's fields in one order. */
export function flowIdentity({ tableId, priority, match }: FlowSpec): string {
  // All into one text, instead of one for each field.
  writer.offset = 0;
  writer.u8(tableId);
  writer.u16(priority);
  for (const name of Object.keys(match ?? {}).sort()) {
    const init = match![name as keyof typeof match];
    if (init !== undefined) writeField(name, init);
  }
  return writtenText();
}

/**
 * Writes a field of a match as switches show it: without the bits that the mask leaves out, without a mask that takes
 * all bits, and not at all when it takes none.
 */
function writeField(name: string, init: unknown): void {
  const { value, mask } = splitMask(name, init);
  const start = writer.offset;
  encodeOxm(writer, name, value, mask);
  if (mask === undefined) return;
  const { bits, size, headerSize } = fieldByName(name);
  const payload = writer.bytes.subarray(start + headerSize, writer.offset);
  const maskBytes = payload.subarray(payload.length / 2);
  if (maskBytes.every((byte) => byte === 0)) writer.offset = start;
  else if (size !== 0 && maskBytes.every((byte, i) => byte === fullMaskByte(i, size, bits))) {
    writer.offset = start;
    encodeOxm(writer, name, value);
  } else {
    maskBytes.forEach((byte, i) => {
      payload[i]! &= byte;
    });
  }
}

/** Byte `index` of the mask that takes all `bits` of a field of `size` bytes. */
function fullMaskByte(index: number, size: number, bits: number): number {
  const unused = Math.min(Math.max(size * 8 - bits - index * 8, 0), 8);
  return 0xff >> unused;
}

/** What a flow does: its instructions, in the order in which a switch carries them out. */
export function flowBehaviour({ instructions }: FlowSpec): string {
  if (instructions === undefined) return '';
  const ordered = instructions
    .filter((instruction) => !isIdle(instruction))
    .sort((a, b) => instructionRank(a) - instructionRank(b));
  return written(() => encodeInstructions(writer, ordered));
}

/** What a group does. */
export function groupBehaviour({ groupType, buckets }: GroupSpec): string {
  return `${groupTypes.code(groupType)} ${written(() => encodeBuckets(writer, buckets))}`;
}

/** What a meter does. Without OFPMF_BURST the size of a burst means nothing (OpenFlow 1.3.5, 7.3.4.4). */
export function meterBehaviour({ flags, bands }: MeterSpec): string {
  const meant = flags & MeterFlag.BURST ? bands : bands.map((band) => ({ ...band, burstSize: 0 }));
  return `${flags} ${written(() => encodeMeterBands(writer, meant))}`;
}

function written(write: () => void): string {
  writer.offset = 0;
  write();
  return writtenText();
}

function writtenText(): string {
  return writer.bytes.toString('latin1', 0, writer.offset);
}

/** The order of execution (OpenFlow 1.3.5, 5.9). */
const EXECUTION_ORDER = [
  'meter',
  'applyActions',
  'clearActions',
  'writeActions',
  'writeMetadata',
  'gotoTable',
];

/** True for a list of actions that is empty: switches leave it out. */
function isIdle(instruction: InstructionInit): boolean {
  const { type } = instruction;
  return (type === 'applyActions' || type === 'writeActions') && instruction.actions.length === 0;
}

function instructionRank({ type }: InstructionInit): number {
  const rank = EXECUTION_ORDER.indexOf(type);
  return rank < 0 ? EXECUTION_ORDER.length : rank;
}
