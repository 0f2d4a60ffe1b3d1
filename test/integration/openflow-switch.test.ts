import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type BundleBuilder,
  connectSwitch,
  encode,
  FlowModFlag,
  type FlowModInit,
  group,
  type MessageInit,
  OpenFlowServer,
  output,
  PortNo,
  type RequestError,
  type Switch,
} from '../../src/ofp/index.ts';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { calledBy, reachServer } from './called-by-switch.ts';
import { describeWithLab } from './describe-with-lab.ts';

describeWithLab('the state of an Open vSwitch', () => {
  let lab: Lab;
  let host: Host;
  let c1: Container;
  let c2: Container;
  let server: OpenFlowServer;
  let session: Switch;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addSwitch();
    [c1, c2] = await Promise.all([
      host.addContainer({ name: 'ofp-c1', address: '10.0.0.1/24' }),
      host.addContainer({ name: 'ofp-c2', address: '10.0.0.2/24' }),
    ]);
    server = new OpenFlowServer({ listen: 'ptcp:0' });
    await server.listen();
    await reachServer(host, server);
    session = await calledBy(host, server);
  });

  afterAll(async () => {
    await server?.close();
    await lab?.close();
  });

  /** Leaves the switch with no flows but these. */
  async function setFlows(...flows: readonly Omit<FlowModInit, 'type' | 'command'>[]): Promise<void> {
    session.send({ type: 'flowMod', command: 'delete', tableId: 0xff });
    for (const flow of flows) session.send({ type: 'flowMod', command: 'add', ...flow });
    await session.barrier();
  }

  const dumpFlows = () => host.ovs.ofctl('dump-flows', '--no-stats', '--sort=priority', host.bridge);

  it('is known when it has called us: datapath id, features and ports', async () => {
    const id = await host.ovs.vsctl('get', 'Bridge', host.bridge, 'datapath_id');
    expect(id).toBe(`"${session.id}"\n`);
    expect(session.features).toMatchObject({ nTables: 254, auxiliaryId: 0 });
    expect(session.ports.get(PortNo.LOCAL)).toMatchObject({ name: host.bridge });
    for (const { port, ofport } of [c1, c2]) expect(session.ports.get(ofport)).toMatchObject({ name: port });
  });

  it('is the same when we call it', async () => {
    await using called = await connectSwitch(`unix:${host.ovs.mgmt(host.bridge)}`);
    expect(called.id).toBe(session.id);
    expect([...called.ports.keys()].sort()).toEqual([...session.ports.keys()].sort());
    await called.barrier();
  });

  it('describes itself', async () => {
    const version = /\(Open vSwitch\) (\S+)/.exec(await host.exec('ovs-vswitchd', ['--version']))![1];
    expect(await session.multipart('desc')).toMatchObject({
      manufacturer: 'Nicira, Inc.',
      hardware: 'Open vSwitch',
      software: version,
    });
  });

  it('counts what goes through its ports', async () => {
    await setFlows({ instructions: [{ type: 'applyActions', actions: [output(PortNo.NORMAL)] }] });
    const before = await session.multipart('portStats', { portNo: c1.ofport });
    await eventually(async () => expect(await c1.ping(c2.ip, { count: 3 })).toMatchObject({ received: 3 }));
    const after = await session.multipart('portStats', { portNo: c1.ofport });
    expect(after).toHaveLength(1);
    expect(after[0]!.rxPackets.sub(before[0]!.rxPackets).toNumber()).toBeGreaterThanOrEqual(3);
    const all = await session.multipart('portStats');
    expect(all.map(({ portNo }) => portNo).sort()).toEqual([...session.ports.keys()].sort());
  });

  it('has the flows that were sent, as ovs-ofctl sees them', async () => {
    await setFlows(
      {
        priority: 300,
        cookie: 0x1234n,
        idleTimeout: 60,
        flags: FlowModFlag.SEND_FLOW_REM,
        match: { inPort: c1.ofport, ethType: 0x0800, ipv4Dst: '10.1.0.0/16' },
        instructions: [
          { type: 'applyActions', actions: [{ type: 'decNwTtl' }, output(c2.ofport)] },
          { type: 'gotoTable', tableId: 5 },
        ],
      },
      { priority: 200, tableId: 5, match: { vlanVid: 0x1064, ethDst: '02:00:00:00:00:09' } },
      { priority: 100, instructions: [{ type: 'applyActions', actions: [output(PortNo.CONTROLLER)] }] },
    );
    expect((await dumpFlows()).trim().split('\n')).toEqual([
      'priority=100 actions=CONTROLLER:65535',
      ' table=5, priority=200,dl_vlan=100,dl_dst=02:00:00:00:00:09 actions=drop',
      ` cookie=0x1234, idle_timeout=60, send_flow_rem priority=300,ip,in_port=${c1.ofport},nw_dst=10.1.0.0/16 ` +
        `actions=dec_ttl,output:${c2.ofport},goto_table:5`,
    ]);
  });

  it('gives back the flows that were sent', async () => {
    const flow = {
      tableId: 3,
      priority: 77,
      cookie: 0xffff_ffff_0000_0001n,
      hardTimeout: 600,
      match: { tunnelId: 0x10ffd, reg0: { value: 1, mask: 0xf }, ethType: 0x86dd, ipv6Src: 'fd00::/64' },
      instructions: [{ type: 'writeActions', actions: [output(c2.ofport)] }],
    } as const;
    await setFlows(flow);
    const [stats, ...others] = await session.multipart('flow', { tableId: 3 });
    expect(others).toEqual([]);
    expect(stats).toMatchObject({ tableId: 3, priority: 77, hardTimeout: 600, idleTimeout: 0, flags: 0 });
    expect(stats!.cookie.toString()).toBe('18446744069414584321');
    expect(stats!.match).toMatchObject({ ethType: 0x86dd, reg0: flow.match.reg0 });
    session.send({ type: 'flowMod', command: 'add', ...stats! });
    await session.barrier();
    expect(await session.multipart('aggregate')).toMatchObject({ flowCount: 1 });
  });

  it('gives back a thousand flows, which are more than one message holds', async () => {
    const prefix = (index: number) => `10.${index >> 8}.${index & 0xff}.0/24`;
    await setFlows(
      ...Array.from({ length: 1000 }, (_, index) => ({
        cookie: index,
        match: { ethType: 0x0800, ipv4Dst: prefix(index) },
        instructions: [{ type: 'applyActions', actions: [output(c1.ofport)] } as const],
      })),
    );
    const cookies = new Set<number>();
    for await (const { cookie } of session.flowStats({ match: { ethType: 0x0800 } })) {
      cookies.add(cookie.toNumber());
      if (cookies.size === 500) await session.barrier();
    }
    expect(cookies.size).toBe(1000);
    expect(await session.multipart('flow')).toHaveLength(1000);
    let read = 0;
    for await (const _flow of session.flowStats()) if (++read === 10) break;
    await session.barrier();
    expect((await dumpFlows()).trim().split('\n')).toHaveLength(1000);
  });

  describe('when it refuses something', () => {
    const refused: [string, string, MessageInit][] = [
      ['a flow in table 255', 'OFPFMFC_BAD_TABLE_ID', { type: 'flowMod', command: 'add', tableId: 0xff }],
      [
        'a flow to a group that is not there',
        'OFPBAC_BAD_OUT_GROUP',
        {
          type: 'flowMod',
          command: 'add',
          instructions: [{ type: 'applyActions', actions: [group(99)] }],
        },
      ],
      [
        'a field that this switch has not',
        'OFPBMC_BAD_FIELD',
        { type: 'flowMod', command: 'add', match: { inPort: 1, inPhyPort: 1 } },
      ],
      [
        'to go back in the pipeline',
        'OFPBIC_BAD_TABLE_ID',
        { type: 'flowMod', command: 'add', tableId: 9, instructions: [{ type: 'gotoTable', tableId: 3 }] },
      ],
      [
        'to change a group that is not there',
        'OFPGMFC_UNKNOWN_GROUP',
        { type: 'groupMod', command: 'modify', groupType: 'all', groupId: 7, buckets: [] },
      ],
      [
        'a packet from a port that none can come from',
        'OFPBRC_BAD_PORT',
        { type: 'packetOut', inPort: PortNo.FLOOD, data: Buffer.alloc(60) },
      ],
    ];

    it.each(refused)('as %s, says so by name (%s) and with the message', async (_what, code, message) => {
      const told = new Promise<RequestError>((resolve) => session.once('requestError', resolve));
      session.send(message);
      const { error, request } = await told;
      expect(error.code).toBe(code);
      expect(encode(request!).equals(encode({ ...message, xid: request!.xid } as MessageInit))).toBe(true);
      await session.barrier();
    });

    it('is not asked for a match that lacks what it needs', async () => {
      const match = { tcpDst: 80 };
      expect(() => session.send({ type: 'flowMod', command: 'add', match })).toThrow(
        'add ethType: 0x0800 (or 0x86dd) and ipProto: 6',
      );
      const build = (bundle: BundleBuilder) => bundle.send({ type: 'flowMod', command: 'add', match });
      await expect(session.bundle(build)).rejects.toMatchObject({ code: 'OFP_BAD_PREREQUISITE' });
      await session.barrier();
    });

    it('as a request, rejects it by name', async () => {
      const lead = (generationId: number) =>
        session.request({ type: 'roleRequest', role: 'master', generationId });
      expect(await lead(5)).toMatchObject({ type: 'roleReply', role: 'master' });
      await expect(lead(4)).rejects.toMatchObject({
        code: 'OFPRRFC_STALE',
        message: 'the switch refused roleRequest: OFPRRFC_STALE',
      });
      await session.barrier();
    });
  });
});
