import type { NxConjunction } from '../../ofp/actions/nicira/conjunction.ts';
import type { Instruction } from '../../ofp/instruction.ts';

/** What a flow is a part of: a clause of a conjunction (ovs-fields(7), conj_id). */
export type Clause = Pick<NxConjunction, 'id' | 'clause' | 'nClauses'>;

/** The clauses that a flow is in; undefined for a flow that stands for itself. */
export function clausesOf(instructions: readonly Instruction[]): readonly Clause[] | undefined {
  const clauses = instructions.flatMap((instruction) =>
    instruction.type === 'applyActions'
      ? instruction.actions.filter((action) => action.type === 'nxConjunction')
      : [],
  );
  return clauses.length === 0 ? undefined : clauses;
}

/** A rule among those of the same match, and the one with the next lower priority. */
export interface Candidate<R> {
  readonly rule: R;
  readonly next: Candidate<R> | undefined;
}

interface Conjunctive {
  readonly priority: number;
  readonly clauses: readonly Clause[] | undefined;
}

/**
 * Chooses among the rules that take a packet when some of them are parts of conjunctions: the one that stands for itself
 * and has the highest priority, `hard`, or a rule that all clauses of a conjunction of higher priority lead to.
 * @param parts rules that are parts, each the highest of its match
 * @param byId the rule that takes the packet when its `conjId` is this
 */
export function chooseRule<R extends Conjunctive>(
  hard: R | undefined,
  parts: readonly Candidate<R>[],
  byId: (id: number) => R | undefined,
): R | undefined {
  let best = hard;
  let left = parts;
  for (;;) {
    left = left.filter(({ rule }) => best === undefined || rule.priority > best.priority);
    if (left.length === 0) return best;
    const priority = Math.max(...left.map(({ rule }) => rule.priority));
    const highest = left.filter(({ rule }) => rule.priority === priority);
    for (const id of wholeConjunctions(highest)) {
      const rule = byId(id);
      if (rule !== undefined) return rule;
    }
    // None was whole: rules of a lower priority and the same matches are next.
    const lower = highest.flatMap(({ next }) => (next === undefined ? [] : [next]));
    for (const { rule } of lower) {
      const isBetter = best === undefined || rule.priority > best.priority;
      if (rule.clauses === undefined && isBetter) best = rule;
    }
    left = [
      ...left.filter(({ rule }) => rule.priority !== priority),
      ...lower.filter(({ rule }) => rule.clauses !== undefined),
    ];
  }
}

/** The conjunctions of which every clause is there. */
function* wholeConjunctions<R extends Conjunctive>(parts: readonly Candidate<R>[]): Iterable<number> {
  const found = new Map<number, Set<number>>();
  for (const { rule } of parts) {
    for (const { id, clause, nClauses } of rule.clauses!) {
      if (nClauses > parts.length) continue;
      const clauses = found.get(id) ?? new Set();
      found.set(id, clauses.add(clause));
      if (clauses.size !== nClauses) continue;
      yield id;
      // One rule leads to one conjunction only.
      break;
    }
  }
}
