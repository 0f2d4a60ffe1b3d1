import { type FlowModInit, output, setField } from 'galago/ofp';
import { GalagoError } from '../src/util/errors.ts';
import type { Bench, RunContext } from './harness/bench.ts';
import { ratioFigure } from './harness/check.ts';
import { sampleFlow, sampleFlowText } from './sample-flow.ts';
import {
  empty,
  expectFlows,
  FLOW_OPTIONS,
  type FlowSettings,
  measureOnSwitch,
  sendFlows,
} from './switch/measure.ts';
import { ovsOfctl } from './switch/ovs-ofctl.ts';
import { rawReconcile } from './switch/raw-socket.ts';
import { PATIENCE_MS, session } from './switch/target.ts';

/** One flow in so many is changed. */
const CHANGED_ONE_IN = 100;
/** Where changed flows output to. */
const OTHER_PORT = 2;

/** Brings a switch that differs a little to what it should be. */
export const reconcile: Bench<keyof FlowSettings> = {
  name: 'reconcile',
  summary: 'a switch brought to what it should be, when 1 % of its flows do something else',
  options: FLOW_OPTIONS,
  run: (settings, context) =>
    measureReconcile('reconcile', Math.ceil(settings.flows / CHANGED_ONE_IN), settings, context),
};

/** Finds out that a switch is what it should be. */
export const reconcileSame: Bench<keyof FlowSettings> = {
  name: 'reconcile-same',
  summary: 'a switch compared with what it should be, when there is nothing to change',
  options: FLOW_OPTIONS,
  run: (settings, context) => measureReconcile('reconcile-same', 0, settings, context),
};

function measureReconcile(name: string, changed: number, settings: FlowSettings, context: RunContext) {
  const before = Array.from({ length: settings.flows }, (_, number) => sampleFlow(number));
  const wanted = before.map((flow, number) => (number < changed ? otherwise(flow) : flow));
  const desired = wanted.map(({ priority, match, instructions }) => {
    return { tableId: 0, priority: priority!, match: match!, instructions: instructions! };
  });
  const input = Array.from(before, (_, number) => {
    const text = sampleFlowText(number);
    return number < changed ? text.replace(/output:\d+/, `output:${OTHER_PORT}`) : text;
  }).join('');
  return measureOnSwitch(settings, context, (target) => {
    let isFull = false;
    return {
      name,
      title: `flows, of which ${changed} are to be changed`,
      unit: 'flows',
      method: [
        'time: from the request for the flows that are there until the switch has confirmed the changes, or until',
        '  ovs-ofctl ends; each has the flows that should be there in memory by then, as objects; raw socket: all',
        '  flows read as bytes, then the changes as bytes, without finding out which they are',
      ],
      ours: [
        session(target, 'galago', async (sw) => {
          const done = await sw.reconcile(
            { flows: desired },
            { cookie: 0, cookieMask: 0, timeoutMs: PATIENCE_MS },
          );
          expectChanges(done, changed);
        }),
      ],
      peers: [ovsOfctl(target, { command: 'replace-flows', input })],
      limits: [rawReconcile(target, before.slice(0, changed).map(otherwise))],
      figures: (results) => [ratioFigure(results, 'galago', 'ovs-ofctl replace-flows', 2)],
      async prepare(control) {
        if (!isFull) await empty(control);
        await sendFlows(control, isFull ? before.slice(0, changed) : before, PATIENCE_MS);
        isFull = true;
      },
      async verify(control) {
        await expectFlows(control, settings.flows);
        await expectFlows(control, changed, OTHER_PORT);
      },
    };
  });
}

function otherwise(flow: FlowModInit): FlowModInit {
  const key = flow.match!.tunnelId as number;
  return {
    ...flow,
    instructions: [{ type: 'applyActions', actions: [setField('tunnelId', key), output(OTHER_PORT)] }],
  };
}

function expectChanges(
  { added, changed, deleted }: Readonly<Record<'added' | 'changed' | 'deleted', number>>,
  expected: number,
): void {
  if (added === 0 && deleted === 0 && changed === expected) return;
  throw new GalagoError(
    'BENCH_CHANGES_WRONG',
    `${added} flows were added, ${changed} changed and ${deleted} deleted, expected ${expected} changed`,
  );
}
