import { describe, expect, it } from '@jest/globals';
import { DhcpServer } from '../../src/app/dhcp/server.ts';
import type { NetworkEvent } from '../../src/app/events.ts';
import { compile } from '../../src/app/pipeline/compile.ts';
import type { Location } from '../../src/app/pipeline/intent.ts';
import { Table } from '../../src/app/pipeline/tables.ts';
import { parsePod } from '../../src/app/pod.ts';
import { PodBridge } from '../../src/app/pod-bridge.ts';
import type { PodPlan } from '../../src/app/pod-plan.ts';
import { RemoteError } from '../../src/util/errors.ts';
import { silentLog } from '../../src/util/log.ts';
import { FakeSession, turns } from './fake-session.ts';

const KEY = 0x10007;
const MAC = '02:00:00:00:00:01';
const FRAME = `ffffffffffff ${MAC} 0800`;
const TUNNEL = { ofport: 9 };
const PEER = '192.0.2.2';

/** A plan with interfaces `if1`, `if2`… in the given pods. */
function planOf(pods: readonly string[], changes: Partial<PodPlan> = {}): PodPlan {
  const members = pods.map((name, i) => ({ interface: `if${i + 1}`, ofport: i + 1, pod: parsePod(name) }));
  return {
    members,
    tunnel: TUNNEL,
    peersByKey: new Map(members.map(({ pod }) => [pod.key, [PEER]])),
    keepsPeers: false,
    remoteStations: [],
    subnets: new Map(),
    host: 'h1',
    ...changes,
  };
}

const fromPort = (inPort: number, key = KEY) => ({ inPort, metadata: key });
const fromPeer = (tunIpv4Src: string, key = KEY) => ({
  inPort: TUNNEL.ofport,
  metadata: 2 ** 32 + key,
  tunIpv4Src,
});
const learntFlows = (location: Location) =>
  compile({ type: 'learnt', key: KEY, mac: MAC, location, tunnel: TUNNEL }).flows;

/** A server that knows nobody, and nobody asks. */
const NO_DHCP = new DhcpServer({
  ownerOf: () => undefined,
  record: async () => {},
  now: () => 0,
  log: silentLog,
});

async function startBridge(
  plan: PodPlan,
  prepare: (fake: FakeSession) => void = () => {},
  dhcp: DhcpServer = NO_DHCP,
) {
  const fake = new FakeSession();
  prepare(fake);
  const events: NetworkEvent[] = [];
  const bridge = new PodBridge({
    session: fake.session,
    onEvent: (event) => events.push(event),
    log: silentLog,
    hasMeters: true,
    dhcp,
  });
  await bridge.start(plan);
  const told = () => events.splice(0);
  /** Where the address is forwarded to, as the switch has it. */
  const isForwarded = (location: Location) =>
    fake.flows.some((flow) => JSON.stringify(flow) === JSON.stringify(learntFlows(location)[1]));
  return { fake, bridge, told, isForwarded };
}

const base = { switch: '0000000000000001', domain: '7', mac: MAC };
const joined = (number: number, pod: string) => ({
  type: 'podJoined',
  switch: base.switch,
  interface: `if${number}`,
  port: number,
  pod,
  key: parsePod(pod).key,
});

describe('a pod bridge', () => {
  it('tells who is in which pod when it starts, and what changes', async () => {
    const { bridge, told, fake } = await startBridge(planOf(['7', '8']));
    expect(told()).toEqual([joined(1, '7'), joined(2, '8')]);
    bridge.update(planOf(['7', '7']));
    await bridge.settled();
    expect(told()).toEqual([joined(2, '7'), { ...joined(2, '8'), type: 'podLeft' }]);
    bridge.update(planOf(['7', '7']));
    await bridge.settled();
    expect(told()).toEqual([]);
    expect(fake.changes).toHaveLength(2);
  });

  it('learns where the source of a frame is, and that it moved', async () => {
    const { fake, told, isForwarded, bridge } = await startBridge(planOf(['7', '7']));
    told();
    fake.packetIn(Table.LEARN, fromPort(1), FRAME);
    await turns();
    expect(told()).toEqual([{ type: 'endpointLearnt', ...base, at: { port: 1 } }]);
    expect(isForwarded({ type: 'port', ofport: 1 })).toBe(true);

    fake.packetIn(Table.LEARN, fromPeer(PEER), FRAME);
    await turns();
    expect(told()).toEqual([{ type: 'endpointMoved', ...base, at: { peer: PEER }, from: { port: 1 } }]);
    expect(isForwarded({ type: 'port', ofport: 1 })).toBe(false);
    expect(isForwarded({ type: 'tunnel', peer: PEER })).toBe(true);
    expect(bridge.state().endpoints).toEqual([{ domain: '7', mac: MAC, at: { peer: PEER } }]);
  });

  it('takes several frames of one turn in one change', async () => {
    const { fake } = await startBridge(planOf(['7', '7']));
    for (let i = 10; i < 99; i++) fake.packetIn(Table.LEARN, fromPort(1), `ffffffffffff 0200000000${i} 0800`);
    fake.packetIn(Table.LEARN, fromPort(1), FRAME);
    fake.packetIn(Table.LEARN, fromPort(1), FRAME);
    await turns();
    expect(fake.changes.slice(1)).toEqual([180]);
  });

  it('learns nothing from where no pod is', async () => {
    const { fake, told } = await startBridge(planOf(['7']));
    told();
    fake.packetIn(Table.LEARN, fromPort(2), FRAME);
    fake.packetIn(Table.LEARN, fromPort(1, 0x10008), FRAME);
    fake.packetIn(Table.LEARN, fromPeer('192.0.2.3'), FRAME);
    fake.packetIn(Table.LEARN, fromPeer(PEER, 0x10008), FRAME);
    fake.packetIn(Table.CLASSIFY, fromPort(1), FRAME);
    fake.packetIn(Table.LEARN, { inPort: 1 }, FRAME);
    await turns();
    expect(told()).toEqual([]);
    expect(fake.changes).toHaveLength(1);
  });

  it('outlives frames that are cut off', async () => {
    const { fake, told } = await startBridge(planOf(['7']));
    told();
    fake.packetIn(Table.LEARN, fromPort(1), 'ffffffffffff 0200');
    expect(told()).toEqual([]);
    fake.packetIn(Table.LEARN, fromPort(1), `ffffffffffff ${MAC} 8100`);
    expect(told()).toMatchObject([{ type: 'endpointLearnt', mac: MAC }]);
  });

  it('forgets an address whose flow has gone idle, and hears of it again', async () => {
    const { fake, told, isForwarded } = await startBridge(planOf(['7']));
    fake.packetIn(Table.LEARN, fromPort(1), FRAME);
    await turns();
    told();
    const [known] = learntFlows({ type: 'port', ofport: 1 });
    fake.remove(known!, 'delete');
    expect(told()).toEqual([]);
    fake.remove(known!, 'idleTimeout');
    await turns();
    expect(told()).toEqual([{ type: 'endpointAged', ...base, at: { port: 1 } }]);
    expect(isForwarded({ type: 'port', ofport: 1 })).toBe(false);
    fake.packetIn(Table.LEARN, fromPort(1), FRAME);
    await turns();
    expect(isForwarded({ type: 'port', ofport: 1 })).toBe(true);
  });

  it('does not forget an address that has moved away from the flow that went idle', async () => {
    const { fake, told } = await startBridge(planOf(['7', '7']));
    fake.packetIn(Table.LEARN, fromPort(1), FRAME);
    fake.packetIn(Table.LEARN, fromPort(2), FRAME);
    told();
    fake.remove(learntFlows({ type: 'port', ofport: 1 })[0]!, 'idleTimeout');
    expect(told()).toEqual([]);
  });

  it('forgets the addresses of an interface or a host that left, by the name of the pod it left', async () => {
    const { fake, told, bridge } = await startBridge(planOf(['8', '7']));
    fake.packetIn(Table.LEARN, fromPort(2), FRAME);
    await turns();
    told();
    bridge.update(planOf(['8']));
    expect(told()).toEqual([
      { type: 'endpointAged', ...base, at: { port: 2 } },
      { ...joined(2, '7'), type: 'podLeft' },
    ]);

    bridge.update(planOf(['8', '7']));
    fake.packetIn(Table.LEARN, fromPeer(PEER), FRAME);
    told();
    bridge.update(planOf(['8', '7'], { peersByKey: new Map() }));
    expect(told()).toEqual([{ type: 'endpointAged', ...base, at: { peer: PEER } }]);
    await bridge.settled();
    expect(JSON.stringify(fake.flows)).not.toContain(MAC);
  });

  it('sends nothing more when it has stopped', async () => {
    const { fake, told, bridge } = await startBridge(planOf(['7']));
    fake.packetIn(Table.LEARN, fromPort(1), FRAME);
    await bridge.stop();
    told();
    const { flows } = fake;
    fake.packetIn(Table.LEARN, fromPort(1), `ffffffffffff 020000000009 0800`);
    bridge.update(planOf([]));
    await turns();
    expect(fake.flows).toBe(flows);
  });
});

describe('a pod bridge with an endpoint whose addresses are known', () => {
  const withAddresses = (ip = '10.0.0.1'): PodPlan => {
    const plan = planOf(['7', '7']);
    const [first, second] = plan.members;
    return { ...plan, members: [{ ...first!, addresses: { mac: MAC, ips: [ip] } }, second!] };
  };
  const announced = (fake: FakeSession) =>
    fake.sent.flatMap((message) =>
      message.type === 'packetOut' ? [Buffer.from(message.data!).toString('hex')] : [],
    );

  it('announces it when it comes or changes, not when it was there before', async () => {
    const { fake, bridge } = await startBridge(withAddresses());
    expect(announced(fake)).toEqual([]);
    bridge.update(withAddresses('10.0.0.9'));
    await bridge.settled();
    expect(announced(fake)).toEqual([expect.stringMatching(/^ffffffffffff020000000001.*0a000009/)]);
    bridge.update(withAddresses('10.0.0.9'));
    await bridge.settled();
    expect(announced(fake)).toHaveLength(1);
  });

  it('does not learn its address anywhere', async () => {
    const { fake, told } = await startBridge(withAddresses());
    told();
    fake.packetIn(Table.LEARN, fromPort(2), FRAME);
    await turns();
    expect(told()).toEqual([]);
    expect(fake.changes).toHaveLength(1);
  });

  it('does not take its flows for learnt ones when it starts again', async () => {
    const plan = withAddresses();
    const { flows } = (await startBridge(plan)).fake;
    const { told, fake } = await startBridge(plan, (next) => {
      next.flows = flows;
    });
    expect(told().map(({ type }) => type)).toEqual(['podJoined', 'podJoined']);
    // Two groups and a meter, which the first switch has not handed on.
    expect(fake.changes).toEqual([3]);
  });
});

describe('a pod bridge that takes over', () => {
  const withFlows = (location: Location) => (fake: FakeSession) => {
    const pod = compile({ type: 'pod', key: KEY, ofports: [1], tunnel: TUNNEL, peers: [PEER, '192.0.2.3'] });
    fake.flows = [...pod.flows, ...learntFlows(location)];
  };

  it.each<[string, Location, object]>([
    ['behind a port', { type: 'port', ofport: 1 }, { port: 1 }],
    ['behind a tunnel', { type: 'tunnel', peer: PEER }, { peer: PEER }],
  ])('keeps addresses that are known %s', async (_, location, at) => {
    const { told, isForwarded } = await startBridge(planOf(['7']), withFlows(location));
    expect(told()).toEqual([joined(1, '7'), { type: 'endpointLearnt', ...base, at }]);
    expect(isForwarded(location)).toBe(true);
  });

  it('drops addresses that are where the pod is no more', async () => {
    const { told, isForwarded } = await startBridge(planOf(['8']), withFlows({ type: 'port', ofport: 1 }));
    expect(told()).toEqual([joined(1, '8')]);
    expect(isForwarded({ type: 'port', ofport: 1 })).toBe(false);
  });

  it('keeps the stations of hosts that it knew until all have told', async () => {
    const station = { key: KEY, mac: MAC, ips: ['10.0.0.1', 'fd00::1'], peer: PEER };
    const known = planOf(['7'], { remoteStations: [station] });
    const { flows } = (await startBridge(known)).fake;
    const isThere = (fake: FakeSession) => JSON.stringify(fake.flows).includes(MAC);
    const unknown = planOf(['7'], { keepsPeers: true });
    const { fake, bridge } = await startBridge(unknown, (next) => {
      next.flows = flows;
    });
    expect(isThere(fake)).toBe(true);
    // Two groups and a meter, which the first switch has not handed on, but no flow.
    expect(fake.changes).toEqual([3]);
    bridge.update({ ...known, keepsPeers: true });
    await bridge.settled();
    expect(fake.changes.slice(1)).toEqual([]);
    bridge.update(planOf(['7']));
    await bridge.settled();
    expect(isThere(fake)).toBe(false);
  });

  it('keeps the hosts that it knew until all have told', async () => {
    const location: Location = { type: 'tunnel', peer: '192.0.2.3' };
    const unknown = planOf(['7'], { peersByKey: new Map([[KEY, []]]), keepsPeers: true });
    const { fake, bridge, told, isForwarded } = await startBridge(unknown, withFlows(location));
    expect(told()).toContainEqual({ type: 'endpointLearnt', ...base, at: { peer: '192.0.2.3' } });
    expect(isForwarded(location)).toBe(true);
    expect(JSON.stringify(fake.flows)).toContain(`"tunIpv4Src":"${PEER}"`);

    bridge.update(planOf(['7'], { keepsPeers: true }));
    await bridge.settled();
    expect(isForwarded(location)).toBe(true);
    expect(told()).toEqual([]);

    bridge.update(planOf(['7']));
    await bridge.settled();
    expect(isForwarded(location)).toBe(false);
    expect(told()).toEqual([{ type: 'endpointAged', ...base, at: { peer: '192.0.2.3' } }]);
    expect(JSON.stringify(fake.flows)).toContain(`"tunIpv4Src":"${PEER}"`);
    expect(JSON.stringify(fake.flows)).not.toContain('192.0.2.3');

    bridge.update(planOf(['7'], { peersByKey: new Map(), keepsPeers: true }));
    await bridge.settled();
    expect(JSON.stringify(fake.flows)).not.toContain(PEER);
  });
});

describe('a pod bridge whose switch is not as it should be', () => {
  const refusal = new RemoteError('OFPFMFC_TABLE_FULL', 'no room');
  const problem = { type: 'problem', switch: base.switch, code: 'OFPFMFC_TABLE_FULL', message: 'no room' };

  it('tells of a change that was refused, and puts everything right', async () => {
    const { fake, told, isForwarded } = await startBridge(planOf(['7']));
    told();
    fake.failures.push(refusal);
    fake.packetIn(Table.LEARN, fromPort(1), FRAME);
    await turns();
    expect(told()).toEqual([{ type: 'endpointLearnt', ...base, at: { port: 1 } }, problem]);
    expect(isForwarded({ type: 'port', ofport: 1 })).toBe(true);
    expect(fake.isClosed).toBe(false);
  });

  it('realises what came while it was putting things right', async () => {
    const { fake, bridge, isForwarded } = await startBridge(planOf(['7', '7']));
    fake.failures.push(refusal);
    bridge.update(planOf(['7', '8']));
    const reconcile = fake.reconcile.bind(fake);
    fake.reconcile = async (desired) => {
      await reconcile(desired);
      fake.packetIn(Table.LEARN, fromPort(1), FRAME);
    };
    await bridge.settled();
    expect(isForwarded({ type: 'port', ofport: 1 })).toBe(true);
  });

  it('ends the session when that is refused as well, so that it begins anew', async () => {
    const { fake, told } = await startBridge(planOf(['7']));
    told();
    fake.failures.push(refusal, refusal);
    fake.packetIn(Table.LEARN, fromPort(1), FRAME);
    await turns();
    expect(told().filter(({ type }) => type === 'problem')).toEqual([problem, problem]);
    expect(fake.isClosed).toBe(true);
  });

  it('puts all flows back when somebody has emptied the tables', async () => {
    const { fake, told } = await startBridge(planOf(['7']));
    fake.packetIn(Table.LEARN, fromPort(1), FRAME);
    await turns();
    told();
    const all = fake.flows;
    const miss = all.find(({ tableId, priority }) => tableId === Table.CLASSIFY && priority === 0)!;
    fake.flows = [];
    fake.remove(miss, 'delete');
    await turns();
    expect(new Set(fake.flows)).toEqual(new Set(all));
    expect(told()).toEqual([]);
  });

  it('rejects its start when the switch refuses that', async () => {
    const start = startBridge(planOf(['7']), (fake) => fake.failures.push(refusal));
    await expect(start).rejects.toBe(refusal);
  });
});
