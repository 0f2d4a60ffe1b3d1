import { FIRST_HASH, finish, mixIn } from '../packet/hash.ts';
import { type FlowWords, WORD_OF } from '../packet/layout.ts';
import { type Clause, chooseRule } from './conjunction.ts';
import { covers, type FlowMatch, overlaps } from './flow-match.ts';

/** What a {@link Classifier} holds: a match and its priority. */
export interface Rule {
  readonly match: FlowMatch;
  readonly priority: number;
  /** Of which conjunctions it is a part; undefined when it stands for itself. */
  readonly clauses: readonly Clause[] | undefined;
}

/** The rules with one mask, by the hash of the words under it; rules of one hash are linked, the highest priority first. */
interface Tuple<R extends Rule> {
  readonly key: string;
  readonly indices: readonly number[];
  /** The mask of each of `indices`. */
  readonly masks: FlowWords;
  readonly heads: Map<number, Node<R>>;
  /** How many rules have each priority. */
  readonly priorities: Map<number, number>;
  maxPriority: number;
  size: number;
}

interface Node<R extends Rule> {
  readonly rule: R;
  /** The values of the match: those of a tuple have the same words. */
  readonly values: FlowWords;
  next: Node<R> | undefined;
}

/**
 * Finds the rule of the highest priority that takes a packet, by tuple space search: one hash table for each mask,
 * those with the highest priorities first, so that the search ends at the first table that cannot do better.
 * Between rules of the same priority the choice is open (OpenFlow 1.3.5, 5.3).
 */
export class Classifier<R extends Rule> {
  readonly #tuples = new Map<string, Tuple<R>>();
  /** The tuples by their highest priority. */
  #sorted: Tuple<R>[] = [];
  #isSorted = true;
  #size = 0;
  /** How many rules are parts of conjunctions. */
  #parts = 0;

  get size(): number {
    return this.#size;
  }

  /** How many different masks there are, each of which may cost a lookup one probe. */
  get masks(): number {
    return this.#tuples.size;
  }

  /**
   * The rule that takes the packet, if there is one. Allocates nothing.
   * @param mask gets the bits of the packet that this depended on
   */
  lookup(words: FlowWords, mask?: FlowWords): R | undefined {
    if (!this.#isSorted) this.#sort();
    if (this.#parts > 0) return this.#lookupConjunctive(words, mask);
    let best: R | undefined;
    for (const tuple of this.#sorted) {
      if (best !== undefined && best.priority >= tuple.maxPriority) break;
      if (mask !== undefined) addMask(mask, tuple);
      const found = probe(tuple, words)?.rule;
      if (found !== undefined && (best === undefined || found.priority > best.priority)) best = found;
    }
    return best;
  }

  #lookupConjunctive(words: FlowWords, mask: FlowWords | undefined): R | undefined {
    const parts: Node<R>[] = [];
    const hard = this.#lookupHard(words, mask, parts);
    if (parts.length === 0) return hard;
    return chooseRule(hard, parts, (id) => {
      const before = words[WORD_OF.conjId]!;
      words[WORD_OF.conjId] = id;
      const rule = this.#lookupHard(words, mask);
      words[WORD_OF.conjId] = before;
      return rule;
    });
  }

  /** The rule of the highest priority among those that stand for themselves. @param parts gets the others */
  #lookupHard(words: FlowWords, mask: FlowWords | undefined, parts?: Node<R>[]): R | undefined {
    let best: R | undefined;
    for (const tuple of this.#sorted) {
      if (best !== undefined && best.priority >= tuple.maxPriority) break;
      if (mask !== undefined) addMask(mask, tuple);
      const node = probe(tuple, words);
      if (node === undefined || (best !== undefined && node.rule.priority <= best.priority)) continue;
      if (node.rule.clauses === undefined) best = node.rule;
      else parts?.push(node);
    }
    return best;
  }

  /** The rule with exactly this match and priority (strict matching: OpenFlow 1.3.5, 6.4). */
  find(match: FlowMatch, priority: number): R | undefined {
    const tuple = this.#tuples.get(maskKey(match));
    if (tuple === undefined) return undefined;
    for (let node = tuple.heads.get(hashOf(match)); node !== undefined; node = node.next) {
      if (node.rule.priority === priority && node.values.every((value, i) => value === match.values[i]))
        return node.rule;
    }
    return undefined;
  }

  /** The rules whose packets all are of `match` (loose matching). */
  *covered(match: FlowMatch): Iterable<R> {
    if (match.indices.length === 0) yield* this.rules();
    else for (const rule of this.rules()) if (covers(match, rule.match)) yield rule;
  }

  /** True when another rule of the same priority takes some packets of this match. */
  overlaps(match: FlowMatch, priority: number): boolean {
    for (const tuple of this.#tuples.values()) {
      if (!tuple.priorities.has(priority)) continue;
      for (const { rule } of nodesOf(tuple)) {
        if (rule.priority === priority && overlaps(match, rule.match)) return true;
      }
    }
    return false;
  }

  /** Every rule, in no order. */
  *rules(): Iterable<R> {
    for (const tuple of this.#tuples.values()) for (const { rule } of nodesOf(tuple)) yield rule;
  }

  /** Adds a rule, in the place of the one with the same match and priority where there is one. @returns that one */
  insert(rule: R): R | undefined {
    const old = this.find(rule.match, rule.priority);
    if (old !== undefined) this.delete(old);
    const tuple = this.#tuple(rule.match);
    const bucket = hashOf(rule.match);
    const node: Node<R> = { rule, values: rule.match.values, next: undefined };
    const head = tuple.heads.get(bucket);
    if (head === undefined || head.rule.priority <= rule.priority) {
      node.next = head;
      tuple.heads.set(bucket, node);
    } else {
      let before = head;
      while (before.next !== undefined && before.next.rule.priority > rule.priority) before = before.next;
      node.next = before.next;
      before.next = node;
    }
    if (rule.clauses !== undefined) this.#parts++;
    this.#count(tuple, rule.priority, 1);
    return old;
  }

  /** Takes a rule out. @returns false when it is not here */
  delete(rule: R): boolean {
    const tuple = this.#tuples.get(maskKey(rule.match));
    if (tuple === undefined) return false;
    const bucket = hashOf(rule.match);
    let before: Node<R> | undefined;
    for (let node = tuple.heads.get(bucket); node !== undefined; before = node, node = node.next) {
      if (node.rule !== rule) continue;
      if (before !== undefined) before.next = node.next;
      else if (node.next !== undefined) tuple.heads.set(bucket, node.next);
      else tuple.heads.delete(bucket);
      if (rule.clauses !== undefined) this.#parts--;
      this.#count(tuple, rule.priority, -1);
      return true;
    }
    return false;
  }

  #tuple(match: FlowMatch): Tuple<R> {
    const key = maskKey(match);
    const known = this.#tuples.get(key);
    if (known !== undefined) return known;
    const { indices, masks } = match;
    const tuple: Tuple<R> = {
      key,
      indices,
      masks,
      heads: new Map(),
      priorities: new Map(),
      maxPriority: -1,
      size: 0,
    };
    this.#tuples.set(key, tuple);
    this.#sorted.push(tuple);
    return tuple;
  }

  #count(tuple: Tuple<R>, priority: number, change: 1 | -1): void {
    this.#size += change;
    tuple.size += change;
    const count = (tuple.priorities.get(priority) ?? 0) + change;
    if (count > 0) tuple.priorities.set(priority, count);
    else tuple.priorities.delete(priority);
    if (tuple.size === 0) {
      this.#tuples.delete(tuple.key);
      this.#sorted = this.#sorted.filter((other) => other !== tuple);
    } else if (change > 0 && priority > tuple.maxPriority) {
      tuple.maxPriority = priority;
      this.#isSorted = false;
    } else if (count === 0 && priority === tuple.maxPriority) {
      tuple.maxPriority = -1;
      for (const other of tuple.priorities.keys()) if (other > tuple.maxPriority) tuple.maxPriority = other;
      this.#isSorted = false;
    }
  }

  #sort(): void {
    this.#sorted.sort((a, b) => b.maxPriority - a.maxPriority);
    this.#isSorted = true;
  }
}

function maskKey({ indices, masks }: FlowMatch): string {
  let key = '';
  for (let i = 0; i < indices.length; i++) key += `${indices[i]}:${masks[i]!.toString(36)},`;
  return key;
}

function* nodesOf<R extends Rule>(tuple: Tuple<R>): Iterable<Node<R>> {
  for (const head of tuple.heads.values()) {
    for (let node: Node<R> | undefined = head; node !== undefined; node = node.next) yield node;
  }
}

function addMask<R extends Rule>(mask: FlowWords, { indices, masks }: Tuple<R>): void {
  for (let i = 0; i < indices.length; i++) mask[indices[i]!]! |= masks[i]!;
}

function probe<R extends Rule>(tuple: Tuple<R>, words: FlowWords): Node<R> | undefined {
  let node = tuple.heads.get(hash(tuple, words));
  while (node !== undefined && !equals(tuple, node, words)) node = node.next;
  return node;
}

function hash<R extends Rule>({ indices, masks }: Tuple<R>, words: FlowWords): number {
  let value = FIRST_HASH;
  for (let i = 0; i < indices.length; i++) value = mixIn(value, words[indices[i]!]! & masks[i]!);
  return finish(value);
}

/** The hash of the packets that a match takes. */
function hashOf({ values }: FlowMatch): number {
  let value = FIRST_HASH;
  for (let i = 0; i < values.length; i++) value = mixIn(value, values[i]!);
  return finish(value);
}

function equals<R extends Rule>({ indices, masks }: Tuple<R>, node: Node<R>, words: FlowWords): boolean {
  for (let i = 0; i < indices.length; i++) {
    if (((words[indices[i]!]! ^ node.values[i]!) & masks[i]!) !== 0) return false;
  }
  return true;
}
