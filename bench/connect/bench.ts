import { UsageError } from '../../src/util/errors.ts';
import { missingRequirements } from '../../test/lab/index.ts';
import type { Bench, Report } from '../harness/bench.ts';
import type { Figure } from '../harness/check.ts';
import { isInstalled, versionOf } from '../harness/installed.ts';
import { type Contender, PATIENCE_MS, type Series, takeTurns } from '../harness/rounds.ts';
import { type Spread, spread } from '../harness/stats.ts';
import { formatRatio, formatRounds, type Table } from '../harness/table.ts';
import { galagoInProcess, galagoProcess, linksAlone, ovsDocker, sequence, type Way } from './contenders.ts';
import { type Newcomer, Scene } from './scene.ts';

/** What users wait for: a container gets an interface in a pod, and reaches somebody. */
export const connect: Bench<'rounds'> = {
  name: 'connect',
  summary: 'a container connected to a pod, and its first ping',
  options: { rounds: { default: 20, inAll: 10, summary: 'containers that each contender connects' } },
  async run({ rounds }, { profiler }): Promise<Report> {
    const missing = missingRequirements();
    if (missing.length > 0) {
      const message = `needs a real Open vSwitch of its own: ${missing.join(', ')}`;
      throw new UsageError('BENCH_REQUIREMENTS_MISSING', message);
    }
    await using scene = await Scene.create();
    const skipped = await missingPeers();
    const ways = [
      galagoProcess(scene, profiler),
      galagoInProcess(scene),
      ...(skipped.length === 0 ? [await ovsDocker(scene)] : []),
      sequence(scene),
      linksAlone(scene),
    ];
    try {
      return await measure(scene, ways, rounds, skipped);
    } finally {
      for (const way of ways) await way.close?.();
    }
  },
};

/** How one contender did. */
interface Result {
  readonly name: string;
  readonly role: Way['role'];
  readonly connectMs: Spread | undefined;
  /** Undefined where nobody can be reached. */
  readonly pingMs: Spread | undefined;
  readonly errors: readonly string[];
}

async function measure(
  scene: Scene,
  ways: readonly Way[],
  rounds: number,
  skipped: readonly string[],
): Promise<Report> {
  const pings = new Map<string, number[]>();
  const contenders: Contender[] = [];
  for (const way of ways) {
    const peer = way.bridge === undefined ? undefined : await scene.newcomer();
    if (peer !== undefined) await way.connect(peer);
    const times: number[] = [];
    pings.set(way.name, times);
    contenders.push(contender(scene, way, peer, times));
  }
  const series = await takeTurns(contenders, {
    rounds,
    patienceMs: 5 * PATIENCE_MS,
    prepare: () => scene.settled(),
    verify: async () => {},
  });
  const results = series.map((one) => resultOf(one, pings.get(one.name)!));
  return {
    title: `containers connected to a pod, one at a time, ${formatRounds(rounds)}`,
    method: [
      'connect: from the start of the command until its end, in a network namespace for the container; Docker is not',
      "  asked (ovs-docker: a script of one line answers in its command's place)",
      'first ping: from then until ping -c 1 to another endpoint of the pod has ended, with the start of ping',
      'the links alone: what Galago has ip and ethtool do, without a switch',
      `switch: ${await versionOf('ovs-vswitchd')}, userspace datapath, with galago agent for Galago`,
    ],
    table: tableOf(results),
    results,
    figures: figuresOf(results),
    skipped,
    errors: results.flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`)),
  };
}

/** What ovs-docker cannot do without. */
async function missingPeers(): Promise<string[]> {
  return (await isInstalled('uuidgen')) ? [] : ['ovs-docker: no uuidgen (apt-get install uuid-runtime)'];
}

function contender(scene: Scene, way: Way, peer: Newcomer | undefined, pings: number[]): Contender {
  return {
    name: way.name,
    role: way.role,
    async turn() {
      const newcomer = await scene.newcomer();
      const begun = performance.now();
      const port = await way.connect(newcomer);
      const elapsedMs = performance.now() - begun;
      try {
        if (peer !== undefined) pings.push(await timeOfPing(newcomer, peer));
      } finally {
        await scene.remove(newcomer, port);
      }
      return { elapsedMs, cpuMs: {} };
    },
  };
}

async function timeOfPing({ container }: Newcomer, peer: Newcomer): Promise<number> {
  const begun = performance.now();
  await container.exec('ping', ['-n', '-c', '1', '-W', '5', peer.ip.split('/', 1)[0]!]);
  return performance.now() - begun;
}

function resultOf({ name, role, turns, errors }: Series, pings: readonly number[]): Result {
  const connectMs = turns.length === 0 ? undefined : spread(turns.map(({ elapsedMs }) => elapsedMs));
  return { name, role, connectMs, pingMs: pings.length === 0 ? undefined : spread(pings), errors };
}

function tableOf(results: readonly Result[]): Table {
  const columns = ['', 'connect ms', 'min..max', 'first ping ms', 'min..max', 'of best peer'];
  const peers = results
    .filter(({ role }) => role === 'peer')
    .flatMap(({ connectMs }) => connectMs?.median ?? []);
  const best = peers.length === 0 ? undefined : Math.min(...peers);
  const rows = results.map(({ name, connectMs, pingMs }) => {
    if (connectMs === undefined) return [name, 'error', '', '', '', ''];
    const ratio = best === undefined ? undefined : connectMs.median / best;
    return [
      name,
      ...cells(connectMs),
      ...(pingMs === undefined ? ['', ''] : cells(pingMs)),
      formatRatio(ratio),
    ];
  });
  return { columns, rows };
}

function cells({ median, min, max }: Spread): string[] {
  return [median.toFixed(0), `${min.toFixed(0)}..${max.toFixed(0)}`];
}

function figuresOf(results: readonly Result[]): Figure[] {
  const find = (name: string) => results.find((one) => one.name === name);
  const command = find(PROCESS);
  const [total, links] = [command?.connectMs?.median, find('the links alone')?.connectMs?.median];
  const own = total === undefined || links === undefined ? undefined : total - links;
  return [
    { what: `${PROCESS}, beyond ip and ethtool`, value: own, bound: 150, kind: 'atMost', unit: ' ms' },
    { what: 'first ping after it', value: command?.pingMs?.median, bound: 50, kind: 'atMost', unit: ' ms' },
  ];
}

const PROCESS = 'galago connect';
