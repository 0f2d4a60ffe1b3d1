import { describe, expect, it } from '@jest/globals';
import type { MessageInit } from '../../../src/ofp/message.ts';
import type { FlowStatsInit } from '../../../src/ofp/multipart/flow-stats.ts';
import { MULTIPART_MORE } from '../../../src/ofp/multipart/multipart.ts';
import { FakeClock } from './clock.ts';
import { openSwitch, type Peer } from './peer.ts';

const MORE = MULTIPART_MORE;

function flow(priority: number): FlowStatsInit {
  return {
    tableId: 0,
    durationSec: 1,
    durationNsec: 0,
    priority,
    idleTimeout: 0,
    hardTimeout: 0,
    flags: 0,
    cookie: 0,
    packetCount: 0,
    byteCount: 0,
    match: {},
    instructions: [],
  };
}

/** A part of a reply with the flows `first` to `first + count - 1`, told apart by priority. */
function part(xid: number, first: number, count: number, flags = 0): MessageInit {
  const body = Array.from({ length: count }, (_, index) => flow(first + index));
  return { type: 'multipartReply', multipartType: 'flow', xid, flags, body };
}

/** Sends `parts` parts of 500 flows each, far more than streams hold on their own. */
function sendMany(peer: Peer, xid: number, parts: number): void {
  for (let i = 0; i < parts; i++) peer.send(part(xid, i * 500, 500, i === parts - 1 ? 0 : MORE));
}

/** Lets both sides do what they can do. */
async function settle(turns = 1000): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('flowStats', () => {
  it('asks when it is read, for what the filter takes', async () => {
    const { session, peer } = await openSwitch();
    const flows = session.flowStats({ tableId: 7, match: { inPort: 3 } });
    await peer.turn();
    const first = flows.next();
    const request = await peer.next('multipartRequest');
    expect(request).toMatchObject({ multipartType: 'flow', body: { tableId: 7, match: { inPort: 3 } } });
    peer.send(part(request.xid, 1, 1));
    expect(await first).toMatchObject({ value: { priority: 1 } });
    expect(await flows.next()).toEqual({ done: true, value: undefined });
  });

  it('gives each part as it comes', async () => {
    const { session, peer } = await openSwitch();
    const flows = session.flowStats();
    const first = flows.next();
    const { xid } = await peer.next('multipartRequest');
    peer.send(part(xid, 1, 1, MORE));
    expect(await first).toMatchObject({ value: { priority: 1 } });
    const second = flows.next();
    peer.send(part(xid, 2, 0, MORE), part(xid, 2, 1, 0));
    expect(await second).toMatchObject({ value: { priority: 2 } });
    expect(await flows.next()).toMatchObject({ done: true });
  });

  it('holds the switch back while the reader is slow, and loses nothing', async () => {
    const clock = new FakeClock();
    const { session, peer } = await openSwitch({ setTimer: clock.setTimer });
    const flows = session.flowStats();
    const first = flows.next();
    sendMany(peer, (await peer.next('multipartRequest')).xid, 100);
    await first;
    await settle();
    expect(peer.stream.writableLength).toBeGreaterThan(1_000_000);
    let count = 1;
    for await (const { priority } of flows) if (priority === count) count++;
    expect(count).toBe(50_000);
    expect(peer.stream.writableLength).toBe(0);
  });

  it('holds the switch back for a second, and takes then all that it has sent, so that others get through', async () => {
    const clock = new FakeClock();
    const { session, peer } = await openSwitch({ setTimer: clock.setTimer });
    const flows = session.flowStats();
    const first = flows.next();
    sendMany(peer, (await peer.next('multipartRequest')).xid, 100);
    await first;
    await settle();
    const echo = peer.turn();
    expect(peer.stream.writableLength).toBeGreaterThan(1_000_000);
    clock.advance(999);
    await settle();
    expect(peer.stream.writableLength).toBeGreaterThan(1_000_000);
    clock.advance(1);
    await echo;
    let count = 1;
    for await (const _flow of flows) count++;
    expect(count).toBe(50_000);
  });

  it('gives up when too much waits for a reader who never comes, and lets others through', async () => {
    const clock = new FakeClock();
    const { session, peer } = await openSwitch({ setTimer: clock.setTimer });
    const flows = session.flowStats();
    const first = flows.next();
    const { xid } = await peer.next('multipartRequest');
    for (let i = 0; i < 1200; i++) peer.send(part(xid, i, 1, MORE));
    await first;
    await settle();
    const echo = peer.turn();
    clock.advance(1000);
    await echo;
    await expect(flows.next()).rejects.toMatchObject({ code: 'OFP_READER_SLOW' });
    await peer.turn();
    expect(session.isClosed).toBe(false);
  });

  it('holds the switch back anew when it has caught up', async () => {
    const clock = new FakeClock();
    const { session, peer } = await openSwitch({ setTimer: clock.setTimer });
    const flows = session.flowStats();
    const first = flows.next();
    const { xid } = await peer.next('multipartRequest');
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 60; i++) peer.send(part(xid, 0, 500, MORE));
      if (round === 0) await first;
      await settle();
      expect(peer.stream.writableLength).toBeGreaterThan(500_000);
      for (let count = round === 0 ? 1 : 0; count < 30_000; count++) await flows.next();
      expect(peer.stream.writableLength).toBe(0);
    }
    await flows.return();
  });

  it('lets the reader wait for another request between two flows', async () => {
    const clock = new FakeClock();
    const { session, peer } = await openSwitch({ setTimer: clock.setTimer });
    const answering = (async () => {
      sendMany(peer, (await peer.next('multipartRequest')).xid, 100);
      for (let i = 0; i < 4; i++) {
        peer.send({ type: 'barrierReply', xid: (await peer.next('barrierRequest')).xid });
      }
    })();
    let count = 0;
    for await (const { priority } of session.flowStats()) {
      if (priority % 15_000 === 0) {
        await settle();
        await session.barrier();
      }
      count++;
    }
    expect(count).toBe(50_000);
    await answering;
  });

  it('may be left early: the rest of the reply is passed over', async () => {
    const clock = new FakeClock();
    const { session, peer } = await openSwitch({ setTimer: clock.setTimer });
    const asked = peer.next('multipartRequest').then(({ xid }) => {
      sendMany(peer, xid, 50);
      return xid;
    });
    for await (const _flow of session.flowStats()) {
      await settle();
      expect(peer.stream.writableLength).toBeGreaterThan(0);
      break;
    }
    const xid = await asked;
    const told: string[] = [];
    session.on('message', ({ type }) => told.push(type));
    await peer.turn();
    expect(told).toEqual([]);
    peer.send(part(xid, 1, 1));
    await peer.turn();
    expect(told).toEqual(['multipartReply']);
  });

  it('rejects with the error that ends the reply, after the flows that came before', async () => {
    const { session, peer } = await openSwitch();
    const flows = session.flowStats();
    const first = flows.next();
    const { xid } = await peer.next('multipartRequest');
    peer.send(part(xid, 1, 2, MORE), { type: 'error', xid, errorType: 1, code: 5 });
    expect(await first).toMatchObject({ value: { priority: 1 } });
    expect(await flows.next()).toMatchObject({ value: { priority: 2 } });
    await expect(flows.next()).rejects.toMatchObject({ code: 'OFPBRC_EPERM' });
  });

  it('rejects when the session ends', async () => {
    const { session, peer } = await openSwitch();
    const flows = session.flowStats();
    const first = flows.next();
    peer.send(part((await peer.next('multipartRequest')).xid, 1, 1, MORE));
    await first;
    peer.stream.end();
    await expect(flows.next()).rejects.toMatchObject({ code: 'OFP_CLOSED' });
  });

  it('can be given up', async () => {
    const { session, peer } = await openSwitch();
    const controller = new AbortController();
    const first = session.flowStats({}, { signal: controller.signal }).next();
    await peer.next('multipartRequest');
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: 'OFP_ABORTED' });
    await peer.turn();
  });
});
