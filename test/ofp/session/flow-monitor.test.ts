import { describe, expect, it } from '@jest/globals';
import type { MessageInit } from '../../../src/ofp/message.ts';
import { FlowMonitorFlag, type FlowUpdateInit } from '../../../src/ofp/multipart/flow-monitor.ts';
import { MULTIPART_MORE } from '../../../src/ofp/multipart/multipart.ts';
import type { FlowMonitorEvent } from '../../../src/ofp/session/flow-monitor.ts';
import type { Switch } from '../../../src/ofp/session/switch.ts';
import { FakeClock } from './clock.ts';
import { openSwitch, type Peer } from './peer.ts';

const filter = { flags: FlowMonitorFlag.INITIAL | FlowMonitorFlag.ADD | FlowMonitorFlag.DELETE };

/** An update that can be told from others by its priority. */
function added(priority: number): FlowUpdateInit {
  const flow = { idleTimeout: 0, hardTimeout: 0, tableId: 0, cookie: 0, match: {}, instructions: [] };
  return { type: 'added', priority, ...flow };
}

function updates(...body: readonly FlowUpdateInit[]): MessageInit {
  return { type: 'multipartReply', multipartType: 'onfFlowMonitor', xid: 0, body };
}

function numbers(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/** What a monitor gave, in a word. */
function word({ done, value: event }: IteratorResult<FlowMonitorEvent, void>): string {
  if (done) return 'the end';
  if (event.type === 'abbrev') return `abbrev ${event.xid}`;
  return 'priority' in event ? `${event.type} ${event.priority}` : event.type;
}

type Monitor = ReturnType<Switch['flowMonitor']>;

async function read(monitor: Monitor, count: number): Promise<string[]> {
  const words: string[] = [];
  while (words.length < count) words.push(word(await monitor.next()));
  return words;
}

/** Begins a monitor, whose first event is already asked for. */
async function begin(
  { session, peer }: { readonly session: Switch; readonly peer: Peer },
  options?: Parameters<Switch['flowMonitor']>[1],
) {
  const monitor = session.flowMonitor(filter, options);
  const first = monitor.next();
  const { xid, body } = await peer.next('multipartRequest');
  return { monitor, first, xid, request: (body as readonly { readonly monitorId: number }[])[0]! };
}

/** Begins a monitor that knows of no flows yet. */
async function beginEmpty(
  sides: { readonly session: Switch; readonly peer: Peer },
  options?: Parameters<Switch['flowMonitor']>[1],
) {
  const begun = await begin(sides, options);
  sides.peer.send({ ...updates(), xid: begun.xid });
  await sides.peer.turn();
  return begun;
}

/** Takes what leaving a monitor sends, and answers it. */
async function answerCancel(peer: Peer): Promise<number> {
  const { monitorId } = await peer.next('onfFlowMonitorCancel');
  peer.send({ type: 'barrierReply', xid: (await peer.next('barrierRequest')).xid });
  await peer.turn();
  return monitorId;
}

describe('flowMonitor', () => {
  it('asks when it is read, for what the filter takes', async () => {
    const { session, peer } = await openSwitch();
    const monitor = session.flowMonitor({ ...filter, tableId: 3, match: { inPort: 1 } });
    await peer.turn();
    const first = monitor.next();
    const { multipartType, xid, body } = await peer.next('multipartRequest');
    expect({ multipartType, body }).toMatchObject({
      multipartType: 'onfFlowMonitor',
      body: [{ flags: filter.flags, tableId: 3, match: { inPort: 1 } }],
    });
    peer.send({ ...updates(added(1)), xid });
    expect(word(await first)).toBe('added 1');
  });

  it('tells the flows that are there, in parts as they come, and then what happens', async () => {
    const sides = await openSwitch();
    const { peer } = sides;
    const { monitor, first, xid } = await begin(sides);
    const part = updates(added(1)) as Extract<MessageInit, { type: 'multipartReply' }>;
    peer.send({ ...part, xid, flags: MULTIPART_MORE });
    expect(word(await first)).toBe('added 1');
    peer.send({ ...updates(added(2)), xid }, updates(added(3), { type: 'abbrev', xid: 77 }));
    peer.send({ type: 'onfFlowMonitorPaused' }, { type: 'onfFlowMonitorResumed' }, updates(added(4)));
    expect(await read(monitor, 6)).toEqual([
      'added 2',
      'added 3',
      'abbrev 77',
      'paused',
      'resumed',
      'added 4',
    ]);
  });

  it('cancels when the loop is left, and takes what is still on its way', async () => {
    const sides = await openSwitch();
    const { session, peer } = sides;
    const told: string[] = [];
    session.on('message', ({ type }) => told.push(type));
    const { monitor, first, request } = await beginEmpty(sides);
    peer.send(updates(added(1)));
    await first;
    await monitor.return();
    const { monitorId } = await peer.next('onfFlowMonitorCancel');
    expect(monitorId).toBe(request.monitorId);
    peer.send(updates(added(2)));
    peer.send({ type: 'barrierReply', xid: (await peer.next('barrierRequest')).xid });
    await peer.turn();
    expect(told).toEqual([]);
    peer.send(updates(added(3)));
    await peer.turn();
    expect(told).toEqual(['multipartReply']);
  });

  it('does not mind when the switch knows nothing of what it cancels', async () => {
    const sides = await openSwitch();
    const { session, peer } = sides;
    let errors = 0;
    session.on('requestError', () => errors++);
    const { monitor, first } = await beginEmpty(sides);
    peer.send(updates(added(1)));
    await first;
    await monitor.return();
    peer.send({ type: 'error', xid: (await peer.next('onfFlowMonitorCancel')).xid, errorType: 1, code: 5 });
    peer.send({ type: 'barrierReply', xid: (await peer.next('barrierRequest')).xid });
    await peer.turn();
    expect([errors, session.isClosed]).toEqual([0, false]);
  });

  it('rejects when the switch refuses it, and cancels nothing', async () => {
    const sides = await openSwitch();
    const { peer } = sides;
    const { first, xid } = await begin(sides);
    peer.send({ type: 'error', xid, errorType: 1, code: 2 });
    await expect(first).rejects.toMatchObject({ code: 'OFPBRC_BAD_STAT' });
    await peer.turn();
    const next = await begin(sides);
    expect(next.request.monitorId).toBe(2);
    peer.send({ ...updates(added(1)), xid: next.xid });
    expect(word(await next.first)).toBe('added 1');
  });

  it('tells every reader of the changes, and each of the flows that it asked for', async () => {
    const sides = await openSwitch();
    const { peer } = sides;
    const one = await begin(sides);
    peer.send({ ...updates(added(1)), xid: one.xid });
    const two = await begin(sides);
    expect(two.request.monitorId).not.toBe(one.request.monitorId);
    peer.send({ ...updates(added(2)), xid: two.xid }, updates(added(3)));
    expect([word(await one.first), ...(await read(one.monitor, 1))]).toEqual(['added 1', 'added 3']);
    expect([word(await two.first), ...(await read(two.monitor, 1))]).toEqual(['added 2', 'added 3']);
    await one.monitor.return();
    expect(await answerCancel(peer)).toBe(one.request.monitorId);
    peer.send(updates(added(4)));
    expect(await read(two.monitor, 1)).toEqual(['added 4']);
  });

  it('gives a reader who is too slow what waited, then an error', async () => {
    const sides = await openSwitch();
    const { session, peer } = sides;
    const { monitor, first } = await beginEmpty(sides, { maxWaitingUpdates: 3 });
    peer.send(updates(added(1)));
    await first;
    peer.send(updates(...numbers(2, 4).map(added)), updates(added(9)));
    await peer.turn();
    expect(await read(monitor, 3)).toEqual(['added 2', 'added 3', 'added 4']);
    await expect(monitor.next()).rejects.toMatchObject({
      code: 'OFP_MONITOR_OVERFLOW',
      message: 'over 3 flow updates wait to be read',
    });
    await answerCancel(peer);
    expect(session.isClosed).toBe(false);
  });

  it('takes any number of flows that are there already, and holds the switch back meanwhile', async () => {
    const clock = new FakeClock();
    const sides = await openSwitch({ setTimer: clock.setTimer });
    const { peer } = sides;
    const { monitor, first, xid } = await begin(sides, { maxWaitingUpdates: 1 });
    for (let i = 0; i < 100; i++) {
      const part = updates(...numbers(500 * i, 500).map(added));
      peer.send({ ...part, xid, flags: i === 99 ? 0 : MULTIPART_MORE } as MessageInit);
    }
    await first;
    for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(peer.stream.writableLength).toBeGreaterThan(1_000_000);
    expect(await read(monitor, 49_999)).toEqual(numbers(1, 49_999).map((number) => `added ${number}`));
    expect(peer.stream.writableLength).toBe(0);
  });

  it.each(['before the first answer', 'while it waits for updates'])('can be given up %s', async (when) => {
    const sides = await openSwitch();
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const { first } = when.startsWith('before')
      ? await begin(sides, options)
      : await beginEmpty(sides, options);
    controller.abort(new Error('enough'));
    await expect(first).rejects.toMatchObject({ code: 'OFP_ABORTED', cause: { message: 'enough' } });
    await answerCancel(sides.peer);
  });

  it('rejects when the session ends, after the updates that came before', async () => {
    const sides = await openSwitch();
    const { session, peer } = sides;
    const { monitor, first } = await beginEmpty(sides);
    peer.send(updates(added(1), added(2)));
    expect(word(await first)).toBe('added 1');
    await session.close();
    expect(await read(monitor, 1)).toEqual(['added 2']);
    await expect(monitor.next()).rejects.toMatchObject({ code: 'OFP_CLOSED' });
    await expect(session.flowMonitor(filter).next()).rejects.toMatchObject({ code: 'OFP_CLOSED' });
  });

  it('leaves updates alone that a request of the user caused', async () => {
    const { session, peer } = await openSwitch();
    const told: string[] = [];
    session.on('message', ({ type }) => told.push(type));
    await peer.turn();
    peer.send(updates(added(1)), { type: 'onfFlowMonitorPaused' });
    await peer.turn();
    expect(told).toEqual(['multipartReply', 'onfFlowMonitorPaused']);
  });
});
