import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OvsdbClient } from '../../src/ovsdb/index.ts';
import type { Json, JsonObject } from '../../src/ovsdb/rpc/json.ts';
import { FakeServer } from './fake-server.ts';
import { testSchema, uuidOf } from './test-schema.ts';

type Test = typeof testSchema.json;

const [cart, sled, wheel, runner] = [uuidOf(1), uuidOf(2), uuidOf(11), uuidOf(12)];
const refs = (...uuids: string[]): Json => ['set', uuids.map((uuid) => ['uuid', uuid])];
const rows: JsonObject = {
  Thing: {
    [cart]: {
      initial: {
        name: 'cart',
        count: 4,
        parts: refs(wheel, uuidOf(13)),
        spare: ['uuid', wheel],
        options: ['map', [['owner', 'me']]],
        queues: [
          'map',
          [
            [1, ['uuid', wheel]],
            [2, ['uuid', uuidOf(13)]],
          ],
        ],
      },
    },
    [sled]: { initial: { name: 'sled', count: 2, ratio: 1, parts: refs(runner) } },
  },
  Part: { [wheel]: { initial: { name: 'wheel' } }, [runner]: { initial: { name: 'runner' } } },
};

let server: FakeServer;
let client: OvsdbClient<Test>;

beforeEach(async () => {
  server = await FakeServer.start({
    monitor_cond_since: ([, , requests]) => {
      const tables = Object.keys(rows).filter((table) => table in (requests as JsonObject));
      return [false, uuidOf(101), Object.fromEntries(tables.map((table) => [table, rows[table]!]))];
    },
    transact: (params) => params.slice(1).map(() => ({ count: 1 })),
  });
  client = await OvsdbClient.connect(server.method, { schema: testSchema, probeIntervalMs: 0 });
});

afterEach(async () => {
  await client.close();
  await server.close();
});

const replicate = () => client.replicate({ Thing: true, Part: true });

/** The waits of the last transaction: of which rows, and how their columns are to be. */
function waits(): Json[] {
  const operations = (server.calls.at(-1)?.params.slice(1) ?? []) as { [name: string]: Json }[];
  return operations.flatMap(({ op, where, rows: wanted }) => (op === 'wait' ? [[where!, wanted!]] : []));
}

const expected = (uuid: string, row: Json): Json => [[['_uuid', '==', ['uuid', uuid]]], [row]];

describe('a transaction', () => {
  it('waits for what its builder has read of rows, and of nothing else', async () => {
    const replica = await replicate();
    const byOwner = replica.Thing.index((row) => row.options.get('owner'));
    const outside = replica.Thing.find({ name: 'sled' })!;
    await client.transact((tx) => {
      const thing = byOwner.first('me')!;
      if (thing.count > 3 && outside.ratio === 1) tx.comment(thing.name);
      const parts = replica.Part.getAll(thing.parts).map(({ name }) => name);
      tx.comment(parts.join());
    });
    expect(waits()).toEqual([
      expected(cart, { count: 4, name: 'cart', parts: refs(wheel, uuidOf(13)) }),
      expected(wheel, { name: 'wheel' }),
    ]);
  });

  it('does not wait for what predicates and loops look at', async () => {
    const replica = await replicate();
    await client.transact((tx) => {
      for (const { name } of replica.Thing) tx.comment(name);
      const [sledge] = replica.Thing.filter(({ ratio }) => ratio === 1);
      tx.update('Thing', sledge!, { count: sledge!.count + 1 });
    });
    expect(waits()).toEqual([expected(sled, { count: 2 })]);
  });

  it('does not wait for reads when told so, but for what it replaces in rows', async () => {
    const replica = await replicate();
    const write = () =>
      client.transact(
        (tx) => {
          const thing = replica.Thing.find({ name: 'sled' })!;
          tx.update('Thing', thing, { enabled: thing.count > 1 });
        },
        { verifyReads: false },
      );
    await write();
    expect(waits()).toEqual([expected(sled, { enabled: false })]);
  });

  it('rests only on rows of its own client', async () => {
    await using other = await OvsdbClient.connect(server.method, { schema: testSchema, probeIntervalMs: 0 });
    const replica = await other.replicate({ Thing: true });
    await client.transact((tx) => tx.comment(replica.Thing.find({ name: 'sled' })!.name));
    expect(waits()).toEqual([]);
  });

  it('notes nothing when it is sent already, or has nothing to send', async () => {
    const replica = await replicate();
    const kept = await client.transact((tx) => {
      tx.comment('');
      return replica.Thing.find({ name: 'sled' })!;
    });
    expect([kept.name, replica.Thing.get(kept._uuid)?.count]).toEqual(['sled', 2]);
    const { length } = server.calls;
    expect(await client.transact(() => replica.Thing.find({ name: 'cart' })?.count)).toBe(4);
    expect(server.calls).toHaveLength(length);
  });
});

describe('following references', () => {
  it('gives rows in place of them, as far as they are there', async () => {
    const replica = await replicate();
    const thing = replica.Thing.find({ name: 'cart' }, { follow: true })!;
    expect(thing.parts.map(({ name }) => name)).toEqual(['wheel']);
    expect([thing.spare?.name, thing.name, thing._uuid]).toEqual(['wheel', 'cart', cart]);
    expect([...thing.queues].map(([key, part]) => [key, part.name])).toEqual([[1, 'wheel']]);
    expect(replica.Thing.find({ name: 'sled' }, { follow: true })?.spare).toBeUndefined();
    expect(replica.Thing.find({ name: 'bike' }, { follow: true })).toBeUndefined();
    expect(replica.Thing.find({ name: 'cart' })?.parts).toEqual([wheel, uuidOf(13)]);
  });

  it('leaves references to tables that are not replicated', async () => {
    server.handlers.monitor_cond_since = () => [
      false,
      uuidOf(101),
      { Thing: { [sled]: { initial: { name: 'sled', parts: refs(runner) } } } },
    ];
    const replica = await client.replicate({ Thing: ['name', 'parts'] });
    expect(replica.Thing.find({ name: 'sled' }, { follow: true })?.parts).toEqual([runner]);
  });

  it('is waited for like other reads, and writes like the row itself', async () => {
    const replica = await replicate();
    await client.transact((tx) => {
      const thing = replica.Thing.find({ name: 'cart' }, { follow: true })!;
      tx.comment(thing.parts[0]!.name);
      tx.verify('Thing', thing, ['name']);
      tx.update('Thing', thing, { parts: thing.parts.map(({ _uuid }) => _uuid) });
    });
    expect(waits()).toEqual([
      expected(cart, { parts: refs(wheel, uuidOf(13)) }),
      expected(wheel, { name: 'wheel' }),
      expected(cart, { name: 'cart' }),
    ]);
  });
});
