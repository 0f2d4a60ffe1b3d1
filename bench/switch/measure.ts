import { ALL_TABLES, connectSwitch, type FlowModInit, type Switch } from 'galago/ofp';
import { GalagoError, UsageError } from '../../src/util/errors.ts';
import { Lab, missingRequirements } from '../../test/lab/index.ts';
import type { Report, RunContext } from '../harness/bench.ts';
import type { Figure } from '../harness/check.ts';
import { type Comparison, compare, comparisonTable, formatSeconds } from '../harness/comparison.ts';
import { idle } from '../harness/cpu.ts';
import { versionOf } from '../harness/installed.ts';
import { ratePlot } from '../harness/plot.ts';
import { profiledTurns } from '../harness/profile.ts';
import { type Contender, PATIENCE_MS, takeTurns } from '../harness/rounds.ts';
import { formatCount, formatRounds } from '../harness/table.ts';
import { OsKenClient } from '../os-ken/client.ts';
import { OS_KEN_MISSING } from '../os-ken/os-ken.ts';
import type { Target } from './target.ts';

/** The options of the benches that have a real switch do something to flows. */
export const FLOW_OPTIONS = {
  flows: { default: 100_000, summary: 'flows a turn' },
  rounds: { default: 5, summary: 'turns of each contender' },
} as const;

/** What the contenders do, and how it is seen to. */
export interface FlowWork {
  /** The bench's, also of its plot. */
  readonly name: string;
  /** In one line, without number and rounds. */
  readonly title: string;
  /** What is counted. */
  readonly unit: string;
  readonly method: readonly string[];
  readonly ours: readonly Contender[];
  readonly peers: readonly Contender[];
  /** The job of `bench/os-ken/client.py` that makes os-ken another peer, if there is one. */
  readonly osKenJob?: string;
  readonly limits: readonly Contender[];
  /** What should be reached. */
  figures(results: readonly Comparison[]): readonly Figure[];
  /** Brings the switch to where a turn begins. */
  prepare(control: Switch): Promise<void>;
  /** Looks whether the switch is where a turn ends. */
  verify(control: Switch): Promise<void>;
}

/** The settings of {@link FLOW_OPTIONS}. */
export interface FlowSettings {
  readonly flows: number;
  readonly rounds: number;
}

/**
 * Starts a real Open vSwitch and lets the contenders do their work on it by turns.
 * @throws UsageError `BENCH_REQUIREMENTS_MISSING`
 */
export async function measureOnSwitch(
  { flows, rounds }: FlowSettings,
  { profiler }: RunContext,
  describeWork: (target: Target) => FlowWork,
): Promise<Report> {
  const missing = missingRequirements();
  if (missing.length > 0) {
    throw new UsageError(
      'BENCH_REQUIREMENTS_MISSING',
      `needs a real Open vSwitch of its own: ${missing.join(', ')}`,
    );
  }
  await using lab = await Lab.create();
  const { ovs, bridge } = await lab.addSwitch();
  const target = { path: ovs.mgmt(bridge), vswitchdPid: ovs.vswitchdPid! };
  await using control = await connectSwitch(`unix:${target.path}`);
  const work = describeWork(target);
  const osKenVersion = work.osKenJob === undefined ? undefined : await versionOf('osken-manager');
  await using osKen =
    osKenVersion === undefined ? undefined : new OsKenClient(target.path, target.vswitchdPid);
  const peers = osKen === undefined ? work.peers : [...work.peers, osKen.contender(work.osKenJob!)];
  const all = await takeTurns([...work.ours, ...peers, ...work.limits], {
    rounds,
    async prepare() {
      await work.prepare(control);
      await control.barrier();
      await idle(target.vswitchdPid);
    },
    verify: () => work.verify(control),
    around: profiledTurns(profiler),
    onTurn: (round, { name }) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Kround ${round} of ${rounds}: ${name}\r`);
    },
  });
  const results = compare(all, flows);
  return {
    title: `${formatCount(flows)} ${work.title}, ${formatRounds(rounds)}`,
    method: [
      ...work.method,
      ...results.flatMap((result) => [...commandRemark(result), ...patienceRemark(result, rounds)]),
      'CPU: in the same time, medians, from /proc/PID/stat or, of this process, getrusage(2)',
      `switch: ${await versionOf('ovs-vswitchd')}, userspace datapath, through its Unix socket`,
      ...(osKenVersion === undefined ? [] : [`os-ken: ${osKenVersion}`]),
    ],
    table: comparisonTable(results, work.unit, ['client', 'switch']),
    results,
    figures: work.figures(results),
    plots: [ratePlot(work.name, `${formatCount(flows)} ${work.title}`, work.unit, results)],
    skipped: work.osKenJob === undefined || osKen !== undefined ? [] : [OS_KEN_MISSING],
    errors: results.flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`)),
  };
}

/** Deletes all flows. */
export async function empty(control: Switch): Promise<void> {
  control.send({ type: 'flowMod', command: 'delete', tableId: ALL_TABLES });
  await control.barrier();
}

/** Sends flow-mods as fast as the switch takes them, and waits until it has carried them out. */
export async function sendFlows(
  sw: Switch,
  messages: Iterable<FlowModInit>,
  timeoutMs?: number,
): Promise<void> {
  for (const message of messages) if (!sw.send(message)) await sw.drained();
  await sw.barrier(timeoutMs === undefined ? {} : { timeoutMs });
}

/** @throws GalagoError `BENCH_FLOWS_WRONG` when the switch has another number of flows, of those with the output. */
export async function expectFlows(control: Switch, expected: number, outPort?: number): Promise<void> {
  const filter = outPort === undefined ? {} : { outPort };
  const { flowCount } = await control.multipart('aggregate', filter);
  if (flowCount === expected) return;
  const which = outPort === undefined ? 'flows' : `flows to port ${outPort}`;
  throw new GalagoError('BENCH_FLOWS_WRONG', `the switch has ${flowCount} ${which}, expected ${expected}`);
}

/** What the table leaves out of a command's time. */
function commandRemark({ name, measured }: Comparison): string[] {
  if (measured?.commandMs === undefined) return [];
  return [
    `${name}: with its start and its reading of the flows as text, ${formatSeconds(measured.commandMs.median)} s`,
  ];
}

function patienceRemark({ name, measured, errors }: Comparison, rounds: number): string[] {
  if (measured === undefined || measured.turns + errors.length === rounds) return [];
  return [`${name}: only ${measured.turns} turns, which took more than ${PATIENCE_MS / 1000} s together`];
}
