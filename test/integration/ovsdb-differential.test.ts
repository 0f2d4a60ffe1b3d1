import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { dial, parseMethod } from '../../src/net/index.ts';
import { type DatabaseSchema, type Json, OvsdbTestServer } from '../../src/ovsdb/index.ts';
import { eventually, Lab, run } from '../lab/index.ts';
import { Differential } from '../ovsdb/differential/differential.ts';
import { rehearse } from '../ovsdb/differential/rehearse.ts';
import { clusterSchema, differentialSchema } from '../ovsdb/differential/schema.ts';
import { describeWithLab } from './describe-with-lab.ts';

/** How many transactions: `GALAGO_DIFFERENTIAL=10000 GALAGO_DIFFERENTIAL_SEED=7 npm run jest -- ovsdb-differential`. */
const COUNT = Number(process.env.GALAGO_DIFFERENTIAL ?? 1000);
const SEED = Number(process.env.GALAGO_DIFFERENTIAL_SEED ?? 1);
const TIMEOUT_MS = 60_000 + COUNT * 100;

describeWithLab('OvsdbTestServer beside ovsdb-server', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.create();
  });

  afterAll(() => lab?.close());

  it(
    'does the same with random transactions and monitors',
    async () => {
      const path = await startServer(differentialSchema, 'standalone', 'create');
      await compare(path, new OvsdbTestServer(differentialSchema), differentialSchema);
    },
    TIMEOUT_MS,
  );

  it(
    'does the same as the only member of a cluster',
    async () => {
      const address = `unix:${join(lab.dir, 'raft.sock')}`;
      const path = await startServer(clusterSchema, 'clustered', 'create-cluster', address);
      await compare(path, new OvsdbTestServer(clusterSchema, { model: 'clustered' }), clusterSchema);
    },
    TIMEOUT_MS,
  );

  it('does the same with transactions that wait, are canceled, and with locks', async () => {
    const path = await startServer(differentialSchema, 'waiting', 'create');
    await using server = new OvsdbTestServer(differentialSchema);
    await using a = new Differential(await reach(path), server.connect());
    await using b = new Differential(await reach(path), server.connect());
    const same = async (both: Differential, method: string, ...params: readonly Json[]) => {
      const { answer, difference } = await both.ask(method, params);
      expect(difference).toBeUndefined();
      return answer;
    };
    const wait = (name: string, timeout?: number): Json => {
      const rows = [{ state: name }];
      const condition = { op: 'wait', table: 'Single', where: [], columns: ['state'], until: '==', rows };
      return timeout === undefined ? condition : { ...condition, timeout };
    };
    await same(a, 'transact', 'Differential', { op: 'insert', table: 'Single', row: { state: 'one' } });
    const update = (state: string): Json => ({ op: 'update', table: 'Single', where: [], row: { state } });
    const waiting = same(a, 'transact', 'Differential', wait('two'), update('three'));
    const chained = same(b, 'transact', 'Differential', wait('three', 60_000), update('four'));
    await same(b, 'transact', 'Differential', update('two'));
    expect([await waiting, await chained]).toEqual([
      [{}, { count: 1 }],
      [{}, { count: 1 }],
    ]);
    expect(server.rows('Single')).toMatchObject([{ state: 'four' }]);

    await same(b, 'set_db_change_aware', true);
    const canceled = same(b, 'transact', 'Differential', wait('never'));
    // The requests of a connection are numbered from 0.
    b.notify('cancel', [3]);
    expect(await canceled).toMatchObject({ error: 'canceled' });

    const locks: readonly [Differential, string, Json, Json][] = [
      [a, 'lock', 'mine', { locked: true }],
      [a, 'lock', 'mine', { error: 'syntax error' }],
      [b, 'lock', 'mine', { locked: false }],
      [b, 'transact', 'Differential', [{ error: 'not owner' }]],
      [b, 'steal', 'other', { locked: true }],
      [a, 'steal', 'other', { locked: true }],
      [b, 'transact', 'Differential', [{ error: 'not owner' }]],
      [a, 'unlock', 'mine', {}],
      [b, 'transact', 'Differential', [{}]],
      [a, 'unlock', 'other', {}],
      [b, 'unlock', 'mine', {}],
      [a, 'lock', 'mine', { locked: true }],
      [b, 'lock', 'mine', { locked: false }],
      [b, 'unlock', 'mine', {}],
      [b, 'unlock', 'other', {}],
      [b, 'unlock', 'none', { error: 'syntax error' }],
      [b, 'lock', '1', { error: 'syntax error' }],
    ];
    for (const [both, method, param, answer] of locks) {
      const operations = method === 'transact' ? [{ op: 'assert', lock: 'mine' }] : [];
      expect(await same(both, method, param, ...operations)).toMatchObject(answer as object);
      // What others were told must be the same as well.
      await same(a, 'echo', 'a');
      await same(b, 'echo', 'b');
    }
    expect(await same(a, 'none')).toMatchObject({ error: 'unknown method' });
    expect(await same(a, 'get_schema', 'None')).toMatchObject({ error: 'unknown database' });
    expect(await same(a, 'transact', 'None')).toMatchObject({ error: 'unknown database' });
    expect(
      await same(a, 'transact', '_Server', { op: 'delete', table: 'Database', where: [] }),
    ).toMatchObject([{ error: 'not allowed' }]);
  });

  it('does the same when a database is converted', async () => {
    const path = await startServer(differentialSchema, 'converted', 'create');
    await using server = new OvsdbTestServer(differentialSchema);
    await using both = new Differential(await reach(path), server.connect());
    const same = async (method: string, ...params: readonly Json[]) => {
      const { answer, difference } = await both.ask(method, params);
      expect(difference).toBeUndefined();
      return answer;
    };
    const { tables } = differentialSchema.json;
    const { small: _small, ...columns } = tables.Root.columns;
    const Root = { ...tables.Root, columns: { ...columns, added: { type: 'integer' } }, indexes: [] };
    const converted = { ...differentialSchema.json, version: '2.0.0', tables: { ...tables, Root } };
    const impossible = {
      ...converted,
      tables: { ...tables, Root: { ...Root, columns: { name: { type: 'integer' } } } },
    };
    await same('set_db_change_aware', true);
    await same('transact', 'Differential', { op: 'insert', table: 'Root', row: { name: 'kept', small: 7 } });
    await same('monitor', 'Differential', 'm', { Root: { columns: ['name'] } });
    await same('monitor', '_Server', 's', {
      Database: { columns: ['model', 'connected', 'leader', 'index'] },
    });
    expect(await same('convert', 'Differential', impossible as unknown as Json)).toHaveProperty('error');
    expect(await same('convert', 'Differential', converted as unknown as Json)).toEqual({});
    const select = { op: 'select', table: 'Root', where: [], columns: ['name', 'added'] };
    const rows = [{ name: 'kept', added: 0 }];
    expect(await same('transact', 'Differential', select)).toEqual([{ rows }]);
  });

  /** Creates a database, has an ovsdb-server serve it, and resolves with its socket. */
  async function startServer(
    { json }: DatabaseSchema,
    name: string,
    create: string,
    ...address: readonly string[]
  ): Promise<string> {
    const pathOf = (suffix: string) => join(lab.dir, `${name}.${suffix}`);
    await run('sh', ['-c', 'cat > "$0"', pathOf('ovsschema')], { input: JSON.stringify(json) });
    await run('ovsdb-tool', [create, pathOf('db'), pathOf('ovsschema'), ...address]);
    const remote = `--remote=punix:${pathOf('sock')}`;
    await lab.start('ovsdb-server', [pathOf('db'), remote, `--unixctl=${pathOf('ctl')}`]);
    return pathOf('sock');
  }
});

/** Connects as soon as the server is there. */
function reach(path: string): Promise<Socket> {
  return eventually(() => dial(parseMethod(`unix:${path}`)), { what: 'ovsdb-server' });
}

async function compare(
  path: string,
  server: OvsdbTestServer<typeof differentialSchema.json>,
  schema: DatabaseSchema,
): Promise<void> {
  await using closing = server;
  await using both = new Differential(await reach(path), closing.connect());
  const report = await rehearse(both, server, schema, { count: COUNT, seed: SEED });
  if (process.env.GALAGO_DIFFERENTIAL !== undefined) {
    process.stdout.write(`seed ${SEED}: ${JSON.stringify({ ...report, difference: undefined })}\n`);
  }
  expect(report.difference).toBeUndefined();
  // Enough of everything must have been tried for that to say something.
  const errors = ['constraint violation', 'referential integrity violation', 'syntax error', 'timed out'];
  expect(Object.keys(report.outcomes)).toEqual(expect.arrayContaining(errors));
  expect(report.outcomes.committed).toBeGreaterThan(COUNT / 3);
  expect(report.updates).toBeGreaterThan(COUNT / 3);
}
