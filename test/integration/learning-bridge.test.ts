import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { arrivals, inject } from './frames.ts';
import { ObservedController } from './observed-controller.ts';

const X = '02:00:00:00:aa:01';
const Y = '02:00:00:00:aa:02';
const BROADCAST = 'ff:ff:ff:ff:ff:ff';

describeWithLab('a learning bridge', () => {
  let lab: Lab;
  let host: Host;
  let controller: ObservedController;
  /** They say nothing of themselves, so that frames can be counted; from the last one comes a test's last frame. */
  let a: Container;
  let b: Container;
  let c: Container;
  let last: Container;
  /** They talk to each other. */
  let p: Container;
  let q: Container;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addSwitch({ failMode: 'standalone' });
    const add = (name: string, ofport: number, address: readonly string[] = []) =>
      host.addContainer({ name: `learn-${name}`, address, ofport });
    [a, b, c, last] = [await add('a', 1), await add('b', 2), await add('c', 3), await add('last', 4)];
    [p, q] = [await add('p', 5, ['10.0.0.5/24']), await add('q', 6, ['10.0.0.6/24'])];
    controller = await ObservedController.start({ openflow: ['ptcp:0:127.0.0.1'] });
    await host.importPort(controller.port, 6653);
    await host.ovs.vsctl('set-controller', host.bridge, 'tcp:127.0.0.1:6653');
    await host.ovs.vsctl('set', 'Controller', host.bridge, 'max_backoff=1000');
    await controller.next('switchMode', { mode: 'learning' });
    await controller.controller.settled();
  });

  beforeEach(() => {
    controller.taken();
  });

  afterAll(async () => {
    await controller?.close();
    await lab?.close();
  });

  /** The flows of the bridge that have all of the given texts in them. */
  async function flows(...texts: readonly string[]): Promise<string[]> {
    const lines = (await host.ovs.ofctl('dump-flows', host.bridge)).split('\n');
    return lines.filter((line) => texts.every((text) => line.includes(text)));
  }
  const packets = (line: string) => Number(/n_packets=(\d+)/.exec(line)?.[1]);
  const misses = async () => packets((await flows('priority=0', 'CONTROLLER'))[0]!);
  const learntFlows = () => flows('cookie=0x6a1a02');
  const forget = () => host.ovs.ofctl('del-flows', host.bridge, 'cookie=0x6a1a020000000000/-1');
  /** What each container receives of the frames that are sent. */
  const count = (containers: readonly Container[], act: () => Promise<void>) =>
    arrivals(containers, [{ host, inPort: last.ofport }], act);

  it('forwards, and after the first frames by flows alone', async () => {
    expect(await p.ping(q.ip, { count: 3, timeoutSec: 2 })).toMatchObject({ received: 3, duplicates: 0 });
    await p.tcpTransfer(q, 100_000);
    for (const { mac, ofport } of [p, q])
      await controller.next('endpointLearnt', { domain: '0', mac, at: { port: ofport } });

    const [towards] = await flows(`dl_dst=${q.mac}`, `output:${q.ofport}`);
    const before = [packets(towards!), await misses()];
    expect(await p.ping(q.ip, { count: 20, intervalSec: 0.01 })).toMatchObject({ received: 20 });
    await eventually(async () => packets((await flows(`dl_dst=${q.mac}`))[0]!) >= before[0]! + 20);
    expect(await misses()).toBe(before[1]);
  });

  it('floods to everybody but the sender what is for everybody or for nobody known', async () => {
    const counts = await count([a, b, c], async () => {
      await inject(host, a.ofport, { from: a.mac, to: BROADCAST });
      await inject(host, a.ofport, { from: a.mac, to: '02:00:00:00:ff:ff' });
      await inject(host, a.ofport, { from: a.mac, to: '01:00:5e:00:00:05' });
    });
    expect(counts).toEqual([0, 3, 3]);
  });

  it('keeps one address in two VLANs apart', async () => {
    await inject(host, a.ofport, { from: X, to: BROADCAST, vlans: [5] });
    await inject(host, b.ofport, { from: X, to: BROADCAST, vlans: [6] });
    await controller.next('endpointLearnt', { domain: '5', mac: X, at: { port: a.ofport } });
    await controller.next('endpointLearnt', { domain: '6', mac: X, at: { port: b.ofport } });
    const counts = await count([a, b], async () => {
      for (let i = 0; i < 3; i++) await inject(host, c.ofport, { from: Y, to: X, vlans: [5] });
      await inject(host, c.ofport, { from: Y, to: X, vlans: [6, 5] });
    });
    expect(counts).toEqual([3, 1]);
    expect(await flows('dl_vlan=5', `dl_dst=${X}`, 'n_packets=2', `output:${a.ofport}`)).toHaveLength(1);
    expect(await flows('dl_vlan=6', `dl_dst=${X}`, 'n_packets=0', `output:${b.ofport}`)).toHaveLength(1);
  });

  it('drops what is for bridges, comes from a group, or is for where it came from', async () => {
    await inject(host, a.ofport, { from: X, to: BROADCAST });
    await inject(host, a.ofport, { from: Y, to: BROADCAST });
    await controller.next('endpointLearnt', { mac: Y });
    const counts = await count([a, b, c], async () => {
      for (const to of ['01:80:c2:00:00:00', '01:80:c2:00:00:0e'])
        await inject(host, a.ofport, { from: X, to });
      await inject(host, a.ofport, { from: '03:00:00:00:00:01', to: BROADCAST });
      await inject(host, a.ofport, { from: X, to: Y });
    });
    expect(counts).toEqual([0, 0, 0]);
  });

  it('follows an address that moves to another port, also when flows lead to the old one', async () => {
    await inject(host, a.ofport, { from: X, to: BROADCAST });
    await inject(host, c.ofport, { from: Y, to: X });
    await eventually(
      async () => (await flows('vlan_tci=0', `dl_dst=${X}`, `output:${a.ofport}`)).length === 1,
    );
    await inject(host, b.ofport, { from: X, to: BROADCAST });
    await controller.next('endpointMoved', { mac: X, at: { port: b.ofport }, from: { port: a.ofport } });
    const counts = await count([a, b], async () => {
      await inject(host, c.ofport, { from: Y, to: X });
      await inject(host, c.ofport, { from: Y, to: X });
    });
    expect(counts).toEqual([0, 2]);
  });

  it('forgets what is behind a port that goes down, and finds it elsewhere', async () => {
    await eventually(async () => (await p.ping(q.ip)).received === 1);
    expect(await flows(`dl_dst=${q.mac}`)).not.toEqual([]);
    await q.exec('ip', ['link', 'set', 'eth0', 'down']);
    await controller.next('endpointAged', { mac: q.mac, at: { port: q.ofport } });
    await eventually(async () => (await flows(q.mac)).length === 0);
    const counts = await count([a, b, c], async () => {
      await inject(host, last.ofport, { from: last.mac, to: q.mac });
    });
    expect(counts).toEqual([1, 1, 1]);
    await q.exec('ip', ['link', 'set', 'eth0', 'up']);
    await eventually(async () => (await p.ping(q.ip)).received === 1);
  });

  it('forgets what was behind a port that is deleted, and the same address comes back at another', async () => {
    const address = '10.0.0.9/24';
    const mac = '02:00:00:00:aa:09';
    const first = await host.addContainer({ name: 'learn-first', address, mac, ofport: 9 });
    expect(await p.ping(first.ip, { timeoutSec: 2 })).toMatchObject({ received: 1 });
    await host.removeContainer(first);
    await controller.next('endpointAged', { mac, at: { port: 9 } });
    const second = await host.addContainer({ name: 'learn-second', address, mac, ofport: 10 });
    await controller.next('port', { change: 'add', port: 10 });
    expect(await p.ping(second.ip, { timeoutSec: 2 })).toMatchObject({ received: 1 });
    await controller.next('endpointLearnt', { mac, at: { port: 10 } });
    await host.removeContainer(second);
  });

  it('goes on when somebody deletes all flows', async () => {
    await p.ping(q.ip);
    await host.ovs.ofctl('del-flows', host.bridge);
    // What comes before the controller has heard of it is lost.
    await eventually(async () => (await p.ping(q.ip)).received === 1);
    expect(await q.ping(p.ip, { count: 3 })).toMatchObject({ received: 3 });
  });

  it('takes over flows and addresses when the controller comes back, without losing a packet', async () => {
    await forget();
    await inject(host, a.ofport, { from: X, to: BROADCAST });
    await inject(host, c.ofport, { from: Y, to: X });
    await inject(host, a.ofport, { from: X, to: Y });
    const ping = await p.startPing(q.ip);
    await eventually(async () => (await learntFlows()).length >= 4);
    const seen = async () =>
      (await learntFlows()).map((line) =>
        line.replace(/ (duration|n_packets|n_bytes|idle_age)=[^,]*,?/g, ''),
      );
    const before = await seen();

    const { port } = controller;
    await controller.close();
    controller = await ObservedController.start({ openflow: [`ptcp:${port}:127.0.0.1`] });
    await controller.next('switchMode', { mode: 'learning' });
    await controller.controller.settled();
    await controller.next('endpointLearnt', { domain: '0', mac: X, at: { port: a.ofport } });
    expect(await seen()).toEqual(before);
    const received = ping.received;
    await eventually(() => ping.received > received + 10);
    expect(await ping.stop()).toMatchObject({ lost: 0, duplicates: 0 });

    await inject(host, b.ofport, { from: X, to: BROADCAST });
    await controller.next('endpointMoved', { mac: X, at: { port: b.ofport }, from: { port: a.ofport } });
    expect(await flows('vlan_tci=0', `dl_dst=${X}`)).toEqual([]);
  });
});
