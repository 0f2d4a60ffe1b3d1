import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Backoff } from '../../../src/net/index.ts';
import {
  type Json,
  JsonRpcPeer,
  OvsdbClient,
  OvsdbTestServer,
  type OvsdbTestServerOptions,
} from '../../../src/ovsdb/index.ts';
import { eventually } from '../../lab/index.ts';
import { rejection } from '../../net/sockets.ts';
import { FakeTime } from '../fake-time.ts';
import { testSchema } from '../test-schema.ts';

type Server = OvsdbTestServer<typeof testSchema.json>;

describe('what goes wrong on command', () => {
  const time = new FakeTime();
  const open: AsyncDisposable[] = [];
  let server: Server;

  beforeEach(() => {
    server = start();
  });

  afterEach(async () => {
    for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
  });

  function start(options: OvsdbTestServerOptions<typeof testSchema.json> = {}): Server {
    const started = new OvsdbTestServer(testSchema, {
      now: () => time.now(),
      setTimer: time.setTimer,
      ...options,
    });
    open.push(started);
    return started;
  }

  /** A peer that notes all that it is told, in order. */
  function connect(to: Server = server): { readonly peer: JsonRpcPeer; readonly told: string[] } {
    const told: string[] = [];
    const onNotification = (method: string, params: readonly Json[]) => {
      told.push(`${method} ${JSON.stringify(params[0])}`);
    };
    const peer = new JsonRpcPeer(to.connect(), { probeIntervalMs: 0, onNotification });
    open.push(peer);
    return { peer, told };
  }

  function connectClient(to: Server = server, options = {}): Promise<OvsdbClient<typeof testSchema.json>> {
    const backoff = new Backoff({ minMs: 1, maxMs: 2 });
    return OvsdbClient.connect('unix:test', { schema: testSchema, dial: to.dial, backoff, ...options });
  }

  it('holds answers back without changing their order', async () => {
    const { peer, told } = connect();
    await peer.request('monitor', ['Test', 'm', { Part: {} }]);
    server.connections[0]!.hold();
    const answers = ['one', 'two'].map(async (name) => {
      await peer.request('transact', ['Test', ...insertion(name)]);
      told.push(`answered ${name}`);
    });
    await eventually(() => server.rows('Part').length === 2, { what: 'both transactions' });
    expect(told).toEqual([]);
    server.connections[0]!.release();
    await Promise.all(answers);
    expect(told).toEqual(['update "m"', 'answered one', 'update "m"', 'answered two']);
  });

  it('delays answers, and lets nothing overtake what was delayed longer', async () => {
    const { peer, told } = connect();
    const [connection] = server.connections;
    connection!.delay(1000);
    const slow = peer.request('echo', ['slow']).then(() => told.push('slow'));
    await eventually(() => time.pending > 0, { what: 'the delayed answer' });
    connection!.delay(0);
    const quick = peer.request('echo', ['quick']).then(() => told.push('quick'));
    time.advance(999);
    expect(told).toEqual([]);
    time.advance(1);
    await Promise.all([slow, quick]);
    expect(told).toEqual(['slow', 'quick']);
  });

  it('stalls: what is sent is neither read nor refused, and read later', async () => {
    const { peer } = connect();
    await peer.request('echo', []);
    server.connections[0]!.stall();
    const answer = peer.request('transact', ['Test', ...insertion('late')]);
    expect(await rejection(peer.request('echo', [], { timeoutMs: 20 }))).toMatchObject({
      code: 'OVSDB_NO_ANSWER',
    });
    expect(server.rows('Part')).toEqual([]);
    server.connections[0]!.resume();
    expect(await answer).toMatchObject([{ uuid: ['uuid', expect.any(String)] }, expect.anything()]);
  });

  it('drops a connection in the middle of a message, so that a client cannot know', async () => {
    const client = await connectClient();
    open.push(client);
    server.connections[0]!.dropAfter(10);
    const lost = rejection(client.transact((tx) => tx.insert('Part', { name: 'lost' })));
    expect(await lost).toMatchObject({ code: 'OVSDB_TRANSACTION_UNKNOWN' });
  });

  it('refuses connections, and accepts them again', async () => {
    server.refuseConnections();
    expect(await rejection(connectClient())).toMatchObject({ code: 'NET_CONNECT_FAILED' });
    const method = await server.listen('ptcp:0');
    expect(await rejection(OvsdbClient.connect(method, { schema: testSchema }))).toBeInstanceOf(Error);
    server.refuseConnections(false);
    open.push(await connectClient(), await OvsdbClient.connect(method, { schema: testSchema }));
    expect(server.connections).toHaveLength(2);
  });

  it('moves the leadership of a cluster to another member, which has the same rows', async () => {
    const first = start({ model: 'clustered' });
    const second = start({ joins: first });
    const servers: Readonly<Record<string, Server>> = { 'unix:1': first, 'unix:2': second };
    const dial = (method: { readonly path?: string }) => servers[`unix:${method.path}`]!.dial();
    const backoff = new Backoff({ minMs: 1, maxMs: 2 });
    const client = await OvsdbClient.connect(['unix:1', 'unix:2'], {
      schema: testSchema,
      dial: dial as never,
      backoff,
    });
    open.push(client);
    const replica = await client.replicate({ Part: ['name'], Thing: ['name', 'parts'] });
    await client.transact((tx) => {
      tx.insert('Thing', { name: 'a', parts: [tx.insert('Part', { name: 'before' })] });
    });
    const [part] = replica.Part.rows.keys();
    const inserted: string[] = [];
    replica.Part.on('insert', ({ name }) => inserted.push(name));
    const moved = once(client, 'connected');
    first.setLeader(false);
    second.setLeader(true);
    expect(await moved).toMatchObject([{ name: 'unix:2' }]);
    await client.transact((tx) => {
      tx.insert('Thing', { name: 'b', count: 1, parts: [tx.insert('Part', { name: 'after' })] });
    });
    // The cluster remembers what had been told already: nothing is told twice.
    expect([replica.Part.rows.has(part!), inserted]).toEqual([true, ['after']]);
    expect(second.rows('Part')).toEqual(first.rows('Part'));
  });

  it('has transactions wait while it has lost its cluster', async () => {
    const { peer } = connect();
    server.setConnected(false);
    const answer = peer.request('transact', ['Test', ...insertion('waiting')]);
    await peer.request('echo', []);
    expect(server.rows('Part')).toEqual([]);
    server.setConnected(true);
    expect(await answer).toHaveLength(2);
    expect(server.rows('Part')).toHaveLength(1);
  });

  it('fulfils a wait when another client changes the row, or lets it time out', async () => {
    const [one, other] = [connect(), connect()];
    const until = { op: 'wait', table: 'Part', where: [], columns: ['name'], until: '!=', rows: [] };
    const waiting = one.peer.request('transact', ['Test', until]);
    await other.peer.request('transact', ['Test', ...insertion('there')]);
    expect(await waiting).toEqual([{}]);
    const inVain = one.peer.request('transact', ['Test', { ...until, until: '==', timeout: 500 }]);
    await eventually(() => time.pending > 0, { what: 'the timer' });
    time.advance(500);
    const details = '"wait" timed out after 500 ms';
    expect(await inVain).toEqual([{ error: 'timed out', details }]);
  });

  it('drops a client that does not read, when too much waits for it', async () => {
    const small = start({ maxUnsentBytes: 10_000 });
    const { peer } = connect(small);
    await peer.request('monitor', ['Test', 'm', { Part: {} }]);
    small.connections[0]!.hold();
    for (let i = 0; i < 100; i++) small.transact(insertion(`${'x'.repeat(200)}${i}`));
    expect((await peer.closed).code).toBe('OVSDB_CLOSED');
    expect(small.connections).toEqual([]);
  });

  it('ends a connection on which no JSON-RPC comes', async () => {
    const stream = server.connect();
    stream.write('GET / HTTP/1.1\r\n\r\n');
    await once(stream, 'close');
    expect(server.connections).toEqual([]);
  });
});

let count = 0;

/** Inserts a part with a thing that needs it. */
function insertion(name: string) {
  const part = { op: 'insert', table: 'Part', row: { name }, 'uuid-name': 'part' };
  const row = { name, ratio: count++, parts: ['set', [['named-uuid', 'part']]] };
  return [part, { op: 'insert', table: 'Thing', row }] as const;
}
