import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { listen, parseMethod } from '../../../src/net/index.ts';
import { listenOvsdb, OvsdbClient, type OvsdbConnectOptions } from '../../../src/ovsdb/index.ts';
import type { Json } from '../../../src/ovsdb/rpc/json.ts';
import { JsonRpcPeer } from '../../../src/ovsdb/rpc/json-rpc.ts';
import { OvsdbError } from '../../../src/ovsdb/rpc/remote-error.ts';
import type { GalagoError } from '../../../src/util/errors.ts';
import { Arrivals, rejection } from '../../net/sockets.ts';
import { FakeServer } from '../fake-server.ts';
import { FakeTime } from '../fake-time.ts';
import { testSchema, uuidOf } from '../test-schema.ts';

type Test = typeof testSchema.json;

let server: FakeServer;
let time: FakeTime;
let closers: (() => Promise<unknown>)[];

beforeEach(async () => {
  server = await FakeServer.start();
  time = new FakeTime();
  closers = [() => server.close()];
});

afterEach(async () => {
  for (const close of closers.reverse()) await close();
});

async function connect(options: OvsdbConnectOptions<Test> = {}, methods: string | string[] = server.method) {
  const settings = { schema: testSchema, probeIntervalMs: 0, now: time.now, setTimer: time.setTimer };
  const client = await OvsdbClient.connect(methods, { ...settings, ...options });
  closers.push(() => client.close());
  return client;
}

/** A client whose connection has just been lost, and which comes back when time goes on. */
async function disconnected(options: OvsdbConnectOptions<Test> = {}) {
  const client = await connect(options);
  const peer = await server.connections.next();
  const retry = once(client, 'retry');
  await peer.close();
  await retry;
  return client;
}

const deleteParts = (client: OvsdbClient<Test>) => client.transact((tx) => tx.delete('Part', []));
const counted = (count: number): Json => [{ count }];

describe('OvsdbClient', () => {
  it('calls the methods of the server', async () => {
    const client = await connect();
    server.handlers.list_dbs = () => ['Test', '_Server'];
    server.handlers.transact = () => counted(2);
    expect(await client.listDbs()).toEqual(['Test', '_Server']);
    await client.echo();
    expect((await client.getSchema()).tables.size).toBe(2);
    expect((await deleteParts(client)).count).toBe(2);
    expect(server.calls.at(-1)?.params).toEqual(['Test', { op: 'delete', table: 'Part', where: [] }]);
    expect({ state: client.state, database: client.database, version: client.schema.version }).toEqual({
      state: 'connected',
      database: 'Test',
      version: '1.2.3',
    });
  });

  it('does not send a transaction without operations, nor one that was refused', async () => {
    const client = await connect();
    expect(await client.transact(() => 'nothing')).toBe('nothing');
    const refused = client.transact((tx) => tx.insert('Part', { name: 1 as never }));
    expect(await rejection(refused)).toMatchObject({ code: 'OVSDB_BAD_VALUE' });
    expect(server.methods).toEqual(['get_schema']);
  });

  it('rejects a transaction that the server refuses', async () => {
    const client = await connect();
    server.handlers.transact = () => [{ error: 'constraint violation', details: 'twice' }];
    expect(await rejection(deleteParts(client))).toMatchObject({
      name: 'OvsdbError',
      code: 'OVSDB_CONSTRAINT_VIOLATION',
      operation: 0,
      table: 'Part',
    });
  });

  it('tries again, with what is there by then, when somebody else was faster', async () => {
    const client = await connect();
    const answers: Json[] = [[{ error: 'timed out' }], [{ error: 'not leader' }], counted(3)];
    server.handlers.transact = () => answers.shift()!;
    let builds = 0;
    const transacted = client.transact(
      (tx) => {
        builds++;
        return tx.delete('Part', []);
      },
      { retries: 2 },
    );
    for (let attempt = 1; attempt < 3; attempt++) {
      while (time.pending === 0) await new Promise(setImmediate);
      time.advance(1000);
    }
    expect([(await transacted).count, builds]).toEqual([3, 3]);
  });

  it('does not try again without being told, too often, for good reasons, or when aborted', async () => {
    const client = await connect();
    server.handlers.transact = () => [{ error: 'timed out' }];
    expect(await rejection(deleteParts(client))).toMatchObject({ code: 'OVSDB_TIMED_OUT' });
    const abort = new AbortController();
    const options = { retries: 1, signal: abort.signal };
    const aborted = rejection(client.transact((tx) => tx.delete('Part', []), options));
    while (time.pending === 0) await new Promise(setImmediate);
    abort.abort();
    expect(await aborted).toMatchObject({ code: 'OVSDB_CALL_ABORTED' });
    expect(time.pending).toBe(0);
    const twice = rejection(client.transact((tx) => tx.delete('Part', []), { retries: 1 }));
    while (time.pending === 0) await new Promise(setImmediate);
    time.advance(1000);
    expect(await twice).toMatchObject({ code: 'OVSDB_TIMED_OUT' });
    server.handlers.transact = () => [{ error: 'constraint violation' }];
    const refused = rejection(client.transact((tx) => tx.delete('Part', []), { retries: 1 }));
    expect(await refused).toMatchObject({ code: 'OVSDB_CONSTRAINT_VIOLATION' });
    expect(server.methods.filter((method) => method === 'transact')).toHaveLength(5);
  });

  it('asks for the id of the server, and converts its database', async () => {
    const client = await connect();
    server.handlers.get_server_id = () => uuidOf(7);
    server.handlers.convert = () => ({});
    expect(await client.getServerId()).toBe(uuidOf(7));
    await client.convert(testSchema.json);
    expect(server.calls.at(-1)).toEqual({ method: 'convert', params: ['Test', testSchema.json] });
    expect(await rejection(client.convert({ name: 'Test' } as never))).toMatchObject({
      code: 'OVSDB_BAD_SCHEMA',
    });
    server.handlers.get_server_id = () => 'none';
    expect(await rejection(client.getServerId())).toMatchObject({ code: 'OVSDB_BAD_MESSAGE' });
  });

  it('says so when it cannot know whether a transaction was committed, and does not repeat it', async () => {
    const client = await connect();
    server.handlers.transact = async (_params, peer) => {
      await peer.close();
      return counted(1);
    };
    const lost = once(client, 'retry');
    expect(await rejection(deleteParts(client))).toMatchObject({
      name: 'ClosedError',
      code: 'OVSDB_TRANSACTION_UNKNOWN',
    });
    await lost;
    const connected = once(client, 'connected');
    time.advance(10_000);
    await connected;
    expect(server.methods.filter((method) => method === 'transact')).toHaveLength(1);
  });

  it('keeps calls until it is connected again, in order, within bounds', async () => {
    const client = await disconnected({ maxWaiting: 3 });
    let count = 0;
    server.handlers.transact = () => counted(++count);
    const waiting = [deleteParts(client), deleteParts(client), deleteParts(client)];
    expect(await rejection(deleteParts(client))).toMatchObject({ code: 'OVSDB_QUEUE_FULL' });
    const fourth = once(client, 'connected').then(() => deleteParts(client));
    time.advance(10_000);
    expect((await Promise.all([...waiting, fourth])).map((rows) => rows.count)).toEqual([1, 2, 3, 4]);
  });

  it('rejects with what a builder throws whose turn has come, and goes on with the next', async () => {
    const client = await disconnected();
    server.handlers.transact = () => counted(1);
    const thrown = rejection(
      client.transact(() => {
        throw new RangeError('not now');
      }),
    );
    const refused = rejection(client.transact((tx) => tx.insert('Part', { name: 1 as never })));
    const next = deleteParts(client);
    time.advance(10_000);
    expect(await thrown).toMatchObject({ message: 'not now' });
    expect(await refused).toMatchObject({ code: 'OVSDB_BAD_VALUE' });
    expect((await next).count).toBe(1);
    expect(client.state).toBe('connected');
  });

  it('resyncs its replicas before it sends what has waited', async () => {
    server.handlers.monitor_cond_since = () => [false, uuidOf(101), {}];
    const client = await connect();
    await client.replicate({ Part: true });
    const peer = await server.connections.next();
    const retry = once(client, 'retry');
    await peer.close();
    await retry;
    server.handlers.transact = () => counted(0);
    const waiting = deleteParts(client);
    time.advance(10_000);
    await waiting;
    expect(server.methods.slice(2)).toEqual(['get_schema', 'monitor_cond_since', 'transact']);
  });

  it('holds transactions until the replicas asked for before have their rows', async () => {
    const client = await connect();
    let snapshot = (_: Json) => {};
    server.handlers.monitor_cond_since = () => new Promise<Json>((resolve) => (snapshot = resolve));
    server.handlers.transact = () => counted(1);
    const replicated = client.replicate({ Part: ['name'] });
    const transacted = client.transact((tx) => tx.delete('Part', []));
    const given = rejection(client.transact((tx) => tx.delete('Part', []), { timeoutMs: 1 }));
    expect(await given).toMatchObject({ code: 'OVSDB_NO_ANSWER' });
    await client.echo();
    expect(server.methods).toEqual(['get_schema', 'monitor_cond_since']);
    snapshot([false, uuidOf(101), {}]);
    expect([(await transacted).count, (await replicated).isStale]).toEqual([1, false]);
    expect(server.methods.slice(2)).toEqual(['transact']);
  });

  it('sends them after all when such a replica is refused', async () => {
    const client = await connect();
    server.handlers.transact = () => counted(1);
    const refused = rejection(client.replicate({ Part: ['name'] }));
    expect((await deleteParts(client)).count).toBe(1);
    expect(await refused).toMatchObject({ code: 'OVSDB_UNKNOWN_METHOD' });
  });

  it('waits for the replicas to show the result when told to', async () => {
    server.handlers.monitor_cond_since = () => [false, uuidOf(101), {}];
    const client = await connect();
    const replica = await client.replicate({ Part: ['name'] });
    server.handlers.transact = (_params, peer) => {
      peer.notify('monitor_canceled', ['galago-0']);
      return counted(1);
    };
    const retry = once(client, 'retry');
    let isStale: boolean | undefined;
    const synced = client
      .transact((tx) => tx.delete('Part', []), { synced: true })
      .then((rows) => {
        isStale = replica.isStale;
        return rows.count;
      });
    const sent = client.transact((tx) => tx.delete('Part', []));
    expect((await sent).count).toBe(1);
    expect(replica.isStale).toBe(true);
    await retry;
    expect(isStale).toBeUndefined();
    time.advance(10_000);
    expect([await synced, isStale]).toEqual([1, false]);
  });

  it('goes on replicating over connections that break', async () => {
    const client = await connect();
    let calls = 0;
    server.handlers.monitor_cond_since = async (_params, peer) => {
      if (++calls === 1) await peer.close();
      return [false, uuidOf(101), {}];
    };
    const retry = once(client, 'retry');
    const replicated = client.replicate({ Part: true });
    await retry;
    time.advance(10_000);
    expect((await replicated).isStale).toBe(false);
  });

  it('reports each failure with the time to the next attempt, and each connection', async () => {
    const seen: string[] = [];
    const client = await connect();
    client.on('disconnected', ({ error }) => seen.push(`disconnected ${error.code}`));
    client.on('retry', ({ error, retryInMs }) => seen.push(`retry ${error.code} ${retryInMs > 0}`));
    client.on('connected', ({ name }) => seen.push(`connected ${name === server.method}`));
    client.on('closed', ({ reason }) => seen.push(`closed ${reason.code}`));
    server.handlers.get_schema = () => ({});
    let retry = once(client, 'retry');
    await (await server.connections.next()).close();
    await retry;
    retry = once(client, 'retry');
    time.advance(10_000);
    await retry;
    server.handlers.get_schema = () => testSchema.json as unknown as Json;
    const connected = once(client, 'connected');
    time.advance(10_000);
    await connected;
    await client.close();
    await client.close();
    expect(seen).toEqual([
      'disconnected OVSDB_CLOSED',
      'retry OVSDB_CLOSED true',
      'retry OVSDB_BAD_SCHEMA true',
      'connected true',
      'closed OVSDB_CLOSED',
    ]);
    expect(time.pending).toBe(0);
  });

  it('rejects every call when it is closed, also those that wait', async () => {
    const client = await connect();
    await server.connections.next();
    server.handlers.transact = () => new Promise(() => {});
    const sent = rejection(deleteParts(client));
    const waiting = await disconnected();
    const kept = rejection(waiting.echo());
    await Promise.all([client.close(), waiting.close()]);
    expect(await sent).toMatchObject({ code: 'OVSDB_TRANSACTION_UNKNOWN' });
    expect(await kept).toMatchObject({ code: 'OVSDB_CLOSED' });
    expect(await rejection(client.echo())).toMatchObject({
      code: 'OVSDB_CLOSED',
      message: 'the client of Test was closed',
    });
  });

  it('goes on to the next server of several', async () => {
    const second = await FakeServer.start();
    closers.push(() => second.close());
    await server.close();
    const client = await connect({}, [server.method, second.method]);
    expect(second.methods).toEqual(['get_schema']);
    expect(client.state).toBe('connected');
  });

  it('leaves a server that cannot be used for the next', async () => {
    const second = await FakeServer.start();
    closers.push(() => second.close());
    server.handlers.get_schema = () => {
      throw new OvsdbError({ error: 'unknown database' }, { what: 'get_schema' });
    };
    const client = await connect({}, [server.method, second.method]);
    expect([client.state, server.methods, second.methods]).toEqual([
      'connected',
      ['get_schema'],
      ['get_schema'],
    ]);
  });

  it('rejects when the first connection fails, unless told to wait', async () => {
    await server.close();
    expect(await rejection(connect())).toMatchObject({ code: 'NET_CONNECT_FAILED' });
    expect(await rejection(connect({ waitForServer: true, timeoutMs: 1 }))).toMatchObject({
      code: 'OVSDB_NO_ANSWER',
    });
    const controller = new AbortController();
    const aborted = connect({ waitForServer: true, signal: controller.signal });
    controller.abort();
    expect(await rejection(aborted)).toMatchObject({ code: 'OVSDB_CALL_ABORTED' });
  });

  it('tells of attempts that fail before there is a client to listen to', async () => {
    await server.close();
    const controller = new AbortController();
    let connecting: Promise<unknown> | undefined;
    const retry = await new Promise((onRetry) => {
      connecting = connect({ waitForServer: true, signal: controller.signal, onRetry });
    });
    expect(retry).toMatchObject({
      error: { code: 'NET_CONNECT_FAILED' },
      retryInMs: expect.any(Number),
    });
    controller.abort();
    expect(await rejection(connecting!)).toMatchObject({ code: 'OVSDB_CALL_ABORTED' });
  });

  it.each<[string, () => Json | Promise<Json>, string]>([
    [
      'has no such database',
      () => {
        throw new OvsdbError({ error: 'unknown database' }, { what: 'get_schema' });
      },
      'OVSDB_UNKNOWN_DATABASE',
    ],
    ['has another', () => ({ name: 'Other', tables: {} }), 'OVSDB_SCHEMA_MISMATCH'],
    ['has one that is no schema', () => [], 'OVSDB_BAD_SCHEMA'],
    ['never answers', () => new Promise(() => {}), 'OVSDB_NO_ANSWER'],
  ])('rejects when the server %s', async (_, handler, code) => {
    server.handlers.get_schema = handler;
    // On a busy machine the others need more time to answer.
    const handshakeTimeoutMs = code === 'OVSDB_NO_ANSWER' ? 20 : 10_000;
    expect(await rejection(connect({ handshakeTimeoutMs }))).toMatchObject({ code });
  });

  it('refuses methods that are for listening, and none at all', async () => {
    expect(await rejection(connect({}, 'ptcp:6640'))).toMatchObject({ code: 'NET_METHOD_INVALID' });
    expect(await rejection(connect({}, []))).toMatchObject({ code: 'NET_METHOD_INVALID' });
  });

  it('starts over when the server cancels a monitor', async () => {
    server.handlers.monitor_cond_since = () => [false, uuidOf(101), {}];
    const client = await connect();
    await client.replicate({ Part: true });
    const retry = once(client, 'retry');
    (await server.connections.next()).notify('monitor_canceled', ['galago-0']);
    expect(await retry).toMatchObject([{ error: { code: 'OVSDB_MONITOR_CANCELED' } }]);
  });
});

describe('listenOvsdb', () => {
  /** A server that dials us, as one with a manager does. */
  async function dialIn(port: number, getSchema: () => Json = () => testSchema.json as unknown as Json) {
    const socket = connectSocket(port, '127.0.0.1');
    closers.push(async () => socket.destroy());
    const onRequest = (method: string) => (method === 'get_schema' ? getSchema() : []);
    return new JsonRpcPeer(socket, { probeIntervalMs: 0, onRequest });
  }

  async function start(onClient: (client: OvsdbClient<Test>) => void | Promise<void>) {
    const failures = new Arrivals<GalagoError>();
    const options = { schema: testSchema, probeIntervalMs: 0, onFailure: failures.push };
    const listener = await listenOvsdb('ptcp:0', onClient, options);
    closers.push(() => listener.close());
    return { listener, failures, port: 'port' in listener.method ? listener.method.port : 0 };
  }

  it('gives a client for each connection, which ends with it', async () => {
    const clients = new Arrivals<OvsdbClient<Test>>();
    const { port } = await start(clients.push);
    const [first, second] = [await dialIn(port), await dialIn(port)];
    const [one, two] = [await clients.next(), await clients.next()];
    await one.echo();
    expect([one.state, two.state]).toEqual(['connected', 'connected']);
    const closed = [once(one, 'closed'), once(two, 'closed')];
    await first.close();
    await second.close();
    expect(await Promise.all(closed)).toMatchObject([
      [{ reason: { code: 'OVSDB_CLOSED' } }],
      [{ reason: { code: 'OVSDB_CLOSED' } }],
    ]);
    expect(await rejection(one.echo())).toMatchObject({ code: 'OVSDB_CLOSED' });
  });

  it('reports servers that are of no use, and handlers that fail, and goes on', async () => {
    const { port, failures } = await start(async (client) => {
      throw new Error(`no use for ${client.database}`);
    });
    await dialIn(port, () => ({}));
    expect(await failures.next()).toMatchObject({ code: 'OVSDB_BAD_SCHEMA' });
    const peer = await dialIn(port);
    expect(await failures.next()).toMatchObject({
      code: 'OVSDB_HANDLER_FAILED',
      cause: new Error('no use for Test'),
    });
    await peer.closed;
    const garbage = connectSocket(port, '127.0.0.1');
    garbage.on('error', () => {});
    garbage.write('GET / HTTP/1.1\r\n\r\n');
    expect(await failures.next()).toMatchObject({ cause: { code: 'OVSDB_BAD_JSON' } });
  });

  it('ends its clients when the listener is closed', async () => {
    const clients = new Arrivals<OvsdbClient<Test>>();
    const { port, listener } = await start(clients.push);
    await dialIn(port);
    const client = await clients.next();
    const closed = once(client, 'closed');
    await listener.close();
    await closed;
    await expect(listen(parseMethod(`ptcp:${port}`), () => {}).then((again) => again.close())).resolves.toBe(
      undefined,
    );
  });
});
