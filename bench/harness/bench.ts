import { availableParallelism, cpus, release } from 'node:os';
import type { Table } from './table.ts';

/** An option of a bench: a whole number of at least 1. */
interface NumberOption {
  readonly default: number;
  readonly summary: string;
}

/** Something that can be measured. */
export interface Bench<Option extends string = string> {
  readonly name: string;
  readonly summary: string;
  /** By name, as in `--flows 1000`. */
  readonly options: Readonly<Record<Option, NumberOption>>;
  /** @throws UsageError `BENCH_REQUIREMENTS_MISSING` when it cannot run on this machine. */
  run(settings: Readonly<Record<Option, number>>): Promise<Report>;
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
  /** Contenders that could not take part, with the reason. */
  readonly skipped: readonly string[];
  readonly errors: readonly string[];
}

/** The machine in one line: numbers mean nothing without it. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
  return `Node.js ${process.version}, Linux ${release()}, ${availableParallelism()} x ${model}`;
}
