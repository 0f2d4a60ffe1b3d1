import { Random } from './random.ts';

/** Input to be tried. */
export type Case = Buffer;

/** What came of a case: nothing to say, a refusal as it should be, or a failure. */
export interface Verdict {
  /** The code of the error that refused the case. */
  readonly refused?: string;
  /** What is wrong. The same words stand for the same bug when a failing case is made smaller. */
  readonly failure?: string;
  readonly error?: unknown;
}

/** Something to be fuzzed. */
export interface Target {
  readonly name: string;
  make(random: Random): Case;
  check(input: Case): Verdict;
  /** What of the check is to keep within its time; throws what it likes. */
  work(input: Case): unknown;
  /** Mends what must fit a case of another length; may change it in place. */
  shrunk(input: Case): Case;
}

/** How much is tried: until `cases` have been, or `seconds` have passed. */
export interface FuzzOptions {
  /** The first case is made from this seed, the second from the next. */
  readonly seed: number;
  readonly cases?: number;
  readonly seconds?: number;
  /** Milliseconds that the work on a case may take for each 4 KiB of it or part of that. Not measured unless given. */
  readonly budgetMs?: number;
}

/** A case that failed. */
export interface Failure {
  readonly what: string;
  readonly error: unknown;
  /** The seed that makes this case as the first one. */
  readonly seed: number;
  readonly input: Case;
  /** The smallest case found that fails in the same way. */
  readonly minimal: Case;
}

/** What was tried and seen. */
export interface FuzzReport {
  readonly cases: number;
  /** Refused cases by the code of the error. */
  readonly refused: ReadonlyMap<string, number>;
  /** The case that took longest for its size, in the median of several runs. */
  readonly slowest: Timing;
  readonly failure: Failure | undefined;
}

/** How long a case took. */
interface Timing {
  readonly ms: number;
  /** How much of its budget that was. */
  readonly share: number;
  readonly seed: number;
  readonly size: number;
}

/** Runs of a case that seems slow: those that compile what only it needs, and those that count. */
const WARM_UP_RUNS = 5;
const TIMED_RUNS = 15;
const ATTEMPTS = 3;
const MAX_SHRINK_TRIES = 4000;

/** Tries cases until one fails. */
export function fuzz(target: Target, options: FuzzOptions): FuzzReport {
  const { seed: firstSeed, cases: limit = Number.POSITIVE_INFINITY, seconds, budgetMs } = options;
  const end = seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1000;
  const refused = new Map<string, number>();
  let slowest: Timing = { ms: 0, share: 0, seed: firstSeed, size: 0 };
  let cases = 0;
  let failure: Failure | undefined;
  for (; cases < limit && failure === undefined; cases++) {
    const seed = firstSeed + cases;
    const input = target.make(new Random(seed));
    const begin = performance.now();
    if (begin >= end) break;
    const verdict = target.check(input);
    const ms = performance.now() - begin;
    if (verdict.refused !== undefined) refused.set(verdict.refused, (refused.get(verdict.refused) ?? 0) + 1);
    if (verdict.failure !== undefined) failure = failed(target, verdict, seed, input);
    // The check holds the work, and more: only when it took long, the work may have.
    else if (budgetMs !== undefined && ms / budget(input, budgetMs) > slowest.share) {
      const timing = timed(target, input, seed, budgetMs);
      if (timing.share > slowest.share) slowest = timing;
      if (timing.share > 1) failure = tooSlow(timing, input);
    }
  }
  return { cases, refused, slowest, failure };
}

/** Times a case alone; when that is over its budget, again, since the machine may have been busy with something else. */
function timed(target: Target, input: Case, seed: number, budgetMs: number): Timing {
  let ms = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS && ms > budget(input, budgetMs); attempt++) {
    ms = Math.min(ms, medianMs(target, input));
  }
  return { ms, share: ms / budget(input, budgetMs), seed, size: input.length };
}

/** A garbage collection falls into one run or another, but not into most of them. */
function medianMs(target: Target, input: Case): number {
  const runs = Array.from({ length: WARM_UP_RUNS + TIMED_RUNS }, () => {
    const begin = performance.now();
    try {
      target.work(input);
    } catch {
      // The check has seen it.
    }
    return performance.now() - begin;
  });
  return runs.slice(WARM_UP_RUNS).sort((a, b) => a - b)[TIMED_RUNS >> 1]!;
}

function budget(input: Case, budgetMs: number): number {
  return budgetMs * Math.max(1, Math.ceil(input.length / 4096));
}

function tooSlow({ ms, seed, size }: Timing, input: Case): Failure {
  const what = `took ${ms.toFixed(2)} ms for ${size} bytes`;
  return { what, error: undefined, seed, input, minimal: input };
}

function failed(target: Target, { failure = '', error }: Verdict, seed: number, input: Case): Failure {
  return { what: failure, error, seed, input, minimal: minimize(target, failure, input) };
}

/** Leaves out bytes and makes others zero, for as long as the case fails in the same way. */
function minimize(target: Target, failure: string, input: Case): Case {
  let smallest: Case = Buffer.from(input);
  let tries = 0;
  const attempt = (candidate: Case) => {
    if (++tries > MAX_SHRINK_TRIES) return false;
    const mended = target.shrunk(Buffer.from(candidate));
    if (mended.equals(smallest) || target.check(mended).failure !== failure) return false;
    smallest = mended;
    return true;
  };
  for (let size = 4096; size >= 1; size >>= 1) {
    for (let at = 0; at < smallest.length; ) {
      const without = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      if (!attempt(without)) at += size;
    }
  }
  for (let at = 0; at < smallest.length; at++) {
    const zeroed = Buffer.from(smallest);
    zeroed[at] = 0;
    attempt(zeroed);
  }
  return smallest;
}
