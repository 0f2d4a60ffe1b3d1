import type { RunContext } from '../harness/bench.ts';
import { type Comparison, compare } from '../harness/comparison.ts';
import { profiledTurns } from '../harness/profile.ts';
import { type Contender, takeTurns } from '../harness/rounds.ts';

/** One of the things that the bench has clients of OVSDB do. */
export interface Work {
  readonly title: string;
  /** Pieces of it a turn. */
  readonly count: number;
  readonly contenders: readonly Contender[];
  prepare(): Promise<void>;
  verify(): Promise<void>;
}

/** Lets the contenders do it by turns. */
export async function measure(
  { title, count, contenders, prepare, verify }: Work,
  rounds: number,
  { profiler }: RunContext,
): Promise<Comparison[]> {
  const series = await takeTurns(contenders, {
    ...{ rounds, prepare, verify },
    around: profiledTurns(profiler),
    onTurn: (round, { name }) => {
      if (process.stderr.isTTY)
        process.stderr.write(`\r\x1b[K${title}: round ${round} of ${rounds}: ${name}\r`);
    },
  });
  return compare(series, count);
}
