import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { encodeUdp } from '../../src/packet/index.ts';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { hex, withTags } from './forged-frames.ts';
import { arrivals, inject, injectBytes, sendInto } from './frames.ts';
import { ObservedController } from './observed-controller.ts';
import { addPodHosts, callHosts, flowLines, tunnelPort, untilMembers, warmUnderlay } from './pod-hosts.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const X = '02:00:00:00:bb:01';
const Y = '02:00:00:00:bb:02';
const KEY = 0x10007;
const OTHER_KEY = 0x10008;

/** What has gone through a port of a bridge, each way. */
async function counters(host: Host, port: string): Promise<{ readonly rx: number; readonly tx: number }> {
  // The datapath hands its counters in when its flows go, and else from time to time.
  await host.ovs.appctl('revalidator/purge');
  const dump = await host.ovs.ofctl('dump-ports', host.bridge, port);
  const [rx, tx] = [...dump.matchAll(/[rt]x pkts=(\d+)/g)].map((match) => Number(match[1]));
  return { rx: rx!, tx: tx! };
}

describeWithLab('the frames of pods on three hosts', () => {
  let lab: Lab;
  let hosts: Host[];
  let h1: Host;
  let h2: Host;
  let controller: ObservedController;
  /** Containers that say nothing of themselves: two of pod 7 and one of pod 8 on the first host, one each elsewhere. */
  let seven: Container[];
  let eight: Container[];
  /** Ports of the first host in both pods that tests send from, and to which nothing is sent. */
  let from7: Container;
  let from8: Container;

  beforeAll(async () => {
    lab = await Lab.create();
    hosts = await addPodHosts(lab, 3);
    [h1, h2] = hosts as [Host, Host];
    const add = (host: Host, name: string, pod: string) => host.addContainer({ name: `frames-${name}`, pod });
    seven = await Promise.all(['1', '2', '3'].map((name, i) => add(hosts[i]!, `7-${name}`, '7')));
    eight = await Promise.all(['1', '2', '3'].map((name, i) => add(hosts[i]!, `8-${name}`, '8')));
    [from7, from8] = [await add(h1, 'from-7', '7'), await add(h1, 'from-8', '8')];
    controller = await ObservedController.start(callHosts(hosts));
    await Promise.all(hosts.map(tunnelPort));
    await untilMembers(controller, 8);
    await warmUnderlay(hosts);
  });

  afterAll(async () => {
    await controller?.close();
    await lab?.close();
  });

  /** What the containers of both pods receive of the frames that are sent. */
  async function count(act: () => Promise<void>): Promise<{ seven: number[]; eight: number[] }> {
    const last = [from7, from8].map(({ ofport }) => ({ host: h1, inPort: ofport }));
    const counts = await arrivals([...seven, ...eight], last, act);
    return { seven: counts.slice(0, 3), eight: counts.slice(3) };
  }

  /** How many frames of a host have matched no rule of who may send: those by the tunnel, or all others. */
  async function dropped(host: Host, origin: 'tunnel' | 'here'): Promise<number> {
    const [rule] = await flowLines(
      host,
      `priority=${origin === 'tunnel' ? 50 : 0}`,
      'actions=drop',
      ' table=0,',
    );
    return Number(/n_packets=(\d+)/.exec(rule!)![1]);
  }

  it('are heard by everybody in the pod when they are for everybody, and by nobody else', async () => {
    const counts = await count(async () => {
      await inject(h1, from7.ofport, { from: X, to: BROADCAST });
      await inject(h1, from7.ofport, { from: X, to: '33:33:00:00:00:05' });
      await inject(h1, from7.ofport, { from: X, to: '02:00:00:00:ff:ff' });
      await inject(h1, from8.ofport, { from: X, to: BROADCAST });
    });
    expect(counts).toEqual({ seven: [3, 3, 3], eight: [1, 1, 1] });
  });

  it('stay in their pod whatever they are, and whoever they seem to be for', async () => {
    const link = async (name: string) =>
      JSON.parse(await h1.exec('ip', ['-j', 'link', 'show', 'dev', name]))[0];
    const [bridge, uplink] = [await link(h1.bridge), await link('br-phy')];
    const plain = hex(`${BROADCAST} ${X} 88b5 ${'00'.repeat(50)}`);
    const inner = Buffer.from(plain).toString('hex');
    /** UDP as the other host would send it, with an address and a port that are of its tunnels. */
    const tunnelled = (udpDst: number, header: string) =>
      encodeUdp({
        ethDst: uplink.address,
        ethSrc: X,
        ipv4Src: h2.ip,
        ipv4Dst: h1.ip,
        udpSrc: 5000,
        udpDst,
        data: hex(`${header} ${inner}`),
      });
    const frames = [
      ...[[0x8100], [0x8100, 0x8100], [0x88a8, 0x8100]].map((types) => withTags(plain, ...types)),
      ...[bridge.address, uplink.address, eight[0]!.mac, '01:80:c2:00:00:00', '01:80:c2:00:00:02'].map((to) =>
        hex(`${to} ${X} 88b5 ${'00'.repeat(50)}`),
      ),
      ...[
        '8847 00008140',
        '8848 00008140',
        '8863 11000000',
        '8809 01',
        '88cc 00',
        '8035 0001080006040003',
      ].map((payload) => hex(`${BROADCAST} ${X} ${payload} ${'00'.repeat(50)}`)),
      tunnelled(4789, '08000000 010008 00'),
      tunnelled(6081, '0000 6558 010008 00'),
      hex(`${BROADCAST} ${X} 88b5`),
    ];
    const counts = await count(async () => {
      for (const frame of frames) await injectBytes(h1, from7.ofport, frame);
    });
    const { length } = frames;
    expect(counts).toEqual({ seven: [length, length, length], eight: [0, 0, 0] });
  });

  it('go to one host alone when they are for an address that is known there', async () => {
    await inject(h2, seven[1]!.ofport, { from: Y, to: BROADCAST });
    await controller.next('endpointLearnt', { domain: '7', mac: Y, at: { peer: h2.ip } });
    await controller.controller.settled();
    const counts = await count(async () => {
      for (let i = 0; i < 5; i++) await inject(h1, from7.ofport, { from: X, to: Y });
      await inject(h1, from8.ofport, { from: X, to: Y });
    });
    expect(counts).toEqual({ seven: [0, 5, 0], eight: [1, 1, 1] });
  });

  it('never leave through a tunnel when they came through one', async () => {
    const tunnel = await tunnelPort(h2);
    const before = await counters(h2, tunnel.name);
    await count(async () => {
      for (const to of [BROADCAST, '02:00:00:00:ff:ff', X, Y])
        await inject(h1, from7.ofport, { from: '02:00:00:00:bb:09', to });
    });
    const after = await counters(h2, tunnel.name);
    // Three of these, and each of four last frames.
    expect({ rx: after.rx - before.rx, tx: after.tx - before.tx }).toEqual({ rx: 7, tx: 0 });
  });

  it('are dropped when they come from a group address', async () => {
    const counts = await count(async () => {
      await inject(h1, from7.ofport, { from: '03:00:00:00:bb:01', to: BROADCAST });
      await inject(h1, from7.ofport, { from: BROADCAST, to: BROADCAST });
    });
    expect(counts).toEqual({ seven: [0, 0, 0], eight: [0, 0, 0] });
    const learnt = controller.state.flatMap(({ endpoints }) => endpoints.map(({ mac }) => mac));
    expect(learnt.filter((mac) => Number.parseInt(mac.slice(0, 2), 16) & 1)).toEqual([]);
  });

  it('are dropped and counted when they come from an interface that is in no pod', async () => {
    const podless = await h1.addContainer({ name: 'frames-podless' });
    const before = await dropped(h1, 'here');
    const counts = await count(() => inject(h1, podless.ofport, { from: X, to: BROADCAST }));
    expect(counts).toEqual({ seven: [0, 0, 0], eight: [0, 0, 0] });
    await eventually(async () => (await dropped(h1, 'here')) === before + 1);
  });

  it('are taken from the tunnel of a host that has the pod, with its key alone', async () => {
    const tunnel = await tunnelPort(h2);
    const into = (key: number) => sendInto(h2, tunnel.ofport, { key, to: h1.ip }, { from: Y, to: BROADCAST });
    const before = await dropped(h1, 'tunnel');
    const counts = await count(async () => {
      await into(KEY);
      await into(OTHER_KEY);
      await into(OTHER_KEY);
      for (const key of [1, 0x10009, 0x10ffd, 0xff_ffff, 0]) await into(key);
    });
    expect(counts).toEqual({ seven: [1, 0, 0], eight: [2, 0, 0] });
    await eventually(async () => (await dropped(h1, 'tunnel')) === before + 5);
  });

  it('are dropped and counted when they come through a tunnel from a stranger', async () => {
    const stranger = await lab.addHost({ name: 'stranger', address: '192.0.2.66/24' });
    const tunnel = await stranger.addTunnelPort();
    await warmUnderlay([stranger, h1]);
    const before = await dropped(h1, 'tunnel');
    const counts = await count(async () => {
      for (const key of [KEY, OTHER_KEY, 9])
        await sendInto(stranger, tunnel, { key, to: h1.ip }, { from: Y, to: BROADCAST });
    });
    expect(counts).toEqual({ seven: [0, 0, 0], eight: [0, 0, 0] });
    await eventually(async () => (await dropped(h1, 'tunnel')) === before + 3);
  });

  it('are learnt and carried also when their tags are cut off', async () => {
    await inject(h1, from7.ofport, { from: '02:00:00:00:bb:0a', to: BROADCAST, cutOff: true });
    await controller.next('endpointLearnt', { mac: '02:00:00:00:bb:0a', at: { port: from7.ofport } });
    expect(controller.state).toHaveLength(3);
  });
});
