import { RemoteError } from '../../src/util/errors.ts';
import type { Bench, Report, RunContext } from '../harness/bench.ts';
import { type Figure, ratioFigure } from '../harness/check.ts';
import { type Comparison, compare, rateTable } from '../harness/comparison.ts';
import { cpuMs } from '../harness/cpu.ts';
import { ratePlot } from '../harness/plot.ts';
import { type Contender, type Turn, takeTurns } from '../harness/rounds.ts';
import { formatRounds } from '../harness/table.ts';
import {
  CANNED,
  type Controller,
  type ControllerKind,
  GALAGO,
  LEAN,
  OS_KEN,
  TESTCONTROLLER,
} from './controllers.ts';
import { present, versions } from './present.ts';
import { Switches } from './switches.ts';

interface Settings {
  readonly switches: number;
  readonly window: number;
  readonly ms: number;
  readonly rounds: number;
}

const OPTIONS = {
  switches: { default: 16, summary: 'switches connected at a time' },
  window: { default: 64, summary: 'packet-ins of each switch that wait for their answer' },
  ms: { default: 1000, summary: 'milliseconds a turn, after those to warm up' },
  rounds: { default: 5, summary: 'turns of each contender' },
} as const;

const KINDS = [GALAGO, TESTCONTROLLER, OS_KEN, LEAN, CANNED];

/** Learning switches against each other, with as much to do as they can: what they can do in a second. */
export const packetIn: Bench<keyof Settings> = {
  name: 'packet-in',
  summary: 'packet-ins learnt from and answered with a flow-mod and a packet-out, many at a time',
  options: OPTIONS,
  run: (settings, context) =>
    measure('packet-in', settings, context, (results) => [
      ratioFigure(results, GALAGO.name, TESTCONTROLLER.name, 5),
      ratioFigure(results, GALAGO.name, LEAN.name, 0.5),
    ]),
};

/** The same with one packet of each switch at a time: how soon they answer. */
export const packetInOne: Bench<keyof Settings> = {
  name: 'packet-in-one',
  summary: 'the same, one packet-in of each switch at a time',
  options: { ...OPTIONS, window: { ...OPTIONS.window, default: 1 } },
  run: (settings, context) =>
    measure('packet-in-one', settings, context, (results) => [
      ratioFigure(results, GALAGO.name, TESTCONTROLLER.name, 1.1),
    ]),
};

async function measure(
  name: string,
  settings: Settings,
  { profiler }: RunContext,
  figures: (results: readonly Comparison[]) => readonly Figure[],
): Promise<Report> {
  const { switches, window, rounds } = settings;
  const { kinds, skipped } = await present(KINDS);
  await using load = await Switches.start();
  await using running = await startAll(kinds);
  const save = (kind: ControllerKind) => {
    if (profiler === undefined || kind.role !== 'ours') return undefined;
    return (controller: Controller) =>
      controller.stopProfile?.().then((profile) => profiler.save(kind.name, profile));
  };
  const contenders = kinds.map((kind, i): Contender => {
    return { ...kind, turn: () => turn(load, running.controllers[i]!, settings, save(kind)) };
  });
  const nothing = async () => {};
  const all = await takeTurns(contenders, { rounds, prepare: nothing, verify: nothing });
  const results = compare(all);
  const title = `packet-ins of ${switches} switches answered, window ${window}`;
  return {
    title: `${title}, ${formatRounds(rounds)} of ${settings.ms} ms`,
    method: [...METHOD, ...(await versions(kinds))],
    table: rateTable(results, 'answers', ['controller', 'switches']),
    results,
    figures: figures(results),
    plots: [ratePlot(name, title, 'answers', results)],
    skipped,
    errors: results.flatMap(({ name: who, errors }) => errors.map((error) => `${who}: ${error}`)),
  };
}

async function turn(
  load: Switches,
  controller: Controller,
  { switches, window, ms }: Settings,
  saveProfile?: (controller: Controller) => Promise<void> | undefined,
): Promise<Turn> {
  const { pid, port } = controller;
  const used = () => ({ controller: cpuMs(pid), switches: cpuMs(load.pid) });
  let before = used();
  if (saveProfile !== undefined) await controller.startProfile?.();
  const { answers, flowMods, elapsedMs } = await load.load({ port, switches, window, durationMs: ms }, () => {
    before = used();
  });
  const after = used();
  await saveProfile?.(controller);
  // All addresses are known by then; a flow-mod and its packet-out may be on either side of the end.
  if (flowMods + 2 * switches * window < answers) {
    throw new RemoteError('BENCH_ANSWERS_WRONG', `only ${flowMods} flow-mods with ${answers} packet-outs`);
  }
  return {
    count: answers,
    elapsedMs,
    cpuMs: {
      controller: after.controller - before.controller,
      switches: after.switches - before.switches,
    },
  };
}

const METHOD = [
  'answer: flow-mod and packet-out for a packet between addresses that the controller has learnt; counted when each',
  '  address has been seen twice; the controllers go on running from turn to turn, the connections are new in each',
  'the controller under test is a process of its own with a CPU of its own, the switches are another process, on',
  '  another CPU where there is one; loopback TCP',
  'lean, by hand: code for these packets alone, without any checks; canned answers: the same bytes for everything',
  'CPU: microseconds of the controller and of the switches an answer, from /proc/PID/stat',
];

/** Starts one of each; if one cannot be started, none is left running. */
async function startAll(kinds: readonly ControllerKind[]) {
  const controllers: Controller[] = [];
  const close = async () => {
    await Promise.all(controllers.map((controller) => controller.close()));
  };
  try {
    for (const kind of kinds) controllers.push(await kind.start());
  } catch (error) {
    await close();
    throw error;
  }
  return { controllers, [Symbol.asyncDispose]: close };
}
