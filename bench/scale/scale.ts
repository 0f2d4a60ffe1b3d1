import { Program } from '../controller/program.ts';
import type { PodsCpu, PodsMeasure, PodsOrder, PodsSettled } from '../controller/programs/pods.ts';
import type { Bench } from '../harness/bench.ts';
import type { Figure } from '../harness/check.ts';
import type { CpuProfile } from '../harness/flame-graph.ts';
import { linePlot, type Plot } from '../harness/plot.ts';
import type { Profiler } from '../harness/profile.ts';
import { type Spread, spread } from '../harness/stats.ts';
import { formatCount } from '../harness/table.ts';
import { askProgram } from './ask.ts';
import { HOSTS_OF_POD } from './fleet.ts';
import { Fleets } from './fleets.ts';

interface Settings {
  readonly switches: number;
  readonly endpoints: number;
  readonly changes: number;
}

/** What one size came to. */
interface Size {
  readonly switches: number;
  readonly endpoints: number;
  readonly flows: number;
  /** Of the controller, beyond what it has with nothing to control. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly coldMs: number;
  readonly changeMs: Spread;
  /** The controller's own, a change. */
  readonly changeCpuMs: number;
}

/** Sizes that switches and endpoints go through, up to what is asked for. */
const SWITCHES = [1, 10, 100, 1000];
const ENDPOINTS = [10, 100];

/** One controller with more and more switches: what it needs, and what a change costs. */
export const scale: Bench<keyof Settings> = {
  name: 'scale',
  summary: 'one controller with 1 to 1,000 software switches that carry pods',
  options: {
    switches: { default: 1000, inAll: 300, summary: 'switches at most' },
    endpoints: { default: 100, inAll: 10, summary: 'endpoints of a switch at most' },
    changes: {
      default: 100,
      inAll: 60,
      summary: 'changes of one endpoint that are timed, after half as many to warm up',
    },
  },
  async run({ switches, endpoints, changes }, { profiler }) {
    const sizes: Size[] = [];
    for (const each of upTo(ENDPOINTS, endpoints))
      for (const count of upTo(SWITCHES, switches)) {
        process.stderr.write(`${count} switches of ${each} endpoints\n`);
        const isLast = count === switches && each === endpoints;
        sizes.push(await measure(count, each, changes, isLast ? profiler : undefined));
      }
    return {
      title: `one controller, pods on ${HOSTS_OF_POD} hosts each, VXLAN`,
      method: METHOD,
      table: {
        columns: [
          'switches',
          'endpoints',
          'flows',
          'heap MB',
          'RSS MB',
          'cold s',
          'change ms',
          'min..max',
          'CPU ms',
        ],
        rows: sizes.map(rowOf),
      },
      results: sizes,
      figures: figuresOf(sizes),
      plots: plotsOf(sizes),
      skipped: [],
      errors: [],
    };
  },
};

const METHOD = [
  'heap, RSS: of the controller, in a process of its own, after a garbage collection; RSS with Node.js and the program',
  'cold: from the first call of a switch until every switch has confirmed all of its flows; the databases hold',
  '  everything before the controller starts',
  'change: from the commit in a database that takes one endpoint out of its pod, or puts it back, until every switch',
  `  that this concerns (${HOSTS_OF_POD}, where there are as many) has confirmed; median`,
  "CPU: the controller's, a change, with the messages about it",
  'switches and databases: software, in processes of their own, on another CPU where there is one; loopback TCP',
];

function rowOf({
  switches,
  endpoints,
  flows,
  heapBytes,
  rssBytes,
  coldMs,
  changeMs,
  changeCpuMs,
}: Size): string[] {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  return [
    formatCount(switches),
    formatCount(switches * endpoints),
    formatCount(flows),
    megabytes(heapBytes),
    megabytes(rssBytes),
    (coldMs / 1000).toFixed(2),
    changeMs.median.toFixed(1),
    `${changeMs.min.toFixed(1)}..${changeMs.max.toFixed(1)}`,
    changeCpuMs.toFixed(2),
  ];
}

async function measure(
  switches: number,
  endpoints: number,
  changes: number,
  profiler: Profiler | undefined,
): Promise<Size> {
  await using fleet = await Fleets.start(switches, endpoints);
  const { program } = await Program.start('controller', 'pods');
  try {
    const idle = await ask<PodsMeasure>(program, { type: 'measure' });
    if (profiler !== undefined) await ask(program, { type: 'startProfile' });
    const { port } = await ask<{ port: number }>(program, { type: 'start', databases: fleet.databases });
    const startedAt = performance.now();
    const settled = ask(program, { type: 'await', members: fleet.members });
    await fleet.call(port);
    await settled;
    const coldMs = performance.now() - startedAt;
    const cold = await ask<PodsMeasure>(program, { type: 'measure' });
    const warmUps = 2 * Math.ceil(changes / 4);
    for (let i = 0; i < warmUps; i++) await change(program, fleet, i);
    const warm = await ask<PodsCpu>(program, { type: 'cpu' });
    const times: number[] = [];
    for (let i = 0; i < 2 * Math.ceil(changes / 2); i++) times.push(await change(program, fleet, i));
    const after = await ask<PodsCpu>(program, { type: 'cpu' });
    if (profiler !== undefined) {
      const { profile } = await ask<{ profile: CpuProfile }>(program, { type: 'stopProfile' });
      await profiler.save('galago', profile);
    }
    return {
      switches,
      endpoints,
      flows: await fleet.flows(),
      heapBytes: cold.heapBytes - idle.heapBytes,
      rssBytes: cold.rssBytes,
      coldMs,
      changeMs: spread(times),
      changeCpuMs: (after.cpuMs - warm.cpuMs) / times.length,
    };
  } finally {
    await program.close();
  }
}

/** Changes one endpoint: even turns take one out, and odd ones put it back. @returns milliseconds */
async function change(program: Program, fleet: Fleets, turn: number): Promise<number> {
  const isBack = turn % 2 === 1;
  const members = isBack ? fleet.members : fleet.members - 1;
  const settled = ask<PodsSettled>(program, { type: 'await', members });
  const committedMs = await fleet.setMember(turn >> 1, isBack);
  return (await settled).atMs - committedMs;
}

function ask<T>(program: Program, order: PodsOrder): Promise<T> {
  return askProgram<T>(program, order);
}

function upTo(all: readonly number[], limit: number): number[] {
  return [...all.filter((each) => each < limit), limit];
}

/** The cost of a change must not follow the endpoints that it does not touch. */
function figuresOf(sizes: readonly Size[]): Figure[] {
  const small = sizes.find(({ switches }) => switches >= HOSTS_OF_POD);
  const large = sizes.at(-1)!;
  if (small === undefined || small === large) return [];
  const what = `CPU of a change, ${formatCount(large.switches * large.endpoints)} endpoints over ${formatCount(small.switches * small.endpoints)}`;
  return [{ what, value: large.changeCpuMs / small.changeCpuMs, bound: 3, kind: 'atMost', unit: 'x' }];
}

function plotsOf(sizes: readonly Size[]): Plot[] {
  const lines = (of: (size: Size) => number) =>
    [...new Set(sizes.map(({ endpoints }) => endpoints))].map((endpoints) => ({
      label: `${endpoints} endpoints each`,
      points: sizes
        .filter((size) => size.endpoints === endpoints)
        .map((size) => [size.switches, of(size)] as const),
    }));
  const plot = (name: string, title: string, yLabel: string, of: (size: Size) => number) =>
    linePlot({ name, title, xLabel: 'switches', yLabel, lines: lines(of) });
  return [
    plot(
      'scale-cold',
      'From cold until every switch has its flows',
      'seconds',
      ({ coldMs }) => coldMs / 1000,
    ),
    plot(
      'scale-change',
      'One endpoint changes: until the last switch has confirmed',
      'milliseconds',
      (size) => size.changeMs.median,
    ),
    plot('scale-memory', 'Memory of the controller', 'megabytes', ({ rssBytes }) => rssBytes / 1e6),
  ];
}
