import type { Tunnel } from '../../../src/datapath/packet/tunnel.ts';
import type { MessageInit } from '../../../src/ofp/message.ts';
import { Random } from '../../fuzz/random.ts';
import type { Contender } from './contender.ts';
import type { DummySwitch } from './dummy-switch.ts';
import { randomFrame } from './random-frames.ts';
import { randomTables } from './random-tables.ts';
import type { SoftwareSwitch } from './software-switch.ts';

/** How much is compared, and what of it is another than usual. */
export interface RandomCases {
  readonly seed: number;
  /** Packets in all; `packets` of them meet the same tables. */
  readonly cases: number;
  readonly packets: number;
  /** Flows of a switch. */
  readonly flows: number;
  readonly ports: readonly number[];
  readonly change?: (random: Random, message: MessageInit) => MessageInit;
  readonly tunnelOf?: (random: Random, port: number) => Tunnel | undefined;
}

const MAX_DIFFERENCES = 10;

/** What two switches do otherwise, with random tables and packets. */
export async function differencesBetween(
  real: DummySwitch,
  ours: SoftwareSwitch,
  options: RandomCases,
): Promise<readonly string[]> {
  const differences: string[] = [];
  for (let done = 0; done < options.cases && differences.length < MAX_DIFFERENCES; done += options.packets)
    differences.push(...(await differencesOf(real, ours, options, done)));
  return differences;
}

/** Those of one set of tables. @param done how many packets there have been */
async function differencesOf(
  real: DummySwitch,
  ours: SoftwareSwitch,
  { seed, packets, flows, ports, change, tunnelOf }: RandomCases,
  done: number,
): Promise<readonly string[]> {
  const differences: string[] = [];
  const both = async <T>(ask: (of: Contender) => Promise<T>): Promise<[T, T]> => [
    await ask(real),
    await ask(ours),
  ];
  const random = new Random(seed + done);
  const { scene, texts, messages, isCounted, isSettled } = randomTables(random, flows, done / packets);
  const changed = change === undefined ? messages : messages.map((message) => change(random, message));
  const [theirErrors, ourErrors] = await both((of) => of.load(changed));
  for (const [i, text] of texts.entries()) {
    if (theirErrors[i] !== ourErrors[i])
      differences.push(`${text}\n  Open vSwitch: ${theirErrors[i]}\n  ours: ${ourErrors[i]}`);
  }
  if (differences.length > 0) return differences;
  for (let i = 0; i < packets; i++) {
    const port = random.pick(ports);
    const frame = randomFrame(random);
    const tunnel = tunnelOf?.(random, port);
    const [theirs, our] = await both((of) => of.inject(port, frame, tunnel));
    if (isSettled) await real.settle();
    if (JSON.stringify(theirs) === JSON.stringify(our)) continue;
    differences.push(
      [
        `seed ${seed + done}, ${scene.name}, port ${port}, frame ${frame.toString('hex')}`,
        ...(tunnel === undefined ? [] : [`tunnel ${JSON.stringify(tunnel)}`]),
        `Open vSwitch: ${JSON.stringify(theirs, null, 1)}`,
        `ours: ${JSON.stringify(our, null, 1)}`,
        await real.trace(port, frame),
      ].join('\n'),
    );
  }
  if (!isCounted) return differences;
  const [theirFlows, ourFlows] = await both((of) => of.state());
  for (const flow of theirFlows)
    if (!ourFlows.includes(flow)) differences.push(`seed ${seed + done}, Open vSwitch has\n  ${flow}`);
  for (const flow of ourFlows)
    if (!theirFlows.includes(flow)) differences.push(`seed ${seed + done}, ours has\n  ${flow}`);
  return differences;
}
