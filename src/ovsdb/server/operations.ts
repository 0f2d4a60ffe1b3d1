import type { Json, JsonObject } from '../rpc/json.ts';
import { isUuid } from '../values/uuid.ts';
import { parseClauses, rowsWhere } from './clause.ts';
import { checkDatum, compareData, type Datum, parseDatum } from './datum.ts';
import { Failure, sortedJson, syntaxError } from './failure.ts';
import type { Members } from './members.ts';
import { randomUuid } from './random-uuid.ts';
import type { Staging } from './staging.ts';
import type { RowNames } from './stored-atom.ts';
import { mutateRow, parseMutation } from './stored-mutation.ts';
import { equalColumns } from './stored-row.ts';
import {
  rowToJson,
  type StoredColumn,
  type StoredRow,
  type Table,
  UUID_INDEX,
  uuidDatum,
  uuidOf,
  VERSION_INDEX,
} from './table.ts';

/** What the operations of one transaction work with. */
export interface Execution {
  readonly tables: ReadonlyMap<string, Table>;
  readonly staging: Staging;
  readonly names: RowNames;
  /** How long the transaction has been waiting. */
  readonly waitedMs: number;
  /** Whether whoever sent the transaction holds a lock. */
  readonly holdsLock: (name: string) => boolean;
  /** The shortest timeout of its `wait` operations so far. */
  waitTimeoutMs: number;
}

/** A `wait` whose time has not run out: the transaction is to be tried again when something has changed. */
export class Waiting extends Failure {
  constructor() {
    super('not supported', 'a wait is not fulfilled yet');
  }
}

/** Carries out an operation (RFC 7047, 5.2). */
type Operation = (execution: Execution, members: Members) => JsonObject;

/** The operations by name, and whether each only reads. */
export const OPERATIONS: ReadonlyMap<string, { readonly execute: Operation; readonly isReading: boolean }> =
  new Map([
    ['insert', { execute: insert, isReading: false }],
    ['select', { execute: select, isReading: true }],
    ['update', { execute: update, isReading: false }],
    ['mutate', { execute: mutate, isReading: false }],
    ['delete', { execute: remove, isReading: false }],
    ['wait', { execute: wait, isReading: true }],
    ['commit', { execute: commit, isReading: false }],
    ['abort', { execute: abort, isReading: true }],
    ['comment', { execute: comment, isReading: true }],
    ['assert', { execute: assertLock, isReading: true }],
  ]);

function insert({ tables, staging, names }: Execution, members: Members): JsonObject {
  const table = takeTable(tables, members);
  const wanted = members.takeOptional('uuid', 'string');
  const name = members.takeOptional('uuid-name', 'id');
  const json = members.take('row', 'object');
  members.check();
  const uuid = newUuid(table!, staging, names, wanted, name);
  const { row } = parseRow(table!, json!, names);
  // Columns that were left out have defaults, which may be against their constraints.
  for (const { type, index } of table!.columns) {
    if (row[index]!.keys.length === 1) checkDatum(type, row[index]!);
  }
  row[UUID_INDEX] = uuidDatum(uuid);
  row[VERSION_INDEX] = uuidDatum(randomUuid());
  staging.put(table!, row);
  return { uuid: ['uuid', uuid] };
}

function newUuid(
  table: Table,
  staging: Staging,
  names: RowNames,
  wanted: string | undefined,
  name: string | undefined,
): string {
  const given = wanted?.toLowerCase();
  if (given !== undefined) {
    if (!isUuid(given)) throw syntaxError(wanted, 'bad uuid');
    if (table.rows.has(given) || staging.find(table, given) !== undefined) {
      throw new Failure('duplicate uuid', 'table has, or had, a row with this uuid', wanted);
    }
  }
  if (name === undefined) return given ?? randomUuid();
  const uuid = names.give(name, given);
  if (uuid === undefined) {
    throw new Failure('duplicate uuid-name', 'an earlier insert has this "uuid-name"', name);
  }
  return uuid;
}

function select({ tables, names }: Execution, members: Members): JsonObject {
  const table = takeTable(tables, members);
  const where = members.take('where', 'array');
  const columns = members.takeOptional('columns', 'array');
  const sort = members.takeOptional('sort', 'array');
  members.check();
  const clauses = parseClauses(table!, where!, names);
  const selected = parseColumns(table!, columns);
  const order = parseColumns(table!, sort);
  const rows = distinct(selected, rowsWhere(table!, clauses)).sort((a, b) => compareColumns(order, a, b));
  return { rows: rows.map((row) => rowToJson(selected, row)) };
}

function update({ tables, staging, names }: Execution, members: Members): JsonObject {
  const table = takeTable(tables, members);
  const where = members.take('where', 'array');
  const json = members.take('row', 'object');
  members.check();
  const { row, columns } = parseRow(table!, json!, names);
  const fixed = columns.find(({ mutable }) => !mutable);
  if (fixed !== undefined) {
    const details = `Cannot update immutable column ${fixed.name} in table ${table!.name}.`;
    throw new Failure('constraint violation', details, members.json);
  }
  let count = 0;
  for (const old of rowsWhere(table!, parseClauses(table!, where!, names))) {
    count++;
    if (equalColumns(columns, old, row)) continue;
    const updated = [...old];
    for (const { index } of columns) updated[index] = row[index]!;
    staging.put(table!, updated);
  }
  return { count };
}

function mutate({ tables, staging, names }: Execution, members: Members): JsonObject {
  const table = takeTable(tables, members);
  const where = members.take('where', 'array');
  const json = members.take('mutations', 'array');
  members.check();
  const mutations = json!.map((mutation) => parseMutation(table!, mutation, names));
  let count = 0;
  for (const row of rowsWhere(table!, parseClauses(table!, where!, names))) {
    count++;
    staging.put(table!, mutateRow(row, mutations));
  }
  return { count };
}

function remove({ tables, staging, names }: Execution, members: Members): JsonObject {
  const where = members.take('where', 'array');
  const table = takeTable(tables, members);
  members.check();
  let count = 0;
  for (const row of rowsWhere(table!, parseClauses(table!, where!, names))) {
    count++;
    staging.remove(table!, uuidOf(row));
  }
  return { count };
}

function wait(execution: Execution, members: Members): JsonObject {
  const { names, waitedMs } = execution;
  const timeoutMs = members.takeOptional('timeout', 'integer');
  const where = members.take('where', 'array');
  const columns = members.takeOptional('columns', 'array');
  const until = members.take('until', 'string');
  const rows = members.take('rows', 'array');
  const table = takeTable(execution.tables, members);
  members.check();
  const clauses = parseClauses(table!, where!, names);
  const compared = parseColumns(table!, columns);
  if (timeoutMs !== undefined && timeoutMs < 0) throw syntaxError(timeoutMs, 'timeout must be nonnegative');
  execution.waitTimeoutMs = Math.min(execution.waitTimeoutMs, timeoutMs ?? Number.POSITIVE_INFINITY);
  if (until !== '==' && until !== '!=') throw syntaxError(until, '"until" must be "==" or "!="');
  const expected = new Set(rows!.map((row) => textOf(compared, parseRow(table!, row, names).row)));
  const actual = new Set([...rowsWhere(table!, clauses)].map((row) => textOf(compared, row)));
  const isEqual = actual.size === expected.size && [...actual].every((text) => expected.has(text));
  if (isEqual === (until === '==')) return {};
  if (timeoutMs === undefined || waitedMs < timeoutMs) throw new Waiting();
  const why = waitedMs > 0 ? `"wait" timed out after ${waitedMs} ms` : '"where" clause test failed';
  throw new Failure('timed out', why);
}

function commit(_execution: Execution, members: Members): JsonObject {
  // Nothing outlives the process, durable or not.
  members.take('durable', 'boolean');
  return {};
}

function abort(): JsonObject {
  throw new Failure('aborted', 'aborted by request');
}

function comment(_execution: Execution, members: Members): JsonObject {
  members.take('comment', 'string');
  return {};
}

function assertLock({ holdsLock }: Execution, members: Members): JsonObject {
  const name = members.take('lock', 'id');
  if (name !== undefined && !holdsLock(name)) {
    throw new Failure('not owner', `Asserted lock ${name} not held.`);
  }
  return {};
}

function takeTable(tables: ReadonlyMap<string, Table>, members: Members): Table | undefined {
  const name = members.take('table', 'id');
  if (name === undefined) return undefined;
  const table = tables.get(name);
  if (table === undefined) members.fail(`No table named ${name}.`);
  return table;
}

/** A whole row, with defaults for what `json` leaves out, and the columns that it names. */
function parseRow(
  table: Table,
  json: Json,
  names: RowNames,
): { readonly row: Datum[]; readonly columns: readonly StoredColumn[] } {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw syntaxError(json, 'row must be JSON object');
  }
  const row = table.defaultRow();
  const columns = Object.entries(json).map(([name, value]) => {
    const column = table.column(name, json);
    row[column.index] = parseDatum(column.type, value, names);
    return column;
  });
  return { row, columns };
}

function parseColumns(table: Table, json: readonly Json[] | undefined): readonly StoredColumn[] {
  if (json === undefined) return table.columns;
  const columns: StoredColumn[] = [];
  for (const name of json) {
    const column = typeof name === 'string' ? table.find(name) : undefined;
    if (typeof name === 'string' && column === undefined) {
      throw syntaxError(json, `${name} is not a valid column name`);
    }
    if (column === undefined || columns.includes(column)) {
      throw syntaxError(json, 'array of distinct column names expected');
    }
    columns.push(column);
  }
  return columns;
}

/** Rows that are the same in the columns are selected once. */
function distinct(columns: readonly StoredColumn[], rows: Iterable<StoredRow>): StoredRow[] {
  if (columns.some(({ index }) => index === UUID_INDEX)) return [...rows];
  const byText = new Map<string, StoredRow>();
  for (const row of rows) {
    const text = textOf(columns, row);
    if (!byText.has(text)) byText.set(text, row);
  }
  return [...byText.values()];
}

function textOf(columns: readonly StoredColumn[], row: StoredRow): string {
  return sortedJson(rowToJson(columns, row));
}

function compareColumns(columns: readonly StoredColumn[], a: StoredRow, b: StoredRow): number {
  for (const { index } of columns) {
    const order = compareData(a[index]!, b[index]!);
    if (order !== 0) return order;
  }
  return 0;
}
