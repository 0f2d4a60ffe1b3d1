import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Command, CommanderError } from 'commander';
import { addOvsdbCommand } from '../../../src/cli/ovsdb/ovsdb.ts';
import { printable } from '../../../src/cli/printable.ts';
import { OvsdbError, OvsdbTestServer } from '../../../src/ovsdb/index.ts';
import type { Json } from '../../../src/ovsdb/rpc/json.ts';
import { openVswitch } from '../../../src/ovsdb/schemas/index.ts';
import { temporaryDirectory } from '../../net/sockets.ts';
import { FakeServer } from '../../ovsdb/fake-server.ts';
import { testSchema, uuidOf } from '../../ovsdb/test-schema.ts';

const directory = temporaryDirectory();
let server: FakeServer;

beforeAll(async () => {
  server = await FakeServer.start({
    list_dbs: () => ['Test', '_Server'],
    monitor_cond_since: () => [false, uuidOf(100), { Part: { [uuidOf(1)]: { initial: { name: 'wheel' } } } }],
    transact: ([, operation]) => [answer(operation as { readonly columns?: Json })],
  });
});

afterAll(async () => {
  await server.close();
  directory.remove();
});

function answer({ columns }: { readonly columns?: Json }): Json {
  if (!Array.isArray(columns)) return { error: 'unknown table', details: 'none of that name' };
  const row = { _uuid: ['uuid', uuidOf(1)], name: 'a wheel', state: 'ok' };
  return { rows: [Object.fromEntries(Object.entries(row).filter(([name]) => columns.includes(name)))] };
}

/** Runs `galago ovsdb`, and tells what it threw. */
async function run(...args: string[]) {
  let stdout = '';
  let stderr = '';
  let error: unknown;
  const program = new Command('galago').exitOverride().configureOutput({
    writeOut: (text) => (stdout += text),
    writeErr: (text) => (stderr += text),
    outputError: (text, write) => write(`${printable(text.trim(), ' ')}\n`),
  });
  addOvsdbCommand(program);
  try {
    await program.parseAsync(['ovsdb', ...args], { from: 'user' });
  } catch (thrown) {
    error = thrown;
  }
  return { stdout, stderr, error };
}

const atServer = () => ['--db', server.method];

describe('galago ovsdb', () => {
  it('lists databases', async () => {
    expect(await run('list-dbs', ...atServer())).toMatchObject({
      stdout: 'Test\n_Server\n',
      error: undefined,
    });
  });

  it('prints a schema that generate takes', async () => {
    const { stdout } = await run('get-schema', 'Test', ...atServer());
    expect(JSON.parse(stdout)).toEqual(testSchema.json);
    const file = join(directory.path, 'test.ovsschema');
    writeFileSync(file, stdout);
    const generated = await run('generate', file, '--export-name', 'parts', '--import-from', '../ovsdb.ts');
    expect(generated.stdout).toMatch(/^\/\/ Generated .*\nimport \{ defineSchema \} from '\.\.\/ovsdb\.ts';/);
    expect(generated.stdout).toContain('export const parts = defineSchema({');
  });

  it('dumps tables and columns, for people and for programs', async () => {
    const args = ['-d', 'Test', ...atServer()];
    const table = await run('dump', 'Part', 'name', 'state', ...args);
    expect(table.stdout).toBe('Part table\nname      state\n--------- -----\n"a wheel" ok\n');
    const json = await run('dump', 'Part', '--format=json', ...args);
    expect(json.stdout).toBe(
      `{"caption":"Part table","data":[[["uuid","${uuidOf(1)}"],"a wheel","ok"]],` +
        '"headings":["_uuid","name","state"]}\n',
    );
    expect((await run('dump', 'Prat', ...args)).error).toMatchObject({ code: 'OVSDB_UNKNOWN_TABLE' });
  });

  it('carries out a transaction from the command line or a file', async () => {
    const transaction = ['Test', { op: 'select', table: 'Part', where: [], columns: ['name'] }];
    const file = join(directory.path, 'transaction.json');
    writeFileSync(file, JSON.stringify(transaction));
    const [direct, read] = [
      await run('transact', JSON.stringify(transaction), ...atServer()),
      await run('transact', '--file', file, ...atServer()),
    ];
    expect(direct.stdout).toBe('[{"rows":[{"name":"a wheel"}]}]\n');
    expect(read.stdout).toBe(direct.stdout);
    expect(server.calls.at(-1)?.params).toEqual(transaction);
  });

  it('says what would come of a transaction, and has it taken back', async () => {
    await using real = new OvsdbTestServer(openVswitch);
    const at = ['--db', await real.listen('ptcp:0:127.0.0.1')];
    const insert = { op: 'insert', table: 'Open_vSwitch', row: { system_type: 'galago' } };
    const select = { op: 'select', table: 'Open_vSwitch', where: [], columns: ['system_type'] };
    const transaction = JSON.stringify(['Open_vSwitch', insert, select]);
    const tried = await run('transact', '--dry-run', transaction, ...at);
    expect(tried.error).toBeUndefined();
    expect(JSON.parse(tried.stdout)).toEqual([expect.anything(), { rows: [{ system_type: 'galago' }] }]);
    expect(real.transact([select])).toEqual([{ rows: [] }]);
    const wrong = JSON.stringify(['Open_vSwitch', { ...insert, table: 'X' }]);
    expect((await run('transact', '--dry-run', wrong, ...at)).error).toBeInstanceOf(OvsdbError);
  });

  it('prints the results of a transaction that fails, and fails', async () => {
    const { stdout, error } = await run(
      'transact',
      '["Test", {"op": "delete", "table": "X"}]',
      ...atServer(),
    );
    expect(JSON.parse(stdout)).toMatchObject([{ error: 'unknown table' }]);
    expect(error).toBeInstanceOf(OvsdbError);
    expect((error as OvsdbError).message).toBe(
      'delete (operation 0) failed: unknown table: none of that name',
    );
  });

  it('follows a table until a signal', async () => {
    const seen = run('monitor', 'Part', 'name', '-d', 'Test', ...atServer());
    while (!server.methods.includes('monitor_cond_since')) await new Promise(setImmediate);
    const peer = await lastConnection();
    await peer.request('echo', []);
    const update = {
      [uuidOf(1)]: { modify: { name: 'tyre' } },
      [uuidOf(2)]: { insert: { name: 'an axle' } },
    };
    peer.notify('update3', ['galago-0', uuidOf(101), { Part: update }]);
    await peer.request('echo', []);
    process.emit('SIGINT');
    const { stdout, stderr } = await seen;
    expect({ stdout: stdout.split('\n'), stderr }).toEqual({
      stdout: [
        `initial Part ${uuidOf(1)} name=wheel`,
        `update Part ${uuidOf(1)} name: wheel -> tyre`,
        `insert Part ${uuidOf(2)} name="an axle"`,
        '',
      ],
      stderr: '',
    });
  });

  it('takes server and database as arguments, as ovsdb-client does', async () => {
    const dump = 'Part table\nname\n---------\n"a wheel"\n';
    const places = [
      [server.method, 'Test', 'Part', 'name'],
      [server.method, 'Part', 'name'],
      ['Test', 'Part', 'name', ...atServer()],
      ['Part', 'name', ...atServer()],
      ['-d', 'Test', 'Part', 'name', ...atServer()],
    ];
    for (const args of places)
      expect(await run('dump', ...args)).toMatchObject({ stdout: dump, error: undefined });
    expect((await run('list-dbs', server.method)).stdout).toBe('Test\n_Server\n');
    expect(JSON.parse((await run('get-schema', server.method)).stdout)).toEqual(testSchema.json);
    const transaction = '["Test", {"op": "select", "table": "Part", "where": [], "columns": ["name"]}]';
    expect((await run('transact', server.method, transaction)).stdout).toBe(
      '[{"rows":[{"name":"a wheel"}]}]\n',
    );
  });

  it.each([
    [['transact', '{'], /^error: the transaction is no JSON: .*\n$/],
    [['transact', '{}'], /^error: expected a transaction: \["DATABASE", .*\n$/],
    [['transact'], /^error: expected a transaction, or --file, and not both\n$/],
    [['transact', '--file', '/nonexistent'], /^error: cannot read '\/nonexistent': ENOENT.*\n$/],
    [['generate', '/nonexistent'], /^error: cannot read '\/nonexistent': ENOENT.*\n$/],
    [['generate', '/etc/hostname'], /^error: '\/etc\/hostname' is no schema: .*\n$/],
    [['list-dbs', '--db', 'tcp:192.0.2.1'], /^error: 'tcp:192\.0\.2\.1' goes beyond .* add --insecure\n$/],
    [
      ['list-dbs', '--timeout', 'soon'],
      /^error: option '-t, --timeout <seconds>' argument 'soon' is invalid\. /,
    ],
    [['list-dbs', '-p', 'key.pem'], /^error: TLS needs all of --private-key, --certificate and --ca-cert\n$/],
    [
      ['list-dbs', '-p', 'a', '-c', 'b', '-C', 'c', 'tcp:127.0.0.1'],
      /^error: .* are not for 'tcp:127\.0\.0\.1' \(Did you mean 'ssl:127\.0\.0\.1'\?\)\n$/,
    ],
    [['list-dbs', 'Test'], /^error: expected no argument 'Test'; a server is like tcp:127\.0\.0\.1:6640\n$/],
    [
      ['list-dbs', 'tcp:127.0.0.1', '--db', 'unix:x'],
      /^error: expected one server, got 'unix:x' and 'tcp:127\.0\.0\.1'\n$/,
    ],
    [['dump', '--format', 'xml'], /^error: option '-f, --format <format>' argument 'xml' is invalid\. .*\n$/],
    [['monitor', '-d', 'Test', 'Part', '!update'], /^error: expected '!initial', .* got '!update'\n$/],
    [['lst-dbs'], /^error: unknown command 'lst-dbs' \(Did you mean list-dbs\?\)\n$/],
  ])('refuses %j in one line', async (args, message) => {
    const { error, stderr, stdout } = await run(...args);
    expect(error).toBeInstanceOf(CommanderError);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });
});

/** The connection that the command under test has made. */
async function lastConnection() {
  let peer = await server.connections.next();
  while (peer.isClosed) peer = await server.connections.next();
  return peer;
}
