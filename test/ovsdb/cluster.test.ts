import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OvsdbClient, type OvsdbConnectOptions } from '../../src/ovsdb/index.ts';
import type { Json, JsonObject } from '../../src/ovsdb/rpc/json.ts';
import type { JsonRpcPeer } from '../../src/ovsdb/rpc/json-rpc.ts';
import { rejection } from '../net/sockets.ts';
import { FakeServer } from './fake-server.ts';
import { FakeTime } from './fake-time.ts';
import { testSchema, uuidOf } from './test-schema.ts';

const ROW = uuidOf(200);
const TXN = uuidOf(100);
const leader = {
  name: 'Test',
  model: 'clustered',
  connected: true,
  leader: true,
  cid: ['uuid', uuidOf(300)],
  index: 5,
};
const follower = { ...leader, leader: false };

let servers: FakeServer[];
let time: FakeTime;
let clients: OvsdbClient<typeof testSchema.json>[];

beforeEach(() => {
  servers = [];
  clients = [];
  time = new FakeTime();
});

afterEach(async () => {
  for (const client of clients) await client.close();
  for (const server of servers) await server.close();
});

/** A server that says the given of itself. */
async function serve(status: JsonObject): Promise<FakeServer> {
  const server = await FakeServer.start({ monitor_cond_since: () => [false, TXN, {}] });
  server.status = () => [false, TXN, { Database: { [ROW]: { initial: status } } }];
  servers.push(server);
  return server;
}

async function connect(
  methods: readonly FakeServer[],
  options: OvsdbConnectOptions<typeof testSchema.json> = {},
) {
  const settings = { schema: testSchema, probeIntervalMs: 0, now: time.now, setTimer: time.setTimer };
  const client = await OvsdbClient.connect(
    methods.map(({ method }) => method),
    { ...settings, ...options },
  );
  clients.push(client);
  return client;
}

/** Has a server change what it says of itself. */
function change(peer: JsonRpcPeer, modify: JsonObject): void {
  peer.notify('update3', ['galago-status', TXN, { Database: { [ROW]: { modify } } }]);
}

describe('a client of a cluster', () => {
  it('passes over followers, in one round', async () => {
    const [one, two] = [await serve(follower), await serve(leader)];
    const client = await connect([one, two]);
    await client.echo();
    expect([one.methods, two.methods]).toEqual([[], ['get_schema']]);
  });

  it('says why none is of use', async () => {
    const one = await serve(follower);
    expect(await rejection(connect([one]))).toMatchObject({
      name: 'ClosedError',
      code: 'OVSDB_SERVER_UNFIT',
      message: `${one.method} is of no use for Test: it is not the leader of its cluster`,
    });
    expect((await connect([one], { leaderOnly: false })).state).toBe('connected');
    const cut = await serve({ ...follower, connected: false });
    expect(await rejection(connect([cut], { leaderOnly: false }))).toMatchObject({
      message: expect.stringContaining('it has no connection to its cluster'),
    });
  });

  it('asks nothing of standalone servers', async () => {
    const one = await serve({ name: 'Test', model: 'standalone', connected: true, leader: false });
    expect((await connect([one])).state).toBe('connected');
  });

  it('leaves a leader that steps down when it has answered, and sends the rest to the next', async () => {
    const [one, two] = [await serve(leader), await serve({ ...leader, index: 6 })];
    const client = await connect([one, two]);
    let answer = (_: Json) => {};
    one.handlers.transact = () => new Promise<Json>((resolve) => (answer = resolve));
    two.handlers.transact = () => [{ count: 2 }];
    const sent = client.transact((tx) => tx.delete('Part', []));
    const peer = await one.connections.next();
    await peer.request('echo', []);
    const left = once(client, 'disconnected');
    change(peer, { leader: false });
    expect(await left).toMatchObject([{ error: { code: 'OVSDB_SERVER_UNFIT' } }]);
    const waiting = client.transact((tx) => tx.delete('Part', []));
    const retry = once(client, 'retry');
    answer([{ count: 1 }]);
    expect((await sent).count).toBe(1);
    await retry;
    time.advance(1000);
    expect((await waiting).count).toBe(2);
  });

  describe('whose leader carries a transaction out twice', () => {
    /** The operations of the transactions that came, as `[op, uuid]`. */
    const received = (server: FakeServer) =>
      server.calls
        .filter(({ method }) => method === 'transact')
        .map(({ params }) => params.slice(1) as readonly JsonObject[]);
    const insert = (client: OvsdbClient<typeof testSchema.json>) =>
      client.transact((tx) => {
        tx.comment('two parts');
        return [tx.insert('Part', { name: 'a' }), tx.insert('Part', { name: 'b' })] as const;
      });
    const inserted = (uuid: string): Json => ({ uuid: ['uuid', uuid] });

    it('has the second time fail, and says that it cannot know the results', async () => {
      const one = await serve(leader);
      const client = await connect([one]);
      one.handlers.transact = () => [{}, {}, inserted(uuidOf(1)), inserted(uuidOf(2))];
      const [first] = await insert(client);
      expect(first.uuid).toBe(uuidOf(1));
      const [[mark, , marked, other]] = received(one) as [readonly JsonObject[]];
      expect(mark).toEqual({
        op: 'wait',
        table: 'Part',
        where: [['_uuid', '==', ['uuid', marked!.uuid]]],
        columns: ['_uuid'],
        until: '==',
        rows: [],
        timeout: 0,
      });
      expect([marked?.op, other?.uuid]).toEqual(['insert', undefined]);
      one.handlers.transact = () => [{ error: 'timed out' }, null, null, null];
      const twice = rejection(insert(client));
      expect(await twice).toMatchObject({ code: 'OVSDB_TRANSACTION_UNKNOWN', cause: { error: 'timed out' } });
      one.handlers.transact = () => [{}, {}, inserted(uuidOf(1)), { error: 'constraint violation' }];
      expect(await rejection(insert(client))).toMatchObject({ operation: 2, table: 'Part' });
    });

    it('does without where the server lets nobody choose a uuid', async () => {
      const one = await serve(leader);
      const client = await connect([one]);
      one.handlers.transact = (params) => {
        const details =
          "Parsing ovsdb operation 3 of 4 failed: Member 'uuid' is present but not allowed here.";
        if (JSON.stringify(params).includes('"uuid":')) return [{ error: 'syntax error', details }];
        return [{}, inserted(uuidOf(1)), inserted(uuidOf(2))];
      };
      await insert(client);
      await insert(client);
      expect(received(one).map(({ length }) => length)).toEqual([4, 3, 3]);
    });

    it('sends nothing more where nothing is inserted', async () => {
      const one = await serve(leader);
      const client = await connect([one]);
      one.handlers.transact = () => [{ count: 1 }];
      await client.transact((tx) => tx.delete('Part', []));
      expect(received(one)).toEqual([[{ op: 'delete', table: 'Part', where: [] }]]);
    });
  });

  it('does not wait for ever for a leader that has stepped down', async () => {
    const one = await serve(leader);
    const client = await connect([one], { handshakeTimeoutMs: 5000 });
    one.handlers.transact = () => new Promise(() => {});
    const sent = rejection(client.transact((tx) => tx.delete('Part', [])));
    const peer = await one.connections.next();
    await peer.request('echo', []);
    const left = once(client, 'disconnected');
    change(peer, { leader: false });
    await left;
    time.advance(5000);
    expect(await sent).toMatchObject({ code: 'OVSDB_TRANSACTION_UNKNOWN' });
  });

  it('does not go back in time', async () => {
    const [one, two] = [await serve(leader), await serve({ ...leader, index: 8 })];
    const client = await connect([one, two]);
    const peer = await one.connections.next();
    change(peer, { index: 9 });
    await peer.request('echo', []);
    const retry = once(client, 'retry');
    await peer.close();
    await retry;
    one.status = () => [false, TXN, { Database: { [ROW]: { initial: { ...leader, index: 9 } } } }];
    const connected = once(client, 'connected');
    time.advance(1000);
    expect(await connected).toEqual([{ name: one.method }]);
    expect(two.methods).toEqual([]);
    const again = await one.connections.next();
    const left = once(client, 'disconnected');
    change(again, { index: 7 });
    expect(await left).toMatchObject([
      { error: { message: expect.stringContaining('it is behind: it has index 7, 9 was seen') } },
    ]);
  });
});
