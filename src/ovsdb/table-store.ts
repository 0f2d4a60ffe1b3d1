import type { Atom, UntypedRow, Value } from './row-types.ts';
import type { ColumnSchema, TableSchema } from './schema.ts';
import type { Uuid } from './uuid.ts';
import { equalValues } from './value.ts';

/**
 * The rows of one replicated table, with an index for each column that the schema says is unique by itself.
 * Rows are never changed, only replaced.
 */
export class TableStore {
  readonly name: string;
  readonly rows = new Map<Uuid, UntypedRow>();
  readonly #indexes = new Map<string, Map<Value, UntypedRow>>();
  #columns: readonly ColumnSchema[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get columns(): readonly ColumnSchema[] {
    return this.#columns;
  }

  /** Sets the columns that rows have from now on; the rows at hand stay as they are. */
  setColumns(table: TableSchema, columns: readonly ColumnSchema[]): void {
    this.#columns = columns;
    this.#indexes.clear();
    for (const [name, ...others] of table.indexes) {
      const kind = columns.find((column) => column.name === name)?.type.kind;
      if (name === undefined || others.length > 0 || (kind !== 'scalar' && kind !== 'optional')) continue;
      this.#indexes.set(name, new Map([...this.rows.values()].map((row) => [row[name], row])));
    }
  }

  /** Puts a row in place of the one with its `_uuid`, if there is one. */
  put(row: UntypedRow): void {
    this.#unindex(this.rows.get(row._uuid));
    this.rows.set(row._uuid, row);
    for (const [column, index] of this.#indexes) index.set(row[column], row);
  }

  delete(uuid: Uuid): void {
    this.#unindex(this.rows.get(uuid));
    this.rows.delete(uuid);
  }

  /** The first row that holds the given values. */
  find(wanted: Readonly<Record<string, unknown>>): UntypedRow | undefined {
    const columns = Object.keys(wanted);
    const holds = (row: UntypedRow) => columns.every((name) => equalValues(row[name], wanted[name] as Value));
    for (const name of columns) {
      const index = this.#indexes.get(name);
      if (index === undefined) continue;
      const row = index.get(wanted[name] as Atom);
      return row !== undefined && holds(row) ? row : undefined;
    }
    for (const row of this.rows.values()) {
      if (holds(row)) return row;
    }
    return undefined;
  }

  /** Within one transaction another row may have taken the value over already: its entry stays. */
  #unindex(row: UntypedRow | undefined): void {
    if (row === undefined) return;
    for (const [column, index] of this.#indexes) {
      if (index.get(row[column]) === row) index.delete(row[column]);
    }
  }
}
