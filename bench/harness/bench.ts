import { availableParallelism, cpus, release } from 'node:os';
import type { Figure } from './check.ts';
import type { Plot } from './plot.ts';
import type { Profiler } from './profile.ts';
import type { Table } from './table.ts';

/** An option of a bench: a whole number of at least 1. */
interface NumberOption {
  readonly default: number;
  /** What it is in a run of all benches, where the default would take too long. */
  readonly inAll?: number;
  readonly summary: string;
}

/** Something that can be measured. */
export interface Bench<Option extends string = string> {
  readonly name: string;
  readonly summary: string;
  /** By name, as in `--flows 1000`. */
  readonly options: Readonly<Record<Option, NumberOption>>;
  /** @throws UsageError `BENCH_REQUIREMENTS_MISSING` when it cannot run on this machine. */
  run(settings: Readonly<Record<Option, number>>, context: RunContext): Promise<Report>;
}

/** What a run is given besides its settings. */
export interface RunContext {
  /** Undefined when nobody asked for profiles. */
  readonly profiler?: Profiler;
}

/** What a bench found out. */
export interface Report {
  /** The work, in one line. */
  readonly title: string;
  /** What was measured and how, a line each. */
  readonly method: readonly string[];
  readonly table: Table;
  /** The numbers behind the table, for `--json`. */
  readonly results: readonly object[];
  /** What `--check` compares with a bound. */
  readonly figures?: readonly Figure[];
  /** What `--write` puts into `docs/plots`. */
  readonly plots?: readonly Plot[];
  /** Contenders that could not take part, with the reason. */
  readonly skipped: readonly string[];
  readonly errors: readonly string[];
}

/** The machine in one line: numbers mean nothing without it. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
  return `Node.js ${process.version}, Linux ${release()}, ${availableParallelism()} x ${model}`;
}
