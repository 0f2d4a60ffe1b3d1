import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OvsdbClient, type OvsdbConnectOptions } from '../../src/ovsdb/index.ts';
import type { Json, JsonObject } from '../../src/ovsdb/json.ts';
import type { JsonRpcPeer } from '../../src/ovsdb/json-rpc.ts';
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
