import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Json } from '../../../src/ovsdb/rpc/json.ts';
import { type JsonRpcOptions, JsonRpcPeer } from '../../../src/ovsdb/rpc/json-rpc.ts';
import { WireError } from '../../../src/util/errors.ts';
import { Arrivals, rejection } from '../../net/sockets.ts';
import { FakeTime } from '../fake-time.ts';

const cleanUps: (() => void)[] = [];

afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** Two ends of one loopback connection. */
async function socketPair(): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const near = connect(server.address() as never);
  const [far] = await accepted;
  server.close();
  cleanUps.push(() => {
    near.destroy();
    far.destroy();
  });
  far.on('error', () => {});
  return [near, far];
}

/** A peer, and the other end as a bare socket whose chunks are seen as text. */
async function startPeer(options: JsonRpcOptions = {}) {
  const [near, far] = await socketPair();
  const chunks = new Arrivals<string>();
  far.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  const peer = new JsonRpcPeer(near, { probeIntervalMs: 0, name: 'the switch', ...options });
  return { peer, far, chunks };
}

/** Two peers that speak to each other. */
async function startPair(options: JsonRpcOptions) {
  const [near, far] = await socketPair();
  const peer = new JsonRpcPeer(near, { probeIntervalMs: 0 });
  return { peer, other: new JsonRpcPeer(far, { probeIntervalMs: 0, ...options }) };
}

describe('JsonRpcPeer', () => {
  it('pairs replies with requests, in whatever order they come', async () => {
    const { peer, far, chunks } = await startPeer();
    const first = peer.request('list_dbs', []);
    const second = peer.request('get_schema', ['Open_vSwitch']);
    expect(await chunks.next()).toBe(
      '{"method":"list_dbs","params":[],"id":0}{"method":"get_schema","params":["Open_vSwitch"],"id":1}',
    );
    far.write('{"id":1,"result":{"name":"x"},"error":null}{"id":0,"result":[],"error":null}');
    expect(await Promise.all([first, second])).toEqual([[], { name: 'x' }]);
  });

  it('decodes a reply before it looks at the message that follows', async () => {
    const order: string[] = [];
    const { peer, far, chunks } = await startPeer({ onNotification: (method) => order.push(method) });
    const request = peer.request('monitor', [], { decode: () => order.push('reply') });
    await chunks.next();
    far.write('{"id":0,"result":{},"error":null}{"method":"update","params":[],"id":null}');
    await request;
    expect(order).toEqual(['reply', 'update']);
  });

  it('answers echo by itself, and other requests through its handler', async () => {
    const { peer } = await startPair({
      onRequest: async (method, params) => {
        if (method !== 'add') throw new Error('cannot');
        return (params as number[]).reduce((a, b) => a + b);
      },
    });
    expect(await peer.request('echo', ['hello', { a: 1 }])).toEqual(['hello', { a: 1 }]);
    expect(await peer.request('add', [1, 2])).toBe(3);
    expect(await rejection(peer.request('steal', []))).toMatchObject({ code: 'OVSDB_REMOTE_ERROR' });
  });

  it('does not know methods that it has no handler for', async () => {
    const { peer } = await startPair({});
    expect(await rejection(peer.request('steal', []))).toMatchObject({
      code: 'OVSDB_UNKNOWN_METHOD',
      message: 'steal failed: unknown method',
    });
  });

  it.each<[Json, string, string]>([
    ['unknown method', 'OVSDB_UNKNOWN_METHOD', 'convert failed: unknown method'],
    [{ error: 'not owner', details: 'of l' }, 'OVSDB_NOT_OWNER', 'convert failed: not owner: of l'],
    [{ error: 'I/O error' }, 'OVSDB_IO_ERROR', 'convert failed: I/O error'],
    [{ error: 'odd', details: 'd' }, 'OVSDB_REMOTE_ERROR', 'convert failed: odd: d'],
    [[7], 'OVSDB_REMOTE_ERROR', 'convert failed: unknown: [7]'],
  ])('rejects a request with the error %j', async (error, code, message) => {
    const { peer, far, chunks } = await startPeer();
    const request = peer.request('convert', []);
    await chunks.next();
    far.write(JSON.stringify({ id: 0, result: null, error }));
    expect(await rejection(request)).toMatchObject({ name: 'OvsdbError', code, message });
    expect(peer.isClosed).toBe(false);
  });

  it.each([
    ['garbage', '\x16\x03\x01', 'OVSDB_BAD_JSON'],
    ['a message that is none', '{"id":0}', 'OVSDB_BAD_MESSAGE'],
    ['params that are no array', '{"method":"update","params":{},"id":null}', 'OVSDB_BAD_MESSAGE'],
    ['nesting too deep', '{"a":'.repeat(65), 'OVSDB_TOO_DEEP'],
    ['a message too large', `{"a":"${'x'.repeat(2000)}`, 'OVSDB_MESSAGE_TOO_LARGE'],
  ])('ends the connection over %s, and every request with it', async (_, bytes, code) => {
    const { peer, far, chunks } = await startPeer({ maxMessageBytes: 1000 });
    const requests = [rejection(peer.request('a', [])), rejection(peer.request('b', []))];
    await chunks.next();
    far.write(bytes);
    const reason = await peer.closed;
    expect(reason).toMatchObject({ name: 'ClosedError', code: 'OVSDB_CLOSED', cause: { code } });
    expect(await Promise.all(requests)).toEqual([reason, reason]);
    expect(await rejection(peer.request('c', []))).toBe(reason);
    expect(() => peer.notify('d', [])).toThrow(reason);
  });

  it('ends the connection over a reply or a notification that cannot be taken', async () => {
    const unreadable = () => {
      throw new WireError('OVSDB_BAD_NOTATION', 'no such value');
    };
    const reply = await startPeer();
    const request = rejection(reply.peer.request('a', [], { decode: unreadable }));
    await reply.chunks.next();
    reply.far.write('{"id":0,"result":1,"error":null}');
    expect(await request).toMatchObject({ code: 'OVSDB_BAD_NOTATION' });
    expect(await reply.peer.closed).toMatchObject({ cause: { code: 'OVSDB_BAD_NOTATION' } });
    const notification = await startPeer({ onNotification: unreadable });
    notification.far.write('{"method":"update","params":[]}');
    expect(await notification.peer.closed).toMatchObject({ cause: { code: 'OVSDB_BAD_NOTATION' } });
  });

  it('ends with the peer, and with close', async () => {
    const left = await startPeer();
    const request = rejection(left.peer.request('a', []));
    left.far.end();
    expect(await request).toMatchObject({
      code: 'OVSDB_CLOSED',
      message: 'the connection to the switch has ended: the peer closed it',
    });
    const closed = await startPeer();
    await Promise.all([closed.peer.close(), closed.peer.close()]);
    expect(await closed.peer.closed).toMatchObject({ code: 'OVSDB_CLOSED' });
  });

  it('gives a request up when it is aborted, and cancels a transaction', async () => {
    const { peer, far, chunks } = await startPeer();
    const controller = new AbortController();
    const transaction = rejection(peer.request('transact', ['db'], { signal: controller.signal }));
    await chunks.next();
    controller.abort(new Error('enough'));
    expect(await transaction).toMatchObject({ code: 'OVSDB_CALL_ABORTED', cause: new Error('enough') });
    expect(await chunks.next()).toBe('{"method":"cancel","params":[0],"id":null}');
    expect(await rejection(peer.request('transact', [], { signal: controller.signal }))).toMatchObject({
      code: 'OVSDB_CALL_ABORTED',
    });
    const next = peer.request('echo', []);
    far.write('{"id":0,"result":null,"error":{"error":"canceled"}}{"id":1,"result":[],"error":null}');
    expect(await next).toEqual([]);
  });

  it('gives a request up when its time is over', async () => {
    const { peer } = await startPeer();
    expect(await rejection(peer.request('list_dbs', [], { timeoutMs: 1 }))).toMatchObject({
      name: 'TimeoutError',
      code: 'OVSDB_NO_ANSWER',
      message: 'no answer to list_dbs within 1 ms',
    });
    expect(peer.isClosed).toBe(false);
  });

  it('refuses more requests and more bytes than it may keep', async () => {
    const { peer } = await startPeer({ maxPending: 2, maxUnsentBytes: 1000 });
    expect(await rejection(peer.request('a', ['x'.repeat(1000)]))).toMatchObject({
      code: 'OVSDB_QUEUE_FULL',
    });
    const requests = [rejection(peer.request('a', [])), rejection(peer.request('b', []))];
    expect(await rejection(peer.request('c', []))).toMatchObject({ code: 'OVSDB_QUEUE_FULL' });
    await peer.close();
    await Promise.all(requests);
  });

  it('ends the connection when the peer asks and asks and does not read', async () => {
    const { peer, far } = await startPeer({ maxUnsentBytes: 1000 });
    far.write(`{"method":"echo","params":["${'x'.repeat(500)}"],"id":1}`.repeat(2));
    expect(await peer.closed).toMatchObject({ cause: { code: 'OVSDB_QUEUE_FULL' } });
  });

  it('probes a silent peer, and ends the connection when it stays silent', async () => {
    const time = new FakeTime();
    const { peer, far, chunks } = await startPeer({
      probeIntervalMs: 5000,
      now: time.now,
      setTimer: time.setTimer,
    });
    time.advance(5000);
    expect(await chunks.next()).toBe('{"method":"echo","params":[],"id":"probe"}');
    far.write('{"id":"probe","result":[],"error":null}{"method":"echo","params":[],"id":9}');
    await chunks.next();
    time.advance(5000);
    expect(peer.isClosed).toBe(false);
    time.advance(10_000);
    expect(await peer.closed).toMatchObject({
      message: 'the connection to the switch has ended: no answer to an echo, nothing received for 15000 ms',
    });
    expect(time.pending).toBe(0);
  });
});
