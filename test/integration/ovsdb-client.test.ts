import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runCli } from '../../src/cli/program.ts';
import { dial, parseMethod } from '../../src/net/index.ts';
import { JsonRpcPeer } from '../../src/ovsdb/index.ts';
import { Random } from '../fuzz/random.ts';
import { eventually, Lab, run } from '../lab/index.ts';
import { TransactionMaker } from '../ovsdb/differential/random-transaction.ts';
import { differentialSchema } from '../ovsdb/differential/schema.ts';
import { describeWithLab } from './describe-with-lab.ts';

describeWithLab('galago ovsdb beside ovsdb-client', () => {
  let lab: Lab;
  let method: string;

  beforeAll(async () => {
    lab = await Lab.create();
    const [schema, file] = [join(lab.dir, 'test.ovsschema'), join(lab.dir, 'test.db')];
    method = `unix:${join(lab.dir, 'test.sock')}`;
    await run('sh', ['-c', 'cat > "$0"', schema], { input: JSON.stringify(differentialSchema.json) });
    await run('ovsdb-tool', ['create', file, schema]);
    await lab.start('ovsdb-server', [file, `--remote=p${method}`, `--unixctl=${join(lab.dir, 'test.ctl')}`]);
    await fill();
  });

  afterAll(() => lab?.close());

  /** Gives the database rows with values of all types. */
  async function fill(): Promise<void> {
    const socket = await eventually(() => dial(parseMethod(method)), { what: 'ovsdb-server' });
    await using peer = new JsonRpcPeer(socket);
    const maker = new TransactionMaker(new Random(3), differentialSchema.tables, () => []);
    // The widths of ovsdb-client's columns are those of their bytes.
    const next = () => JSON.parse(JSON.stringify(maker.next()).replaceAll('äöü', 'aou'));
    for (let i = 0; i < 60; i++) await peer.request('transact', ['Differential', ...next()]);
    const row = { name: 'say "so"', ratio: 1 / 3, words: ['set', ['true', 'a b', 'x']], small: 99 };
    await peer.request('transact', ['Differential', { op: 'insert', table: 'Root', row }]);
  }

  async function galago(...args: string[]): Promise<string> {
    let stdout = '';
    let stderr = '';
    const output = {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
    };
    const status = await runCli(['ovsdb', ...args], output);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  }

  it.each([
    ['list-dbs'],
    ['dump', 'Differential'],
    ['dump', 'Root'],
    ['dump', 'Differential', 'Root', 'name', 'words'],
    [
      'transact',
      '["Differential", {"op": "select", "table": "Root", "where": [], "columns": ["name"], "sort": ["name"]}]',
    ],
  ])('prints the same for %s %s', async (command, ...args) => {
    const expected = await run('ovsdb-client', [command, method, ...args]);
    expect(expected.length).toBeGreaterThan(10);
    expect(await galago(command, method, ...args)).toBe(expected);
  });

  it('prints the same JSON', async () => {
    const args = [method, 'Differential', 'Root'];
    const expected = JSON.parse(await run('ovsdb-client', ['--format=json', 'dump', ...args]));
    const got = JSON.parse(await galago('dump', '--format=json', ...args));
    expect(got).toEqual(expected);
    const schema = JSON.parse(await run('ovsdb-client', ['get-schema', method]));
    expect(JSON.parse(await galago('get-schema', method))).toEqual(schema);
  });
});
