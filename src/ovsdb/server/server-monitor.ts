import { isJsonObject, type Json, type JsonObject } from '../rpc/json.ts';
import { type Clause, equalClauses, matchesAny, parseClauses } from './clause.ts';
import type { CommittedRow, Database } from './database.ts';
import { datumToJson, difference, equalData, isDefault } from './datum.ts';
import { syntaxError } from './failure.ts';
import { Members } from './members.ts';
import type { StoredColumn, StoredRow, Table } from './table.ts';

/** How a monitor is told of changes: `update` (RFC 7047, 4.1.6), `update2`, `update3` (ovsdb-server(7), 4.1.14-16). */
export type UpdateMethod = 'update' | 'update2' | 'update3';

type ChangeType = 'initial' | 'insert' | 'delete' | 'modify';

interface MonitoredColumn {
  readonly column: StoredColumn;
  readonly select: ReadonlySet<ChangeType>;
}

interface MonitoredTable {
  readonly table: Table;
  readonly columns: MonitoredColumn[];
  /** The types of changes that any of the columns is for. */
  readonly select: Set<ChangeType>;
  where: readonly Clause[];
  /** Every column that decides whether a row has changed: the monitored ones, and those of all conditions so far. */
  readonly compared: Set<StoredColumn>;
}

/** One `monitor`, `monitor_cond` or `monitor_cond_since` of a connection: what it is told of. */
export class ServerMonitor {
  readonly database: Database;
  readonly method: UpdateMethod;
  /** What the client calls it: JSON of its choice. */
  id: Json;
  readonly #tables = new Map<string, MonitoredTable>();

  /** @throws Failure when the `<monitor-requests>` cannot be read. */
  constructor(database: Database, method: UpdateMethod, id: Json, requests: Json) {
    this.database = database;
    this.method = method;
    this.id = id;
    if (!isJsonObject(requests)) throw syntaxError(requests, 'monitor-requests must be object');
    for (const [name, json] of Object.entries(requests)) {
      const table = database.tables.get(name);
      if (table === undefined) throw syntaxError(undefined, `no table named ${name}`);
      const monitored = {
        table,
        columns: [],
        select: new Set<ChangeType>(),
        where: [],
        compared: new Set<StoredColumn>(),
      };
      this.#tables.set(name, monitored);
      for (const request of Array.isArray(json) ? json : [json]) this.#addRequest(monitored, request);
    }
  }

  /** `<table-updates>` of all rows that there are. */
  initial(): JsonObject {
    const updates = new UpdatesBuilder();
    for (const monitored of this.#tables.values()) {
      for (const [uuid, row] of monitored.table.rows) {
        updates.add(monitored.table, uuid, this.#rowUpdate(monitored, undefined, row, true));
      }
    }
    return updates.json ?? {};
  }

  /** `<table-updates>` of what has been committed; `undefined` when it does not concern this monitor. */
  changes(rows: readonly CommittedRow[]): JsonObject | undefined {
    const updates = new UpdatesBuilder();
    for (const { table, uuid, old, row } of rows) {
      const monitored = this.#tables.get(table.name);
      if (monitored?.table === table) updates.add(table, uuid, this.#rowUpdate(monitored, old, row, false));
    }
    return updates.json;
  }

  /** `<table-updates>` of several transactions as if they had been one. */
  changesOf(rows: readonly CommittedRow[]): JsonObject | undefined {
    const merged = new Map<string, CommittedRow>();
    for (const change of rows) {
      const key = `${change.table.name} ${change.uuid}`;
      merged.set(key, { ...change, old: (merged.get(key) ?? change).old });
    }
    return this.changes([...merged.values()]);
  }

  /**
   * Changes conditions: `monitor_cond_change` (ovsdb-server(7), 4.1.13). Returns `<table-updates2>` of the rows that
   * come and go by it, if any.
   * @throws Failure when the requests cannot be read; nothing is changed then.
   */
  changeConditions(requests: Json): JsonObject | undefined {
    if (!isJsonObject(requests)) throw syntaxError(undefined, 'monitor-cond-change-requests must be object');
    const changed = Object.entries(requests).map(([name, json]) => this.#readConditions(name, json));
    const updates = new UpdatesBuilder();
    for (const { monitored, where } of changed) {
      const before = monitored.where;
      this.#setWhere(monitored, where);
      if (equalClauses(before, where)) continue;
      for (const [uuid, row] of monitored.table.rows) {
        const [was, is] = [matchesAny(before, row), matchesAny(where, row)];
        if (was === is) continue;
        updates.add(monitored.table, uuid, selected(monitored, is ? 'insert' : 'delete', undefined, row));
      }
    }
    return updates.json;
  }

  #readConditions(
    name: string,
    json: Json,
  ): { readonly monitored: MonitoredTable; readonly where: readonly Clause[] } {
    if (!this.database.tables.has(name)) throw syntaxError(undefined, `no table named ${name}`);
    const monitored = this.#tables.get(name);
    if (monitored === undefined) throw syntaxError(undefined, `no table named ${name} in monitor session`);
    if (!Array.isArray(json)) throw syntaxError(undefined, `table ${name} no monitor-cond-change JSON array`);
    let where = monitored.where;
    for (const request of json) {
      const members = new Members(request, `table ${name}`);
      const columns = members.takeOptional('columns', 'array');
      const clauses = members.takeOptional('where', 'array');
      members.finish();
      if (columns !== undefined) throw syntaxError(request, 'changing columns is unsupported');
      // A `monitor` of RFC 7047 has no conditions, and they are not even looked at.
      if (this.method !== 'update') where = parseClauses(monitored.table, clauses ?? []);
    }
    return { monitored, where };
  }

  #addRequest(monitored: MonitoredTable, json: Json): void {
    const { table } = monitored;
    const members = new Members(json, `table ${table.name}`);
    const where = this.method === 'update' ? undefined : members.takeOptional('where', 'array');
    const names = members.takeOptional('columns', 'array');
    const selectJson = members.takeOptional('select', 'object');
    members.finish();
    const select = readSelect(table, selectJson);
    for (const type of select) monitored.select.add(type);
    const columns = names?.map((name) => readColumn(table, name, names)) ?? table.columns.slice(1);
    for (const column of columns) {
      if (monitored.columns.some((other) => other.column === column)) {
        throw syntaxError(names, `column ${column.name} mentioned more than once`);
      }
      monitored.columns.push({ column, select });
      monitored.compared.add(column);
    }
    if (where !== undefined) this.#setWhere(monitored, parseClauses(table, where));
  }

  #setWhere(monitored: MonitoredTable, where: readonly Clause[]): void {
    monitored.where = where;
    for (const clause of where) {
      const column = typeof clause === 'boolean' ? monitored.table.columns[0]! : clause.column;
      monitored.compared.add(column);
    }
  }

  #rowUpdate(
    monitored: MonitoredTable,
    old: StoredRow | undefined,
    row: StoredRow | undefined,
    isInitial: boolean,
  ): JsonObject | undefined {
    const before = old !== undefined && matchesAny(monitored.where, old) ? old : undefined;
    const after = row !== undefined && matchesAny(monitored.where, row) ? row : undefined;
    if (before === undefined && after === undefined) return undefined;
    const type = isInitial
      ? 'initial'
      : before === undefined
        ? 'insert'
        : after === undefined
          ? 'delete'
          : 'modify';
    if (this.method !== 'update') return selected(monitored, type, before, after);
    return monitored.select.has(type) ? rowUpdate(monitored, type, before, after) : undefined;
  }
}

/** Puts `<row-update>`s where they belong; tables without any are left out. */
class UpdatesBuilder {
  json: Record<string, Record<string, Json>> | undefined;

  add(table: Table, uuid: string, update: JsonObject | undefined): void {
    if (update === undefined) return;
    this.json ??= {};
    this.json[table.name] ??= {};
    this.json[table.name]![uuid] = update;
  }
}

/** `<row-update>` (RFC 7047, 4.1.6). */
function rowUpdate(
  monitored: MonitoredTable,
  type: ChangeType,
  old: StoredRow | undefined,
  row: StoredRow | undefined,
): JsonObject | undefined {
  if (type === 'modify' && !isChanged(monitored, old!, row!)) return undefined;
  const columns = columnsFor(monitored, type);
  if (old === undefined) return { new: toJson(columns, row!) };
  if (row === undefined) return { old: toJson(columns, old) };
  const changed = columns.filter(({ index }) => !equalData(old[index]!, row[index]!));
  return { old: toJson(changed, old), new: toJson(columns, row) };
}

/** `<row-update2>` (ovsdb-server(7), 4.1.14), if this type of change is asked for. */
function selected(
  monitored: MonitoredTable,
  type: ChangeType,
  old: StoredRow | undefined,
  row: StoredRow | undefined,
): JsonObject | undefined {
  if (!monitored.select.has(type)) return undefined;
  if (type === 'delete') return { delete: null };
  const columns = columnsFor(monitored, type);
  if (type !== 'modify') {
    return {
      [type]: toJson(
        columns.filter((column) => !isDefault(column.type, row![column.index]!)),
        row!,
      ),
    };
  }
  if (!isChanged(monitored, old!, row!)) return undefined;
  const changed = columns.filter(({ index }) => !equalData(old![index]!, row![index]!));
  const differences = changed.map(({ name, type, index }) => {
    return [name, datumToJson(type, difference(type, old![index]!, row![index]!))];
  });
  return { modify: Object.fromEntries(differences) };
}

function isChanged({ compared }: MonitoredTable, old: StoredRow, row: StoredRow): boolean {
  for (const { index } of compared) if (!equalData(old[index]!, row[index]!)) return true;
  return false;
}

function columnsFor({ columns }: MonitoredTable, type: ChangeType): readonly StoredColumn[] {
  return columns.filter(({ select }) => select.has(type)).map(({ column }) => column);
}

function toJson(columns: readonly StoredColumn[], row: StoredRow): JsonObject {
  return Object.fromEntries(columns.map(({ name, type, index }) => [name, datumToJson(type, row[index]!)]));
}

const CHANGE_TYPES: readonly ChangeType[] = ['initial', 'insert', 'delete', 'modify'];

function readSelect(table: Table, json: JsonObject | undefined): ReadonlySet<ChangeType> {
  if (json === undefined) return new Set(CHANGE_TYPES);
  const members = new Members(json, `table ${table.name} select`);
  const select = CHANGE_TYPES.filter((type) => members.takeOptional(type, 'boolean') ?? true);
  members.finish();
  return new Set(select);
}

function readColumn(table: Table, name: Json, syntax: Json): StoredColumn {
  if (typeof name !== 'string') throw syntaxError(syntax, 'array of column names expected');
  const column = table.find(name);
  if (column === undefined) throw syntaxError(syntax, `${name} is not a valid column name`);
  return column;
}
