import type { UntypedRow, Value } from '../schema/row-types.ts';
import type { ColumnSchema, TableSchema } from '../schema/schema.ts';
import type { Uuid } from '../values/uuid.ts';
import { equalValues } from '../values/value.ts';

/** Something that is kept up to date with the rows of a {@link TableStore}. */
export interface RowObserver {
  added(row: UntypedRow): void;
  removed(row: UntypedRow): void;
}

/**
 * The rows of one replicated table, with an index for each set of columns that the schema says is unique.
 * Rows are never changed, only replaced.
 */
export class TableStore {
  readonly name: string;
  readonly rows = new Map<Uuid, UntypedRow>();
  readonly observers = new Set<RowObserver>();
  /** True until the first rows have come, or there are known to be none. */
  isNew = true;
  #indexes: readonly UniqueIndex[] = [];
  #columns: readonly ColumnSchema[] = [];
  #names: ReadonlySet<string> = new Set();

  constructor(name: string) {
    this.name = name;
  }

  get columns(): readonly ColumnSchema[] {
    return this.#columns;
  }

  hasColumn(name: string): boolean {
    return this.#names.has(name);
  }

  /** Sets the columns that rows have from now on; the rows at hand stay as they are. */
  setColumns(table: TableSchema, columns: readonly ColumnSchema[]): void {
    this.#columns = columns;
    this.#names = new Set(columns.map(({ name }) => name));
    const kinds = new Map(columns.map((column) => [column.name, column.type.kind]));
    const isIndexable = (name: string) => kinds.get(name) === 'scalar' || kinds.get(name) === 'optional';
    this.#indexes = table.indexes
      .filter((names) => names.every(isIndexable))
      .map((names) => ({ names, rows: new Map() }));
    for (const row of this.rows.values()) this.#index(row);
  }

  /** Takes the first rows. */
  load(rows: readonly (UntypedRow | undefined)[]): void {
    for (const row of rows) {
      if (row === undefined) continue;
      this.rows.set(row._uuid, row);
      this.#index(row);
    }
  }

  /** Puts a row in place of the one with its `_uuid`, if there is one. */
  put(row: UntypedRow, old: UntypedRow | undefined): void {
    this.#remove(old);
    this.rows.set(row._uuid, row);
    this.#index(row);
    for (const observer of this.observers) observer.added(row);
  }

  delete(uuid: Uuid): void {
    this.#remove(this.rows.get(uuid));
    this.rows.delete(uuid);
  }

  /** The first row that holds the given values. */
  find(wanted: Readonly<Record<string, unknown>>): UntypedRow | undefined {
    const columns = Object.keys(wanted);
    const holds = (row: UntypedRow) => columns.every((name) => equalValues(row[name], wanted[name] as Value));
    const candidates = this.#candidates(wanted);
    for (const row of candidates) {
      if (holds(row)) return row;
    }
    return undefined;
  }

  #candidates(wanted: Readonly<Record<string, unknown>>): Iterable<UntypedRow> {
    const uuid = wanted._uuid;
    if (uuid !== undefined) return oneOrNone(this.rows.get(uuid as Uuid));
    const index = this.#indexes.find(({ names }) => names.every((name) => Object.hasOwn(wanted, name)));
    return index === undefined ? this.rows.values() : oneOrNone(index.rows.get(keyOf(index.names, wanted)));
  }

  #index(row: UntypedRow): void {
    for (const { names, rows } of this.#indexes) rows.set(keyOf(names, row), row);
  }

  /** Within one transaction another row may have taken the values over already: its entry stays. */
  #remove(row: UntypedRow | undefined): void {
    if (row === undefined) return;
    for (const { names, rows } of this.#indexes) {
      const key = keyOf(names, row);
      if (rows.get(key) === row) rows.delete(key);
    }
    for (const observer of this.observers) observer.removed(row);
  }
}

interface UniqueIndex {
  readonly names: readonly string[];
  readonly rows: Map<unknown, UntypedRow>;
}

/** One value is its own key; several are told apart by their JSON. */
function keyOf(names: readonly string[], values: Readonly<Record<string, unknown>>): unknown {
  if (names.length === 1) return values[names[0]!];
  return JSON.stringify(names.map((name) => values[name] ?? null));
}

function oneOrNone(row: UntypedRow | undefined): readonly UntypedRow[] {
  return row === undefined ? [] : [row];
}
