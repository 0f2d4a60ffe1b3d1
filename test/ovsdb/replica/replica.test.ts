import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OvsdbClient, type OvsdbConnectOptions } from '../../../src/ovsdb/index.ts';
import type { Json, JsonObject } from '../../../src/ovsdb/rpc/json.ts';
import type { JsonRpcPeer } from '../../../src/ovsdb/rpc/json-rpc.ts';
import { rejection } from '../../net/sockets.ts';
import { FakeServer } from '../fake-server.ts';
import { FakeTime } from '../fake-time.ts';
import { testSchema, uuidOf } from '../test-schema.ts';

const ZERO = '00000000-0000-0000-0000-000000000000';
const [a, b, c] = [uuidOf(1), uuidOf(2), uuidOf(3)];
const txn = (number: number) => uuidOf(100 + number);
const initial = (rows: Record<string, JsonObject>): JsonObject => ({
  Part: Object.fromEntries(Object.entries(rows).map(([uuid, row]) => [uuid, { initial: row }])),
});

let server: FakeServer;
let time: FakeTime;
let clients: OvsdbClient<typeof testSchema.json>[];

beforeEach(async () => {
  server = await FakeServer.start();
  time = new FakeTime();
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await server.close();
});

type Options = OvsdbConnectOptions<typeof testSchema.json>;

async function connect(options: Options = {}) {
  const settings = { schema: testSchema, probeIntervalMs: 0, now: time.now, setTimer: time.setTimer };
  const client = await OvsdbClient.connect(server.method, { ...settings, ...options });
  clients.push(client);
  return { client, peer: await server.connections.next() };
}

/** A client with a replica of Part, and a list of what its events have told. */
async function replicate(reply: Json, method = 'monitor_cond_since') {
  server.handlers[method] = () => reply;
  const { client, peer } = await connect();
  const replica = await client.replicate({ Part: true });
  const told: string[] = [];
  replica.Part.on('insert', (row) => told.push(`insert ${row.name}`));
  replica.Part.on('update', (row, old) => told.push(`update ${old.name} to ${row.name}`));
  replica.Part.on('delete', (row) => told.push(`delete ${row.name}`));
  replica.on('change', (changes) => told.push(`change ${changes.length}`));
  replica.on('stale', () => told.push('stale'));
  replica.on('synced', () => told.push('synced'));
  const names = () => [...replica.Part].map((row) => row.name);
  return { client, peer, replica, told, names };
}

/** Sends a notification, and returns when the client has taken it. */
async function notify(peer: JsonRpcPeer, method: string, params: readonly Json[]): Promise<void> {
  peer.notify(method, params);
  await peer.request('echo', []);
}

/** Breaks the connection and lets the client come back, with the given reply to its monitor. */
async function reconnect(client: OvsdbClient<typeof testSchema.json>, peer: JsonRpcPeer, reply: Json) {
  server.handlers.monitor_cond_since = () => reply;
  const retry = once(client, 'retry');
  await peer.close();
  await retry;
  const connected = once(client, 'connected');
  time.advance(10_000);
  await connected;
  return server.connections.next();
}

describe('a replica', () => {
  it('asks for the columns selected, and holds the rows', async () => {
    const { replica } = await replicate([false, txn(1), initial({ [a]: { name: 'wheel' }, [b]: {} })]);
    expect(server.calls.at(-1)).toEqual({
      method: 'monitor_cond_since',
      params: ['Test', 'galago-0', { Part: [{ columns: ['name', 'state'] }] }, ZERO],
    });
    expect([...replica.Part]).toEqual([
      { _uuid: a, name: 'wheel', state: '' },
      { _uuid: b, name: '', state: '' },
    ]);
    expect(replica.Part.rows.size).toBe(2);
    expect(replica.Part.get(a as never)?.name).toBe('wheel');
    expect(replica.Part.filter((row) => row.name === '')).toHaveLength(1);
    expect({ isStale: replica.isStale, ageMs: replica.ageMs }).toEqual({ isStale: false, ageMs: 0 });
  });

  it('tells what changed, with the row as it was, once the whole change is made', async () => {
    const { peer, replica, told } = await replicate([false, txn(1), initial({ [a]: { name: 'wheel' } })]);
    const [row] = replica.Part;
    replica.Part.on('insert', () => told.push(`sees ${replica.Part.rows.size}`));
    const updates = {
      Part: { [b]: { insert: { name: 'axle' } }, [a]: { modify: { name: 'tyre' } }, [c]: { delete: null } },
    };
    await notify(peer, 'update3', ['galago-0', txn(2), updates]);
    expect(told).toEqual(['insert axle', 'sees 2', 'update wheel to tyre', 'change 2']);
    expect(row).toEqual({ _uuid: a, name: 'wheel', state: '' });
    await notify(peer, 'update3', ['galago-0', txn(3), { Part: { [a]: { delete: null } } }]);
    expect(told.slice(4)).toEqual(['delete tyre', 'change 1']);
    await notify(peer, 'update3', ['galago-7', txn(3), { Part: { [b]: { delete: null } } }]);
    expect(replica.Part.rows.size).toBe(1);
  });

  it('finds rows by index, also while values change hands', async () => {
    const rows = { [a]: { name: 'x', state: 's' }, [b]: { name: 'y' } };
    const { peer, replica } = await replicate([false, txn(1), initial(rows)]);
    const find = (name: string) => replica.Part.find({ name })?._uuid;
    expect([find('x'), find('y'), find('z')]).toEqual([a, b, undefined]);
    expect(replica.Part.find({ name: 'x', state: '' })).toBeUndefined();
    expect(replica.Part.find({ state: 's' })?._uuid).toBe(a);
    const swap = { Part: { [a]: { modify: { name: 'y' } }, [b]: { modify: { name: 'x' } } } };
    await notify(peer, 'update3', ['galago-0', txn(2), swap]);
    expect([find('x'), find('y')]).toEqual([b, a]);
    const replace = { Part: { [c]: { insert: { name: 'x' } }, [b]: { delete: null } } };
    await notify(peer, 'update3', ['galago-0', txn(3), replace]);
    expect([find('x'), find('y')]).toEqual([c, a]);
    expect(() => replica.Part.find({ nam: 'x' } as never)).toThrow(
      "has no column 'nam'; did you mean 'name'?",
    );
  });

  it('continues where it stopped when the server still knows that', async () => {
    const rows = initial({ [a]: { name: 'wheel' }, [b]: { name: 'axle' } });
    const { client, peer, told, names } = await replicate([false, txn(1), rows]);
    await notify(peer, 'update3', ['galago-0', txn(2), { Part: { [a]: { modify: { name: 'tyre' } } } }]);
    const missed = { Part: { [b]: { delete: null }, [c]: { insert: { name: 'hub' } } } };
    await reconnect(client, peer, [true, txn(3), missed]);
    expect(server.calls.at(-1)?.params.at(-1)).toBe(txn(2));
    expect(told.slice(2)).toEqual(['stale', 'delete axle', 'insert hub', 'change 2', 'synced']);
    expect(names()).toEqual(['tyre', 'hub']);
  });

  it('tells the differences, and nothing twice, when the server starts over', async () => {
    const rows = initial({ [a]: { name: 'wheel' }, [b]: { name: 'axle' } });
    const { client, peer, replica, told, names } = await replicate([false, txn(1), rows]);
    const unchanged = replica.Part.find({ name: 'wheel' });
    const now = initial({ [a]: { name: 'wheel' }, [c]: { name: 'hub' } });
    const second = await reconnect(client, peer, [false, txn(9), now]);
    expect(told).toEqual(['stale', 'insert hub', 'delete axle', 'change 2', 'synced']);
    expect(names()).toEqual(['wheel', 'hub']);
    expect(replica.Part.find({ name: 'wheel' })).toBe(unchanged);
    await reconnect(client, second, [false, txn(9), now]);
    expect(told.slice(5)).toEqual(['stale', 'synced']);
  });

  it('says how old it is while the connection is lost', async () => {
    const { client, peer, replica } = await replicate([false, txn(1), {}]);
    time.advance(100);
    await notify(peer, 'ping', []);
    time.advance(20);
    const stale = once(replica, 'stale');
    await peer.close();
    await stale;
    expect({ isStale: replica.isStale, ageMs: replica.ageMs }).toEqual({ isStale: true, ageMs: 20 });
    const late = rejection(replica.synced({ timeoutMs: 1 }));
    expect(await late).toMatchObject({ code: 'OVSDB_NO_ANSWER' });
    const synced = replica.synced();
    time.advance(10_000);
    await synced;
    await replica.synced();
    expect({ isStale: replica.isStale, ageMs: replica.ageMs }).toEqual({ isStale: false, ageMs: 0 });
    await client.echo();
    expect(client.state).toBe('connected');
  });

  it('is stale again when the connection breaks while another is being synced', async () => {
    const { client, peer, replica, told } = await replicate([false, txn(1), {}]);
    await client.replicate({ Thing: ['name'] });
    server.handlers.monitor_cond_since = async ([, id], connection) => {
      if (id !== 'galago-1') return [false, txn(1), {}];
      await connection.request('echo', []);
      await connection.close();
      return null;
    };
    let retry = once(client, 'retry');
    await peer.close();
    await retry;
    retry = once(client, 'retry');
    time.advance(10_000);
    await retry;
    expect(replica.isStale).toBe(true);
    expect(told).toEqual(['stale', 'synced', 'stale']);
  });

  it.each<[string, Json, string]>([
    ['modifies a row it has not told of', { Part: { [b]: { modify: {} } } }, 'OVSDB_REPLICA_DIVERGED'],
    ['sends a table that was not asked for', { Thing: {} }, 'OVSDB_BAD_MESSAGE'],
    ['sends a value of another type', { Part: { [b]: { insert: { name: 1 } } } }, 'OVSDB_BAD_NOTATION'],
    ['sends no updates at all', null, 'OVSDB_BAD_MESSAGE'],
  ])('starts over with everything when the server %s', async (_, updates, code) => {
    const { client, peer, told } = await replicate([false, txn(1), initial({ [a]: { name: 'wheel' } })]);
    const lost = once(client, 'retry');
    const bad = { Part: { [c]: { insert: { name: 'hub' } } }, ...(updates as object) };
    peer.notify('update3', ['galago-0', txn(2), updates === null ? null : bad]);
    expect(await lost).toMatchObject([{ error: { cause: { code } } }]);
    expect(told).toEqual(['stale']);
    server.handlers.monitor_cond_since = () => [false, txn(3), initial({ [c]: { name: 'hub' } })];
    const connected = once(client, 'connected');
    time.advance(10_000);
    await connected;
    expect(server.calls.at(-1)?.params.at(-1)).toBe(ZERO);
    expect(told.slice(1)).toEqual(['insert hub', 'delete wheel', 'change 2', 'synced']);
  });

  it('falls back to monitor_cond', async () => {
    const { client, peer, told, names } = await replicate(
      initial({ [a]: { name: 'wheel' } }),
      'monitor_cond',
    );
    expect(server.methods).toEqual(['get_schema', 'monitor_cond_since', 'monitor_cond']);
    await notify(peer, 'update2', ['galago-0', { Part: { [a]: { modify: { name: 'tyre' } } } }]);
    expect(told).toEqual(['update wheel to tyre', 'change 1']);
    await reconnect(client, peer, [false, txn(1), initial({ [b]: { name: 'axle' } })]);
    expect(names()).toEqual(['axle']);
  });

  it('falls back to monitor of RFC 7047', async () => {
    const { peer, told, names } = await replicate(
      { Part: { [a]: { new: { name: 'wheel', state: 'ok' } } } },
      'monitor',
    );
    expect(server.methods).toEqual(['get_schema', 'monitor_cond_since', 'monitor_cond', 'monitor']);
    const update = (rows: Json) => notify(peer, 'update', ['galago-0', { Part: rows }]);
    await update({ [a]: { old: { name: 'wheel' }, new: { name: 'tyre', state: 'ok' } } });
    await update({ [b]: { new: { name: 'axle', state: '' } } });
    await update({ [a]: { old: { name: 'tyre', state: 'ok' } } });
    expect(told.filter((event) => !event.startsWith('change'))).toEqual([
      'update wheel to tyre',
      'insert axle',
      'delete tyre',
    ]);
    expect(names()).toEqual(['axle']);
  });

  it('finds rows by several columns that are unique together', async () => {
    const { client } = await replicate([false, txn(1), {}]);
    const thing = (count: number, ratio: number) => ({ initial: { count, ratio, name: `t${count}` } });
    server.handlers.monitor_cond_since = () => [
      false,
      txn(1),
      { Thing: { [a]: thing(1, 2), [b]: thing(2, 2) } },
    ];
    const replica = await client.replicate({ Thing: ['name', 'count', 'ratio'] });
    expect(replica.Thing.find({ ratio: 2, count: 2 })?._uuid).toBe(b);
    expect(replica.Thing.find({ count: 2, ratio: 1 })).toBeUndefined();
    expect(replica.Thing.find({ _uuid: a as never, name: 't1' })?._uuid).toBe(a);
    expect(replica.Thing.find({ _uuid: a as never, name: 't2' })).toBeUndefined();
    expect(replica.Thing.getAll([b, c, a] as never).map(({ _uuid }) => _uuid)).toEqual([b, a]);
    expect(replica.Thing.get(undefined)).toBeUndefined();
  });

  it('keeps indexes of the caller up to date', async () => {
    const rows = { [a]: { name: 'x', state: 's' }, [b]: { name: 'y', state: 's' } };
    const { peer, replica } = await replicate([false, txn(1), initial(rows)]);
    const byState = replica.Part.index(({ state }) => (state === '' ? undefined : state));
    const names = (key: string) => byState.get(key).map(({ name }) => name);
    expect([names('s'), names('t')]).toEqual([['x', 'y'], []]);
    const seen: unknown[] = [];
    replica.Part.on('update', () => seen.push([names('s'), names('t')]));
    const updates = {
      [a]: { modify: { state: 't' } },
      [b]: { delete: null },
      [c]: { insert: { state: 's' } },
    };
    await notify(peer, 'update3', ['galago-0', txn(2), { Part: updates }]);
    expect(seen).toEqual([[[''], ['x']]]);
  });

  it('asks for rows under conditions, and changes them', async () => {
    const { client, peer } = await replicate([false, txn(1), {}]);
    const replica = await client.replicate({ Part: { columns: ['name'], where: [['name', '==', 'wheel']] } });
    expect(server.calls.at(-1)?.params[2]).toEqual({
      Part: [{ columns: ['name'], where: [['name', '==', 'wheel']] }],
    });
    server.handlers.monitor_cond_change = ([id], connection) => {
      connection.notify('update3', [
        id,
        txn(2),
        { Part: { [b]: { insert: { name: 'axle' } } } } as never,
      ] as Json[]);
      return {};
    };
    await replica.changeWhere({ Part: [['name', '==', 'axle'], true] });
    expect([...replica.Part].map(({ name }) => name)).toEqual(['axle']);
    expect(server.calls.at(-1)?.params).toEqual([
      'galago-1',
      'galago-1',
      { Part: [{ where: [['name', '==', 'axle'], true] }] },
    ]);
    await reconnect(client, peer, [true, txn(2), {}]);
    const resumed = server.calls.filter(({ params }) => params[1] === 'galago-1').at(-1);
    expect(resumed?.params.slice(2)).toEqual([
      { Part: [{ columns: ['name'], where: [['name', '==', 'axle'], true] }] },
      txn(2),
    ]);
  });

  it('begins with everything when a change of conditions was not answered', async () => {
    const { client, peer } = await replicate([false, txn(1), {}]);
    const replica = await client.replicate({ Part: { where: [false] } });
    server.handlers.monitor_cond_change = () => new Promise(() => {});
    const changed = replica.changeWhere({ Part: [] });
    await client.echo();
    await reconnect(client, peer, [false, txn(2), {}]);
    await changed;
    const resumed = server.calls.filter(({ params }) => params[1] === 'galago-1').at(-1);
    expect(resumed?.params.slice(2)).toEqual([{ Part: [{ columns: ['name', 'state'], where: [] }] }, ZERO]);
  });

  it('keeps its conditions when new ones are refused', async () => {
    const { client, peer, replica } = await replicate([false, txn(1), {}]);
    expect(await rejection(replica.changeWhere({ Prat: [] } as never))).toMatchObject({
      code: 'OVSDB_UNKNOWN_TABLE',
    });
    expect(await rejection(replica.changeWhere({ Part: [['nam', '==', 'x']] } as never))).toMatchObject({
      code: 'OVSDB_UNKNOWN_COLUMN',
    });
    expect(await rejection(replica.changeWhere({ Part: 'all' } as never))).toMatchObject({
      code: 'OVSDB_BAD_CONDITION',
    });
    expect(await rejection(replica.changeWhere({ Part: [false] }))).toMatchObject({
      code: 'OVSDB_UNKNOWN_METHOD',
    });
    await reconnect(client, peer, [false, txn(2), {}]);
    expect(server.calls.at(-1)?.params[2]).toEqual({ Part: [{ columns: ['name', 'state'] }] });
  });

  it('does not fall back to monitor, which knows no conditions', async () => {
    const { client } = await connect();
    server.handlers.monitor = () => ({});
    const refused = rejection(client.replicate({ Part: { where: [false] } }));
    expect(await refused).toMatchObject({ code: 'OVSDB_UNKNOWN_METHOD' });
    expect(server.methods).toEqual(['get_schema', 'monitor_cond_since', 'monitor_cond']);
  });

  it('survives handlers that throw', async () => {
    const { client, peer, replica, told } = await replicate([false, txn(1), {}]);
    const failed = once(client, 'handlerError');
    replica.Part.prependListener('insert', () => {
      throw new Error('mine');
    });
    await notify(peer, 'update3', ['galago-0', txn(2), { Part: { [a]: { insert: { name: 'wheel' } } } }]);
    expect(await failed).toEqual([{ event: 'insert', error: new Error('mine') }]);
    expect(told).toEqual(['insert wheel', 'change 1']);
  });

  it('stops when closed, and stays readable', async () => {
    const { client, peer, replica, told, names } = await replicate([
      false,
      txn(1),
      initial({ [a]: { name: 'wheel' } }),
    ]);
    server.handlers.monitor_cancel = () => ({});
    await replica.close();
    await replica.close();
    expect(server.calls.at(-1)).toEqual({ method: 'monitor_cancel', params: ['galago-0'] });
    await notify(peer, 'update3', ['galago-0', txn(2), { Part: { [a]: { delete: null } } }]);
    expect(names()).toEqual(['wheel']);
    expect(told).toEqual(['stale']);
    expect(await rejection(replica.synced())).toMatchObject({ code: 'OVSDB_CLOSED' });
    expect(client.state).toBe('connected');
  });

  it('is cancelled at the server when it is given up', async () => {
    const { client } = await connect();
    const controller = new AbortController();
    server.handlers.monitor_cond_since = () => {
      controller.abort();
      return new Promise(() => {});
    };
    server.handlers.monitor_cancel = () => new Promise(() => {});
    const aborted = rejection(client.replicate({ Part: true }, { signal: controller.signal }));
    expect(await aborted).toMatchObject({ code: 'OVSDB_CALL_ABORTED' });
    await client.echo();
    expect(server.calls.at(-1)).toEqual({ method: 'monitor_cancel', params: ['galago-0'] });
  });

  it('is refused before anything is sent when a name is wrong', async () => {
    const { client } = await connect();
    expect(await rejection(client.replicate({ Prat: true } as never))).toMatchObject({
      code: 'OVSDB_UNKNOWN_TABLE',
    });
    expect(await rejection(client.replicate({ Part: ['nam'] } as never))).toMatchObject({
      code: 'OVSDB_UNKNOWN_COLUMN',
    });
    expect(await rejection(client.replicate({ Part: 'name' } as never))).toMatchObject({
      code: 'OVSDB_BAD_SELECTION',
    });
    expect(server.methods).toEqual(['get_schema']);
  });

  it('reads columns that an older server lacks as their defaults, unless they are named', async () => {
    const older = {
      name: 'Test',
      version: '1.0.0',
      tables: { Part: { columns: { name: { type: 'string' } } } },
    };
    server.handlers.get_schema = () => older;
    const { replica, client } = await replicate([false, txn(1), initial({ [a]: { name: 'wheel' } })]);
    expect(server.calls.at(-1)?.params[2]).toEqual({ Part: [{ columns: ['name'] }] });
    expect([...replica.Part]).toEqual([{ _uuid: a, name: 'wheel', state: '' }]);
    expect(await rejection(client.replicate({ Part: ['state'] }))).toMatchObject({
      code: 'OVSDB_UNKNOWN_COLUMN',
    });
  });
});
