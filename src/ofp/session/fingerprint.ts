import { encodeBuckets } from '../bucket.ts';
import type { FlowSpec, GroupSpec, MeterSpec } from '../flow-spec.ts';
import { encodeInstructions, type InstructionInit } from '../instruction.ts';
import { groupTypes } from '../messages/group-mod.ts';
import { encodeMeterBands } from '../meter-band.ts';
import { encodeOxm, splitMask } from '../oxm/oxm.ts';
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
    const { value, mask } = splitMask(name, init);
    fields.push(written(() => encodeOxm(writer, name, value, mask)));
  }
  return `${tableId} ${priority} ${fields.sort().join('')}`;
}

/** What a flow does: its instructions, in the order in which a switch carries them out. */
export function flowBehaviour({ instructions }: FlowSpec): string {
  if (instructions === undefined || instructions.length === 0) return '';
  const ordered = [...instructions].sort((a, b) => instructionRank(a) - instructionRank(b));
  return written(() => encodeInstructions(writer, ordered));
}

/** What a group does. */
export function groupBehaviour({ groupType, buckets }: GroupSpec): string {
  return `${groupTypes.code(groupType)} ${written(() => encodeBuckets(writer, buckets))}`;
}

/** What a meter does. */
export function meterBehaviour({ flags, bands }: MeterSpec): string {
  return `${flags} ${written(() => encodeMeterBands(writer, bands))}`;
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

function instructionRank({ type }: InstructionInit): number {
  const rank = EXECUTION_ORDER.indexOf(type);
  return rank < 0 ? EXECUTION_ORDER.length : rank;
}
