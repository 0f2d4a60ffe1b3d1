import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Backoff } from '../../../src/net/index.ts';
import { OvsdbClient, OvsdbTestServer } from '../../../src/ovsdb/index.ts';
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
