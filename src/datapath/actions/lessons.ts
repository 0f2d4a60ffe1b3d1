import type { Pipeline } from '../pipeline.ts';
import type { FlowOrder } from '../tables/flow.ts';
import { type FlowMatch, flowMatchOfKey, isSameMatch } from '../tables/flow-match.ts';
import { sameInstructions } from '../tables/same-instructions.ts';
import type { Learning } from './learning.ts';

interface Lesson {
  readonly order: FlowOrder;
  readonly match: FlowMatch;
}

/**
 * The flows that one packet makes by learning. They are there for those that come after: this one goes by the tables as
 * they were when it came, as in Open vSwitch.
 */
export class Lessons {
  readonly #pipeline: Pipeline;
  #lessons: readonly Lesson[] = [];

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
  }

  /**
   * What learning a flow comes to, which is noted.
   * @param limit how many flows of its cookie the table may have then; 0 for any number
   * @throws Refusal when the switch takes no such flow at all
   */
  add(order: FlowOrder, limit: number): Learning {
    const lesson = { order, match: flowMatchOfKey(order.key) };
    const noted = this.#lessons.find((each) => isSameFlow(each, lesson));
    if (noted !== undefined && isAs(noted.order, order)) return { type: 'added' };
    const learning = this.#pipeline.learning(order, 0);
    if (learning.type === 'refreshed' && noted === undefined) this.#pipeline.learn(order, learning);
    else if (limit > 0 && this.#count(order) >= limit) return { type: 'overLimit' };
    else this.#lessons = [...this.#lessons.filter((each) => each !== noted), lesson];
    return learning;
  }

  /** Adds the flows to the tables. */
  commit(): void {
    if (this.#lessons.length === 0) return;
    const lessons = this.#lessons;
    this.#lessons = [];
    for (const { order } of lessons) this.#pipeline.learn(order, this.#pipeline.learning(order, 0));
  }

  /** How many flows of the cookie its table has, once those that are noted are there. */
  #count({ tableId, cookie }: FlowOrder): number {
    const noted = this.#lessons.filter(({ order }) => order.tableId === tableId);
    let count = noted.filter(({ order }) => order.cookie === cookie).length;
    for (const flow of this.#pipeline.tables.tables[tableId]?.flows.rules() ?? []) {
      const isReplaced = noted.some((each) => isSameFlow(each, { order: flow, match: flow.match }));
      if (flow.cookie === cookie && !isReplaced) count++;
    }
    return count;
  }
}

function isSameFlow(
  a: Lesson,
  b: { order: Pick<FlowOrder, 'tableId' | 'priority'>; match: FlowMatch },
): boolean {
  const { tableId, priority } = b.order;
  return a.order.tableId === tableId && a.order.priority === priority && isSameMatch(a.match, b.match);
}

function isAs(a: FlowOrder, b: FlowOrder): boolean {
  const isAlike = a.idleTimeout === b.idleTimeout && a.hardTimeout === b.hardTimeout && a.flags === b.flags;
  return isAlike && a.cookie === b.cookie && sameInstructions(a.told, b.told);
}
