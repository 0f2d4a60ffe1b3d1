import { type Command, Option } from 'commander';
import type { DatabaseSchema, UntypedRow } from '../../ovsdb/index.ts';
import { printable } from '../printable.ts';
import { oneOf } from '../values.ts';
import {
  addDatabaseOption,
  addServerOptions,
  callTime,
  connectTo,
  dialServer,
  SERVER_HELP,
  type ServerOptions,
  takeDatabase,
  takeServer,
} from './server.ts';
import { formatJsonTable, formatTable, type NamedType } from './text.ts';

/** Adds `list-dbs`, `get-schema` and `dump`. */
export function addReadCommands(ovsdb: Command): void {
  const list = ovsdb
    .command('list-dbs')
    .summary('print the names of the databases')
    .description('Prints the names of the databases, one a line.')
    .argument('[server]', SERVER_HELP);
  addServerOptions(list)
    .addHelpText('after', '\nExamples:\n  $ galago ovsdb list-dbs tcp:127.0.0.1:6640')
    .action((server: string | undefined, options: ServerOptions) => listDbs(present(server), options, list));
  const schema = ovsdb
    .command('get-schema')
    .summary('print the schema of a database')
    .description('Prints the schema of a database as JSON.')
    .usage('[options] [server] [database]')
    .argument('[place...]', `${SERVER_HELP}, then the database`);
  addServerOptions(schema)
    .addHelpText('after', '\nExamples:\n  $ galago ovsdb get-schema > vswitch.ovsschema')
    .action((args: string[], options: ServerOptions) => getSchema(args, options, schema));
  const dump = ovsdb
    .command('dump')
    .summary('print the rows of tables')
    .description('Prints the rows of all tables, of one, or some of its columns.')
    .usage('[options] [server] [database] [table [column...]]')
    .argument('[what...]', `${SERVER_HELP}, the database, a table, its columns`)
    .addOption(
      oneOf(new Option('-f, --format <format>', "'json' is an object a table, as ovsdb-client writes it"), [
        'table',
        'json',
      ]).default('table'),
    );
  addServerOptions(addDatabaseOption(dump))
    .addHelpText('after', '\nExamples:\n  $ galago ovsdb dump Interface name ofport error')
    .action((args: string[], options: DumpOptions) => dumpTables(args, options, dump));
}

interface DumpOptions extends ServerOptions {
  readonly database?: string;
  readonly format: 'table' | 'json';
}

function present(argument: string | undefined): readonly string[] {
  return argument === undefined ? [] : [argument];
}

async function listDbs(args: readonly string[], given: ServerOptions, command: Command): Promise<void> {
  const place = takeServer(args, given, command);
  if (place.args.length > 0) throw unexpected(place.args, command);
  await using peer = await dialServer(place.options, command);
  const names = await peer.request('list_dbs', [], callTime(place.options, command));
  const lines = Array.isArray(names) ? names.map((name) => `${printable(String(name))}\n`) : [];
  command.configureOutput().writeOut?.(lines.sort().join(''));
}

async function getSchema(args: readonly string[], given: ServerOptions, command: Command): Promise<void> {
  const place = takeServer(args, given, command);
  const [named, ...rest] = place.args;
  if (rest.length > 0) throw unexpected(rest, command);
  const { options } = place;
  const database = named ?? (await takeDatabase(place, command)).database;
  await using peer = await dialServer(options, command);
  const schema = await peer.request('get_schema', [database], callTime(options, command));
  command.configureOutput().writeOut?.(`${JSON.stringify(schema, undefined, 2)}\n`);
}

/** What stands where nothing, or a server, was expected. */
function unexpected(args: readonly string[], command: Command): never {
  return command.error(`error: expected no argument '${args[0]}'; a server is like tcp:127.0.0.1:6640`);
}

async function dumpTables(args: readonly string[], given: DumpOptions, command: Command): Promise<void> {
  const place = await takeDatabase(takeServer(args, given, command), command);
  const { options, database } = place;
  const [table, ...columns] = place.args;
  await using db = await connectTo(database, options, command);
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
    if (options.format === 'table') return formatTable(name, shown[i]!, rows);
    return formatJsonTable(
      name,
      shown[i]!.map((column) => columnOf(db.schema, name, column)),
      rows,
    );
  });
  command.configureOutput().writeOut?.(texts.join(options.format === 'json' ? '' : '\n'));
}

/** The column of the schema; `_uuid` and `_version` are of every table. */
function columnOf(schema: DatabaseSchema, table: string, name: string): NamedType {
  const column = schema.tables.get(table)?.columns.get(name);
  return { name, type: column?.type ?? { kind: 'scalar', key: { type: 'uuid' }, min: 1, max: 1 } };
}
