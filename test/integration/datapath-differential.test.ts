import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { DummySwitch } from './differential/dummy-switch.ts';
import { differencesBetween } from './differential/random-cases.ts';
import { SLICE } from './differential/slice.ts';
import { SoftwareSwitch } from './differential/software-switch.ts';

const DEAD_PORT = 5;
const { cases: CASES, seed: SEED, ports: PORTS } = SLICE;
const TIMEOUT_MS = 60_000 + CASES * 100;

describeWithLab(`the software switch beside Open vSwitch, seed ${SEED}`, () => {
  let lab: Lab;
  let real: DummySwitch;
  let ours: SoftwareSwitch;

  beforeAll(async () => {
    lab = await Lab.create();
    const env = { GALAGO_LAB: lab.dir };
    real = await DummySwitch.start(join(lab.dir, 'dummy'), [...PORTS, DEAD_PORT], env, {
      deadPortNos: [DEAD_PORT],
    });
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
      expect((await differencesBetween(real, ours, SLICE)).join('\n\n')).toBe('');
    },
    TIMEOUT_MS,
  );
});
