import type { Bench, Report, RunContext } from '../harness/bench.ts';
import { residentBytes } from '../harness/cpu.ts';
import { linePlot, type Plot } from '../harness/plot.ts';
import type { Profiler } from '../harness/profile.ts';
import { type Contender, PATIENCE_MS, type Role, takeTurns } from '../harness/rounds.ts';
import { type Spread, spread } from '../harness/stats.ts';
import { formatCount, formatRounds, type Table } from '../harness/table.ts';
import { CANNED, type ControllerKind, GALAGO, OS_KEN, TESTCONTROLLER } from './controllers.ts';
import { present, versions } from './present.ts';
import { Switches } from './switches.ts';

interface Settings {
  readonly most: number;
  readonly rounds: number;
}

/** What one storm cost. */
interface StormCost {
  readonly readyMs: number;
  readonly bytesEach: number;
  readonly echoMs: Spread;
}

/** A controller with so many switches. */
interface Row {
  readonly name: string;
  readonly role: Role;
  readonly connections: number;
  readonly readyMs: Spread | undefined;
  /** Of the controller's memory in RAM. */
  readonly bytesEach: Spread | undefined;
  /** The median and the worst, over all turns. */
  readonly echoMs: { readonly median: number; readonly max: number } | undefined;
  readonly errors: readonly string[];
}

/** What the numbers of connections are multiples of. */
const STEP = 10;
/** Nothing but sockets that answer. */
const SOCKETS: ControllerKind = { ...CANNED, name: 'bare sockets' };
const KINDS = [GALAGO, TESTCONTROLLER, OS_KEN, SOCKETS];

/** What a controller's connections cost, from one to very many. */
export const connections: Bench<keyof Settings> = {
  name: 'connections',
  summary: 'switches that connect at once: memory, time until all are ready, echoes meanwhile',
  options: {
    most: { default: 1000, summary: 'the most connections; also a tenth of it, a hundredth, …, 1' },
    rounds: { default: 3, inAll: 1, summary: 'turns of each controller and number of connections' },
  },
  run: measure,
};

async function measure({ most, rounds }: Settings, { profiler }: RunContext): Promise<Report> {
  const { kinds, skipped } = await present(KINDS);
  await using switches = await Switches.start();
  const rows: Row[] = [];
  const refused = new Set<string>();
  for (const size of sizesUpTo(most)) {
    // One more is connected already, for the echoes.
    const able = kinds.filter(({ maxSwitches = Infinity }) => size < maxSwitches);
    for (const { name, maxSwitches } of kinds.filter((kind) => !able.includes(kind))) {
      refused.add(`${name} takes at most ${maxSwitches} switches`);
    }
    rows.push(...(await measureSize(switches, able, size, rounds, profiler)));
  }
  return {
    title: `up to ${formatCount(most)} switches that connect at once, ${formatRounds(rounds)}`,
    method: [...METHOD, ...(await versions(kinds))],
    table: tableOf(rows),
    results: rows,
    plots: plotsOf(rows),
    skipped: [...skipped, ...refused],
    errors: rows.flatMap((row) => row.errors.map((error) => `${row.name}, ${row.connections}: ${error}`)),
  };
}

/** 1, 10, 100, …, and the most. */
function sizesUpTo(most: number): readonly number[] {
  const sizes: number[] = [];
  for (let size = 1; size < most; size *= STEP) sizes.push(size);
  return [...sizes, most];
}

async function measureSize(
  switches: Switches,
  kinds: readonly ControllerKind[],
  size: number,
  rounds: number,
  profiler: Profiler | undefined,
): Promise<Row[]> {
  const costs = kinds.map((): StormCost[] => []);
  const contenders = kinds.map((kind, i): Contender => {
    return {
      ...kind,
      async turn() {
        const cost = await storm(switches, kind, size, kind.role === 'ours' ? profiler : undefined);
        costs[i]!.push(cost);
        return { elapsedMs: cost.readyMs, cpuMs: {} };
      },
    };
  });
  const nothing = async () => {};
  const all = await takeTurns(contenders, { rounds, prepare: nothing, verify: nothing });
  return all.map(({ name, role, errors }, i) => rowOf({ name, role, connections: size, errors }, costs[i]!));
}

/** One storm on a controller that has just been started: memory that is free again would be used first. */
async function storm(
  switches: Switches,
  kind: ControllerKind,
  connections: number,
  profiler: Profiler | undefined,
): Promise<StormCost> {
  const controller = await kind.start();
  try {
    await controller.collectGarbage?.();
    const before = residentBytes(controller.pid);
    if (profiler !== undefined) await controller.startProfile?.();
    const { readyMs, echoMs } = await switches.storm({ port: controller.port, connections });
    const profile = profiler === undefined ? undefined : await controller.stopProfile?.();
    if (profile !== undefined) await profiler?.save(`${kind.name}, ${connections} switches`, profile);
    await controller.collectGarbage?.();
    const grown = residentBytes(controller.pid) - before;
    await switches.release();
    return { readyMs, bytesEach: Math.max(0, grown) / connections, echoMs: spread(echoMs) };
  } finally {
    await controller.close();
  }
}

type RowHead = Pick<Row, 'name' | 'role' | 'connections' | 'errors'>;

function rowOf(head: RowHead, costs: readonly StormCost[]): Row {
  if (costs.length === 0) return { ...head, readyMs: undefined, bytesEach: undefined, echoMs: undefined };
  const echoes = costs.map(({ echoMs }) => echoMs);
  return {
    ...head,
    readyMs: spread(costs.map(({ readyMs }) => readyMs)),
    bytesEach: spread(costs.map(({ bytesEach }) => bytesEach)),
    echoMs: {
      median: spread(echoes.map(({ median }) => median)).median,
      max: Math.max(...echoes.map(({ max }) => max)),
    },
  };
}

function tableOf(rows: readonly Row[]): Table {
  const columns = ['', 'switches', 'ready ms', 'min..max', 'KiB each', 'echo ms', 'worst'];
  return {
    columns,
    rows: rows.map(({ name, connections: size, readyMs, bytesEach, echoMs }) => {
      const head = [name, formatCount(size)];
      if (readyMs === undefined) return [...head, 'error', ...columns.slice(3).map(() => '')];
      return [
        ...head,
        readyMs.median.toFixed(1),
        `${readyMs.min.toFixed(1)}..${readyMs.max.toFixed(1)}`,
        formatCount(bytesEach!.median / 1024),
        echoMs!.median.toFixed(2),
        echoMs!.max.toFixed(1),
      ];
    }),
  };
}

function plotsOf(rows: readonly Row[]): readonly Plot[] {
  const names = [...new Set(rows.map(({ name }) => name))];
  const plot = (name: string, title: string, yLabel: string, of: (row: Row) => number | undefined): Plot =>
    linePlot({
      name,
      title,
      xLabel: 'switches',
      yLabel,
      lines: names.map((label) => ({
        label,
        points: rows.flatMap((row) => {
          const value = row.name === label ? of(row) : undefined;
          return value === undefined || value <= 0 ? [] : [[row.connections, value] as const];
        }),
      })),
    });
  return [
    plot(
      'connections-ready',
      'Switches that connect at once',
      'milliseconds until the last is ready',
      ({ readyMs }) => readyMs?.median,
    ),
    plot(
      'connections-memory',
      'Memory of the controller a switch',
      'KiB, without that of none',
      ({ bytesEach }) => bytesEach && bytesEach.median / 1024,
    ),
  ];
}

const METHOD = [
  'ready: from the first connection until each switch has had a packet-in answered; the controller has just been',
  '  started, and is a process of its own with a CPU of its own; the switches are another process',
  'each: how much the memory in RAM grew, garbage collected before and after where there is any; with few switches it',
  '  is mostly code that runs for the first time',
  `a controller that has taken more than ${PATIENCE_MS / 1000} s takes no more turns of that size`,
  'echo: median and worst time of an echo on another connection, one due every 2 ms until all are ready, from when it',
  '  was due; bare sockets: canned answers, which shows what the switches themselves cost',
];
