import { afterEach, describe, expect, it } from '@jest/globals';
import { DEFEND_INTERVAL_MS, FORGET_MS } from '../../../src/app/bridges/address-conflicts.ts';
import type { PodPlan } from '../../../src/app/bridges/pod-plan.ts';
import { LEARNT_IDLE_TIMEOUT } from '../../../src/app/pipeline/compile.ts';
import { Table } from '../../../src/app/pipeline/tables.ts';
import { parseFlow } from '../../../src/ofp/index.ts';
import { encodeUnsolicitedAdvertisement } from '../../../src/packet/index.ts';
import { encodeSolicitation } from '../../../src/packet/neighbour.ts';
import { closeSessions, SoftSession } from '../soft-session.ts';
import {
  base,
  FRAME,
  joined,
  KEY,
  learntFlows,
  MAC,
  PEER,
  planOf,
  startAgain,
  startBridge,
} from '../start-pod-bridge.ts';

const OTHER_KEY = 0x10008;

afterEach(closeSessions);

describe('a pod bridge', () => {
  it('tells who is in which pod when it starts, and what changes', async () => {
    const { update, told, soft } = await startBridge(planOf(['7', '8']));
    expect(told()).toEqual([joined(1, '7'), joined(2, '8')]);
    await update(planOf(['7', '7']));
    expect(told()).toEqual([joined(2, '7'), { ...joined(2, '8'), type: 'podLeft' }]);
    expect(soft.bundles()).toHaveLength(2);
    soft.received();
    await update(planOf(['7', '7']));
    expect(told()).toEqual([]);
    expect(soft.received()).toEqual([]);
  });

  it('learns where the source of a frame is, and that it moved', async () => {
    const { frame, frameFrom, told, isForwarded, bridge } = await startBridge(planOf(['7', '7']));
    told();
    await frame(1);
    expect(told()).toEqual([{ type: 'endpointLearnt', ...base, at: { port: 1 } }]);
    expect(isForwarded({ type: 'port', ofport: 1 })).toBe(true);

    await frameFrom(PEER);
    expect(told()).toEqual([{ type: 'endpointMoved', ...base, at: { peer: PEER }, from: { port: 1 } }]);
    expect(isForwarded({ type: 'port', ofport: 1 })).toBe(false);
    expect(isForwarded({ type: 'tunnel', peer: PEER })).toBe(true);
    expect(bridge.state().endpoints).toEqual([{ domain: '7', mac: MAC, at: { peer: PEER } }]);
  });

  it('takes several frames of one turn in one change', async () => {
    const { soft, frame } = await startBridge(planOf(['7', '7']));
    soft.bundles();
    for (let i = 10; i < 99; i++) soft.receive(1, `ffffffffffff 0200000000${i} 0800`);
    soft.receive(1, FRAME);
    await frame(1);
    expect(soft.bundles()).toEqual([180]);
  });

  it('learns nothing from where no pod is', async () => {
    const { soft, told, frame, frameFrom } = await startBridge(planOf(['7']));
    await soft.order(
      ...[
        'in_port=2,actions=write_metadata:0x10007,goto_table:21',
        'in_port=1,dl_type=0x88b5,actions=write_metadata:0x10008,goto_table:21',
        'in_port=9,tun_src=192.0.2.3,actions=write_metadata:0x100010007,goto_table:21',
        `in_port=9,tun_src=${PEER},tun_id=0x10008,actions=write_metadata:0x100010008,goto_table:21`,
        'in_port=1,dl_type=0x88b6,actions=controller',
        'in_port=1,dl_type=0x88b7,actions=goto_table:21',
        'table=21,actions=controller',
      ].map((text) => parseFlow(`priority=300,${text}`)),
    );
    told();
    soft.received();
    const tables: number[] = [];
    soft.session.on('packetIn', ({ tableId }) => tables.push(tableId));
    await frame(2);
    await frame(1, FRAME.replace('0800', '88b5'));
    await frameFrom('192.0.2.3');
    await frameFrom(PEER, 0x10008);
    await frame(1, FRAME.replace('0800', '88b6'));
    await frame(1, FRAME.replace('0800', '88b7'));
    const { HEAR, CLASSIFY } = Table;
    expect(tables).toEqual([HEAR, HEAR, HEAR, HEAR, CLASSIFY, HEAR]);
    expect(told()).toEqual([]);
    expect(soft.received()).toEqual([]);
  });

  it('hears of everybody, whoever else makes how much noise', async () => {
    const { soft, frame, told } = await startBridge(planOf(['7', '7', '8']));
    const other = FRAME.replace(MAC, '02:00:00:00:00:02');
    // No flow is changed while they come, so that each asks its meter for a copy.
    for (let i = 0; i < 1001; i++) {
      soft.receive(1, FRAME);
      soft.receiveFrom(PEER, KEY, other);
    }
    await soft.idle();
    told();
    for (const mac of ['02:00:00:00:00:03', '02:00:00:00:00:04']) {
      soft.receive(1, FRAME.replace(MAC, mac));
      soft.receiveFrom(PEER, KEY, FRAME.replace(MAC, mac));
    }
    await frame(2);
    await frame(3);
    soft.receiveFrom(PEER, OTHER_KEY, other);
    await soft.idle();
    expect(told()).toMatchObject([
      { type: 'endpointMoved', domain: '7', at: { port: 2 } },
      { type: 'endpointLearnt', domain: '8', at: { port: 3 } },
      { type: 'endpointLearnt', domain: '8', at: { peer: PEER } },
    ]);
  });

  it('learns of everybody, whoever else has filled the room that there is', async () => {
    const plan = planOf(['7', '7', '8']);
    const { soft, frame, told, hasFlowWith } = await startBridge(plan, undefined, undefined, {
      maxLearnt: 8,
    });
    const from = (mac: string) => FRAME.replace(MAC, mac);
    for (const port of [1, 2, 3])
      for (const number of [1, 2, 3]) await frame(port, from(`02:00:00:00:0${port}:0${number}`));
    for (const number of [1, 2]) soft.receiveFrom(PEER, KEY, from(`02:00:00:00:09:0${number}`));
    await soft.idle();
    expect(told().filter(({ type }) => type === 'endpointLearnt')).toHaveLength(8);
    soft.receiveFrom(PEER, OTHER_KEY, FRAME);
    await soft.idle();
    expect(told()).toEqual([
      { type: 'endpointAged', ...base, mac: '02:00:00:00:01:01', at: { port: 1 } },
      { type: 'endpointLearnt', ...base, domain: '8', at: { peer: PEER } },
    ]);
    expect(hasFlowWith('02:00:00:00:01:01')).toBe(false);
  });

  it('outlives frames that are cut off', async () => {
    // A switch that keeps packets sends as much of them as a flow says.
    const { soft, told, frame } = await startBridge(planOf(['7']), await SoftSession.open({ maxBuffers: 8 }));
    await soft.order(
      parseFlow('table=21,priority=300,dl_type=0x0800,actions=controller(max_len=8)'),
      parseFlow('table=21,priority=301,dl_vlan=5,actions=controller(max_len=14)'),
    );
    told();
    const sizes: number[] = [];
    soft.session.on('packetIn', ({ data }) => sizes.push(data.length));
    await frame(1);
    expect(told()).toEqual([]);
    await frame(1, `ffffffffffff ${MAC} 8100 0005 0800`);
    expect(told()).toMatchObject([{ type: 'endpointLearnt', mac: MAC }]);
    expect(sizes).toEqual([8, 14]);
  });

  it('forgets an address whose flow has gone idle, and hears of it again', async () => {
    const { soft, frame, told, isForwarded } = await startBridge(planOf(['7']));
    await frame(1);
    told();
    await soft.advance(LEARNT_IDLE_TIMEOUT * 1000);
    expect(told()).toEqual([{ type: 'endpointAged', ...base, at: { port: 1 } }]);
    expect(isForwarded({ type: 'port', ofport: 1 })).toBe(false);
    await frame(1);
    expect(told()).toEqual([{ type: 'endpointLearnt', ...base, at: { port: 1 } }]);
    expect(isForwarded({ type: 'port', ofport: 1 })).toBe(true);

    const reasons: unknown[] = [];
    soft.session.on('flowRemoved', ({ reason }) => reasons.push(reason));
    const [known] = learntFlows({ type: 'port', ofport: 1 });
    await soft.order({ ...known!, type: 'flowMod', command: 'deleteStrict' });
    expect(reasons).toEqual(['delete']);
    expect(told()).toEqual([]);
  });

  it('does not forget an address that has moved away from the flow that went idle', async () => {
    const soft = await SoftSession.open();
    // The flow goes when the move is known here, and not yet to the switch.
    const { frame, told, isForwarded } = await startBridge(planOf(['7', '7']), soft, ({ type }) => {
      if (type === 'endpointMoved') soft.clock.advance(LEARNT_IDLE_TIMEOUT * 1000);
    });
    const removed: unknown[] = [];
    soft.session.on('flowRemoved', ({ reason, match }) => removed.push([reason, match.inPort]));
    await frame(1);
    told();
    await frame(2);
    expect(removed).toEqual([['idleTimeout', 1]]);
    expect(told()).toEqual([{ type: 'endpointMoved', ...base, at: { port: 2 }, from: { port: 1 } }]);
    expect(isForwarded({ type: 'port', ofport: 2 })).toBe(true);
  });

  it('forgets the addresses of an interface or a host that left, by the name of the pod it left', async () => {
    const { frame, frameFrom, told, update, hasFlowWith } = await startBridge(planOf(['8', '7']));
    await frame(2);
    expect(hasFlowWith(MAC)).toBe(true);
    told();
    await update(planOf(['8']));
    expect(told()).toEqual([
      { type: 'endpointAged', ...base, at: { port: 2 } },
      { ...joined(2, '7'), type: 'podLeft' },
    ]);
    expect(hasFlowWith(MAC)).toBe(false);

    await update(planOf(['8', '7']));
    await frameFrom(PEER);
    expect(hasFlowWith(MAC)).toBe(true);
    told();
    await update(planOf(['8', '7'], { peersByKey: new Map() }));
    expect(told()).toEqual([{ type: 'endpointAged', ...base, at: { peer: PEER } }]);
    expect(hasFlowWith(MAC)).toBe(false);
  });

  it('sends nothing more when it has stopped', async () => {
    const { soft, told, bridge, frame } = await startBridge(planOf(['7']));
    told();
    soft.received();
    const flows = soft.flows();
    let stopped: Promise<void> | undefined;
    soft.session.once('packetIn', () => {
      stopped = bridge.stop();
    });
    await frame(1);
    await stopped;
    expect(told()).toMatchObject([{ type: 'endpointLearnt' }]);
    await frame(1, 'ffffffffffff 020000000009 0800');
    bridge.update(planOf([]));
    await soft.idle();
    expect(soft.received()).toEqual([]);
    expect(soft.flows()).toEqual(flows);
  });
});

/** A plan with two interfaces, of which the first has addresses. */
const withAddresses = (...ips: readonly string[]): PodPlan => {
  const plan = planOf(['7', '7']);
  const [first, second] = plan.members;
  const addresses = { mac: MAC, ips: ips.length === 0 ? ['10.0.0.1'] : ips };
  return { ...plan, members: [{ ...first!, addresses }, second!] };
};

describe('a pod bridge with an endpoint whose addresses are known', () => {
  it('announces it when it comes or changes, not when it was there before', async () => {
    const { soft, update } = await startBridge(withAddresses());
    await soft.idle();
    expect(soft.left(2)).toEqual([]);
    await update(withAddresses('10.0.0.9'));
    await soft.idle();
    expect(soft.left(2)).toEqual([expect.stringMatching(/^ffffffffffff020000000001.*0a000009/)]);
    soft.received();
    await update(withAddresses('10.0.0.9'));
    await soft.idle();
    expect(soft.received()).toEqual([]);
  });

  it('does not learn its address anywhere', async () => {
    const { soft, told, frame } = await startBridge(withAddresses());
    told();
    soft.received();
    let packetIns = 0;
    soft.session.on('packetIn', () => packetIns++);
    await frame(2);
    expect(packetIns).toBe(1);
    expect(told()).toEqual([]);
    expect(soft.received()).toEqual([]);
  });

  it('does not take its flows for learnt ones when it starts again', async () => {
    const { told, soft } = await startAgain(await startBridge(withAddresses()), withAddresses());
    expect(told().map(({ type }) => type)).toEqual(['podJoined', 'podJoined']);
    expect(soft.received()).toEqual([]);
  });
});

describe('a pod bridge with an endpoint whose address another host has', () => {
  const OTHER = '02:00:00:00:00:99';
  const conflict = { switch: base.switch, interface: 'if1', pod: '7', peer: PEER };
  /** A request from an address for another one, to everybody. */
  const request = (mac: string, ip: string) =>
    `ffffffffffff ${mac} 0806 0001 0800 0604 0001 ${mac} ${hexOf(ip)} 000000000000 0a0000c8`;

  async function begin(plan = withAddresses()) {
    const started = await startBridge(plan);
    started.told();
    started.noted();
    await started.soft.idle();
    started.soft.received();
    return started;
  }

  it('tells it once, answers, and lets nobody hear of it', async () => {
    const { soft, told, noted, frameFrom, bridge } = await begin();
    await frameFrom(PEER, KEY, request(OTHER, '10.0.0.1'));
    expect(told()).toEqual([{ type: 'addressConflict', ...conflict, address: '10.0.0.1' }]);
    expect(bridge.state().conflicts).toMatchObject([{ interface: 'if1', address: '10.0.0.1' }]);
    expect(noted()).toEqual([['if1', `10.0.0.1 ${PEER}`]]);
    expect(soft.received()).toMatchObject([{ type: 'packetOut' }]);
    const announced = [expect.stringMatching(/^ffffffffffff020000000001.*0a000001/)];
    expect(soft.left(2)).toEqual(announced);
    await frameFrom(PEER, KEY, request(OTHER, '10.0.0.1'));
    await frameFrom(PEER, KEY, request(MAC, '10.0.0.9'));
    expect([told(), noted(), soft.received(), soft.left(2)]).toEqual([[], [], [], []]);
    await frameFrom('192.0.2.3', KEY, request(MAC, '10.0.0.9'));
    expect(told()).toEqual([]);
    await frameFrom(PEER, KEY, request(OTHER, '10.0.0.9'));
    expect(told()).toMatchObject([{ type: 'endpointLearnt', mac: OTHER }]);
    expect(soft.left(2)).toHaveLength(1);
  });

  it.each([
    ['its MAC address', request(MAC, '10.0.0.9'), MAC],
    ['its MAC address, as another network', `ffffffffffff ${MAC} 8100 0005 0800`, MAC],
    [
      'an IPv6 address, by an advertisement',
      Buffer.from(encodeUnsolicitedAdvertisement({ mac: OTHER, target: 'fd00::1' })).toString('hex'),
      'fd00::1',
    ],
    [
      'an IPv6 address, by a solicitation',
      Buffer.from(encodeSolicitation({ mac: OTHER, ipv6Src: 'fd00::1', target: 'fd00::9' })).toString('hex'),
      'fd00::1',
    ],
  ])('tells of %s', async (_, bytes, address) => {
    const { told, soft, frameFrom } = await begin(withAddresses('10.0.0.1', 'fd00::1'));
    await frameFrom(PEER, KEY, bytes);
    expect(told()).toEqual([{ type: 'addressConflict', ...conflict, address }]);
    expect(soft.left(2)).not.toContain(bytes.replaceAll(/[ :]/g, ''));
  });

  it('takes nothing from its MAC address, and does not ask about each frame', async () => {
    const { soft, told, frameFrom } = await begin();
    let packetIns = 0;
    soft.session.on('packetIn', () => packetIns++);
    await frameFrom(PEER, KEY, `0200000000ff ${MAC} 0800`);
    expect([packetIns, told(), soft.left(1), soft.left(2)]).toEqual([0, [], [], []]);
  });

  it('goes on until neither is heard of by the other for a minute', async () => {
    const { soft, told, noted, frameFrom } = await begin();
    await frameFrom(PEER, KEY, request(OTHER, '10.0.0.1'));
    told();
    noted();
    soft.received();
    await soft.advance(DEFEND_INTERVAL_MS);
    await frameFrom(PEER, KEY, request(OTHER, '10.0.0.1'));
    await soft.advance(FORGET_MS - DEFEND_INTERVAL_MS);
    expect(told()).toEqual([]);
    expect(soft.received()).toHaveLength(FORGET_MS / DEFEND_INTERVAL_MS);
    await soft.advance(DEFEND_INTERVAL_MS);
    expect(told()).toEqual([{ type: 'addressConflictOver', ...conflict, address: '10.0.0.1' }]);
    expect(noted()).toEqual([['if1', undefined]]);
    soft.received();
    await soft.advance(FORGET_MS);
    expect(soft.received()).toEqual([]);
  });

  it('is over when the endpoint goes or has another address', async () => {
    for (const next of [withAddresses('10.0.0.2'), planOf(['8', '7'])]) {
      const { told, frameFrom, update } = await begin();
      await frameFrom(PEER, KEY, request(OTHER, '10.0.0.1'));
      told();
      await update(next);
      expect(told()).toContainEqual({ type: 'addressConflictOver', ...conflict, address: '10.0.0.1' });
    }
  });

  it('forgets what was written before it started', async () => {
    const { noted } = await startBridge(withAddresses());
    expect(noted()).toEqual([
      ['if1', undefined],
      ['if2', undefined],
    ]);
  });
});

function hexOf(ip: string): string {
  return ip
    .split('.')
    .map((byte) => Number(byte).toString(16).padStart(2, '0'))
    .join('');
}
