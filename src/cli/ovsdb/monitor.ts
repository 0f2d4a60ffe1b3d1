import type { Command } from 'commander';
import type { RowChange, UntypedRow } from '../../ovsdb/index.ts';
import { printable } from '../printable.ts';
import { untilSignal } from '../until-signal.ts';
import {
  addDatabaseOption,
  addServerOptions,
  callTime,
  connectTo,
  SERVER_HELP,
  type ServerOptions,
  takeDatabase,
  takeServer,
} from './server.ts';
import { formatValue, rowToJson } from './text.ts';

interface MonitorOptions extends ServerOptions {
  readonly database?: string;
  readonly json?: true;
}

/** A change, or a row that was there from the beginning. */
type Event = { readonly type: 'initial'; readonly table: string; readonly row: UntypedRow } | RowChange;

/** Adds `galago ovsdb monitor`. */
export function addMonitorCommand(ovsdb: Command): void {
  const monitor = ovsdb
    .command('monitor')
    .summary('print the rows of a table, and every change')
    .description(
      'Prints the rows of a table, or some of their columns, and then every change, until a signal ends it. ' +
        'While the connection is lost it says so; what changed meanwhile is told after the next one.',
    )
    .usage('[options] [server] [database] <table> [column...]')
    .argument('<what...>', WHAT_HELP)
    .option('--json', 'print a JSON object a change');
  addServerOptions(addDatabaseOption(monitor))
    .addHelpText('after', EXAMPLES)
    .action((args: string[], options: MonitorOptions) => follow(args, options, monitor));
}

const WHAT_HELP =
  `${SERVER_HELP}, the database, a table or 'ALL', its columns; '!initial', '!insert', '!delete' and '!modify' leave ` +
  'these out';

const EXAMPLES = `
Examples:
  $ galago ovsdb monitor Interface name,ofport link_state
  $ galago ovsdb monitor tcp:127.0.0.1:6640 Open_vSwitch Bridge name '!initial'`;

async function follow(given: readonly string[], options: MonitorOptions, command: Command): Promise<void> {
  const { writeOut, writeErr } = command.configureOutput();
  const ended = untilSignal();
  // Whoever reads may have read enough: `galago ovsdb monitor Bridge | head -1`.
  const unread = new Promise((resolve) => process.stdout.once('error', resolve));
  const place = await takeDatabase(takeServer(given, options, command), command);
  const [table, ...groups] = place.args;
  if (table === undefined) return command.error("error: expected a table, or 'ALL'");
  const words = groups.flatMap((group) => group.split(','));
  const columns = words.filter((word) => !word.startsWith('!'));
  const silent = readSilent(words, command);
  const print = (event: Event) => {
    if (!silent.has(event.type)) writeOut?.(`${options.json ? toJson(event) : toText(event)}\n`);
  };
  await using db = await connectTo(place.database, place.options, command);
  const tables = table === 'ALL' ? [...db.schema.tables.keys()] : [table];
  const selected = tables.map((name) => [name, columns.length > 0 ? columns : true] as const);
  const selection: Readonly<Record<string, true | readonly string[]>> = Object.fromEntries(selected);
  const replica = await db.replicate(selection, callTime(options, command));
  for (const [name, { rows }] of replica.tables) {
    for (const row of rows.values()) print({ type: 'initial', table: name, row: row as UntypedRow });
  }
  replica.on('change', (changes) => {
    for (const change of changes) print(change);
  });
  replica.on('stale', ({ error }) => writeErr?.(`stale: ${printable(error.message)}\n`));
  replica.on('synced', () => writeErr?.('synced\n'));
  await Promise.race([ended, unread]);
  replica.removeAllListeners('stale');
}

/** What `!insert` and the others leave out. */
function readSilent(words: readonly string[], command: Command): ReadonlySet<string> {
  const silent = words.filter((word) => word.startsWith('!')).map((word) => word.slice(1));
  const unknown = silent.find((word) => !Object.hasOwn(EVENT_TYPES, word));
  if (unknown !== undefined) {
    command.error(`error: expected '!initial', '!insert', '!delete' or '!modify', got '!${unknown}'`);
  }
  return new Set(silent.map((word) => EVENT_TYPES[word as keyof typeof EVENT_TYPES]));
}

/** The types of our events, by what ovsdb-client calls them. */
const EVENT_TYPES = { initial: 'initial', insert: 'insert', delete: 'delete', modify: 'update' } as const;

function toText(event: Event): string {
  const row = event.row as UntypedRow;
  const names = Object.keys(row).filter((name) => name !== '_uuid');
  const head = `${event.type} ${event.table} ${row._uuid}`;
  if (event.type !== 'update') {
    return [head, ...names.map((name) => `${name}=${formatValue(row[name])}`)].join(' ');
  }
  const old = event.old as UntypedRow;
  const changed = names.filter((name) => formatValue(old[name]) !== formatValue(row[name]));
  const changes = changed.map((name) => `${name}: ${formatValue(old[name])} -> ${formatValue(row[name])}`);
  const label = row.name === undefined || changed.includes('name') ? [] : [`name=${formatValue(row.name)}`];
  return [head, ...label, changes.join('; ')].join(' ');
}

function toJson(event: Event): string {
  const { type, table } = event;
  const old = event.type === 'update' ? { old: rowToJson(event.old as UntypedRow) } : {};
  return JSON.stringify({ type, table, row: rowToJson(event.row as UntypedRow), ...old });
}
