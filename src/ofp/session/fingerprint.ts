import { encodeBuckets } from '../bucket.ts';
import type { FlowSpec, GroupSpec, MeterSpec } from '../flow-spec.ts';
import { encodeInstructions, type InstructionInit } from '../instruction.ts';
import { groupTypes } from '../messages/group-mod.ts';
import { MeterFlag } from '../messages/meter-mod.ts';
import { encodeMeterBands } from '../meter-band.ts';
import { encodeOxm, fieldByName, splitMask } from '../oxm/oxm.ts';
import { Writer } from '../wire/writer.ts';

/*
 * Fingerprints are the bytes of what is compared, as text: equal text means equal in the switch, whichever way the
 * value was written in TypeScript.
 */

const writer = new Writer(1024);

/** Which flow it is: table, priority and match, with the match's fields in one order. */
export function flowIdentity({ tableId, priority, match }: FlowSpec): string {
  const fields: string[] = [];
  for (const name in match) {
    const init = match[name as keyof typeof match];
    if (init === undefined) continue;
    fields.push(fieldIdentity(name, init));
  }
  return `${tableId} ${priority} ${fields.sort().join('')}`;
}

/**
 * A field of a match as switches show it: without the bits that the mask leaves out, without a mask that takes all
 * bits, and not at all when it takes none.
 */
function fieldIdentity(name: string, init: unknown): string {
  const { value, mask } = splitMask(name, init);
  const plain = () => written(() => encodeOxm(writer, name, value));
  if (mask === undefined) return plain();
  const bytes = Buffer.from(
    written(() => encodeOxm(writer, name, value, mask)),
    'latin1',
  );
  const { bits, size, experimenter } = fieldByName(name);
  const payload = bytes.subarray(experimenter === 0 ? 4 : 8);
  const maskBytes = payload.subarray(payload.length / 2);
  if (maskBytes.every((byte) => byte === 0)) return '';
  if (size !== 0 && maskBytes.every((byte, i) => byte === fullMaskByte(i, size, bits))) return plain();
  maskBytes.forEach((byte, i) => {
    payload[i]! &= byte;
  });
  return bytes.toString('latin1');
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
