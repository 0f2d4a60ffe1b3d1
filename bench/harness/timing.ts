import { type Spread, spread } from './stats.ts';

/** Something short, to be done over and over. */
export interface Case {
  readonly name: string;
  /** Does it so often; what it returns depends on each of the results, so that none can be left out. */
  run(times: number): number;
}

/** How long a {@link Case} takes. */
export interface CaseTiming {
  readonly name: string;
  /** CPU nanoseconds of one time, over the rounds. */
  readonly ns: Spread;
}

/** What is measured runs at least this long at a time. */
const SLICE_MS = 50;
/** Unmeasured slices of each case, in which the compiler does its work. */
const WARM_UP_SLICES = 4;

/**
 * Times cases by turns, in the CPU time of this process, garbage collection included: what else the machine does
 * counts less so than by the clock.
 */
export function timeCases(cases: readonly Case[], rounds: number): CaseTiming[] {
  const times = cases.map(calibrate);
  const ns = cases.map((): number[] => []);
  for (let round = -WARM_UP_SLICES; round < rounds; round++) {
    for (const [i, one] of cases.entries()) {
      const slice = cpuNs(one, times[i]!) / times[i]!;
      if (round >= 0) ns[i]!.push(slice);
    }
  }
  return cases.map(({ name }, i) => ({ name, ns: spread(ns[i]!) }));
}

/** How often a case fits into a slice. */
function calibrate(one: Case): number {
  for (let times = 16; ; times *= 2) {
    const ms = cpuNs(one, times) / 1e6;
    if (ms >= SLICE_MS / 4) return Math.ceil((times * SLICE_MS) / ms);
  }
}

function cpuNs(one: Case, times: number): number {
  const before = process.cpuUsage();
  const result = one.run(times);
  const { user, system } = process.cpuUsage(before);
  if (Number.isNaN(result)) throw new Error(`bug: ${one.name} gave no number`);
  return (user + system) * 1000;
}
