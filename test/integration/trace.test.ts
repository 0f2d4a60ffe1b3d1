import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { formatTrace, SoftSwitch, type Trace, tablesOf } from '../../src/datapath/index.ts';
import type { Tunnel } from '../../src/datapath/packet/tunnel.ts';
import { connectSwitch } from '../../src/ofp/index.ts';
import { encodeArp } from '../../src/packet/arp.ts';
import { encodeUdp } from '../../src/packet/ipv4.ts';
import { type Container, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { ObservedController } from './observed-controller.ts';
import { addPodHosts, callHosts, tunnelPort, untilMembers, warmUnderlay } from './pod-hosts.ts';

const KEY = 0x10007;
const BROADCAST = 'ff:ff:ff:ff:ff:ff';

describeWithLab('a trace on what a real switch has', () => {
  let lab: Lab;
  let hosts: Host[];
  let containers: Container[];
  let controller: ObservedController;
  let tunnelOfport: number;
  let dumped: SoftSwitch;

  beforeAll(async () => {
    lab = await Lab.create();
    hosts = await addPodHosts(lab, 2);
    controller = await ObservedController.start(callHosts(hosts));
    const places = [hosts[0]!, hosts[0]!, hosts[1]!];
    containers = await Promise.all(
      places.map((host, i) =>
        host.addContainer({
          name: `trace-${i + 1}`,
          address: `10.0.0.${i + 1}/24`,
          mac: `02:00:00:00:77:0${i + 1}`,
          externalIds: { 'galago-pod': '7' },
        }),
      ),
    );
    [tunnelOfport] = (await Promise.all(hosts.map(tunnelPort))).map(({ ofport }) => ofport) as [number];
    await untilMembers(controller, 3);
    await warmUnderlay(hosts);
    for (const to of containers.slice(1)) await containers[0]!.ping(to.ip, { count: 3 });
    // By the pings, the first host's bridge knows where each of them is.
    const [first, second, far] = containers;
    await controller.until('all addresses known', (state) =>
      state.some(({ endpoints }) => {
        const isSeen = ({ mac }: Container, place: 'port' | 'peer') =>
          endpoints.some((endpoint) => endpoint.mac === mac && place in endpoint.at);
        return isSeen(first!, 'port') && isSeen(second!, 'port') && isSeen(far!, 'peer');
      }),
    );
    const { ovs, bridge } = hosts[0]!;
    await using session = await connectSwitch(`unix:${ovs.mgmt(bridge)}`);
    dumped = await SoftSwitch.fromDump({
      flows: session.flowStats(),
      groups: session.multipart('groupDesc'),
      meters: session.multipart('meterConfig'),
      ports: session.ports.values(),
    });
  });

  afterAll(async () => {
    await controller?.close();
    await lab?.close();
  });

  /** The tables and cookies that ofproto/trace tells, in their order. */
  async function real(frame: Uint8Array, inPort: number, tunnel?: Tunnel): Promise<string[]> {
    const { ovs, bridge } = hosts[0]!;
    const outside =
      tunnel === undefined ? '' : `,tun_id=${tunnel.key},tun_src=${tunnel.src},tun_dst=${tunnel.dst}`;
    const packet = Buffer.from(frame).toString('hex');
    const text = await ovs.appctl('ofproto/trace', bridge, `in_port=${inPort}${outside}`, packet);
    // Every flow of this bridge has a cookie; the one that carries tunnels on to the underlay has flows without.
    const lines = text.matchAll(/^ *(\d+)\. (?:No match\.|.*cookie (0x[0-9a-f]+))$/gm);
    return [...lines].map(([, table, cookie]) => `${table} ${cookie}`);
  }

  const ours = (trace: Trace) =>
    tablesOf(trace).map(({ tableId, flow }) => `${tableId} ${flow && `0x${flow.cookie.toString(16)}`}`);

  it('goes through the tables and flows that ofproto/trace goes through', async () => {
    const [first, second, far] = containers as [Container, Container, Container];
    const datagram = (from: Container, to: string, ethDst: string) =>
      encodeUdp({
        ethSrc: from.mac,
        ethDst,
        ipv4Src: from.ip,
        ipv4Dst: to,
        udpSrc: 1000,
        udpDst: 2000,
        data: Buffer.from('hello'),
      });
    const request = encodeArp({
      ethDst: BROADCAST,
      arpSha: first.mac,
      arpSpa: first.ip,
      arpTha: '00:00:00:00:00:00',
      arpTpa: '10.0.0.9',
      operation: 1,
    });
    const tunnel = { key: KEY, src: hosts[1]!.ip, dst: hosts[0]!.ip };
    const cases: readonly [
      what: string,
      outputs: readonly number[],
      frame: Uint8Array,
      inPort: number,
      tunnel?: Tunnel,
    ][] = [
      ['to a neighbour', [second.ofport], datagram(first, second.ip, second.mac), first.ofport],
      ['to another host', [tunnelOfport], datagram(first, far.ip, far.mac), first.ofport],
      ['from another host', [first.ofport], datagram(far, first.ip, first.mac), tunnelOfport, tunnel],
      ['with another key', [], datagram(far, first.ip, first.mac), tunnelOfport, { ...tunnel, key: 5 }],
      [
        'from an unknown host',
        [],
        datagram(far, first.ip, first.mac),
        tunnelOfport,
        { ...tunnel, src: '192.0.2.9' },
      ],
      ['to everybody', [second.ofport, tunnelOfport], request, first.ofport],
      [
        'to nobody that is known',
        [second.ofport, tunnelOfport],
        datagram(first, '10.0.0.9', '02:00:00:00:77:09'),
        first.ofport,
      ],
      [
        'from an unknown sender',
        [first.ofport],
        datagram({ ...second, mac: '02:00:00:00:77:08' } as Container, first.ip, first.mac),
        second.ofport,
      ],
      [
        'from a group address',
        [],
        datagram({ ...second, mac: '03:00:00:00:77:08' } as Container, first.ip, first.mac),
        second.ofport,
      ],
      ['from a port in no pod', [], datagram(first, second.ip, second.mac), 99],
    ];
    for (const [what, outputs, frame, inPort, around] of cases) {
      const trace = dumped.trace(frame, inPort, around);
      const seen = { what, tables: ours(trace), outputs: trace.departures.map(({ port }) => port).sort() };
      expect(seen).toEqual({ what, tables: await real(frame, inPort, around), outputs: [...outputs].sort() });
    }
    const text = formatTrace(dumped.trace(cases[1]![2], first.ofport));
    expect(text).toContain(`tun_id=0x${KEY.toString(16)},tun_dst=${hosts[1]!.ip}`);
  });
});
