import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Random } from '../fuzz/random.ts';
import { Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import type { Contender } from './differential/contender.ts';
import { DummySwitch } from './differential/dummy-switch.ts';
import { randomFrame } from './differential/random-frames.ts';
import { randomTables } from './differential/random-tables.ts';
import { SLICE } from './differential/slice.ts';
import { SoftwareSwitch } from './differential/software-switch.ts';

const DEAD_PORT = 5;
const { cases: CASES, seed: SEED, flows: FLOWS, packets: PACKETS, ports: PORTS } = SLICE;
const TIMEOUT_MS = 60_000 + CASES * 100;

describeWithLab(`the software switch beside Open vSwitch, seed ${SEED}`, () => {
  let lab: Lab;
  let real: DummySwitch;
  let ours: SoftwareSwitch;

  beforeAll(async () => {
    lab = await Lab.create();
    const env = { GALAGO_LAB: lab.dir };
    real = await DummySwitch.start(join(lab.dir, 'dummy'), [...PORTS, DEAD_PORT], env, [DEAD_PORT]);
    ours = await SoftwareSwitch.start(join(lab.dir, 'ours.sock'), real.session.ports.values());
  });

  afterAll(async () => {
    await ours?.close();
    await real?.close();
    await lab?.close();
  });

  it(
    `does the same to ${CASES} packets`,
    async () => {
      const differences: string[] = [];
      for (let done = 0; done < CASES && differences.length < 10; done += PACKETS) {
        const random = new Random(SEED + done);
        const { scene, texts, messages, isCounted, isSettled } = randomTables(random, FLOWS, done / PACKETS);
        const [theirErrors, ourErrors] = await both((of) => of.load(messages));
        for (const [i, text] of texts.entries()) {
          if (theirErrors[i] !== ourErrors[i])
            differences.push(`${text}\n  Open vSwitch: ${theirErrors[i]}\n  ours: ${ourErrors[i]}`);
        }
        if (differences.length > 0) break;
        for (let i = 0; i < PACKETS; i++) {
          const port = random.pick(PORTS);
          const frame = randomFrame(random);
          const [theirs, our] = await both((of) => of.inject(port, frame));
          if (isSettled) await real.settle();
          if (JSON.stringify(theirs) === JSON.stringify(our)) continue;
          differences.push(
            [
              `seed ${SEED + done}, ${scene.name}, port ${port}, frame ${frame.toString('hex')}`,
              `Open vSwitch: ${JSON.stringify(theirs, null, 1)}`,
              `ours: ${JSON.stringify(our, null, 1)}`,
              await real.trace(port, frame),
            ].join('\n'),
          );
        }
        if (!isCounted) continue;
        const [theirFlows, ourFlows] = await both((of) => of.state());
        for (const flow of theirFlows)
          if (!ourFlows.includes(flow)) differences.push(`seed ${SEED + done}, Open vSwitch has\n  ${flow}`);
        for (const flow of ourFlows)
          if (!theirFlows.includes(flow)) differences.push(`seed ${SEED + done}, ours has\n  ${flow}`);
      }
      expect(differences.join('\n\n')).toBe('');
    },
    TIMEOUT_MS,
  );

  async function both<T>(ask: (of: Contender) => Promise<T>): Promise<[T, T]> {
    return [await ask(real), await ask(ours)];
  }
});
