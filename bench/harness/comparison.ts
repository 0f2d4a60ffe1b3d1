import type { Role, Series, Turn } from './rounds.ts';
import { type Spread, spread } from './stats.ts';
import { formatCount, formatRatio, type Table } from './table.ts';

/** How a contender did, next to the others. */
export interface Comparison {
  readonly name: string;
  readonly role: Role;
  /** Undefined when no turn went well. */
  readonly measured: Measured | undefined;
  readonly errors: readonly string[];
}

/** What the turns of a contender come to. */
interface Measured {
  readonly elapsedMs: Spread;
  readonly commandMs?: Spread;
  readonly cpuMs: Readonly<Record<string, Spread>>;
  /** Pieces of work, by the median of the time. */
  readonly perSecond: number;
  /** Its rate over that of the fastest peer. */
  readonly ofBestPeer?: number;
  /** Its rate over that of the limit. */
  readonly ofLimit?: number;
}

/** Compares contenders that did `count` pieces of work each turn. */
export function compare(all: readonly Series[], count: number): Comparison[] {
  const rate = (turns: readonly Turn[]) =>
    (count * 1000) / spreadOf(turns, ({ elapsedMs }) => elapsedMs).median;
  const best = (role: Role) => {
    const rates = all
      .filter((one) => one.role === role && one.turns.length > 0)
      .map(({ turns }) => rate(turns));
    return rates.length === 0 ? undefined : Math.max(...rates);
  };
  const bestPeer = best('peer');
  const limit = best('limit');
  return all.map(({ name, role, turns, errors }) => {
    if (turns.length === 0) return { name, role, measured: undefined, errors };
    const perSecond = rate(turns);
    const measured = {
      ...summary(turns),
      perSecond,
      ...(bestPeer !== undefined && { ofBestPeer: perSecond / bestPeer }),
      ...(limit !== undefined && { ofLimit: perSecond / limit }),
    };
    return { name, role, measured, errors };
  });
}

/** The comparison as rows; `unit` is what was counted, `owners` are those whose CPU has a column. */
export function comparisonTable(
  comparisons: readonly Comparison[],
  unit: string,
  owners: readonly string[],
): Table {
  const cpu = owners.map((owner) => `${owner} CPU s`);
  const columns = ['', 'median s', 'min..max s', `${unit}/s`, ...cpu, 'of best peer', 'of limit'];
  const rows = comparisons.map(({ name, measured }) => {
    if (measured === undefined) return [name, 'error', ...columns.slice(2).map(() => '')];
    const { elapsedMs, perSecond, cpuMs, ofBestPeer, ofLimit } = measured;
    return [
      name,
      formatSeconds(elapsedMs.median),
      `${formatSeconds(elapsedMs.min)}..${formatSeconds(elapsedMs.max)}`,
      formatCount(perSecond),
      ...owners.map((owner) => ((cpuMs[owner]?.median ?? 0) / 1000).toFixed(2)),
      formatRatio(ofBestPeer),
      formatRatio(ofLimit),
    ];
  });
  return { columns, rows };
}

/** Milliseconds as seconds, to a millisecond. */
export function formatSeconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function summary(turns: readonly Turn[]): Pick<Measured, 'elapsedMs' | 'commandMs' | 'cpuMs'> {
  const owners = Object.keys(turns[0]!.cpuMs);
  const isCommand = turns[0]!.commandMs !== undefined;
  return {
    elapsedMs: spreadOf(turns, ({ elapsedMs }) => elapsedMs),
    ...(isCommand && { commandMs: spreadOf(turns, ({ commandMs }) => commandMs!) }),
    cpuMs: Object.fromEntries(owners.map((owner) => [owner, spreadOf(turns, ({ cpuMs }) => cpuMs[owner]!)])),
  };
}

function spreadOf(turns: readonly Turn[], of: (turn: Turn) => number): Spread {
  return spread(turns.map(of));
}
