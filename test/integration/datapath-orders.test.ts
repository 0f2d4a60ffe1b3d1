import { once } from 'node:events';
import { createConnection } from 'node:net';
import { duplexPair } from 'node:stream';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { SoftSwitch } from '../../src/datapath/index.ts';
import { systemTimer } from '../../src/util/timer.ts';
import { Lab } from '../lab/index.ts';
import { firstDifference } from './compare-switches.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { SwitchUnderTest } from './switch-under-test.ts';

/** `GALAGO_ORDERS_CASES=10000 GALAGO_ORDERS_SEED=1 npm run jest -- test/integration/datapath-orders.test.ts` */
const CASES = Number(process.env.GALAGO_ORDERS_CASES ?? 400);
const SEED = Number(process.env.GALAGO_ORDERS_SEED ?? 1);

describeWithLab('a SoftSwitch beside an Open vSwitch', () => {
  let lab: Lab;
  let real: SwitchUnderTest;
  let made: SoftSwitch;
  let soft: SwitchUnderTest;

  beforeAll(async () => {
    lab = await Lab.create();
    const host = await lab.addSwitch();
    for (const ofport of [1, 2, 3])
      await host.ovs.vsctl(
        ...['add-port', host.bridge, `p${ofport}`, '--', 'set', 'Interface', `p${ofport}`, 'type=internal'],
        `ofport_request=${ofport}`,
      );
    real = await SwitchUnderTest.open(async () => {
      const socket = createConnection(host.ovs.mgmt(host.bridge));
      await once(socket, 'connect');
      return socket;
    });
    made = new SoftSwitch({
      datapathId: 1,
      ports: await real.ports(),
      clock: { now: () => 0, setTimer: systemTimer },
    });
    soft = await SwitchUnderTest.open(() => {
      const [ours, theirs] = duplexPair();
      made.connect(theirs);
      return ours;
    });
  });

  afterAll(async () => {
    real?.close();
    soft?.close();
    await made?.close();
    await lab?.close();
  });

  jest.setTimeout(60_000 + CASES * 100);

  it('answers random orders, good and bad, with the same errors, and has the same afterwards', async () => {
    expect(await firstDifference(real, soft, { seed: SEED, cases: CASES })).toBeUndefined();
  });
});
