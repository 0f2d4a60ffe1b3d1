import { connectSwitch, type FlowModInit, type Switch } from 'galago/ofp';
import { UsageError } from '../src/util/errors.ts';
import { Lab, missingRequirements } from '../test/lab/index.ts';
import type { Bench, Report, RunContext } from './harness/bench.ts';
import { idle } from './harness/cpu.ts';
import { linePlot } from './harness/plot.ts';
import { type Profiler, profiled } from './harness/profile.ts';
import { type Spread, spread } from './harness/stats.ts';
import { formatCount, formatRounds, type Table } from './harness/table.ts';
import { sampleFlow } from './sample-flow.ts';
import { empty, expectFlows, sendFlows } from './switch/measure.ts';
import { PATIENCE_MS } from './switch/target.ts';

interface Settings {
  readonly most: number;
  readonly rounds: number;
}

/** Something done with all flows of a switch. */
interface Step {
  readonly name: string;
  run(sw: Switch, flows: readonly FlowModInit[]): Promise<unknown>;
}

/** A step with so many flows. */
interface Row {
  readonly name: string;
  readonly flows: number;
  readonly elapsedMs: Spread;
}

const STEPS: readonly Step[] = [
  { name: 'flow-mods', run: (sw, flows) => sendFlows(sw, flows, PATIENCE_MS) },
  { name: 'dump', run: (sw) => sw.multipart('flow', {}, { timeoutMs: PATIENCE_MS }) },
  {
    name: 'reconcile',
    run: (sw, flows) => {
      const desired = flows.map(({ priority, match, instructions }) => {
        return { tableId: 0, priority: priority!, match: match!, instructions: instructions! };
      });
      const options = { cookie: 0, cookieMask: 0, timeoutMs: PATIENCE_MS };
      return sw.reconcile({ flows: desired }, options);
    },
  },
  {
    name: 'deletes',
    run: (sw, flows) => {
      const deletes = flows.map(({ priority, match }): FlowModInit => {
        return { type: 'flowMod', command: 'deleteStrict', priority: priority!, match: match! };
      });
      return sendFlows(sw, deletes, PATIENCE_MS);
    },
  },
];

/** What a flow costs when there are many. */
export const sizes: Bench<keyof Settings> = {
  name: 'sizes',
  summary:
    'the library alone, with more and more flows: what a flow costs should not depend on how many there are',
  options: {
    most: { default: 100_000, summary: 'the most flows; also a tenth of it and a hundredth' },
    rounds: { default: 5, inAll: 3, summary: 'turns of each number of flows' },
  },
  run: measure,
};

async function measure({ most, rounds }: Settings, { profiler }: RunContext): Promise<Report> {
  const missing = missingRequirements();
  if (missing.length > 0) {
    const why = `needs a real Open vSwitch of its own: ${missing.join(', ')}`;
    throw new UsageError('BENCH_REQUIREMENTS_MISSING', why);
  }
  await using lab = await Lab.create();
  const { ovs, bridge } = await lab.addSwitch();
  await using sw = await connectSwitch(`unix:${ovs.mgmt(bridge)}`);
  const elapsed = new Map<string, number[]>();
  const counts = [most / 100, most / 10, most].map(Math.ceil);
  for (let round = 0; round < rounds; round++) {
    for (const count of counts) {
      const times = await takeSteps(sw, count, ovs.vswitchdPid!, count === most ? profiler : undefined);
      for (const [i, { name }] of STEPS.entries()) {
        const key = `${name} ${count}`;
        elapsed.set(key, [...(elapsed.get(key) ?? []), times[i]!]);
      }
    }
  }
  const rows = STEPS.flatMap(({ name }) =>
    counts.map((flows): Row => ({ name, flows, elapsedMs: spread(elapsed.get(`${name} ${flows}`)!) })),
  );
  return reportOf(rows, most, rounds);
}

/** Does one step after the other; gives what each took, in milliseconds. */
async function takeSteps(
  sw: Switch,
  count: number,
  vswitchdPid: number,
  profiler: Profiler | undefined,
): Promise<readonly number[]> {
  const flows = Array.from({ length: count }, (_, number) => sampleFlow(number));
  await empty(sw);
  const times: number[] = [];
  for (const step of STEPS) {
    await idle(vswitchdPid);
    await profiled(profiler, step.name, async () => {
      const begun = performance.now();
      await step.run(sw, flows);
      times.push(performance.now() - begun);
    });
    await expectFlows(sw, step.name === 'deletes' ? 0 : count);
  }
  return times;
}

function reportOf(rows: readonly Row[], most: number, rounds: number): Report {
  const line = (name: string) => ({
    label: name,
    points: rows.filter((row) => row.name === name).map((row) => [row.flows, row.elapsedMs.median] as const),
  });
  const plot = linePlot({
    name: 'sizes',
    title: 'Time against the number of flows',
    xLabel: 'flows',
    yLabel: 'milliseconds, median',
    lines: STEPS.map(({ name }) => line(name)),
  });
  return {
    title: `up to ${formatCount(most)} flows, ${formatRounds(rounds)}`,
    method: ['time: of the whole step, until the switch has confirmed it; reconcile finds nothing to change'],
    table: tableOf(rows),
    results: rows,
    plots: [plot],
    skipped: [],
    errors: [],
  };
}

function tableOf(rows: readonly Row[]): Table {
  return {
    columns: ['', 'flows', 'median ms', 'min..max', 'us a flow'],
    rows: rows.map(({ name, flows, elapsedMs: { median, min, max } }) => [
      name,
      formatCount(flows),
      median.toFixed(1),
      `${min.toFixed(1)}..${max.toFixed(1)}`,
      ((1000 * median) / flows).toFixed(2),
    ]),
  };
}
