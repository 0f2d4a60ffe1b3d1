import type { ActionInit } from '../actions/action.ts';
import type { InstructionInit } from '../instruction.ts';
import { toldActions } from './told-actions.ts';

/** Instructions that hold actions. */
type WithActions = Extract<InstructionInit, { readonly actions: readonly ActionInit[] }>;

/**
 * Instructions as Open vSwitch lists them over OpenFlow 1.3: in the order in which they are done, without lists that do
 * nothing, and with actions as in {@link toldActions}.
 * @param ipProto the protocol of the packets that they are done to, where it is known
 */
export function toldInstructions<I extends InstructionInit>(
  instructions: readonly I[],
  ipProto?: number,
): readonly I[] {
  return inOrder(instructions.flatMap((instruction) => toldInstruction(instruction, ipProto) as I[]));
}

function toldInstruction(instruction: InstructionInit, ipProto: number | undefined): InstructionInit[] {
  if (!hasActions(instruction)) return [instruction];
  const actions = toldActions(instruction.actions, ipProto);
  const last = actions.at(-1);
  // As an action it comes last, where the instruction has its place too.
  if (last?.type !== 'nxWriteMetadata') return [{ ...instruction, actions }];
  const { metadata, metadataMask } = last;
  return [
    { ...instruction, actions: actions.slice(0, -1) },
    { type: 'writeMetadata', metadata, metadataMask },
  ];
}

function hasActions(instruction: InstructionInit): instruction is WithActions {
  return 'actions' in instruction;
}

/** The order of execution (OpenFlow 1.3.5, 5.9); what is not known comes last. */
const EXECUTION_ORDER: Readonly<Record<InstructionInit['type'], number>> = {
  meter: 0,
  applyActions: 1,
  clearActions: 2,
  writeActions: 3,
  writeMetadata: 4,
  gotoTable: 5,
  unknown: 6,
};

/** Instructions in the order in which they are done, without lists that do nothing; most are given so. */
export function inOrder<I extends InstructionInit>(instructions: readonly I[]): readonly I[] {
  let last = -1;
  for (const instruction of instructions) {
    const rank = rankOf(instruction);
    if (rank < last || isIdle(instruction)) return sorted(instructions);
    last = rank;
  }
  return instructions;
}

function sorted<I extends InstructionInit>(instructions: readonly I[]): readonly I[] {
  return instructions.filter((instruction) => !isIdle(instruction)).sort((a, b) => rankOf(a) - rankOf(b));
}

/** True for a list of actions that is empty: switches leave it out. */
function isIdle(instruction: InstructionInit): boolean {
  const { type } = instruction;
  return (type === 'applyActions' || type === 'writeActions') && instruction.actions.length === 0;
}

function rankOf({ type }: InstructionInit): number {
  return EXECUTION_ORDER[type];
}
