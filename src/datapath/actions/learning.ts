import type { NxLearn, NxLearn2 } from '../../ofp/actions/nicira/learn.ts';
import { Refusal } from '../../ofp/text/check/refusal.ts';
import { subrunOf, type WordRun } from '../packet/layout.ts';
import type { Packet } from '../packet/packet.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Flow } from '../tables/flow.ts';
import { learntFlow } from './learn.ts';
import type { Lessons } from './lessons.ts';

/** What learning a flow comes to; `flow` is the one that is there before. */
export type Learning =
  | { readonly type: 'added' | 'overLimit' }
  | { readonly type: 'changed' | 'refreshed'; readonly flow: Flow };

/**
 * Learns from a packet, and notes in it whether the flow is there where it is asked for (ovs-actions(7)).
 * @param lessons what the packet has learnt already; undefined to find out only
 * @returns what that came to; undefined when the switch takes no such flow
 */
export function learnFrom(
  pipeline: Pipeline,
  packet: Packet,
  action: NxLearn | NxLearn2,
  lessons: Lessons | undefined,
): Learning | undefined {
  const order = learntFlow(action, packet.words);
  let learning: Learning;
  try {
    const limit = action.type === 'nxLearn2' ? action.limit : 0;
    learning = lessons === undefined ? pipeline.learning(order, limit) : lessons.add(order, limit);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
  const run = resultOf(action);
  if (run !== undefined) packet.writeNumber(run, learning.type === 'overLimit' ? 0 : 1);
  return learning;
}

/** The bit that says whether the flow is there. */
export function resultOf(action: NxLearn | NxLearn2): WordRun | undefined {
  if (action.type !== 'nxLearn2' || action.resultDst === undefined) return undefined;
  const { field, start } = action.resultDst;
  return subrunOf(field, start, 1);
}
