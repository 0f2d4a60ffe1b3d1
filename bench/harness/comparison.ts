import type { Role, Series } from './rounds.ts';
import { type Spread, spread } from './stats.ts';
import { formatCount, formatRatio, type Table } from './table.ts';

/** How a contender did, next to the others. Without a turn that went well it has no numbers. */
export interface Comparison {
  readonly name: string;
  readonly role: Role;
  readonly seconds?: Spread;
  readonly perSecond?: number;
  readonly cpuSeconds?: Readonly<Record<string, Spread>>;
  /** Its rate over that of the fastest peer, by medians. */
  readonly ofBestPeer?: number;
  /** Its rate over that of the limit. */
  readonly ofLimit?: number;
  readonly errors: readonly string[];
}

/** Compares contenders that did `count` pieces of work each turn. */
export function compare(all: readonly Series[], count: number): Comparison[] {
  const rates = all.map(({ turns }) =>
    turns.length === 0 ? undefined : count / spread(turns.map(({ seconds }) => seconds)).median,
  );
  const bestOf = (role: Role) => {
    const found = rates.filter((rate, i): rate is number => rate !== undefined && all[i]!.role === role);
    return found.length === 0 ? undefined : Math.max(...found);
  };
  const bestPeer = bestOf('peer');
  const limit = bestOf('limit');
  return all.map(({ name, role, turns, errors }, i) => {
    const perSecond = rates[i];
    if (perSecond === undefined) return { name, role, errors };
    return {
      name,
      role,
      seconds: spread(turns.map(({ seconds }) => seconds)),
      perSecond,
      cpuSeconds: Object.fromEntries(
        Object.keys(turns[0]!.cpuSeconds).map((whose) => [
          whose,
          spread(turns.map(({ cpuSeconds }) => cpuSeconds[whose]!)),
        ]),
      ),
      ...(bestPeer !== undefined && { ofBestPeer: perSecond / bestPeer }),
      ...(limit !== undefined && { ofLimit: perSecond / limit }),
      errors,
    };
  });
}

/** The comparison as rows; `unit` is what was counted, `whose` the CPU columns. */
export function comparisonTable(
  comparisons: readonly Comparison[],
  unit: string,
  whose: readonly string[],
): Table {
  const cpuColumns = whose.map((name) => `${name} CPU s`);
  return {
    columns: ['', 'median s', 'min..max s', `${unit}/s`, ...cpuColumns, 'of best peer', 'of limit'],
    rows: comparisons.map(({ name, seconds, perSecond, cpuSeconds, ofBestPeer, ofLimit }) =>
      seconds === undefined || perSecond === undefined
        ? [name, 'error', '', '', ...whose.map(() => ''), '', '']
        : [
            name,
            seconds.median.toFixed(3),
            `${seconds.min.toFixed(3)}..${seconds.max.toFixed(3)}`,
            formatCount(perSecond),
            ...whose.map((owner) => cpuSeconds?.[owner]?.median.toFixed(2) ?? ''),
            formatRatio(ofBestPeer),
            formatRatio(ofLimit),
          ],
    ),
  };
}
