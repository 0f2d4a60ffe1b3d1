import type { Action } from '../../ofp/actions/action.ts';
import type { Instruction } from '../../ofp/instruction.ts';
import type { Walk } from '../actions/walk.ts';
import type { Flow } from '../tables/flow.ts';

/** Something that is done to a packet: an action, an instruction that is none, the action set, a bucket of a group. */
export type Deed =
  | { readonly type: 'action'; readonly action: Action }
  | { readonly type: 'instruction'; readonly instruction: Instruction }
  | { readonly type: 'actionSet' }
  | { readonly type: 'bucket'; readonly index: number };

/**
 * Hears of a packet's way as it is gone. A packet that is watched has no effects: nothing is counted, learnt or taken
 * from meters.
 */
export interface Watcher {
  /** A table is looked up; `obey` does what the flow that it has for the packet says, if it has one. */
  table<T>(tableId: number, flow: Flow | undefined, obey: () => T): T;
  /** Something is done; what happens while `run` runs happens because of it. */
  deed<T>(deed: Deed, walk: Walk, run: () => T): T;
}
