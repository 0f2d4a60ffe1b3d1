import type { Action } from '../../ofp/actions/action.ts';
import type { Instruction } from '../../ofp/instruction.ts';
import { toBigInt } from '../../util/u64.ts';
import { chunksOf, type MaskedChunks } from '../packet/layout.ts';
import { type ActionSet, compileActionSet } from './action-set.ts';
import { compileActions } from './actions.ts';
import type { Step } from './walk.ts';

const METADATA_BITS = 64;

/** What a flow does, in the order in which it is done (OpenFlow 1.3.5, 5.9). */
export interface Program {
  readonly meterId: number | undefined;
  readonly apply: readonly Step[];
  readonly clears: boolean;
  readonly write: readonly Action[];
  /** What `write` makes of an empty action set. */
  readonly set: ActionSet;
  readonly metadata: { readonly value: bigint; readonly mask: bigint } | undefined;
  /** The same in chunks of 32 bits. */
  readonly metadataChunks: MaskedChunks | undefined;
  readonly gotoTable: number | undefined;
}

/** Makes instructions ready to be done. @throws Refusal for actions that the switch does not have */
export function compileInstructions(instructions: readonly Instruction[]): Program {
  const find = <T extends Instruction['type']>(type: T) =>
    instructions.find((each): each is Extract<Instruction, { type: T }> => each.type === type);
  const written = actionsOf(instructions, 'writeActions');
  const instruction = find('writeMetadata');
  const metadata = instruction && {
    value: toBigInt(instruction.metadata),
    mask: toBigInt(instruction.metadataMask),
  };
  return {
    meterId: find('meter')?.meterId,
    apply: compileActions(actionsOf(instructions, 'applyActions')),
    clears: find('clearActions') !== undefined,
    write: written,
    set: compileActionSet(written),
    metadata,
    metadataChunks: metadata && {
      value: chunksOf(metadata.value, METADATA_BITS),
      mask: chunksOf(metadata.mask, METADATA_BITS),
    },
    gotoTable: find('gotoTable')?.tableId,
  };
}

function actionsOf(
  instructions: readonly Instruction[],
  type: 'applyActions' | 'writeActions',
): readonly Action[] {
  for (const instruction of instructions) if (instruction.type === type) return instruction.actions;
  return [];
}

/** True when any action of the instructions, however deep, fits. */
export function someAction(instructions: readonly Instruction[], fits: (action: Action) => boolean): boolean {
  const someOf = (actions: readonly Action[]): boolean =>
    actions.some((action) => fits(action) || (action.type === 'nxClone' && someOf(action.actions)));
  return instructions.some((instruction) => 'actions' in instruction && someOf(instruction.actions));
}
