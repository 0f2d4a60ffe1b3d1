import { describe, expect, it } from '@jest/globals';
import type { Message } from '../../../src/ofp/message.ts';
import { MULTIPART_MORE } from '../../../src/ofp/multipart/multipart.ts';
import { ClosedError, RemoteError, TimeoutError, UsageError, WireError } from '../../../src/util/errors.ts';
import { FakeClock } from './clock.ts';
import { openSwitch, type Peer, packetIn, port } from './peer.ts';

const barrier = { type: 'barrierRequest' } as const;
const role = { type: 'roleRequest', role: 'noChange', generationId: 0 } as const;

/** Answers a request with OFPT_ERROR. */
function refuse(peer: Peer, xid: number, errorType: number, code: number, text = ''): void {
  peer.send({ type: 'error', xid, errorType, code, data: Buffer.from(text) });
}

describe('a request', () => {
  it('gets its own answer, in whatever order answers come', async () => {
    const { session, peer } = await openSwitch();
    const first = session.request({ type: 'echoRequest', data: Buffer.from('1') });
    const second = session.request({ type: 'echoRequest', data: Buffer.from('2') });
    const third = session.barrier();
    const [one, two] = [await peer.next('echoRequest'), await peer.next('echoRequest')];
    const { xid } = await peer.next('barrierRequest');
    peer.send({ type: 'barrierReply', xid }, { ...two, type: 'echoReply' }, { ...one, type: 'echoReply' });
    await third;
    expect(Buffer.from((await second).data).toString()).toBe('2');
    expect(Buffer.from((await first).data).toString()).toBe('1');
  });

  it('rejects with the name of the error that answers it', async () => {
    const { session, peer } = await openSwitch();
    const request = session.request(role);
    const { xid } = await peer.next('roleRequest');
    refuse(peer, xid, 11, 0);
    const error = await request.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({
      code: 'OFPRRFC_STALE',
      message: 'the switch refused roleRequest: OFPRRFC_STALE',
      cause: expect.objectContaining({ errorType: 11, code: 0 }),
    });
  });

  it('rejects when no answer comes in time; one that comes later is told as a message', async () => {
    const clock = new FakeClock();
    const { session, peer } = await openSwitch({ setTimer: clock.setTimer });
    const request = session.barrier({ timeoutMs: 500 });
    const { xid } = await peer.next('barrierRequest');
    clock.advance(499);
    await peer.turn();
    clock.advance(1);
    await expect(request).rejects.toBeInstanceOf(TimeoutError);
    await expect(request).rejects.toMatchObject({
      code: 'OFP_REQUEST_TIMEOUT',
      message: 'no answer to barrierRequest within 500 ms',
    });
    const late: Message[] = [];
    session.on('message', (message) => late.push(message));
    peer.send({ type: 'barrierReply', xid });
    await peer.turn();
    expect(late).toMatchObject([{ type: 'barrierReply', xid }]);
  });

  it('can be given up', async () => {
    const { session, peer } = await openSwitch();
    const controller = new AbortController();
    const request = session.barrier({ signal: controller.signal });
    const { xid } = await peer.next('barrierRequest');
    controller.abort('enough');
    await expect(request).rejects.toBeInstanceOf(ClosedError);
    await expect(request).rejects.toMatchObject({ code: 'OFP_ABORTED', cause: 'enough' });
    peer.send({ type: 'barrierReply', xid });
    await peer.turn();
    expect(session.isClosed).toBe(false);
  });

  it('is not sent when it has been given up before', async () => {
    const { session, peer } = await openSwitch();
    const request = session.barrier({ signal: AbortSignal.abort() });
    await expect(request).rejects.toMatchObject({ code: 'OFP_ABORTED' });
    await peer.turn();
  });

  it('is not sent when too many wait already', async () => {
    const { session, peer } = await openSwitch({ maxRequests: 1 });
    const first = session.barrier();
    await expect(session.request(role)).rejects.toBeInstanceOf(UsageError);
    await expect(session.request(role)).rejects.toMatchObject({ code: 'OFP_TOO_MANY_REQUESTS' });
    const { xid } = await peer.next('barrierRequest');
    await peer.turn();
    peer.send({ type: 'barrierReply', xid });
    await first;
  });

  it('is not sent with the xid of one that waits', async () => {
    const { session, peer } = await openSwitch();
    const first = session.request({ ...barrier, xid: 900 });
    await expect(session.request({ ...barrier, xid: 900 })).rejects.toMatchObject({ code: 'OFP_XID_IN_USE' });
    await peer.next('barrierRequest');
    peer.send({ type: 'barrierReply', xid: 900 });
    await first;
    await peer.turn();
  });

  it('that cannot be written rejects and leaves nothing waiting', async () => {
    const { session, peer } = await openSwitch({ maxRequests: 1 });
    const bad = session.request({ ...role, generationId: -1 });
    await expect(bad).rejects.toBeInstanceOf(WireError);
    const next = session.barrier();
    const { xid } = await peer.next('barrierRequest');
    peer.send({ type: 'barrierReply', xid });
    await next;
  });

  it('is not answered by what a switch sends on its own, whatever its xid', async () => {
    const { session, peer } = await openSwitch();
    const told: string[] = [];
    session.on('packetIn', ({ type }) => told.push(type));
    session.on('portStatus', ({ type }) => told.push(type));
    session.on('flowRemoved', ({ type }) => told.push(type));
    const request = session.barrier();
    const { xid } = await peer.next('barrierRequest');
    peer.send(
      { ...packetIn(1), xid },
      { type: 'portStatus', xid, reason: 'add', port: port(1) },
      {
        type: 'flowRemoved',
        xid,
        cookie: 0,
        priority: 1,
        reason: 'delete',
        tableId: 0,
        durationSec: 0,
        durationNsec: 0,
        idleTimeout: 0,
        hardTimeout: 0,
        packetCount: 0,
        byteCount: 0,
        match: {},
      },
    );
    await peer.turn();
    await peer.turn();
    expect(told).toEqual(['portStatus', 'flowRemoved', 'packetIn']);
    peer.send({ type: 'barrierReply', xid });
    await request;
  });

  it('answered by something else ends the session', async () => {
    const { session, peer } = await openSwitch();
    const request = session.request(role);
    const { xid } = await peer.next('roleRequest');
    peer.send({ type: 'barrierReply', xid });
    await expect(request).rejects.toMatchObject({
      code: 'OFP_UNEXPECTED_REPLY',
      message: 'asked for roleRequest, got barrierReply',
    });
    expect(session.isClosed).toBe(true);
  });

  it.each([
    ['this side', 'the session was closed'],
    ['the peer', 'the peer closed the connection'],
  ])('rejects when %s closes the connection', async (who, message) => {
    const { session, peer } = await openSwitch();
    const requests = Promise.allSettled([session.barrier(), session.multipart('desc')]);
    if (who === 'the peer') peer.stream.end();
    else await session.close();
    const reason = expect.objectContaining({ code: 'OFP_CLOSED', message });
    expect(await requests).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ]);
    await expect(session.barrier()).rejects.toMatchObject({ code: 'OFP_CLOSED' });
  });

  it('rejects when it is what the peer leaves unread beyond the limit', async () => {
    const { session, peer } = await openSwitch({ maxPendingBytes: 100_000 });
    peer.stream.pause();
    const data = Buffer.alloc(60_000);
    const first = session.request({ type: 'echoRequest', data });
    const second = session.request({ type: 'echoRequest', data });
    await expect(first).rejects.toMatchObject({ code: 'OFP_SEND_OVERFLOW' });
    await expect(second).rejects.toMatchObject({ code: 'OFP_SEND_OVERFLOW' });
    await expect(session.barrier()).rejects.toMatchObject({ code: 'OFP_SEND_OVERFLOW' });
  });
});

describe('a multipart request', () => {
  const part = (portNo: number, xid: number, flags: number) =>
    ({
      type: 'multipartReply',
      multipartType: 'portDesc',
      xid,
      flags,
      body: [port(portNo), port(portNo + 1)],
    }) as const;

  it('has the parts of its reply put together', async () => {
    const { session, peer } = await openSwitch();
    const reply = session.multipart('portDesc');
    const { xid } = await peer.next('multipartRequest');
    peer.send(part(1, xid, MULTIPART_MORE), packetIn(1), part(3, xid, MULTIPART_MORE));
    await peer.turn();
    peer.send(part(5, xid, 0));
    expect((await reply).map(({ portNo }) => portNo)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('takes a last part that is empty', async () => {
    const { session, peer } = await openSwitch();
    const reply = session.multipart('portDesc');
    const { xid } = await peer.next('multipartRequest');
    peer.send(part(1, xid, MULTIPART_MORE), { ...part(1, xid, 0), body: [] });
    expect(await reply).toHaveLength(2);
  });

  it('has its time between parts, not for all of them', async () => {
    const clock = new FakeClock();
    const { session, peer } = await openSwitch({ setTimer: clock.setTimer });
    const reply = session.multipart('portDesc', undefined, { timeoutMs: 1000 });
    const { xid } = await peer.next('multipartRequest');
    for (let portNo = 1; portNo <= 5; portNo += 2) {
      clock.advance(900);
      peer.send(part(portNo, xid, MULTIPART_MORE));
      await peer.turn();
    }
    clock.advance(1000);
    await expect(reply).rejects.toMatchObject({
      code: 'OFP_REQUEST_TIMEOUT',
      message: 'no answer to multipart request portDesc within 1000 ms',
    });
  });

  it('rejects when it is refused', async () => {
    const { session, peer } = await openSwitch();
    const reply = session.multipart('groupDesc');
    refuse(peer, (await peer.next('multipartRequest')).xid, 1, 2);
    await expect(reply).rejects.toMatchObject({
      code: 'OFPBRC_BAD_STAT',
      message: 'the switch refused multipart request groupDesc: OFPBRC_BAD_STAT',
    });
  });

  it('answered with another type ends the session', async () => {
    const { session, peer } = await openSwitch();
    const reply = session.multipart('meterConfig');
    peer.send(part(1, (await peer.next('multipartRequest')).xid, 0));
    await expect(reply).rejects.toMatchObject({
      code: 'OFP_UNEXPECTED_REPLY',
      message: 'asked for meterConfig, got portDesc',
    });
    expect(session.isClosed).toBe(true);
  });
});

describe('sendAll', () => {
  const flows = [1, 2, 3].map((priority) => ({ type: 'flowMod', command: 'add', priority }) as const);

  /** Takes the flows and the barrier behind them, and refuses some. */
  async function answerFlows(peer: Peer, ...refused: readonly number[]): Promise<void> {
    for (const { priority } of flows) {
      const { xid } = await peer.next('flowMod');
      if (refused.includes(priority)) refuse(peer, xid, 5, 1);
    }
    peer.send({ type: 'barrierReply', xid: (await peer.next('barrierRequest')).xid });
  }

  it('resolves when the switch has carried all out', async () => {
    const { session, peer } = await openSwitch();
    const done = session.sendAll(flows);
    await answerFlows(peer);
    await done;
  });

  it('rejects with the first that the switch refused, once all have been carried out', async () => {
    const { session, peer } = await openSwitch();
    let told = 0;
    session.on('requestError', () => told++);
    const done = session.sendAll(flows);
    await answerFlows(peer, 2, 3);
    await expect(done).rejects.toMatchObject({
      code: 'OFPFMFC_TABLE_FULL',
      message: 'the switch refused flowMod add (table 0, priority 2): OFPFMFC_TABLE_FULL',
    });
    expect(told).toBe(0);
  });

  it('knows its messages again even when they bring xids of their own', async () => {
    const { session, peer } = await openSwitch();
    const done = session.sendAll(flows.map((flow) => ({ ...flow, xid: 0 })));
    await answerFlows(peer, 3);
    await expect(done).rejects.toMatchObject({ code: 'OFPFMFC_TABLE_FULL' });
  });

  it('rejects when the session ends', async () => {
    const { session, peer } = await openSwitch();
    const done = session.sendAll(flows);
    await peer.next('flowMod');
    peer.stream.end();
    await expect(done).rejects.toMatchObject({ code: 'OFP_CLOSED' });
    await expect(session.sendAll(flows)).rejects.toMatchObject({ code: 'OFP_CLOSED' });
  });
});
