import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { ObservedController } from './observed-controller.ts';
import {
  addPodHosts,
  expectUnbroken,
  flowLines,
  joinPod,
  tunnelPort,
  untilMembers,
  warmUnderlay,
} from './pod-hosts.ts';

describeWithLab('pods on two hosts that call the controller', () => {
  let lab: Lab;
  let h1: Host;
  let h2: Host;
  let onH1: Container;
  let onH2: Container;
  let controller: ObservedController;

  beforeAll(async () => {
    lab = await Lab.create();
    [h1, h2] = (await addPodHosts(lab, 2)) as [Host, Host];
    controller = await ObservedController.start({
      openflow: ['ptcp:0:127.0.0.1'],
      ovsdb: ['ptcp:0:127.0.0.1'],
    });
    await Promise.all([h1, h2].map(call));
    [onH1, onH2] = await Promise.all([
      h1.addContainer({ name: 'called-1', address: '10.0.0.1/24', pod: '7' }),
      h2.addContainer({ name: 'called-2', address: '10.0.0.2/24', pod: '7' }),
    ]);
    await Promise.all([h1, h2].map(tunnelPort));
    await untilMembers(controller, 2);
    await warmUnderlay([h1, h2]);
    await eventually(async () => (await onH1.ping(onH2.ip, { count: 3 })).received === 3);
  });

  afterAll(async () => {
    await controller?.close();
    await lab?.close();
  });

  const portOf = (method: string) => Number(method.split(':')[1]);
  const setManager = (host: Host) => host.ovs.vsctl('set-manager', 'tcp:127.0.0.1:6640');

  /** Has a host's bridge and database call the controller, out of band. */
  async function call(host: Host): Promise<void> {
    const { listening, listeningForHosts } = controller.controller;
    await host.importPort(portOf(listening[0]!), 6653);
    await host.importPort(portOf(listeningForHosts[0]!), 6640);
    const { bridge } = host;
    await host.ovs.vsctl(
      ...['set-controller', bridge, 'tcp:127.0.0.1:6653'],
      ...['--', 'set', 'Controller', bridge, 'connection_mode=out-of-band', 'max_backoff=1000'],
      ...['--', 'set', 'Bridge', bridge, 'other_config:disable-in-band=true'],
    );
    await setManager(host);
  }

  /** Ends the controller, and starts another one that listens at the same ports. */
  async function restart(options: { readonly waitForHostsMs?: number } = {}): Promise<void> {
    const { listening, listeningForHosts } = controller.controller;
    await controller.close();
    controller = await ObservedController.start({
      openflow: listening,
      ovsdb: listeningForHosts,
      ...options,
    });
  }

  const peerFlows = () => flowLines(h1, `tun_src=${h2.ip}`);

  it('lose no packet when the controller is started again', async () => {
    const ping = await onH1.startPing(onH2.ip);
    await restart();
    await untilMembers(controller, 2);
    await expectUnbroken(ping);
  });

  it('keep tunnels to a host whose database has gone, and follow it when it calls again', async () => {
    const joining = await h2.addContainer({ name: 'called-joining', address: '10.0.0.3/24' });
    const ping = await onH1.startPing(onH2.ip);
    await h2.ovs.vsctl('del-manager');
    await joinPod(h2, joining, '7');
    const { received } = ping;
    await eventually(() => ping.received >= received + 50);
    expect(controller.state.map(({ mode }) => mode)).toEqual(['pods', 'pods']);
    expect(controller.state.flatMap(({ members }) => members)).toHaveLength(2);
    await setManager(h2);
    await controller.next('podJoined', { interface: joining.port });
    await controller.controller.settled();
    await eventually(async () =>
      expect(await joining.ping(onH1.ip, { count: 2 })).toMatchObject({ received: 2 }),
    );
    await expectUnbroken(ping);
    await h2.removeContainer(joining);
    await untilMembers(controller, 2);
  });

  it('give up tunnels to a host that has not called again for long enough', async () => {
    await h2.ovs.vsctl('del-manager');
    const ping = await onH1.startPing(onH2.ip);
    await restart();
    await controller.next('switchMode', { mode: 'pods' });
    await controller.controller.settled();
    await expectUnbroken(ping);
    expect(await peerFlows()).not.toEqual([]);

    await restart({ waitForHostsMs: 100 });
    await controller.next('switchMode', { mode: 'pods' });
    await eventually(async () => (await peerFlows()).length === 0);
    await setManager(h2);
    await untilMembers(controller, 2);
    await eventually(async () => (await onH1.ping(onH2.ip)).received === 1);
  });
});
