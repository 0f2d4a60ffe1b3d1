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
  /** That went well. */
  readonly turns: number;
  readonly elapsedMs: Spread;
  readonly commandMs?: Spread;
  readonly cpuMs: Readonly<Record<string, Spread>>;
  /** Pieces of work a second. */
  readonly rate: Spread;
  /** The median of it. */
  readonly perSecond: number;
  /** CPU microseconds a piece of work. */
  readonly cpuUs: Readonly<Record<string, number>>;
  /** Its rate over that of the fastest peer. */
  readonly ofBestPeer?: number;
  /** Its rate over that of the limit. */
  readonly ofLimit?: number;
}

/** Compares contenders that did `count` pieces of work each turn, or as many as each turn says. */
export function compare(all: readonly Series[], count = 0): Comparison[] {
  const rateOf = (turn: Turn) => (1000 * (turn.count ?? count)) / turn.elapsedMs;
  const best = (role: Role) => {
    const rates = all
      .filter((one) => one.role === role && one.turns.length > 0)
      .map(({ turns }) => spreadOf(turns, rateOf).median);
    return rates.length === 0 ? undefined : Math.max(...rates);
  };
  const bestPeer = best('peer');
  const limit = best('limit');
  return all.map(({ name, role, turns, errors }) => {
    if (turns.length === 0) return { name, role, measured: undefined, errors };
    const rate = spreadOf(turns, rateOf);
    const measured = {
      turns: turns.length,
      ...summary(turns, count),
      rate,
      perSecond: rate.median,
      ...(bestPeer !== undefined && { ofBestPeer: rate.median / bestPeer }),
      ...(limit !== undefined && { ofLimit: rate.median / limit }),
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

/** As {@link comparisonTable}, for turns that all last as long: rates, and CPU microseconds a piece of work. */
export function rateTable(
  comparisons: readonly Comparison[],
  unit: string,
  owners: readonly string[],
): Table {
  const cpu = owners.map((owner) => `${owner} CPU us`);
  const columns = ['', `${unit}/s`, 'min..max', ...cpu, 'of best peer', 'of limit'];
  const rows = comparisons.map(({ name, measured }) => {
    if (measured === undefined) return [name, 'error', ...columns.slice(2).map(() => '')];
    const { rate, cpuUs, ofBestPeer, ofLimit } = measured;
    return [
      name,
      formatCount(rate.median),
      `${formatCount(rate.min)}..${formatCount(rate.max)}`,
      ...owners.map((owner) => (cpuUs[owner] ?? 0).toFixed(2)),
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

function summary(
  turns: readonly Turn[],
  count: number,
): Pick<Measured, 'elapsedMs' | 'commandMs' | 'cpuMs' | 'cpuUs'> {
  const owners = Object.keys(turns[0]!.cpuMs);
  const isCommand = turns[0]!.commandMs !== undefined;
  const perOwner = <T>(of: (owner: string) => T) =>
    Object.fromEntries(owners.map((owner) => [owner, of(owner)]));
  const usOf = (turn: Turn, owner: string) => (1000 * turn.cpuMs[owner]!) / (turn.count ?? count);
  return {
    elapsedMs: spreadOf(turns, ({ elapsedMs }) => elapsedMs),
    ...(isCommand && { commandMs: spreadOf(turns, ({ commandMs }) => commandMs!) }),
    cpuMs: perOwner((owner) => spreadOf(turns, ({ cpuMs }) => cpuMs[owner]!)),
    cpuUs: perOwner((owner) => spreadOf(turns, (turn) => usOf(turn, owner)).median),
  };
}

function spreadOf(turns: readonly Turn[], of: (turn: Turn) => number): Spread {
  return spread(turns.map(of));
}
