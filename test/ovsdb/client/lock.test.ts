import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OvsdbClient } from '../../../src/ovsdb/index.ts';
import { rejection } from '../../net/sockets.ts';
import { FakeServer } from '../fake-server.ts';
import { FakeTime } from '../fake-time.ts';
import { testSchema } from '../test-schema.ts';

let server: FakeServer;
let time: FakeTime;
let client: OvsdbClient<typeof testSchema.json>;

beforeEach(async () => {
  server = await FakeServer.start({ unlock: () => ({}) });
  time = new FakeTime();
  const settings = { schema: testSchema, probeIntervalMs: 0, now: time.now, setTimer: time.setTimer };
  client = await OvsdbClient.connect(server.method, settings);
});

afterEach(async () => {
  await client.close();
  await server.close();
});

describe('a lock', () => {
  it('is ours when lock resolves, and given up when it is disposed of', async () => {
    server.handlers.lock = () => ({ locked: true });
    {
      await using lock = await client.lock('leader');
      expect(lock).toMatchObject({ name: 'leader', isHeld: true });
      expect(await rejection(client.lock('leader'))).toMatchObject({ code: 'OVSDB_LOCK_IN_USE' });
    }
    expect(server.calls.slice(1)).toEqual([
      { method: 'lock', params: ['leader'] },
      { method: 'unlock', params: ['leader'] },
    ]);
    await (await client.lock('leader')).release();
  });

  it('waits for its turn', async () => {
    server.handlers.lock = (params, peer) => {
      setImmediate(() => peer.notify('locked', params));
      return { locked: false };
    };
    expect((await client.lock('leader')).isHeld).toBe(true);
  });

  it('gives up the wait, at the server too', async () => {
    server.handlers.lock = () => ({ locked: false });
    expect(await rejection(client.lock('leader', { timeoutMs: 1 }))).toMatchObject({
      code: 'OVSDB_NO_ANSWER',
    });
    const abort = new AbortController();
    const aborted = rejection(client.lock('leader', { signal: abort.signal }));
    abort.abort();
    expect(await aborted).toMatchObject({ code: 'OVSDB_CALL_ABORTED' });
    await client.getSchema();
    expect(server.methods.slice(1)).toEqual(['lock', 'unlock', 'lock', 'unlock', 'get_schema']);
  });

  it('tells when it is stolen, and when it comes back', async () => {
    server.handlers.steal = () => ({ locked: true });
    const lock = await client.lock('leader', { steal: true });
    const told: string[] = [];
    lock.on('stolen', () => told.push('stolen'));
    lock.on('lost', ({ error }) => told.push(`lost ${error.code} ${lock.isHeld}`));
    lock.on('acquired', () => told.push(`acquired ${lock.isHeld}`));
    const peer = await server.connections.next();
    peer.notify('stolen', ['leader']);
    peer.notify('stolen', ['another']);
    await peer.request('echo', []);
    expect(told).toEqual(['stolen', 'lost OVSDB_LOCK_STOLEN false']);
    const again = lock.acquired();
    peer.notify('locked', ['leader']);
    await again;
    expect(told.at(-1)).toBe('acquired true');
  });

  it('is lost with the connection, and asked for on the next without being stolen again', async () => {
    server.handlers.steal = () => ({ locked: true });
    server.handlers.lock = () => ({ locked: true });
    const lock = await client.lock('leader', { steal: true });
    const lost = once(lock, 'lost');
    const retry = once(client, 'retry');
    await (await server.connections.next()).close();
    expect(await lost).toMatchObject([{ error: { code: 'OVSDB_CLOSED' } }]);
    await retry;
    const again = lock.acquired();
    time.advance(10_000);
    await again;
    expect(server.methods.slice(1)).toEqual(['steal', 'get_schema', 'lock']);
  });

  it('takes nothing said of one that was released for its own', async () => {
    server.handlers.lock = () => ({ locked: false });
    const peer = await server.connections.next();
    await rejection(client.lock('leader', { timeoutMs: 1 }));
    const waiting = rejection(client.lock('leader', { timeoutMs: 30 }));
    peer.notify('locked', ['leader']);
    expect(await waiting).toMatchObject({ code: 'OVSDB_NO_ANSWER' });
  });

  it('is refused when its name is none, when the server says so, and when the client is closed', async () => {
    expect(await rejection(client.lock('no name'))).toMatchObject({
      code: 'OVSDB_BAD_LOCK',
      message: "expected letters, digits and '_' as the name of a lock, got 'no name'",
    });
    expect(await rejection(client.lock('leader'))).toMatchObject({ code: 'OVSDB_UNKNOWN_METHOD' });
    server.handlers.lock = () => ({ locked: true });
    const lock = await client.lock('leader');
    await client.close();
    expect(lock.isHeld).toBe(false);
    expect(await rejection(lock.acquired())).toMatchObject({ code: 'OVSDB_CLOSED' });
    expect(await rejection(client.lock('leader'))).toMatchObject({ code: 'OVSDB_CLOSED' });
  });
});
