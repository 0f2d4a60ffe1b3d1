import { afterEach, describe, expect, it } from '@jest/globals';
import { compile, OWNED } from '../../src/app/pipeline/compile.ts';
import type { Location } from '../../src/app/pipeline/intent.ts';
import { Table } from '../../src/app/pipeline/tables.ts';
import { parseFlow } from '../../src/ofp/index.ts';
import { closeSessions, SoftSession } from './soft-session.ts';
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
  TUNNEL,
} from './start-pod-bridge.ts';

afterEach(closeSessions);

/** Another host, whose tunnel address is IPv6. */
const PEER6 = '2001:db8::2';

describe('a pod bridge that takes over', () => {
  /** A switch that has the flows of a pod, and of an address that was learnt. */
  const openWith = async (location: Location) => {
    const soft = await SoftSession.open();
    const pod = compile({
      type: 'pod',
      key: KEY,
      ofports: [1],
      tunnel: TUNNEL,
      peers: [PEER, '192.0.2.3', PEER6],
      maxMeter: 262_144,
    });
    const flows = [...pod.flows, ...learntFlows(location)];
    await (await soft.other()).reconcile({ ...pod, flows }, OWNED);
    return soft;
  };

  it.each<[string, Location, object]>([
    ['behind a port', { type: 'port', ofport: 1 }, { port: 1 }],
    ['behind a tunnel', { type: 'tunnel', peer: PEER }, { peer: PEER }],
    ['behind a tunnel over IPv6', { type: 'tunnel', peer: PEER6 }, { peer: PEER6 }],
  ])('keeps addresses that are known %s', async (_, location, at) => {
    const peersByKey = new Map([[KEY, [PEER, PEER6]]]);
    const { told, isForwarded } = await startBridge(planOf(['7'], { peersByKey }), await openWith(location));
    expect(told()).toEqual([joined(1, '7'), { type: 'endpointLearnt', ...base, at }]);
    expect(isForwarded(location)).toBe(true);
  });

  it('drops addresses that are where the pod is no more', async () => {
    const location: Location = { type: 'port', ofport: 1 };
    const { told, isForwarded } = await startBridge(planOf(['8']), await openWith(location));
    expect(told()).toEqual([joined(1, '8')]);
    expect(isForwarded(location)).toBe(false);
  });

  it.each([PEER, PEER6])('keeps the stations of hosts that it knew until all have told: %s', async (peer) => {
    const station = { key: KEY, mac: MAC, ips: ['10.0.0.1', 'fd00::1'], peer };
    const peersByKey = new Map([[KEY, [PEER, PEER6]]]);
    const known = planOf(['7'], { remoteStations: [station], peersByKey });
    const before = await startBridge(known);
    const unknown = planOf(['7'], { peersByKey: new Map([[KEY, []]]), keepsPeers: true });
    const { soft, update, hasFlowWith } = await startAgain(before, unknown);
    expect(hasFlowWith(MAC)).toBe(true);
    expect(soft.received()).toEqual([]);
    await update({ ...known, keepsPeers: true });
    expect(soft.received()).toEqual([]);
    await update(planOf(['7']));
    expect(hasFlowWith(MAC)).toBe(false);
  });

  it.each(['192.0.2.3', PEER6])('keeps the hosts that it knew until all have told: %s', async (peer) => {
    const location: Location = { type: 'tunnel', peer };
    const unknown = planOf(['7'], { peersByKey: new Map([[KEY, []]]), keepsPeers: true });
    const bridge = await startBridge(unknown, await openWith(location));
    const { update, told, isForwarded, hasFlowWith } = bridge;
    expect(told()).toContainEqual({ type: 'endpointLearnt', ...base, at: { peer } });
    expect(isForwarded(location)).toBe(true);
    expect(hasFlowWith(`tun_src=${PEER}`)).toBe(true);

    await update(planOf(['7'], { keepsPeers: true }));
    expect(isForwarded(location)).toBe(true);
    expect(told()).toEqual([]);

    await update(planOf(['7']));
    expect(isForwarded(location)).toBe(false);
    expect(told()).toEqual([{ type: 'endpointAged', ...base, at: { peer } }]);
    expect(hasFlowWith(`tun_src=${PEER}`)).toBe(true);
    expect(hasFlowWith(peer)).toBe(false);

    await update(planOf(['7'], { peersByKey: new Map(), keepsPeers: true }));
    expect(hasFlowWith(PEER)).toBe(false);
  });
});

describe('a pod bridge whose switch is not as it should be', () => {
  const problem = {
    type: 'problem',
    switch: base.switch,
    code: 'OFPFMFC_TABLE_FULL',
    message: expect.stringContaining('OFPFMFC_TABLE_FULL'),
  };
  /** A switch in whose table there is no room while a flow of somebody else is there. */
  const openTight = async (tableId: number, maxFlows: number, seconds: number) => {
    const soft = await SoftSession.open({ tables: { [tableId]: { maxFlows } } });
    await soft.order(parseFlow(`table=${tableId},priority=1,hard_timeout=${seconds},actions=drop`));
    return soft;
  };

  it('tells of a change that was refused, and puts everything right', async () => {
    const soft = await openTight(Table.FORWARD, 2, 1);
    const { told, frame, isForwarded } = await startBridge(planOf(['7']), soft, ({ type }) => {
      if (type === 'problem') soft.clock.advance(1000);
    });
    told();
    await frame(1);
    expect(told()).toEqual([{ type: 'endpointLearnt', ...base, at: { port: 1 } }, problem]);
    expect(isForwarded({ type: 'port', ofport: 1 })).toBe(true);
    expect(soft.session.isClosed).toBe(false);
  });

  it('realises what came while it was putting things right', async () => {
    const soft = await openTight(Table.FLOOD, 5, 1);
    const isRight = () => soft.flows(Table.FLOOD).length === 5;
    const wasRight: boolean[] = [];
    const { update, isForwarded } = await startBridge(planOf(['7', '7']), soft, ({ type }) => {
      if (type === 'endpointLearnt') wasRight.push(isRight());
      if (type !== 'problem') return;
      soft.clock.advance(1000);
      soft.before('multipartRequest', () => soft.receive(1, FRAME));
    });
    await update(planOf(['7', '8']));
    expect(wasRight).toEqual([false]);
    expect(isRight()).toBe(true);
    expect(isForwarded({ type: 'port', ofport: 1 })).toBe(true);
  });

  it('ends the session when that is refused as well, so that it begins anew', async () => {
    const soft = await openTight(Table.FORWARD, 2, 0);
    const { told, frame } = await startBridge(planOf(['7']), soft);
    told();
    await frame(1);
    expect(told().filter(({ type }) => type === 'problem')).toEqual([problem, problem]);
    expect(soft.session.isClosed).toBe(true);
  });

  it('puts all flows back when somebody has emptied the tables', async () => {
    const { soft, told, frame } = await startBridge(planOf(['7']));
    await frame(1);
    told();
    const all = soft.flows();
    soft.bundles();
    await soft.order(parseFlow('', 'delete'));
    expect(soft.bundles()).toEqual([all.length]);
    expect(soft.flows()).toEqual(all);
    expect(told()).toEqual([]);
  });

  it('rejects its start when the switch refuses that', async () => {
    const start = startBridge(planOf(['7']), await openTight(Table.FLOOD, 3, 0));
    await expect(start).rejects.toMatchObject({ code: 'OFPFMFC_TABLE_FULL' });
  });
});
