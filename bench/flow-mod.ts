import type { FlowModInit, Switch } from 'galago/ofp';
import type { Bench } from './harness/bench.ts';
import { cpuFigure, ratioFigure } from './harness/check.ts';
import { SAMPLE_FLOW, sampleFlow, sampleFlowText } from './sample-flow.ts';
import {
  empty,
  expectFlows,
  FLOW_OPTIONS,
  type FlowSettings,
  measureOnSwitch,
  sendFlows,
} from './switch/measure.ts';
import { ovsOfctl } from './switch/ovs-ofctl.ts';
import { rawBundle, rawLanes, rawSocket } from './switch/raw-socket.ts';
import { lanes, PATIENCE_MS, session } from './switch/target.ts';

/** Fills a real Open vSwitch with flows: the library against `ovs-ofctl` and against a bare socket. */
export const flowMod: Bench<keyof FlowSettings> = {
  name: 'flow-mod',
  summary: 'flow-mods into a real Open vSwitch, until the barrier reply',
  options: FLOW_OPTIONS,
  run: (settings, context) =>
    measureOnSwitch(settings, context, (target) => {
      const messages = flowMods(settings.flows);
      const input = Array.from(messages, (_, number) => sampleFlowText(number)).join('');
      return {
        name: 'flow-mod',
        title: `${SAMPLE_FLOW} and one barrier`,
        unit: 'flow-mods',
        method: [
          ...METHOD,
          `${LANES} lanes: over so many sessions with the switch at once, each of which ends with a barrier`,
        ],
        ours: [
          session(target, 'galago', (sw) => sendFlows(sw, messages, PATIENCE_MS)),
          lanes(target, `galago, ${LANES} lanes`, LANES, (opened) =>
            opened.sendAll(messages, { timeoutMs: PATIENCE_MS }),
          ),
        ],
        peers: [['--bundle'], []].map((options) =>
          ovsOfctl(target, { command: 'add-flows', options, input }),
        ),
        osKenJob: `fill ${settings.flows}`,
        limits: [
          rawSocket(target, 'raw socket', [...messages, { type: 'barrierRequest' }]),
          rawLanes(target, `raw socket, ${LANES} lanes`, LANES, messages),
        ],
        figures: (results) => [
          ratioFigure(results, 'galago', 'ovs-ofctl --bundle add-flows', 1.4),
          ratioFigure(results, `galago, ${LANES} lanes`, 'ovs-ofctl --bundle add-flows', 1.4),
          ratioFigure(results, 'galago', 'raw socket', 0.85),
          cpuFigure(results, 'galago', 'client', (0.2 * settings.flows) / 100_000),
        ],
        prepare: empty,
        verify: (control) => expectFlows(control, settings.flows),
      };
    }),
};

/** The same flows, all or nothing. */
export const bundle: Bench<keyof FlowSettings> = {
  name: 'bundle',
  summary: 'the same flow-mods in one atomic bundle, until it is committed',
  options: FLOW_OPTIONS,
  run: (settings, context) =>
    measureOnSwitch(settings, context, (target) => {
      const messages = flowMods(settings.flows);
      const input = Array.from(messages, (_, number) => sampleFlowText(number)).join('');
      return {
        name: 'bundle',
        title: `${SAMPLE_FLOW} in one atomic bundle`,
        unit: 'flow-mods',
        method: METHOD,
        ours: [session(target, 'galago', (sw) => sendBundle(sw, messages))],
        peers: [ovsOfctl(target, { command: 'add-flows', options: ['--bundle'], input })],
        limits: [rawBundle(target, messages)],
        figures: (results) => [ratioFigure(results, 'galago', 'raw socket, bundle', 0.85)],
        prepare: empty,
        verify: (control) => expectFlows(control, settings.flows),
      };
    }),
};

/** Deletes each flow by itself. */
export const deletes: Bench<keyof FlowSettings> = {
  name: 'deletes',
  summary: 'strict deletes of every flow, until the barrier reply or the commit',
  options: FLOW_OPTIONS,
  run: (settings, context) =>
    measureOnSwitch(settings, context, (target) => {
      const flows = flowMods(settings.flows);
      const messages = flows.map(({ priority, match }): FlowModInit => {
        return { type: 'flowMod', command: 'deleteStrict', priority: priority!, match: match! };
      });
      const input = Array.from(flows, (_, number) => sampleFlowText(number).replace(/,actions=.*/, '')).join(
        '',
      );
      const peer = (...options: string[]) =>
        ovsOfctl(target, { command: 'del-flows', options: ['--strict', ...options], input });
      return {
        name: 'deletes',
        title: 'strict deletes, and one barrier or one bundle',
        unit: 'deletes',
        method: METHOD,
        ours: [
          session(target, 'galago', (sw) => sendFlows(sw, messages, PATIENCE_MS)),
          session(target, 'galago, bundle', (sw) => sendBundle(sw, messages)),
        ],
        peers: [peer('--bundle'), peer()],
        limits: [
          rawSocket(target, 'raw socket', [...messages, { type: 'barrierRequest' }]),
          rawBundle(target, messages),
        ],
        figures: (results) =>
          ['galago', 'galago, bundle'].map((name) =>
            ratioFigure(results, name, 'ovs-ofctl --strict --bundle del-flows', 1.4),
          ),
        prepare: (control) => sendFlows(control, flows, PATIENCE_MS),
        verify: (control) => expectFlows(control, 0),
      };
    }),
};

const LANES = 4;

const METHOD = [
  'time: from the first byte sent until the last answer, or until ovs-ofctl ends; each has all flows in memory by',
  '  then, as objects (raw socket: as bytes), and after each turn the switch is asked whether it has done the work',
];

function flowMods(count: number): FlowModInit[] {
  return Array.from({ length: count }, (_, number) => sampleFlow(number));
}

function sendBundle(sw: Switch, messages: readonly FlowModInit[]): Promise<void> {
  return sw.bundle(
    (add) => {
      for (const message of messages) add.send(message);
    },
    { timeoutMs: PATIENCE_MS },
  );
}
