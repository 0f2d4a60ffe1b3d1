import { toBigInt } from '../../../util/u64.ts';
import type { Action, ActionInit } from '../../actions/action.ts';
import type { Instruction, InstructionInit } from '../../instruction.ts';
import { dottedHex, hex } from '../numbers.ts';
import type { ActionFormats } from './format-action.ts';
import { connectionFormats } from './format-connection.ts';
import { fieldFormats, formatWriteMetadata } from './format-fields.ts';
import { learnFormats } from './format-learn.ts';
import { niciraFormats } from './format-nicira.ts';
import { openflow10Formats, openflow11Formats, standardFormats } from './format-standard.ts';

/** How each type of action is written; one that is missing does not compile. */
const FORMATS: ActionFormats<Action['type']> = {
  ...standardFormats,
  ...openflow11Formats,
  ...openflow10Formats,
  ...fieldFormats,
  ...niciraFormats,
  ...learnFormats,
  ...connectionFormats,
  unknown: ({ code, raw }) => `unknown(${hex(code)},${dottedHex(raw)})`,
};

/** Writes actions as ovs-ofctl does (ovs-actions(7)): `set_field:5->reg0,output:2`, and `drop` for none. */
export function formatActions(actions: readonly (Action | ActionInit)[]): string {
  return actions.length === 0 ? 'drop' : actions.map(formatAction).join(',');
}

/** The order in which Open vSwitch shows instructions, which is the order in which they are done. */
const ORDER: readonly string[] = [
  'meter',
  'applyActions',
  'clearActions',
  'writeActions',
  'writeMetadata',
  'gotoTable',
  'unknown',
];

/** Writes instructions as ovs-ofctl does, in the order in which they are done; `drop` for none (ovs-actions(7)). */
export function formatInstructions(instructions: readonly (Instruction | InstructionInit)[]): string {
  const words = [...instructions]
    .sort((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type))
    .flatMap(formatInstruction);
  return words.length === 0 ? 'drop' : words.join(',');
}

function formatAction(action: Action | ActionInit): string {
  const format = FORMATS[action.type] as (action: unknown, formatAll: typeof formatActions) => string;
  return format(action, formatActions);
}

function formatInstruction(instruction: Instruction | InstructionInit): string[] {
  switch (instruction.type) {
    case 'meter':
      return [`meter:${instruction.meterId}`];
    case 'applyActions':
      return instruction.actions.map(formatAction);
    case 'clearActions':
      return ['clear_actions'];
    case 'writeActions':
      return [`write_actions(${formatActions(instruction.actions)})`];
    case 'writeMetadata':
      return [formatWriteMetadata(toBigInt(instruction.metadata), toBigInt(instruction.metadataMask))];
    case 'gotoTable':
      return [`goto_table:${instruction.tableId}`];
    case 'unknown':
      return [`unknown(${hex(instruction.code)},${dottedHex(instruction.raw)})`];
  }
}
