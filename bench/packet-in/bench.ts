import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { GalagoError } from '../../src/util/errors.ts';
import { run } from '../../test/lab/index.ts';
import type { Bench, Report } from '../harness/bench.ts';
import { compare, comparisonTable } from '../harness/comparison.ts';
import { cpuMs } from '../harness/cpu.ts';
import { type Contender, type Role, type Turn, takeTurns } from '../harness/rounds.ts';
import { formatCount } from '../harness/table.ts';
import { type Controller, canned, galago, lean, testcontroller } from './controllers.ts';

interface Settings {
  readonly switches: number;
  readonly window: number;
  readonly answers: number;
  readonly rounds: number;
}

/** Learning switches against each other: packet-ins answered with a flow-mod and a packet-out. */
export const packetIn: Bench<keyof Settings> = {
  name: 'packet-in',
  summary: 'packet-ins learnt from and answered with a flow-mod and a packet-out',
  options: {
    switches: { default: 16, summary: 'switches connected at a time' },
    window: { default: 64, summary: 'packet-ins of each switch that wait for their answer' },
    answers: { default: 100_000, summary: 'answers a turn, behind those to warm up' },
    rounds: { default: 5, summary: 'turns of each contender' },
  },
  run: measure,
};

async function measure(settings: Settings): Promise<Report> {
  const { switches, window, answers, rounds } = settings;
  const contender = (name: string, role: Role, start: (path: string) => Promise<Controller>): Contender => {
    return { name, role, turn: () => answerAll(settings, start) };
  };
  const hasPeer = await isInstalled('ovs-testcontroller');
  const contenders = [
    contender('galago', 'ours', galago),
    ...(hasPeer ? [contender('ovs-testcontroller', 'peer', testcontroller)] : []),
    contender('lean, by hand', 'limit', lean),
    contender('canned answers', 'limit', canned),
  ];
  const nothing = async () => {};
  const all = await takeTurns(contenders, { rounds, prepare: nothing, verify: nothing });
  const results = compare(all, answers);
  return {
    title: `${formatCount(answers)} packet-ins of ${switches} switches answered, window ${window}, ${rounds} rounds`,
    method: [
      'time: of the answers (flow-mod and packet-out) that come after each address has been seen twice; the switches',
      '  are a thread of this process, the controllers run in its main thread, ovs-testcontroller by itself',
      'lean, by hand: code for these packets alone, without any checks; canned answers: the same bytes for everything',
      'CPU: of the controller, for ours together with the switches',
    ],
    table: comparisonTable(results, 'answers', ['client']),
    results,
    skipped: hasPeer
      ? []
      : ['ovs-testcontroller is not installed (apt-get install openvswitch-testcontroller)'],
    errors: results.flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`)),
  };
}

async function answerAll(settings: Settings, start: (path: string) => Promise<Controller>): Promise<Turn> {
  const directory = await mkdtemp(join(tmpdir(), 'galago-bench-'));
  const path = join(directory, 'controller');
  const controller = await start(path);
  try {
    await listening(path);
    return await runSwitches({ ...settings, path }, controller.pid ?? process.pid);
  } finally {
    await controller.close();
    await rm(directory, { recursive: true });
  }
}

async function listening(path: string): Promise<void> {
  const end = performance.now() + START_MS;
  while (!existsSync(path)) {
    if (performance.now() > end) throw new GalagoError('BENCH_PEER_FAILED', 'the controller does not listen');
    await delay(10);
  }
}

/** Starts the switches; resolves when they have their answers. */
async function runSwitches(workerData: object, pid: number): Promise<Turn> {
  const worker = new Worker(new URL('./switches.js', import.meta.url), { workerData });
  try {
    return await new Promise((resolve, reject) => {
      let before = 0;
      worker.on('error', reject);
      worker.on('exit', () =>
        reject(new GalagoError('BENCH_SWITCH_FAILED', 'the switches were disconnected')),
      );
      worker.on('message', ({ error, elapsedMs }: { error?: string; elapsedMs?: number }) => {
        if (error !== undefined) reject(new GalagoError('BENCH_SWITCH_FAILED', `a switch failed: ${error}`));
        else if (elapsedMs === undefined) before = cpuMs(pid);
        else resolve({ elapsedMs, cpuMs: { client: cpuMs(pid) - before } });
      });
      setTimeout(
        () => reject(new GalagoError('BENCH_NO_ANSWERS', 'no answers in time')),
        PATIENCE_MS,
      ).unref();
    });
  } finally {
    await worker.terminate();
  }
}

/** The controller may take this long until it listens. */
const START_MS = 5000;
/** The controller may take this long for all of a turn. */
const PATIENCE_MS = 60_000;

async function isInstalled(command: string): Promise<boolean> {
  try {
    await run(command, ['--version']);
    return true;
  } catch {
    return false;
  }
}
