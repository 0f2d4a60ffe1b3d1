import type { Contender, Role } from './rounds.ts';

/** Something short, to be done over and over. */
export interface Case {
  readonly name: string;
  readonly role: Role;
  /** Does it so often; what it returns depends on each of the results, so that none can be left out. */
  run(times: number): number;
}

/** What is measured runs at least this long at a time. */
export const SLICE_MS = 50;
/** Unmeasured slices of each case, in which the compiler does its work. */
const WARM_UP_SLICES = 4;

/**
 * A case as a contender, whose turn is a slice of the CPU time of this process, garbage collection included: what
 * else the machine does counts less so than by the clock.
 */
export function sliced(one: Case): Contender {
  let times = 0;
  return {
    name: one.name,
    role: one.role,
    async turn() {
      if (times === 0) {
        times = calibrate(one);
        for (let i = 0; i < WARM_UP_SLICES; i++) cpuNs(one, times);
      }
      return { elapsedMs: cpuNs(one, times) / 1e6, count: times, cpuMs: {} };
    },
  };
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
