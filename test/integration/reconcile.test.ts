import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import {
  type ActionInit,
  connectSwitch,
  FlowModFlag,
  type FlowSpec,
  type FlowStats,
  type GroupSpec,
  group,
  type InstructionInit,
  type MeterSpec,
  output,
  type Switch,
  setField,
  type TableState,
} from '../../src/ofp/index.ts';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';

const OWN = { cookie: 0x6a00n, cookieMask: 0xff00n };
const EVERYTHING = { ...OWN, ownsGroup: () => true, ownsMeter: () => true };
const NONE = { added: 0, changed: 0, deleted: 0 };

const apply = (...actions: readonly ActionInit[]) => ({ type: 'applyActions', actions }) as const;
const flow = (inPort: number, instructions: readonly InstructionInit[], changes: Partial<FlowSpec> = {}) => ({
  tableId: 0,
  priority: 10,
  cookie: 0x6a01n,
  match: { inPort },
  instructions,
  ...changes,
});

describeWithLab('reconciling a real Open vSwitch', () => {
  let lab: Lab;
  let host: Host;
  let a: Container;
  let b: Container;
  let session: Switch;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addSwitch();
    a = await host.addContainer({ name: 'reconcile-a', address: '10.0.0.1/24' });
    b = await host.addContainer({ name: 'reconcile-b', address: '10.0.0.2/24' });
    session = await connectSwitch(`unix:${host.ovs.mgmt(host.bridge)}`);
  });

  afterEach(() =>
    session.reconcile({}, { cookie: 0, cookieMask: 0, ownsGroup: () => true, ownsMeter: () => true }),
  );

  afterAll(async () => {
    await session?.close();
    await lab?.close();
  });

  /** A flow by its port, with its age in nanoseconds. */
  async function stats(
    inPort: number,
  ): Promise<FlowStats & { readonly packets: number; readonly age: number }> {
    const [found] = (await session.multipart('flow', { tableId: 0 })).filter(
      ({ match }) => match.inPort === inPort,
    );
    if (found === undefined) throw new Error(`no flow for port ${inPort}`);
    const age = found.durationSec * 1e9 + found.durationNsec;
    return { ...found, packets: found.packetCount.toNumber(), age };
  }

  /** Both ports forward to each other, as told; and something has been sent. */
  async function forwarding(
    fromA: readonly InstructionInit[] = [apply(output(b.ofport))],
    fromB: readonly InstructionInit[] = [apply(output(a.ofport))],
  ): Promise<[FlowSpec, FlowSpec]> {
    const flows: [FlowSpec, FlowSpec] = [flow(a.ofport, fromA), flow(b.ofport, fromB)];
    await session.reconcile({ flows }, OWN);
    // What the datapath has kept of the state before goes by and by.
    await eventually(async () => (await a.ping(b.ip, { count: 3 })).received === 3);
    // The counters of the userspace datapath come in with a delay.
    await eventually(
      async () => (await stats(a.ofport)).packets >= 3 && (await stats(b.ofport)).packets >= 3,
    );
    return flows;
  }

  it('leaves flows alone that are as they should be, and keeps the counters of those that change', async () => {
    const [fromA, fromB] = await forwarding();
    const [beforeA, beforeB] = [await stats(a.ofport), await stats(b.ofport)];
    const further = flow(99, []);
    const detour = { ...fromB, instructions: [apply(setField('metadata', 5), output(a.ofport))] };
    const counts = await session.reconcile({ flows: [fromA, detour, further] }, OWN);
    expect(counts).toEqual({ added: 1, changed: 1, deleted: 0 });

    const [afterA, afterB] = [await stats(a.ofport), await stats(b.ofport)];
    expect(afterA.packets).toBeGreaterThanOrEqual(beforeA.packets);
    expect(afterA.age).toBeGreaterThan(beforeA.age);
    expect(afterB.instructions).toHaveLength(1);
    expect(afterB.packets).toBeGreaterThanOrEqual(beforeB.packets);
    expect(afterB.age).toBeGreaterThan(beforeB.age);
    expect(await session.reconcile({ flows: [further, detour, fromA] }, OWN)).toEqual(NONE);
  });

  it.each<[string, Partial<FlowSpec>]>([
    ['cookie', { cookie: 0x6a02n }],
    ['idle timeout', { idleTimeout: 600 }],
    ['flags', { flags: FlowModFlag.SEND_FLOW_REM }],
  ])('adds a flow again whose %s differs, and keeps its counters', async (_, changes) => {
    const [fromA, fromB] = await forwarding();
    const before = await stats(a.ofport);
    const changed = { ...fromA, ...changes };
    expect(await session.reconcile({ flows: [changed, fromB] }, OWN)).toEqual({ ...NONE, changed: 1 });
    const after = await stats(a.ofport);
    expect(after).toMatchObject(changes.cookie === undefined ? changes : {});
    expect(after.packets).toBeGreaterThanOrEqual(before.packets);
    expect(after.age).toBeLessThan(before.age);
    expect(await session.reconcile({ flows: [changed, fromB] }, OWN)).toEqual(NONE);
  });

  it.each<[string, string, InstructionInit[], Partial<FlowSpec>]>([
    ['OFPBAC_MATCH_INCONSISTENT', 'when it is added', [apply({ type: 'popVlan' })], {}],
    ['OFPBIC_BAD_TABLE_ID', 'when it is added', [{ type: 'gotoTable', tableId: 0 }], {}],
    ['OFPBAC_BAD_OUT_GROUP', 'in the commit', [apply(group(99))], {}],
    ['OFPMMFC_INVALID_METER', 'in the commit', [{ type: 'meter', meterId: 99 }], {}],
  ])(
    'changes nothing when the switch refuses a flow with %s %s, and names it',
    async (code, _, instructions, changes) => {
      const [fromA, fromB] = await forwarding();
      const before = await session.multipart('flow', {});
      const bad = flow(50, instructions, { tableId: 4, priority: 77, ...changes });
      const others = [flow(51, []), bad, flow(52, [])];
      const failed = session.reconcile({ flows: [{ ...fromA, instructions: [] }, ...others] }, OWN);
      await expect(failed).rejects.toMatchObject({
        code,
        message: expect.stringContaining('flowMod add (table 4, priority 77)'),
      });
      const after = await session.multipart('flow', {});
      expect(after.map(({ match, instructions }) => ({ match, instructions }))).toEqual(
        before.map(({ match, instructions }) => ({ match, instructions })),
      );
      expect(await session.reconcile({ flows: [fromA, fromB] }, OWN)).toEqual(NONE);
      await eventually(async () => expect(await a.ping(b.ip)).toMatchObject({ received: 1 }));
    },
  );

  it('finds nothing to do the second time, however matches and actions are written', async () => {
    const ip = { ethType: 0x0800 };
    const matches: readonly FlowSpec['match'][] = [
      { ...ip, ipv4Dst: '10.0.0.1/32', ipv4Src: '0.0.0.0/0' },
      { ...ip, ipv4Dst: '10.0.0.0/255.255.255.0', ipDscp: 46 },
      { ethType: 0x86dd, ipv6Src: 'FD00::/64', ipv6Flabel: { value: 1, mask: 0xfffff } },
      { vlanVid: { value: 0x1005, mask: 0x1fff } },
      { vlanVid: { value: 0x1000, mask: 0x1000 } },
      { metadata: { value: 7n, mask: 0xffff_ffff_ffff_ffffn }, ethSrc: 'AA:00:00:00:00:01' },
      { tunnelId: 5, tunIpv4Src: '192.0.2.1', ethDst: '01:00:00:00:00:00/01:00:00:00:00:00' },
      { ethType: 0x86dd, ipProto: 58, icmpv6Type: 135, icmpv6Code: 0, ipv6NdTarget: 'fd00::1' },
      { ...ip, ipProto: 6, tcpDst: { value: 80, mask: 0xfff0 } },
      { xreg0: 5n },
      { xreg1: { value: 0x1_0000_0000n, mask: 0xff_0000_0000n }, reg0: 7 },
      { xxreg1: 0x0000_0001_0000_0002_0000_0003_0000_0004n },
    ];
    const lists: readonly (readonly InstructionInit[])[] = [
      [],
      [apply()],
      [{ type: 'gotoTable', tableId: 9 }, apply(setField('ethDst', 'AA:00:00:00:00:01'), output(1))],
      [{ type: 'writeMetadata', metadata: 5, metadataMask: 0xff }, { type: 'clearActions' }],
      [apply({ type: 'pushVlan', ethType: 0x8100 }, setField('vlanVid', 0x1005), output(1))],
      [{ type: 'writeActions', actions: [output(2), { type: 'decNwTtl' }] }],
      [apply({ type: 'nxController2' })],
    ];
    const flows = [
      ...matches.map((match, i) => flow(0, [], { tableId: 3, priority: i + 1, ...(match && { match }) })),
      ...lists.map((instructions, i) => flow(0, instructions, { tableId: 4, priority: i + 1, match: ip })),
    ];
    expect(await session.reconcile({ flows }, OWN)).toEqual({ ...NONE, added: flows.length });
    expect(await session.reconcile({ flows: flows.reverse() }, OWN)).toEqual(NONE);
    expect(await session.multipart('flow', {})).toHaveLength(flows.length);
  });

  it('leaves the flows, groups and meters of others alone', async () => {
    await host.addFlows(['cookie=0x1,in_port=77,actions=drop', 'cookie=0x6b01,in_port=78,actions=drop']);
    await host.ovs.ofctl('add-group', host.bridge, 'group_id=77,type=all,bucket=output:1');
    await host.ovs.ofctl('add-meter', host.bridge, 'meter=77,kbps,band=type=drop,rate=100');
    const ours: Partial<TableState> = {
      flows: [flow(1, [apply(group(5))])],
      groups: [{ groupId: 5, groupType: 'all', buckets: [] }],
      meters: [{ meterId: 5, flags: 1, bands: [{ type: 'drop', rate: 100, burstSize: 0 }] }],
    };
    const isOurs = (id: number) => id < 10;
    await session.reconcile(ours, { ...OWN, ownsGroup: isOurs, ownsMeter: isOurs });
    const counts = await session.reconcile({}, { ...OWN, ownsGroup: isOurs, ownsMeter: isOurs });
    expect(counts).toEqual({ ...NONE, deleted: 3 });
    const left = await session.multipart('flow', {});
    expect(left.map(({ match }) => match.inPort).sort()).toEqual([77, 78]);
    expect(await session.multipart('groupDesc')).toMatchObject([{ groupId: 77 }]);
    expect(await session.multipart('meterConfig', {})).toMatchObject([{ meterId: 77 }]);
  });

  it('adds, changes and removes groups and meters that flows in use name', async () => {
    const drop = { type: 'drop', burstSize: 0 } as const;
    const meter = (meterId: number, rate: number): MeterSpec => ({
      meterId,
      flags: 1,
      bands: [{ ...drop, rate }],
    });
    const all = (groupId: number, ...ports: number[]): GroupSpec => ({
      groupId,
      groupType: 'all',
      buckets: ports.map((port) => ({ actions: [output(port)] })),
    });
    const through = (meterId: number, groupId: number) => [
      flow(a.ofport, [{ type: 'meter', meterId }, apply(group(groupId))]),
      flow(b.ofport, [apply(output(a.ofport))]),
    ];
    const states = [
      { flows: through(1, 1), groups: [all(1, b.ofport)], meters: [meter(1, 100_000)] },
      { flows: through(1, 1), groups: [all(1, b.ofport, 99)], meters: [meter(1, 200_000)] },
      { flows: through(2, 2), groups: [all(2, b.ofport)], meters: [meter(2, 200_000)] },
    ];
    const counts = [];
    let ping: Awaited<ReturnType<Container['startPing']>> | undefined;
    for (const state of states) {
      counts.push(await session.reconcile(state, EVERYTHING));
      ping ??= await a.startPing(b.ip);
      expect(await session.reconcile(state, EVERYTHING)).toEqual(NONE);
    }
    expect(counts).toEqual([
      { added: 4, changed: 0, deleted: 0 },
      { added: 0, changed: 2, deleted: 0 },
      { added: 2, changed: 1, deleted: 2 },
    ]);
    expect(await ping!.stop()).toMatchObject({ lost: 0 });
    expect(await session.multipart('meterConfig', {})).toMatchObject([{ meterId: 2 }]);
    expect(await session.multipart('groupDesc')).toMatchObject([{ groupId: 2 }]);
  });

  it('loses no packet when its process is killed in the middle, twenty times', async () => {
    const script = fileURLToPath(new URL('./reconcile-without-end.ts', import.meta.url));
    const args = ['--import', 'tsx', script, host.ovs.mgmt(host.bridge), `${a.ofport}`, `${b.ofport}`];
    const sizes = new Set<number>();
    let ping: Awaited<ReturnType<Container['startPing']>> | undefined;
    for (let round = 0; round < 20; round++) {
      const child = await lab.start(process.execPath, args);
      await child.waitForOutput(/reconciled/);
      ping ??= await a.startPing(b.ip);
      await child.stop('SIGKILL');
      sizes.add((await session.multipart('flow', {})).length);
    }
    const { sent, lost, duplicates } = await ping!.stop();
    expect(sent).toBeGreaterThan(100);
    expect({ lost, duplicates }).toEqual({ lost: 0, duplicates: 0 });
    // One state or the other, and never a part of one.
    expect([302, 304]).toEqual(expect.arrayContaining([...sizes]));
  }, 300_000);
});
