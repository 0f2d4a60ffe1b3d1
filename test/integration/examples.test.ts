import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab, run } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';

/** The arguments of Node that run an example. */
function example(name: string, ...args: readonly string[]): readonly string[] {
  const script = fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url));
  return ['--import', 'tsx', script, ...args];
}

/** Examples import the package by its name; here that is the sources, whether they have been built or not. */
const env = { TSX_TSCONFIG_PATH: fileURLToPath(new URL('./examples.tsconfig.json', import.meta.url)) };

describeWithLab('the example', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.create();
  });

  afterAll(() => lab?.close());

  describe('learning-switch', () => {
    let host: Host;
    let c1: Container;
    let c2: Container;
    let c3: Container;

    const flows = () => host.ovs.ofctl('dump-flows', '--no-stats', host.bridge);

    beforeAll(async () => {
      host = await lab.addSwitch();
      [c1, c2, c3] = await Promise.all([
        host.addContainer({ name: 'ex-c1', address: '10.0.0.1/24' }),
        host.addContainer({ name: 'ex-c2', address: '10.0.0.2/24' }),
        host.addContainer({ name: 'ex-c3', address: '10.0.0.3/24' }),
      ]);
    });

    it('learns where addresses are, follows them when they move, and ends when told', async () => {
      const controller = await host.start(process.execPath, example('learning-switch'), { env });
      await controller.waitForOutput(/^listening on ptcp:6653:127\.0\.0\.1$/m);
      await host.ovs.vsctl('set-controller', host.bridge, 'tcp:127.0.0.1:6653');
      await controller.waitForOutput(/^[0-9a-f]{16} joined$/m);

      await eventually(async () =>
        expect(await c1.ping(c2.ip, { count: 3 })).toMatchObject({ received: 3, duplicates: 0 }),
      );
      await eventually(async () =>
        expect(await c2.ping(c3.ip, { count: 3 })).toMatchObject({ received: 3, duplicates: 0 }),
      );
      expect(controller.output).toContain(`${c1.mac} is at port ${c1.ofport}\n`);
      const flow = (from: Container, to: Container) =>
        `idle_timeout=60, in_port=${from.ofport},dl_src=${from.mac},dl_dst=${to.mac} actions=output:${to.ofport}`;
      for (const expected of [flow(c1, c2), flow(c2, c1), flow(c2, c3)]) {
        expect(await flows()).toContain(expected);
      }

      const moved = await host.addContainer({ name: 'ex-moved', mac: c1.mac, address: '10.0.0.1/24' });
      for (const [at, before] of [
        [moved, c1],
        [c1, moved],
      ] as const) {
        // The datapath's cache takes a moment to follow the flow table.
        await eventually(async () => (await at.ping(c2.ip)).received === 1);
        await eventually(async () =>
          expect(await at.ping(c2.ip, { count: 3 })).toMatchObject({ received: 3, duplicates: 0 }),
        );
        expect(await flows()).not.toContain(`output:${before.ofport}`);
      }

      await host.removeContainer(c3);
      await eventually(async () => !(await flows()).includes(`output:${c3.ofport}`));
      expect(await controller.stop('SIGINT')).toEqual({ code: 0, signal: null });
      expect(controller.output).toMatch(/^[0-9a-f]{16} left$/m);
    });

    it('listens where it is told to', async () => {
      const controller = await lab.start(process.execPath, example('learning-switch', 'ptcp:0'), { env });
      await controller.waitForOutput(/^listening on ptcp:[1-9]\d*:127\.0\.0\.1$/m);
      expect(await controller.stop('SIGINT')).toEqual({ code: 0, signal: null });
    });
  });

  describe('push-flows', () => {
    let host: Host;

    beforeAll(async () => {
      host = await lab.addSwitch();
    });

    const push = (...args: readonly string[]) =>
      run(process.execPath, example('push-flows', `unix:${host.ovs.mgmt(host.bridge)}`, ...args), { env });

    it('pushes as many flows as it is told to, and says how fast that was', async () => {
      expect(await push('2000')).toMatch(/^2000 flows in \d+\.\d\d s, \d+ a second\n$/);
      const flows = (await host.ovs.ofctl('dump-flows', '--no-stats', host.bridge)).trim().split('\n');
      expect(flows).toHaveLength(2000);
      expect(flows).toContain(' cookie=0x101, ip,nw_dst=10.0.1.1 actions=IN_PORT');
    });

    it('names what the switch refused', async () => {
      await expect(push('20', '255')).rejects.toMatchObject({
        exitCode: 1,
        stdout: expect.stringMatching(/^20 flows .*\nOFPFMFC_BAD_TABLE_ID 20 times\n$/),
      });
    });
  });
});
