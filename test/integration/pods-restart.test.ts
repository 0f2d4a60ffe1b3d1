import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { ControllerOptions } from '../../src/app/index.ts';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { expectContinued, history } from './flow-history.ts';
import { ObservedController } from './observed-controller.ts';
import {
  addPodHosts,
  callHosts,
  expectUnbroken,
  flowLines,
  joinPod,
  tunnelPort,
  untilMembers,
  warmUnderlay,
} from './pod-hosts.ts';

const KEY = 0x10007;
const SCRIPT = fileURLToPath(new URL('./run-controller.ts', import.meta.url));

/** What the flows do that do not come from learning. */
async function intendedFlows(host: Host): Promise<string[]> {
  const dump = await host.ovs.ofctl(
    '--no-stats',
    'dump-flows',
    host.bridge,
    'cookie=0x6a1a010000000000/0xffffff0000000000',
  );
  return dump
    .split('\n')
    .filter((line) => line.includes('cookie='))
    .sort();
}

describeWithLab('pods on two hosts, of which something ends', () => {
  let lab: Lab;
  let h1: Host;
  let h2: Host;
  let onH1: Container;
  let onH2: Container;
  let started: ObservedController | undefined;
  const children: { stop(signal: NodeJS.Signals): Promise<unknown> }[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    [h1, h2] = (await addPodHosts(lab, 2)) as [Host, Host];
    [onH1, onH2] = await Promise.all([
      h1.addContainer({ name: 'restart-1', address: '10.0.0.1/24', pod: '7' }),
      h2.addContainer({ name: 'restart-2', address: '10.0.0.2/24', pod: '7' }),
    ]);
    const controller = await startController();
    await Promise.all([h1, h2].map(tunnelPort));
    await untilMembers(controller, 2);
    await warmUnderlay([h1, h2]);
    await works();
    await close();
  });

  afterEach(async () => {
    await close();
    await h2.ovs.vsctl('del-manager');
  });
  afterAll(() => lab?.close());

  const close = async () => {
    await started?.close();
    started = undefined;
    await Promise.all(children.splice(0).map((child) => child.stop('SIGKILL')));
  };
  /** A controller in this process, until the end of the test. */
  async function startController(options = callHosts([h1, h2])): Promise<ObservedController> {
    started = await ObservedController.start(options);
    return started;
  }
  /** As {@link callHosts}, but the second database is reached only while it has a manager at `ptcp:6640`. */
  async function throughManager(): Promise<ControllerOptions> {
    const { ovsdb = [], ...rest } = callHosts([h1, h2]);
    return { ...rest, ovsdb: [ovsdb[0]!, `tcp:127.0.0.1:${await h2.exportPort(6640)}`] };
  }
  const works = () =>
    eventually(async () => (await onH1.ping(onH2.ip, { count: 3 })).received === 3, { what: 'the pod' });

  /** Starts a controller of its own process, and waits until it has done what there was to do. */
  async function spawnController() {
    const options = JSON.stringify(callHosts([h1, h2]));
    const child = await lab.start(process.execPath, ['--import', 'tsx', SCRIPT, options]);
    children.push(child);
    return { child, settled: () => child.waitForOutput(/^settled$/m, 30_000) };
  }

  it('loses no packet and no count when the controller is killed and comes back', async () => {
    const first = await spawnController();
    await first.settled();
    const ping = await onH1.startPing(onH2.ip);
    await eventually(() => ping.received >= 20);
    const before = await Promise.all([h1, h2].map(history));

    await first.child.stop('SIGKILL');
    const whileAway = ping.received;
    await eventually(() => ping.received >= whileAway + 20);
    const second = await spawnController();
    await second.settled();

    expect(second.child.output).toContain(
      JSON.stringify({ domain: '7', mac: onH2.mac, at: { peer: h2.ip } }).slice(1),
    );
    for (const [i, host] of [h1, h2].entries()) expectContinued(before[i]!, await history(host));
    await expectUnbroken(ping);
  });

  it('loses no packet when it is killed in the middle of changes, five times', async () => {
    const others = await Promise.all(
      [1, 2, 3, 4, 5].map((number) => h1.addContainer({ name: `restart-other-${number}` })),
    );
    const ping = await onH1.startPing(onH2.ip);
    for (let round = 0; round < 5; round++) {
      const { child, settled } = await spawnController();
      await settled();
      const pod = round % 2 === 0 ? '8' : '7';
      const changes = others.flatMap(({ port }) => [
        '--',
        'set',
        'Interface',
        port,
        `external_ids:galago-pod=${pod}`,
      ]);
      // The switches are told as soon as the database is, which is before ovs-vsctl has ended.
      const changed = h1.ovs.vsctl('--no-wait', ...changes.slice(1));
      await child.waitForOutput(/"podJoined".*"restart-other/);
      await child.stop('SIGKILL');
      await changed;
    }
    await expectUnbroken(ping);

    const controller = await startController();
    await untilMembers(controller, 7);
    const members = controller.state.flatMap((bridge) => bridge.members);
    expect(
      members
        .filter(({ pod }) => pod === '8')
        .map((member) => member.interface)
        .sort(),
    ).toEqual(others.map(({ port }) => port).sort());
    for (const other of others) await h1.removeContainer(other);
    await untilMembers(controller, 2);
  });

  it('keeps tunnels to a host whose database has not told yet', async () => {
    const ping = await onH1.startPing(onH2.ip);
    const controller = await startController(await throughManager());
    const { switch: id } = await controller.next('switchMode', { mode: 'pods' });
    await controller.controller.settled();
    expect(controller.state.find((bridge) => bridge.switch === id)?.endpoints).toContainEqual({
      domain: '7',
      mac: onH2.mac,
      at: { peer: h2.ip },
    });
    expect(await flowLines(h1, `tun_id=0x${KEY.toString(16)},tun_src=${h2.ip}`)).toHaveLength(1);
    const { received } = ping;
    await eventually(() => ping.received >= received + 20);
    await h2.ovs.vsctl('set-manager', 'ptcp:6640:127.0.0.1');
    await untilMembers(controller, 2);
    await expectUnbroken(ping);

    // Now that all have told, a host that has left the pod is a peer no more.
    await h2.ovs.vsctl('remove', 'Interface', onH2.port, 'external_ids', 'galago-pod');
    await controller.next('endpointAged', { mac: onH2.mac, at: { peer: h2.ip } });
    await controller.controller.settled();
    expect(await flowLines(h1, `tun_src=${h2.ip}`)).toEqual([]);
    await joinPod(h2, onH2, '7');
    await untilMembers(controller, 2);
    await works();
  });

  it('carries on while a database cannot be reached, and follows it when it is back', async () => {
    await h2.ovs.vsctl('set-manager', 'ptcp:6640:127.0.0.1');
    const controller = await startController(await throughManager());
    await untilMembers(controller, 2);
    const joining = await h2.addContainer({ name: 'restart-joining', address: '10.0.0.3/24' });
    const ping = await onH1.startPing(onH2.ip);
    await h2.ovs.vsctl('del-manager');
    await joinPod(h2, joining, '7');
    const { received } = ping;
    await eventually(() => ping.received >= received + 50);
    expect(controller.state.map(({ mode }) => mode)).toEqual(['pods', 'pods']);
    expect(await joining.ping(onH1.ip, { timeoutSec: 0.3 })).toMatchObject({ received: 0 });
    await h2.ovs.vsctl('set-manager', 'ptcp:6640:127.0.0.1');
    await controller.next('podJoined', { interface: joining.port });
    await controller.controller.settled();
    await eventually(async () => (await joining.ping(onH1.ip, { count: 2 })).received === 2);
    await expectUnbroken(ping);
    await h2.removeContainer(joining);
    await untilMembers(controller, 2);
  });

  it('keeps flows and their counts when ovsdb-server is killed and comes back', async () => {
    const controller = await startController();
    await untilMembers(controller, 2);
    await works();
    const before = await history(h2);
    process.kill(h2.ovs.ovsdbPid!, 'SIGKILL');
    await eventually(() => h2.ovs.ovsdbPid === undefined);
    // Without its database, ovs-vswitchd carries out nothing, and in the userspace datapath forwards nothing either.
    await h2.ovs.restartOvsdb();
    await works();
    expectContinued(before, await history(h2));
    const joining = await h2.addContainer({ name: 'restart-joining', address: '10.0.0.3/24', pod: '7' });
    await controller.next('podJoined', { interface: joining.port });
    await controller.controller.settled();
    await eventually(async () =>
      expect(await joining.ping(onH1.ip, { count: 2 })).toMatchObject({ received: 2 }),
    );
    await h2.removeContainer(joining);
    await untilMembers(controller, 2);
  });

  it('puts all flows back when the switch is started again', async () => {
    const controller = await startController();
    await untilMembers(controller, 2);
    await works();
    const before = await intendedFlows(h1);
    await h1.ovs.killVswitchd();
    await controller.next('switchDown');
    await h1.ovs.startVswitchd();
    await controller.next('switchUp');
    await untilMembers(controller, 2);
    expect(await intendedFlows(h1)).toEqual(before);
    await warmUnderlay([h1, h2]);
    await works();
  });
});
