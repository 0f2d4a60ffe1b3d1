import type { Action } from '../../ofp/actions/action.ts';
import { PortNo } from '../../ofp/ports.ts';
import { compileActions } from './actions.ts';
import type { Step } from './walk.ts';

/** The actions of an action set, ready to be done in the order of {@link RANK}. */
export interface ActionSet {
  readonly steps: readonly Step[];
  /** The port that the set outputs to: what the field `actsetOutput` says. */
  readonly outputPort: number;
}

/**
 * When each action of a set is done (OpenFlow 1.3.5, 5.10, with Open vSwitch's extensions): the one written last of
 * each rank, but all that write fields, which rank {@link WRITES}.
 */
const RANK: Readonly<Partial<Record<Action['type'], number>>> = {
  popVlan: 1,
  popMpls: 2,
  pushMpls: 3,
  pushVlan: 4,
  decNwTtl: 5,
  nxDecTtl: 5,
  nxDecTtlCntIds: 5,
  decMplsTtl: 6,
};
const WRITES = 7;

/** What sends the packet on: only the one that comes last here is done. */
const FINAL_RANK: Readonly<Partial<Record<Action['type'], number>>> = {
  nxCt: 1,
  nxCtClear: 2,
  nxResubmit: 3,
  nxResubmitTable: 3,
  output: 4,
  group: 5,
};

/** The set of a packet for which nothing was written. */
export const EMPTY_SET: ActionSet = { steps: [], outputPort: PortNo.UNSET };

/** Makes a set of the actions in the order in which they were written. @throws Refusal */
export function compileActionSet(written: readonly Action[]): ActionSet {
  if (written.length === 0) return EMPTY_SET;
  const last = new Map<number, Action>();
  const writes: Action[] = [];
  let final: Action | undefined;
  for (const action of written) {
    const rank = RANK[action.type] ?? WRITES;
    if (finality(action) > 0) final = finality(action) >= finality(final) ? action : final;
    else if (rank === WRITES) writes.push(action);
    else last.set(rank, action);
  }
  const before = [...last].sort(([a], [b]) => a - b);
  const actions = [...before.map(([, action]) => action), ...writes];
  if (final !== undefined) actions.push(final);
  const steps = compileActions(actions);
  return {
    // A set that sends the packet nowhere is not done at all.
    steps: final === undefined ? [] : steps,
    outputPort: final?.type === 'output' ? final.port : PortNo.UNSET,
  };
}

function finality(action: Action | undefined): number {
  return (action && FINAL_RANK[action.type]) ?? 0;
}
