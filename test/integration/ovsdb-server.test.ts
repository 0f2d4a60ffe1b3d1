import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Backoff } from '../../src/net/index.ts';
import { OvsdbClient, type Transaction } from '../../src/ovsdb/index.ts';
import { server as serverSchema } from '../../src/ovsdb/schemas/index.ts';
import { Lab, run } from '../lab/index.ts';
import { rejection } from '../net/sockets.ts';
import { testSchema } from '../ovsdb/test-schema.ts';
import { describeWithLab } from './describe-with-lab.ts';

type Client = OvsdbClient<typeof testSchema.json>;

describeWithLab('OVSDB with a real ovsdb-server', () => {
  let lab: Lab;
  let method: string;
  let db: Client;
  let other: Client;

  beforeAll(async () => {
    lab = await Lab.create();
    const [schema, file] = [join(lab.dir, 'test.ovsschema'), join(lab.dir, 'test.db')];
    method = `unix:${join(lab.dir, 'test.sock')}`;
    await run('sh', ['-c', 'cat > "$0"', schema], { input: JSON.stringify(testSchema.json) });
    await run('ovsdb-tool', ['create', file, schema]);
    await lab.start('ovsdb-server', [file, `--remote=p${method}`, `--unixctl=${join(lab.dir, 'test.ctl')}`]);
    [db, other] = [await connect(), await connect()];
  });

  afterAll(async () => {
    for (const client of [db, other]) await client?.close();
    await lab?.close();
  });

  function connect(options: { readonly isDbChangeAware?: boolean } = {}): Promise<Client> {
    const backoff = new Backoff({ minMs: 5, maxMs: 20 });
    return OvsdbClient.connect(method, { schema: testSchema, backoff, waitForServer: true, ...options });
  }

  async function insert(name: string, count = 0): Promise<void> {
    await db.transact((tx) => {
      const parts = [tx.insert('Part', { name, state: 'new' })];
      tx.insert('Thing', { name, count, ratio: count, options: new Map([['owner', name]]), parts });
    });
  }

  it('tells who it is, and what it serves', async () => {
    expect(await db.getServerId()).toBe(await other.getServerId());
    await using server = await OvsdbClient.connect(method, { schema: serverSchema });
    await using replica = await server.replicate({ Database: ['name', 'model', 'connected', 'leader'] });
    expect(replica.Database.find({ name: 'Test' })).toMatchObject({ model: 'standalone', connected: true });
  });

  it('carries out every operation', async () => {
    await insert('all', 11);
    const results = await db.transact((tx) => {
      tx.wait('Thing', [['name', '==', 'all']], [{ name: 'all', count: 11 }]);
      tx.wait('Thing', [['name', '==', 'none']], [], { columns: ['name'] });
      tx.wait('Thing', [['name', '==', 'all']], [{ count: 12 }], { until: '!=' });
      const updated = tx.update('Thing', [['name', '==', 'all']], { enabled: true });
      const selected = tx.select('Thing', [['name', '==', 'all']], ['enabled']);
      tx.comment('every operation');
      tx.commit({ durable: true });
      return { updated, selected };
    });
    expect([results.updated.count, results.selected.rows[0]?.enabled]).toEqual([1, true]);
    const rehearsed = db.transact((tx) => {
      tx.delete('Thing', []);
      tx.abort();
    });
    expect(await rejection(rehearsed)).toMatchObject({ code: 'OVSDB_ABORTED', operation: 1 });
    const waited = db.transact((tx) =>
      tx.wait('Thing', [['name', '==', 'all']], [{ count: 99 }], { timeoutMs: 20 }),
    );
    expect(await rejection(waited)).toMatchObject({ code: 'OVSDB_TIMED_OUT', operation: 0 });
    expect((await db.transact((tx) => tx.select('Thing', [], ['name']))).rows).toHaveLength(1);
  });

  it('retries a change of a row that somebody else changes meanwhile, and loses neither', async () => {
    await insert('counter', 21);
    const increments = [db, other].map(async (client) => {
      await using replica = await client.replicate({ Thing: ['name', 'count'] });
      for (let i = 0; i < 10; i++) {
        await client.transact(
          (tx) => {
            const row = replica.Thing.find({ name: 'counter' })!;
            tx.update('Thing', row, { count: row.count + 1 });
          },
          { retries: 50, backoff: new Backoff({ minMs: 1, maxMs: 5 }) },
        );
      }
    });
    await Promise.all(increments);
    const { rows } = await db.transact((tx) => tx.select('Thing', [['name', '==', 'counter']], ['count']));
    expect(rows[0]?.count).toBe(41);
  });

  it('rests on what was read, so that two decisions cannot both be made on what the other changes', async () => {
    await insert('guard0', 31);
    await insert('guard1', 32);
    await db.transact((tx) => tx.update('Thing', [['count', '>=', 31]], { enabled: true }));
    const where = [
      ['name', '==', 'guard0'],
      ['name', '==', 'guard1'],
    ] as const;
    const columns = ['name', 'enabled'] as const;
    const leave = async (client: Client, own: string, peer: string) => {
      await using replica = await client.replicate({ Thing: { columns, where } });
      const build = (tx: Transaction<typeof testSchema.json>) => {
        if (!replica.Thing.find({ name: peer })!.enabled) return false;
        tx.update('Thing', [['name', '==', own]], { enabled: false });
        return true;
      };
      const backoff = new Backoff({ minMs: 1, maxMs: 5 });
      return await client.transact(build, { retries: 50, backoff, synced: true });
    };
    const left = await Promise.all([leave(db, 'guard0', 'guard1'), leave(other, 'guard1', 'guard0')]);
    expect(left.sort()).toEqual([false, true]);
  });

  it('replicates under conditions, which may change', async () => {
    await insert('red', 51);
    await insert('blue', 52);
    await using replica = await other.replicate({
      Thing: { columns: ['name', 'options'], where: [['name', '==', 'red']] },
    });
    const told: string[] = [];
    replica.Thing.on('insert', ({ name }) => told.push(`insert ${name}`));
    replica.Thing.on('delete', ({ name }) => told.push(`delete ${name}`));
    const byOwner = replica.Thing.index(({ options }) => options.get('owner'));
    expect([...byOwner.keys()]).toEqual(['red']);
    await replica.changeWhere({ Thing: [['name', '==', 'blue']] });
    expect([told.sort(), [...byOwner.keys()]]).toEqual([['delete red', 'insert blue'], ['blue']]);
    await replica.changeWhere({ Thing: [['count', '>=', 51]] });
    expect([...byOwner.keys()].sort()).toEqual(['blue', 'red']);
    await replica.changeWhere({ Thing: [false] });
    expect(replica.Thing.rows.size).toBe(0);
    await replica.changeWhere({ Thing: [] });
    expect(byOwner.first('red')?.name).toBe('red');
  });

  it('gives a lock to one at a time, and takes it away for a thief', async () => {
    const lock = await db.lock('leader');
    const waiting = other.lock('leader');
    await db.transact((tx) => tx.assert(lock));
    expect(await rejection(other.transact((tx) => tx.assert('leader')))).toMatchObject({
      code: 'OVSDB_NOT_OWNER',
    });
    await lock.release();
    const theirs = await waiting;
    await other.transact((tx) => tx.assert(theirs));
    const stolen = once(theirs, 'stolen');
    const thief = await db.lock('leader', { steal: true });
    await stolen;
    expect([thief.isHeld, theirs.isHeld]).toEqual([true, false]);
    const back = once(theirs, 'acquired');
    await thief[Symbol.asyncDispose]();
    await back;
    expect(theirs.isHeld).toBe(true);
    await theirs.release();
  });

  it('converts the database, and follows it', async () => {
    const replica = await other.replicate({ Part: ['name'] });
    const { tables } = testSchema.json;
    const note = { type: 'string' } as const;
    const Part = { ...tables.Part, columns: { ...tables.Part.columns, note } };
    const synced = once(replica, 'synced');
    const converted = { ...testSchema.json, version: '1.3.0', tables: { ...tables, Part } };
    await other.convert(converted);
    await synced;
    expect(other.schema.version).toBe('1.3.0');
    expect(replica.Part.find({ name: 'red' })).toBeDefined();
    expect(await db.getSchema()).toMatchObject({ version: '1.3.0' });
  });

  it('has the server end the connection at a conversion of those only that are not aware of changes', async () => {
    await using aware = await connect();
    await using unaware = await connect({ isDbChangeAware: false });
    const ended: string[] = [];
    aware.on('disconnected', () => ended.push('aware'));
    const gone = once(unaware, 'disconnected');
    await other.convert({ ...testSchema.json, version: '1.4.0' });
    await gone;
    await aware.echo();
    expect(ended).toEqual([]);
    expect(await unaware.getSchema()).toMatchObject({ version: '1.4.0' });
  });
});
