import type { Command } from 'commander';
import type { UntypedRow } from '../ovsdb/index.ts';
import { addServerOptions, callTime, connectTo, dialServer, type ServerOptions } from './ovsdb-server.ts';
import { formatTable, rowToJson } from './ovsdb-text.ts';
import { printable } from './printable.ts';

/** Adds `list-dbs`, `get-schema` and `dump`. */
export function addReadCommands(ovsdb: Command): void {
  const list = ovsdb.command('list-dbs').description('Prints the names of the databases, one a line.');
  addServerOptions(list)
    .addHelpText('after', '\nExamples:\n  $ galago ovsdb list-dbs --db tcp:127.0.0.1:6640')
    .action((options: ServerOptions) => listDbs(options, list));
  const schema = ovsdb
    .command('get-schema')
    .description('Prints the schema of a database as JSON.')
    .argument('[database]', 'its name', 'Open_vSwitch');
  addServerOptions(schema)
    .addHelpText('after', '\nExamples:\n  $ galago ovsdb get-schema > vswitch.ovsschema')
    .action((database: string, options: ServerOptions) => getSchema(database, options, schema));
  const dump = ovsdb
    .command('dump')
    .description('Prints the rows of all tables, of one, or some of its columns.')
    .argument('[table]')
    .argument('[column...]')
    .option('-d, --database <name>', 'the database', 'Open_vSwitch')
    .option('--json', 'print a JSON object a table: {"table": …, "rows": […]}');
  addServerOptions(dump)
    .addHelpText('after', '\nExamples:\n  $ galago ovsdb dump Interface name ofport error')
    .action((table: string | undefined, columns: string[], options: DumpOptions) =>
      dumpTables(table, columns, options, dump),
    );
}

interface DumpOptions extends ServerOptions {
  readonly database: string;
  readonly json?: true;
}

async function listDbs(options: ServerOptions, command: Command): Promise<void> {
  await using peer = await dialServer(options, command);
  const names = await peer.request('list_dbs', [], callTime(options, command));
  const lines = Array.isArray(names) ? names.map((name) => `${printable(String(name))}\n`) : [];
  command.configureOutput().writeOut?.(lines.sort().join(''));
}

async function getSchema(database: string, options: ServerOptions, command: Command): Promise<void> {
  await using peer = await dialServer(options, command);
  const schema = await peer.request('get_schema', [database], callTime(options, command));
  command.configureOutput().writeOut?.(`${JSON.stringify(schema, undefined, 2)}\n`);
}

async function dumpTables(
  table: string | undefined,
  columns: readonly string[],
  options: DumpOptions,
  command: Command,
): Promise<void> {
  await using db = await connectTo(options.database, options, command);
  const names = table === undefined ? [...db.schema.tables.keys()].sort() : [table];
  // One transaction: what is printed was so at one time.
  const { tables, shown } = await db.transact(
    (tx) => {
      const selections = names.map((name) => tx.select(name, [], columns.length > 0 ? columns : undefined));
      const columnsOf = (name: string) => [
        '_uuid',
        ...[...(db.schema.tables.get(name)?.columns.keys() ?? [])].sort(),
      ];
      return {
        tables: selections,
        shown: names.map((name) => (columns.length > 0 ? columns : columnsOf(name))),
      };
    },
    callTime(options, command),
  );
  const texts = names.map((name, i) => {
    const rows = tables[i]!.rows as readonly UntypedRow[];
    if (!options.json) return formatTable(name, shown[i]!, rows);
    const only = rows.map((row) => Object.fromEntries(shown[i]!.map((column) => [column, row[column]])));
    return `${JSON.stringify({ table: name, rows: only.map((row) => rowToJson(row as UntypedRow)) })}\n`;
  });
  command.configureOutput().writeOut?.(texts.join(options.json ? '' : '\n'));
}
