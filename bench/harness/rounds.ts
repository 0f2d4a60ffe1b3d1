/** What one contender used for the work once. */
export interface Turn {
  readonly elapsedMs: number;
  /** Pieces of work, where the time is what is given and not the work. */
  readonly count?: number;
  /** For a command: all of it, with its start and the reading of its input. */
  readonly commandMs?: number;
  /** The CPU used in `elapsedMs`, by whose it is: `client`, `switch`. */
  readonly cpuMs: Readonly<Record<string, number>>;
}

/**
 * What a contender is there for: `ours` is measured, a `peer` is what it is measured against, and the `limit` does
 * the least that anybody could.
 */
export type Role = 'ours' | 'peer' | 'limit';

/** One way to do the work. */
export interface Contender {
  readonly name: string;
  readonly role: Role;
  /** Does the work once; what throws is no turn but an error. */
  turn(): Promise<Turn>;
}

/** All turns of one contender. */
export interface Series {
  readonly name: string;
  readonly role: Role;
  readonly turns: readonly Turn[];
  /** One a turn that failed. */
  readonly errors: readonly string[];
}

/** How {@link takeTurns} goes about it. */
export interface RoundsOptions {
  readonly rounds: number;
  /** A contender whose turns have taken this long in all takes no more. Default {@link PATIENCE_MS}. */
  readonly patienceMs?: number;
  /** Brings everything back to the start, outside of the measurement. */
  readonly prepare: () => Promise<void>;
  /** Looks whether the work has been done; what it throws makes the turn an error. */
  readonly verify: () => Promise<void>;
  readonly onTurn?: (round: number, contender: Contender) => void;
  /** Stands around each turn, as a profiler does. Default: just takes it. */
  readonly around?: (contender: Contender, turn: () => Promise<Turn>) => Promise<Turn>;
}

/** What the turns of one contender may take in all, in milliseconds, until it is known well enough how slow it is. */
export const PATIENCE_MS = 20_000;

/**
 * Lets the contenders do the same work by turns, so that what else the machine does hits them alike. Each round
 * begins with the next one, so that nobody always comes behind the same neighbour.
 */
export async function takeTurns(contenders: readonly Contender[], options: RoundsOptions): Promise<Series[]> {
  const { rounds, patienceMs = PATIENCE_MS, prepare, verify, onTurn } = options;
  const around = options.around ?? ((_: Contender, turn: () => Promise<Turn>) => turn());
  const all = contenders.map(({ name, role }) => ({
    name,
    role,
    turns: [] as Turn[],
    errors: [] as string[],
  }));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < contenders.length; i++) {
      const place = (round + i) % contenders.length;
      const contender = contenders[place]!;
      const series = all[place]!;
      if (totalMs(series.turns) >= patienceMs) continue;
      onTurn?.(round + 1, contender);
      await prepare();
      try {
        const turn = await around(contender, () => contender.turn());
        await verify();
        series.turns.push(turn);
      } catch (error) {
        series.errors.push(`round ${round + 1}: ${(error as Error).message}`);
      }
    }
  }
  return all;
}

function totalMs(turns: readonly Turn[]): number {
  return turns.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
}
