import type { Bench, Report, RunContext } from '../harness/bench.ts';
import { type Figure, ratioFigure } from '../harness/check.ts';
import { type Comparison, formatSeconds } from '../harness/comparison.ts';
import { versionOf } from '../harness/installed.ts';
import { spread } from '../harness/stats.ts';
import { formatCount, formatRatio, type Table } from '../harness/table.ts';
import { hasIdl, IDL_MISSING } from './idl.ts';
import { insertWork } from './inserts.ts';
import { latencyWork, type Tails } from './latency.ts';
import { memoryPerRow, snapshotWork } from './snapshot.ts';
import { Target } from './target.ts';
import { measure, type Work } from './work.ts';

/** Rows a transaction, where there are many. */
const BATCH = 1000;
/** Transactions under way at once, where they are pipelined. */
const WIDTH = 100;

/** Clients of OVSDB, at an ovsdb-server of their own. */
export const ovsdb: Bench<'inserts' | 'rows' | 'updates' | 'rounds'> = {
  name: 'ovsdb',
  summary: 'clients of OVSDB: inserting, the first snapshot, seeing updates, memory',
  options: {
    inserts: { default: 10_000, summary: 'rows inserted a turn' },
    rows: { default: 100_000, summary: 'rows of the snapshot' },
    updates: { default: 2000, summary: 'updates seen a turn' },
    rounds: { default: 5, inAll: 3, summary: 'turns of each contender' },
  },
  async run({ inserts, rows, updates, rounds }, context): Promise<Report> {
    await using target = await Target.start();
    const isIdlThere = await hasIdl();
    const tails: Tails = new Map();
    const insertion = (title: string, width: number, size: number) =>
      insertWork(title, target, { rows: inserts, width, size }, isIdlThere);
    const works = [
      insertion('inserts one by one', 1, 1),
      insertion(`inserts, ${WIDTH} in flight`, WIDTH, 1),
      insertion(`inserts, ${BATCH} a transaction`, 1, BATCH),
      snapshotWork(target, rows, isIdlThere),
      latencyWork(target, updates, isIdlThere, tails),
    ];
    const measured = await measureAll(works, rounds, context);
    const memory = await memoryPerRow(target, rows, isIdlThere);
    const all = measured.flatMap(({ results }) => results);
    return {
      title: `${formatCount(inserts)} inserts, a snapshot of ${formatCount(rows)} rows, updates, ${rounds} rounds`,
      method: [
        'inserts: rows that are objects (raw client: requests that are text) until the last answer; the IDL also keeps',
        '  its replica of the table meanwhile, which it cannot do without',
        'first snapshot: from the request until a row can be found by the index of the schema (raw client: until the',
        '  answer has been parsed; IDL: with the connection and the schema; ovsdb-client: with its start and its output)',
        'update latency: the median time from the writing of an update by another connection until it is seen',
        `  p99, median of the rounds: ${[...tails].map(([name, p99]) => `${name} ${Math.round(spread(p99).median)} us`).join(', ')}`,
        `memory a row of the snapshot: galago ${bytes(memory.galago)} (heap), Python IDL ${bytes(memory.idl)} (resident)`,
        `server: ${await versionOf('ovsdb-server')}, through its Unix socket`,
      ],
      table: tableOf(measured),
      results: measured,
      figures: measured.flatMap(({ work, results }) => figuresOf(work, results)),
      skipped: isIdlThere ? [] : [IDL_MISSING],
      errors: all.flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`)),
    };
  },
};

interface Measured {
  readonly work: string;
  readonly results: readonly Comparison[];
}

async function measureAll(works: readonly Work[], rounds: number, context: RunContext): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const work of works) {
    measured.push({ work: work.title, results: await measure(work, rounds, context) });
  }
  return measured;
}

function tableOf(measured: readonly Measured[]): Table {
  const columns = ['', 'median', 'min..max', 'client CPU s', 'server CPU s', 'of best peer', 'of limit'];
  const rows = measured.flatMap(({ work, results }) => [
    [work, ...columns.slice(1).map(() => '')],
    ...results.map((result) => [`  ${result.name}`, ...cells(result)]),
  ]);
  return { columns, rows };
}

function cells({ measured }: Comparison): string[] {
  if (measured === undefined) return ['error', '', '', '', '', ''];
  const { elapsedMs, cpuMs, ofBestPeer, ofLimit } = measured;
  return [
    formatTime(elapsedMs.median),
    `${formatTime(elapsedMs.min)}..${formatTime(elapsedMs.max)}`,
    ...['client', 'server'].map((owner) => ((cpuMs[owner]?.median ?? 0) / 1000).toFixed(2)),
    formatRatio(ofBestPeer),
    formatRatio(ofLimit),
  ];
}

function formatTime(ms: number): string {
  return ms < 10 ? `${Math.round(ms * 1000)} us` : `${formatSeconds(ms)} s`;
}

/** What should be reached, over the raw client and the IDL. */
const FLOORS: readonly (readonly [work: RegExp, ofRaw: number, ofIdl: number | undefined])[] = [
  [/^inserts/, 1 / 1.25, 2],
  [/^first snapshot/, 1 / 1.25, 4],
  [/^update latency/, 1 / 1.3, undefined],
];

function figuresOf(work: string, results: readonly Comparison[]): Figure[] {
  const [, ofRaw, ofIdl] = FLOORS.find(([pattern]) => pattern.test(work))!;
  const figures = [ratioFigure(results, 'galago', 'raw client', ofRaw)];
  if (ofIdl !== undefined) figures.push(ratioFigure(results, 'galago', 'Python IDL', ofIdl));
  return figures.map((figure) => ({ ...figure, what: `${work}, ${figure.what}` }));
}

function bytes(count: number | undefined): string {
  return count === undefined ? 'not measured' : `${Math.round(count)} bytes`;
}
