import { LearnFlag } from '../../ofp/actions/nicira/learn.ts';
import type { Instruction } from '../../ofp/instruction.ts';
import { Tally } from '../../util/tally.ts';
import { toBigInt } from '../../util/u64.ts';

/** The flows that learn actions make: those of a table that have the cookie. */
export interface LearnedCookie {
  readonly cookie: bigint;
  readonly tableId: number;
}

/** How many actions there are that learn flows which go with them (ovs-actions(7), delete_learned). */
export class LearnedCookies {
  readonly #counts = new Tally();
  #dead: LearnedCookie[] = [];

  /** A flow with these instructions is there. */
  add(instructions: readonly Instruction[]): void {
    for (const learned of learnedBy(instructions)) this.#counts.add(keyOf(learned), 1);
  }

  /** A flow with these instructions is no more. */
  remove(instructions: readonly Instruction[]): void {
    for (const learned of learnedBy(instructions))
      if (!this.#counts.add(keyOf(learned), -1)) this.#dead.push(learned);
  }

  /** Those whose last action has gone since this was asked. */
  takeDead(): readonly LearnedCookie[] {
    if (this.#dead.length === 0) return NONE;
    const dead = this.#dead;
    this.#dead = [];
    return dead;
  }
}

const NONE: readonly LearnedCookie[] = [];

/** What is learnt within a clone stays, as in Open vSwitch. */
function learnedBy(instructions: readonly Instruction[]): readonly LearnedCookie[] {
  let learned: LearnedCookie[] | undefined;
  for (const instruction of instructions) {
    if (instruction.type !== 'applyActions') continue;
    for (const action of instruction.actions) {
      if (action.type !== 'nxLearn' && action.type !== 'nxLearn2') continue;
      if ((action.flags & LearnFlag.DELETE_LEARNED) === 0) continue;
      learned ??= [];
      learned.push({ cookie: toBigInt(action.cookie), tableId: action.tableId });
    }
  }
  return learned ?? NONE;
}

function keyOf({ cookie, tableId }: LearnedCookie): string {
  return `${tableId} ${cookie}`;
}
