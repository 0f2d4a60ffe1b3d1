import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { ObservedController } from './observed-controller.ts';
import { callHosts } from './pod-hosts.ts';

describeWithLab('a bridge that could not keep pods apart', () => {
  let lab: Lab;
  let host: Host;
  let a: Container;
  let b: Container;
  let other: Container;
  let controller: ObservedController | undefined;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addHost({ name: 'h1' });
    a = await host.addContainer({ name: 'refused-a', address: '10.0.0.1/24', pod: '7' });
    b = await host.addContainer({ name: 'refused-b', address: '10.0.0.2/24', pod: '7' });
    other = await host.addContainer({ name: 'refused-other', address: '10.0.0.3/24', pod: '8' });
  });

  afterEach(() => controller?.close());
  afterAll(() => lab?.close());

  /** Who reaches whom. */
  async function reach(): Promise<Record<'pod' | 'pods' | 'back', boolean>> {
    const ping = async (from: Container, to: Container) =>
      (await from.ping(to.ip, { timeoutSec: 0.3 })).received === 1;
    return { pod: await ping(a, b), pods: await ping(a, other), back: await ping(other, b) };
  }

  /** Carries out the command that a problem ends with. */
  async function mend(problem: string): Promise<void> {
    const [, command] = /: ovs-vsctl (.*)$/.exec(problem)!;
    await host.ovs.vsctl(...command!.split(' '));
  }

  it('forwards nothing between them, says what mends it, and carries them as soon as that is done', async () => {
    await host.ovs.vsctl('set-fail-mode', host.bridge, 'standalone');
    expect(await reach()).toEqual({ pod: true, pods: true, back: true });
    controller = await ObservedController.start(callHosts([host]));
    const { problems } = await controller.next('switchMode', { mode: 'refused' });
    await controller.controller.settled();
    expect(problems).toEqual(['fail_mode is standalone: ovs-vsctl set-fail-mode br-int secure']);
    expect(await reach()).toEqual({ pod: false, pods: false, back: false });

    await mend(problems[0]!);
    await controller.next('switchMode', { mode: 'pods' });
    await controller.controller.settled();
    await eventually(async () => (await a.ping(b.ip)).received === 1);
    expect(await reach()).toEqual({ pod: true, pods: false, back: false });

    await host.ovs.vsctl('set-fail-mode', host.bridge, 'standalone');
    await controller.next('switchMode', { mode: 'refused' });
    await controller.controller.settled();
    await eventually(async () => !(await reach()).pod);
    expect(await reach()).toEqual({ pod: false, pods: false, back: false });
    await mend(problems[0]!);
    await eventually(async () => (await a.ping(b.ip)).received === 1);
  });

  it('is not one that the last interface in a pod has left', async () => {
    controller = await ObservedController.start(callHosts([host]));
    await controller.next('switchMode', { mode: 'pods' });
    const clear = [a, b, other].flatMap(({ port }) => [
      '--',
      'remove',
      'Interface',
      port,
      'external_ids',
      'galago-pod',
    ]);
    await host.ovs.vsctl(...clear.slice(1));
    for (let i = 0; i < 3; i++) await controller.next('podLeft');
    await controller.controller.settled();
    expect(await reach()).toEqual({ pod: false, pods: false, back: false });
    expect(controller.state).toMatchObject([{ mode: 'pods', members: [] }]);
    const set = [a, b, other].flatMap(({ port, pod }) => [
      '--',
      'set',
      'Interface',
      port,
      `external_ids:galago-pod=${pod}`,
    ]);
    await host.ovs.vsctl(...set.slice(1));
    for (let i = 0; i < 3; i++) await controller.next('podJoined');
    await eventually(async () => (await a.ping(b.ip)).received === 1);
  });

  it.each([
    ['its controller', ['set-controller', 'br-int', 'tcp:192.0.2.99:6653'], ['del-controller', 'br-int']],
    ['a manager', ['set-manager', 'tcp:192.0.2.99:6640'], ['del-manager']],
  ])('is one with in-band control by %s', async (_, make, unmake) => {
    controller = await ObservedController.start(callHosts([host]));
    await controller.next('switchMode', { mode: 'pods' });
    await host.ovs.vsctl(...make);
    const { problems } = await controller.next('switchMode', { mode: 'refused' });
    await controller.controller.settled();
    expect(problems).toEqual([
      expect.stringMatching(/^control is in-band: ovs-vsctl .*disable-in-band=true$/),
    ]);
    expect(await reach()).toEqual({ pod: false, pods: false, back: false });
    const hidden = async () =>
      (await host.ovs.appctl('bridge/dump-flows', host.bridge)).includes('192.0.2.99');
    await eventually(hidden, { what: 'the hidden flows of in-band control' });

    await mend(problems[0]!);
    await controller.next('switchMode', { mode: 'pods' });
    await controller.controller.settled();
    await eventually(async () => !(await hidden()));
    await eventually(async () => (await a.ping(b.ip)).received === 1);
    expect(await reach()).toEqual({ pod: true, pods: false, back: false });
    await host.ovs.vsctl(...unmake);
    await host.ovs.vsctl('remove', 'Bridge', host.bridge, 'other_config', 'disable-in-band');
    await eventually(async () => (await a.ping(b.ip)).received === 1);
  });
});
