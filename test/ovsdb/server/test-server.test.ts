import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Backoff } from '../../../src/net/index.ts';
import {
  type Json,
  type JsonObject,
  JsonRpcPeer,
  OvsdbClient,
  OvsdbTestServer,
} from '../../../src/ovsdb/index.ts';
import { rejection } from '../../net/sockets.ts';
import { testSchema } from '../test-schema.ts';

describe('OvsdbTestServer with OvsdbClient', () => {
  let server: OvsdbTestServer<typeof testSchema.json>;
  let db: OvsdbClient<typeof testSchema.json>;

  beforeEach(async () => {
    server = new OvsdbTestServer(testSchema);
    db = await connect(server);
  });

  afterEach(async () => {
    await db.close();
    await server.close();
  });

  it('carries out transactions and tells replicas of them', async () => {
    await using replica = await db.replicate({ Thing: ['name', 'count', 'parts'], Part: true });
    const part = await insert('one', 1);
    expect(replica.Thing.find({ name: 'one' })).toMatchObject({ count: 1, parts: [part] });
    expect(server.rows('Part')).toMatchObject([{ _uuid: part, name: 'one', state: 'new' }]);
    await db.transact((tx) => tx.delete('Thing', []));
    expect([replica.Thing.rows.size, replica.Part.rows.size, server.rows('Part')]).toEqual([0, 0, []]);
  });

  it('refuses what a schema does not allow', async () => {
    await insert('one', 1);
    expect(await rejection(insert('one', 2))).toMatchObject({
      code: 'OVSDB_CONSTRAINT_VIOLATION',
      details: expect.stringContaining('multiple rows in "Part" table to have identical values (one)'),
    });
    expect(server.rows('Thing')).toHaveLength(1);
  });

  it('comes back after dropping its connections', async () => {
    const replica = await db.replicate({ Part: ['name'] });
    const synced = once(replica, 'synced');
    server.dropConnections();
    await synced;
    await insert('after', 1);
    expect(replica.Part.find({ name: 'after' })).toBeDefined();
  });

  it('ends the connection at a conversion of those only that are not aware of changes', async () => {
    const unaware = await OvsdbClient.connect('unix:test', {
      ...{ schema: testSchema, dial: server.dial, isDbChangeAware: false },
      backoff: new Backoff({ minMs: 1, maxMs: 2 }),
    });
    const ended: string[] = [];
    db.on('disconnected', () => ended.push('aware'));
    const gone = once(unaware, 'disconnected');
    await db.convert({ ...testSchema.json, version: '1.4.0' });
    await gone;
    await db.echo();
    expect(ended).toEqual([]);
    expect(await unaware.getSchema()).toMatchObject({ version: '1.4.0' });
    await unaware.close();
  });

  it('takes weak references away from a row that is changed when what they are to is deleted', async () => {
    const spare = await insert('spare', 1);
    await insert('user', 2);
    const name = 'user';
    server.transact([
      { op: 'update', table: 'Thing', where: [['name', '==', name]], row: { spare: ['uuid', spare] } },
    ]);
    expect(server.rows('Thing').find((row) => row.name === name)).toMatchObject({ spare });
    await db.transact((tx) => {
      tx.update('Thing', [['name', '==', name]], { enabled: true });
      tx.delete('Thing', [['name', '==', 'spare']]);
    });
    expect(server.rows('Thing')).toMatchObject([{ name, enabled: true, spare: undefined }]);
    expect(server.rows('Part')).toHaveLength(1);
  });

  it('throws what transact comes to, with the operation', async () => {
    const wrong = { op: 'insert', table: 'Part', row: { nam: 'x' } };
    expect(() => server.transact([{ op: 'comment', comment: 'first' }, wrong])).toThrow(
      expect.objectContaining({ code: 'OVSDB_UNKNOWN_COLUMN', operation: 1, table: 'Part' }),
    );
    await expect(server.listen('tcp:127.0.0.1:1')).rejects.toMatchObject({ code: 'NET_METHOD_INVALID' });
  });

  it('remembers so many transactions of a cluster', async () => {
    await using cluster = new OvsdbTestServer(testSchema, { model: 'clustered', historyLength: 2 });
    await using peer = new JsonRpcPeer(cluster.connect(), { probeIntervalMs: 0 });
    const since = async (name: string, last: Json): Promise<readonly Json[]> => {
      return peer.request('monitor_cond_since', ['Test', name, { Part: {} }, last]) as Promise<
        readonly Json[]
      >;
    };
    const add = (name: string) =>
      cluster.transact([
        { op: 'insert', table: 'Part', row: { name }, 'uuid-name': 'part' },
        { op: 'insert', table: 'Thing', row: { name, count: name.length, parts: ['named-uuid', 'part'] } },
      ]);
    add('a');
    const [found, first, rows] = await since('m1', '00000000-0000-0000-0000-000000000000');
    expect([found, Object.keys((rows as JsonObject).Part as JsonObject)]).toEqual([
      false,
      [expect.any(String)],
    ]);
    add('bb');
    const [again, second, news] = await since('m2', first!);
    expect([again, news]).toEqual([
      true,
      { Part: { [cluster.rows('Part')[1]!._uuid]: { insert: expect.anything() } } },
    ]);
    add('ccc');
    expect(await since('m3', first!)).toMatchObject([false, expect.any(String), expect.anything()]);
    expect((await since('m4', second!))[0]).toBe(true);
  });

  async function insert(name: string, count: number): Promise<string> {
    const part = await db.transact((tx) => {
      const row = tx.insert('Part', { name, state: 'new' });
      tx.insert('Thing', { name, count, parts: [row] });
      return row;
    });
    return part.uuid;
  }
});

function connect(
  server: OvsdbTestServer<typeof testSchema.json>,
): Promise<OvsdbClient<typeof testSchema.json>> {
  const backoff = new Backoff({ minMs: 1, maxMs: 2 });
  return OvsdbClient.connect('unix:test', { schema: testSchema, dial: server.dial, backoff });
}
