import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ArpOperation, encodeArp, encodeUnsolicitedAdvertisement } from '../../src/packet/index.ts';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { expectContinued, history } from './flow-history.ts';
import { hex, hexIpv6, icmpv6, ipv6, udp, withTags } from './forged-frames.ts';
import { arrivals, inject, injectBytes } from './frames.ts';
import { ObservedController } from './observed-controller.ts';
import { addPodHosts, callHosts, flowLines, tunnelPort, untilMembers, warmUnderlay } from './pod-hosts.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const UNKNOWN = '00:00:00:00:00:00';
const MACS = ['02:00:00:00:0a:01', '02:00:00:00:0a:02', '02:00:00:00:0a:03'] as const;
const V4 = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const;
const V6 = ['fd00::1', 'fd00::2', 'fd00::3'] as const;
const FORGED = '02:00:00:00:66:66';
const ROUTER_MAC = '02:00:00:00:0a:09';
/** ICMPv6 types (RFC 4861, 4). */
const [ROUTER_ADVERTISEMENT, SOLICITATION, ADVERTISEMENT, REDIRECT] = [134, 135, 136, 137] as const;

const ask = (from: { mac: string; ip: string }, arpTpa: string, frame: object = {}) =>
  encodeArp({
    ethDst: BROADCAST,
    operation: ArpOperation.REQUEST,
    arpSha: from.mac,
    arpSpa: from.ip,
    arpTha: UNKNOWN,
    arpTpa,
    ...frame,
  });

describeWithLab('endpoints whose addresses are known', () => {
  let lab: Lab;
  let hosts: Host[];
  let h1: Host;
  let controller: ObservedController;
  /** Two on the first host and one on the second, in pod 7. */
  let known: Container[];
  /** Others with the same addresses in pod 8, for which tests speak: they say nothing themselves. */
  let mute: Container[];
  /** One on each host in pod 8 of which nothing is known. */
  let listeners: Container[];
  /** One there of which only the MAC address is known. */
  let router: Container;
  /** A third one, from whose port the frames go that tell that all others have arrived. */
  let last: Container;

  beforeAll(async () => {
    lab = await Lab.create();
    hosts = await addPodHosts(lab, 2);
    h1 = hosts[0]!;
    const at = [h1, h1, hosts[1]!];
    const labels = (i: number) => ({ 'galago-mac': MACS[i]!, 'galago-ip': `${V4[i]}/24 ${V6[i]}` });
    const add = (i: number, name: string, pod: string, address: string[]) =>
      at[i]!.addContainer({ name: `${name}-${i + 1}`, mac: MACS[i]!, address, pod, externalIds: labels(i) });
    known = await Promise.all([0, 1, 2].map((i) => add(i, 'guard', '7', [`${V4[i]}/24`, `${V6[i]}/64`])));
    mute = await Promise.all([0, 1, 2].map((i) => add(i, 'guard-mute', '8', [])));
    listeners = await Promise.all(
      hosts.map((host, i) => host.addContainer({ name: `guard-heard-${i + 1}`, pod: '8' })),
    );
    router = await h1.addContainer({
      name: 'guard-router',
      pod: '8',
      mac: ROUTER_MAC,
      externalIds: { 'galago-mac': ROUTER_MAC },
    });
    last = await h1.addContainer({ name: 'guard-last', pod: '8' });
    controller = await ObservedController.start(callHosts(hosts));
    await Promise.all(hosts.map(tunnelPort));
    await untilMembers(controller, 10);
    await warmUnderlay(hosts);
  });

  afterAll(async () => {
    await controller?.close();
    await lab?.close();
  });

  /** What the listeners hear. */
  const count = (act: () => Promise<void>) => arrivals(listeners, [{ host: h1, inPort: last.ofport }], act);

  it('reach each other in IPv4 and IPv6, on one host and between two', async () => {
    for (const from of known) {
      for (const to of known.filter((container) => container !== from)) {
        for (const address of to.addresses.map((text) => text.split('/')[0]!))
          await eventually(async () => (await from.ping(address)).received === 1, {
            what: `${from.name} to ${address}`,
          });
      }
    }
    expect(await known[0]!.tcpTransfer(known[2]!, 300_000)).toMatchObject({ bytes: 300_000 });
  });

  it('are not learnt, and found without anybody being asked', async () => {
    const learnt = controller.state.flatMap(({ endpoints }) => endpoints.map(({ mac }) => mac));
    expect(learnt.filter((mac) => (MACS as readonly string[]).includes(mac))).toEqual([]);
    const asked = await count(async () => {
      await injectBytes(h1, mute[0]!.ofport, ask({ mac: MACS[0], ip: V4[0] }, V4[1]));
      await injectBytes(h1, mute[0]!.ofport, ask({ mac: MACS[0], ip: V4[0] }, V4[2]));
      // Who looks for others with its own address shall hear of them alone.
      await injectBytes(h1, mute[1]!.ofport, ask({ mac: MACS[1], ip: '0.0.0.0' }, V4[1]));
    });
    expect(asked).toEqual([1, 1]);
  });

  it('are answered for with their own addresses', async () => {
    for (const to of [1, 2]) {
      await known[0]!.exec('ip', ['neigh', 'flush', 'all']);
      for (const address of [V4[to]!, V6[to]!]) expect((await known[0]!.ping(address)).received).toBe(1);
      const neighbours = await known[0]!.exec('ip', ['neigh', 'show']);
      for (const address of [V4[to]!, V6[to]!])
        expect(neighbours).toMatch(new RegExp(`^${address} .* lladdr ${MACS[to]} `, 'm'));
    }
  });

  /** How many frames of a port have been dropped because of their addresses. */
  async function forged({ ofport }: Container): Promise<number> {
    const rules = await flowLines(h1, `in_port=${ofport}`, 'actions=drop');
    const counts = rules.map((line) => Number(/n_packets=(\d+)/.exec(line)![1]));
    return counts.reduce((sum, packets) => sum + packets, 0);
  }

  it('may send from no others', async () => {
    const { ofport } = mute[0]!;
    const own = { mac: MACS[0], ip: V4[0] };
    const frames = [
      ask({ mac: FORGED, ip: V4[0] }, '10.0.0.77'),
      ask({ ...own, ip: V4[1] }, '10.0.0.77'),
      ask({ ...own, ip: '10.0.0.66' }, '10.0.0.77'),
      encodeUnsolicitedAdvertisement({ mac: MACS[0], target: V6[1] }),
      encodeUnsolicitedAdvertisement({ mac: FORGED, target: V6[0] }),
      udp({ ...own, ip: V4[1] }),
      udp({ mac: FORGED, ip: V4[0] }),
      udp({ ...own, ip: '0.0.0.0' }),
      forgedInside(V6[0]),
    ];
    const before = await forged(mute[0]!);
    const seen = await count(async () => {
      for (const frame of frames) await injectBytes(h1, ofport, frame);
      await inject(h1, ofport, { from: MACS[0], to: BROADCAST });
      await inject(h1, ofport, { from: MACS[1], to: BROADCAST });
    });
    expect(seen).toEqual([0, 0]);
    await eventually(async () => (await forged(mute[0]!)) === before + frames.length + 2);
  });

  it('may not speak for routers, for servers, or for those who are about to have an address', async () => {
    const own = { mac: MACS[0], ip: V6[0] };
    const linkLayer = (type: number) => `0${type} 01 ${FORGED}`;
    const frames = [
      icmpv6(own, ROUTER_ADVERTISEMENT, `40 00 0708 00000000 00000000 ${linkLayer(1)}`),
      icmpv6(own, REDIRECT, `00000000 ${hexIpv6(V6[1])} ${hexIpv6(V6[0])}`),
      icmpv6({ ...own, ip: '::' }, SOLICITATION, `00000000 ${hexIpv6(V6[1])}`),
      // What says two things at once is read as nothing by Open vSwitch, and as the first of them by Linux.
      icmpv6(own, SOLICITATION, `00000000 ${hexIpv6(V6[1])} ${linkLayer(1)} ${linkLayer(1)}`),
      icmpv6(own, ADVERTISEMENT, `20000000 ${hexIpv6(V6[0])} ${linkLayer(2)} ${linkLayer(2)}`),
      ask({ mac: MACS[0], ip: '0.0.0.0' }, '10.0.0.77'),
      udp({ mac: MACS[0], ip: V4[0] }, 67, 68),
      ipv6(own, 17, '0223 0222 0008 0000'),
    ];
    const before = await forged(mute[0]!);
    const seen = await count(async () => {
      for (const frame of frames) await injectBytes(h1, mute[0]!.ofport, frame);
    });
    expect(seen).toEqual([0, 0]);
    await eventually(async () => (await forged(mute[0]!)) === before + frames.length);
  });

  it('may route and serve where only their MAC address is known, and forge nothing that tags hide', async () => {
    const own = { mac: router.mac, ip: 'fe80::9' };
    const forgedAsk = ask({ mac: FORGED, ip: V4[0] }, '10.0.0.77');
    forgedAsk.set(hex(router.mac), 6);
    const twice = `02 01 ${FORGED}`.repeat(2);
    const allowed = [
      icmpv6(own, ROUTER_ADVERTISEMENT, '40 00 0708 00000000 00000000'),
      udp({ mac: router.mac, ip: '10.0.0.9' }, 67, 68),
    ];
    const forbidden = [
      forgedAsk,
      withTags(forgedAsk, 0x8100),
      withTags(forgedAsk, 0x8100, 0x8100),
      withTags(forgedAsk, 0x88a8, 0x8100, 0x8100),
      icmpv6(own, ADVERTISEMENT, `20000000 ${hexIpv6(V6[1])} ${twice}`),
    ];
    const before = await forged(router);
    const seen = await count(async () => {
      for (const frame of [...allowed, ...forbidden]) await injectBytes(h1, router.ofport, frame);
    });
    expect(seen).toEqual([allowed.length, allowed.length]);
    await eventually(async () => (await forged(router)) === before + forbidden.length);
  });

  it('may probe, announce and look for a DHCP server', async () => {
    const { ofport } = mute[0]!;
    const frames = [
      ask({ mac: MACS[0], ip: '0.0.0.0' }, V4[0]),
      ask({ mac: MACS[0], ip: V4[0] }, V4[0]),
      encodeUnsolicitedAdvertisement({ mac: MACS[0], target: V6[0] }),
      encodeUnsolicitedAdvertisement({ mac: MACS[0], target: 'fe80::ff:fe00:a01' }),
      discover(MACS[0]),
    ];
    const seen = await count(async () => {
      for (const frame of frames) await injectBytes(h1, ofport, frame);
    });
    expect(seen).toEqual([frames.length, frames.length]);
  });

  it('keep what nobody else may take: a second one with the same address is in no pod', async () => {
    const thief = await hosts[1]!.addContainer({
      name: 'guard-thief',
      pod: '8',
      externalIds: { 'galago-mac': FORGED, 'galago-ip': V4[0] },
    });
    const isTold = () =>
      controller.state.some(({ problems }) =>
        problems.some(
          (text) => text === `guard-thief is in no pod: another endpoint of pod '8' has ${V4[0]}`,
        ),
      );
    await eventually(isTold);
    await hosts[1]!.removeContainer(thief);
    await eventually(() => !isTold());
    await controller.controller.settled();
  });

  it('suffer nothing from others whose labels make no sense', async () => {
    const odd = await h1.addContainer({ name: 'guard-odd', pod: '8', externalIds: { 'galago-mac': 'x' } });
    const labels: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
      [{ pod: 'ä'.repeat(20_000) }, /expected a pod's name/],
      [{ pod: 'a\nb\u001b[31m' }, /expected a pod's name/],
      [{ pod: 'other', key: '-1' }, /a tunnel key is 1 to 16777215/],
      [{ key: '1e99' }, /a tunnel key is 1 to 16777215.*1e99/],
      [{ pod: '8', key: '65544', mac: BROADCAST }, /cannot be one station's/],
      [{ mac: FORGED, ip: '10.0.0.9 '.repeat(10_000) }, /10000 addresses, at most 16/],
      [{ ip: '0.0.0.0/0' }, /cannot be one station's address/],
    ];
    for (const [ids, problem] of labels) {
      const columns = Object.entries(ids).map(
        ([key, value]) => `external_ids:galago-${key}=${JSON.stringify(value)}`,
      );
      await h1.ovs.vsctl('set', 'Interface', odd.port, ...columns);
      const told = await eventually(
        () => controller.state.flatMap(({ problems }) => problems).find((one) => problem.test(one)) ?? false,
      );
      expect(told.length).toBeLessThan(320);
      expect(told).not.toMatch(/\p{Cc}/u);
    }
    expect((await known[0]!.ping(V4[1])).received).toBe(1);
    await h1.removeContainer(odd);
    await controller.until('no problem', (state) => state.every(({ problems }) => problems.length === 0));
  });

  it('are told to all when they come, so that nobody keeps an older address', async () => {
    const seen = await count(async () => {
      const late = await h1.addContainer({
        name: 'guard-late',
        mac: '02:00:00:00:0a:04',
        pod: '8',
        externalIds: { 'galago-mac': '02:00:00:00:0a:04', 'galago-ip': '10.0.0.4 fd00::4' },
      });
      await controller.next('podJoined', { interface: late.port });
      await controller.controller.settled();
    });
    expect(seen).toEqual([2, 2]);
  });

  it('keep their flows and counts when another controller takes over', async () => {
    const before = await Promise.all(hosts.map(history));
    await controller.close();
    controller = await ObservedController.start(callHosts(hosts));
    await untilMembers(controller, 11);
    for (const [i, host] of hosts.entries()) expectContinued(before[i]!, await history(host));
  });
});

/** A message that looks for a DHCP server. */
const discover = (mac: string) => udp({ mac, ip: '0.0.0.0' }, 68, 67);

/** An advertisement whose frame comes from where it may, and names another's link-layer address. */
function forgedInside(target: string): Uint8Array {
  const frame = encodeUnsolicitedAdvertisement({ mac: FORGED, target });
  frame.set(hex(MACS[0]), 6);
  return frame;
}
