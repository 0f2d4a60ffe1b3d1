import { ALL_TABLES, connectSwitch, type Switch } from 'galago/ofp';
import { GalagoError, UsageError } from '../src/util/errors.ts';
import { Lab, missingRequirements, run } from '../test/lab/index.ts';
import { galago, ovsOfctl, rawSocket, type Target } from './flow-mod-contenders.ts';
import type { Bench, Report } from './harness/bench.ts';
import { type Comparison, compare, comparisonTable, formatSeconds } from './harness/comparison.ts';
import { idle } from './harness/cpu.ts';
import { type Contender, takeTurns } from './harness/rounds.ts';
import { formatCount } from './harness/table.ts';
import { SAMPLE_FLOW } from './sample-flow.ts';

/** Fills a real Open vSwitch with flows: the library against `ovs-ofctl` and against a bare socket. */
export const flowMod: Bench<'flows' | 'rounds'> = {
  name: 'flow-mod',
  summary: 'flow-mods into a real Open vSwitch, until the barrier reply',
  options: {
    flows: { default: 100_000, summary: 'flow-mods a turn' },
    rounds: { default: 5, summary: 'turns of each contender' },
  },
  async run({ flows, rounds }) {
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
    return await measure(target, control, flows, rounds);
  },
};

async function measure(target: Target, control: Switch, flows: number, rounds: number): Promise<Report> {
  const skipped: string[] = [];
  const peers: Contender[] = [];
  if ((await versionOf('ovs-ofctl')) === undefined)
    skipped.push('ovs-ofctl is not installed (apt-get install openvswitch-switch)');
  else peers.push(ovsOfctl(target, flows, ['--bundle']), ovsOfctl(target, flows, []));
  const contenders = [galago(target, flows), ...peers, rawSocket(target, flows)];
  const all = await takeTurns(contenders, {
    rounds,
    prepare: () => empty(control, target),
    verify: () => expectFlows(control, flows),
    onTurn: (round, { name }) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Kround ${round} of ${rounds}: ${name}\r`);
    },
  });
  const results = compare(all, flows);
  return {
    title: `${formatCount(flows)} ${SAMPLE_FLOW} and one barrier, ${rounds} rounds`,
    method: [
      'time: from the first byte sent until the barrier is answered, or until ovs-ofctl ends; each has all flows in',
      '  memory by then, as objects (raw socket: as bytes), and after each turn the switch is asked whether it has them',
      ...results.flatMap((result) => commandRemark(result, flows)),
      'CPU: in the same time, medians, from /proc/PID/stat',
      `switch: ${await versionOf('ovs-vswitchd')}, userspace datapath, through its Unix socket`,
    ],
    table: comparisonTable(results, 'flow-mods', ['client', 'switch']),
    results,
    skipped,
    errors: results.flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`)),
  };
}

/** What the table leaves out of a command's time. */
function commandRemark({ name, measured }: Comparison, flows: number): string[] {
  if (measured?.commandMs === undefined) return [];
  const { median } = measured.commandMs;
  const rate = `${formatCount((flows * 1000) / median)} flow-mods/s`;
  return [
    `${name}: with its start and its reading of the flows as text, ${formatSeconds(median)} s (${rate})`,
  ];
}

/** Deletes all flows and waits until the switch has nothing left to do. */
async function empty(control: Switch, target: Target): Promise<void> {
  control.send({ type: 'flowMod', command: 'delete', tableId: ALL_TABLES });
  await control.barrier();
  await idle(target.vswitchdPid);
}

async function expectFlows(control: Switch, expected: number): Promise<void> {
  const { flowCount } = await control.multipart('aggregate');
  if (flowCount !== expected) {
    throw new GalagoError('BENCH_FLOWS_MISSING', `the switch has ${flowCount} flows, expected ${expected}`);
  }
}

/** The first line of `COMMAND --version`; undefined when it is not installed. */
async function versionOf(command: string): Promise<string | undefined> {
  try {
    return (await run(command, ['--version'])).split('\n')[0];
  } catch {
    return undefined;
  }
}
