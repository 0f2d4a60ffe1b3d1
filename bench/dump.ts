import type { Switch } from 'galago/ofp';
import { GalagoError } from '../src/util/errors.ts';
import type { Bench } from './harness/bench.ts';
import { ratioFigure } from './harness/check.ts';
import { sampleFlow } from './sample-flow.ts';
import {
  empty,
  expectFlows,
  FLOW_OPTIONS,
  type FlowSettings,
  measureOnSwitch,
  sendFlows,
} from './switch/measure.ts';
import { ovsOfctl } from './switch/ovs-ofctl.ts';
import { rawDump } from './switch/raw-socket.ts';
import { PATIENCE_MS, session } from './switch/target.ts';

/** Reads all flows of a real Open vSwitch back. */
export const dump: Bench<keyof FlowSettings> = {
  name: 'dump',
  summary: 'all flows of a real Open vSwitch read and decoded',
  options: FLOW_OPTIONS,
  run: (settings, context) =>
    measureOnSwitch(settings, context, (target) => {
      const { flows } = settings;
      let isFull = false;
      return {
        name: 'dump',
        title: 'flows read and decoded, match and instructions included',
        unit: 'flows',
        method: [
          'time: from the request until all flows are there as objects; ovs-ofctl: from its start until it has printed',
          '  them, into a pipe; bytes only: until the last byte of the reply',
        ],
        ours: [
          session(target, 'galago, all at once', async (sw) => expectCount(flows, await readAll(sw))),
          session(target, 'galago, one by one', async (sw) => expectCount(flows, await readEach(sw))),
        ],
        peers: [ovsOfctl(target, { command: 'dump-flows' })],
        osKenJob: 'dump',
        limits: [rawDump(target)],
        figures: (results) =>
          ['galago, all at once', 'galago, one by one'].map((name) =>
            ratioFigure(results, name, 'ovs-ofctl dump-flows', 1.3),
          ),
        async prepare(control) {
          if (isFull) return;
          await empty(control);
          await sendFlows(control, flowMods(flows), PATIENCE_MS);
          isFull = true;
        },
        verify: (control) => expectFlows(control, flows),
      };
    }),
};

async function readAll(sw: Switch): Promise<number> {
  const flows = await sw.multipart('flow', {}, { timeoutMs: PATIENCE_MS });
  return flows.filter(({ match, instructions }) => match.ethDst !== undefined && instructions.length > 0)
    .length;
}

async function readEach(sw: Switch): Promise<number> {
  let count = 0;
  for await (const { match, instructions } of sw.flowStats()) {
    if (match.ethDst !== undefined && instructions.length > 0) count++;
  }
  return count;
}

function* flowMods(count: number) {
  for (let number = 0; number < count; number++) yield sampleFlow(number);
}

function expectCount(expected: number, count: number): void {
  if (count === expected) return;
  throw new GalagoError('BENCH_FLOWS_WRONG', `${count} flows were decoded whole, expected ${expected}`);
}
