import type { Json } from '../rpc/json.ts';
import type { Atom } from '../schema/row-types.ts';
import type { BaseType, ColumnType, DatabaseSchema, TableSchema } from '../schema/schema.ts';
import { type Datum, datumToJson, defaultDatum } from './datum.ts';
import { unknownColumn } from './failure.ts';

/** A row as the test server keeps it: the data of its columns, in the table's order. It is never changed. */
export type StoredRow = readonly Datum[];

/** A column of a {@link Table}. */
export interface StoredColumn {
  readonly name: string;
  /** Its place in each row. */
  readonly index: number;
  readonly type: ColumnType;
  readonly mutable: boolean;
  readonly ephemeral: boolean;
}

/** A table of the test server, with its rows. */
export class Table {
  readonly name: string;
  readonly schema: TableSchema;
  readonly isRoot: boolean;
  /** `_uuid`, `_version`, then those of the schema. */
  readonly columns: readonly StoredColumn[];
  /** The columns that hold references; of a map both key and value may be some. */
  readonly strongColumns: readonly StoredColumn[];
  readonly weakColumns: readonly StoredColumn[];
  readonly indexes: readonly (readonly StoredColumn[])[];
  readonly rows = new Map<string, StoredRow>();
  /** How many strong references there are to a row, from others; a row without any is left out. */
  readonly references = new Map<string, number>();
  /** Of each index, which row has the values whose {@link indexKey} it is. */
  readonly indexed: readonly Map<string, string>[];
  readonly #byName: ReadonlyMap<string, StoredColumn>;

  constructor(schema: TableSchema, isRoot: boolean) {
    this.name = schema.name;
    this.schema = schema;
    this.isRoot = isRoot;
    const declared = [...schema.columns.values()].map(({ name, type, mutable, ephemeral }, i) => {
      return { name, index: STANDARD_COLUMNS.length + i, type, mutable, ephemeral };
    });
    this.columns = [...STANDARD_COLUMNS, ...declared];
    this.#byName = new Map(this.columns.map((column) => [column.name, column]));
    this.strongColumns = declared.filter(({ type }) => basesOf(type).some(isStrong));
    this.weakColumns = declared.filter(({ type }) => basesOf(type).some(isWeak));
    this.indexes = schema.indexes.map((names) => names.map((name) => this.#byName.get(name)!));
    this.indexed = this.indexes.map(() => new Map());
  }

  find(column: string): StoredColumn | undefined {
    return this.#byName.get(column);
  }

  /** @throws Failure `unknown column`; `syntax` is where it was named. */
  column(name: string, syntax: Json): StoredColumn {
    const column = this.#byName.get(name);
    if (column === undefined) throw unknownColumn(syntax, name, this.name);
    return column;
  }

  /** A row with all columns at their defaults, to be changed by whoever asks. */
  defaultRow(): Datum[] {
    return this.columns.map(({ type }) => defaultDatum(type));
  }
}

/** The tables of a schema. One that says of no table that it is a root means all of them (RFC 7047, 3.2). */
export function tablesOf(schema: DatabaseSchema): ReadonlyMap<string, Table> {
  const tables = [...schema.tables.values()];
  const isRooted = tables.some(({ isRoot }) => isRoot);
  return new Map(tables.map((table) => [table.name, new Table(table, table.isRoot || !isRooted)]));
}

/** The datum of one uuid. */
export function uuidDatum(uuid: string): Datum {
  return { keys: [uuid], values: undefined };
}

/** The `_uuid` of a row. */
export function uuidOf(row: StoredRow): string {
  return row[UUID_INDEX]!.keys[0] as string;
}

/** Writes `<row>` (RFC 7047, 5.1) with the given columns. */
export function rowToJson(columns: readonly StoredColumn[], row: StoredRow): { [column: string]: Json } {
  return Object.fromEntries(columns.map(({ name, index, type }) => [name, datumToJson(type, row[index]!)]));
}

/** A text that two rows share when they have the same values in the columns. */
export function indexKey(columns: readonly StoredColumn[], row: StoredRow): string {
  return JSON.stringify(columns.map(({ index }) => row[index]));
}

/** The atoms of a datum that may be references, with the type of each. */
export function* referencesIn(type: ColumnType, datum: Datum): Generator<readonly [BaseType, Atom], void> {
  if (type.key.refTable !== undefined) for (const key of datum.keys) yield [type.key, key];
  if (type.value?.refTable === undefined) return;
  for (const value of datum.values ?? []) yield [type.value, value];
}

export function isStrong(base: BaseType): boolean {
  return base.refTable !== undefined && base.refType === 'strong';
}

export function isWeak(base: BaseType): boolean {
  return base.refTable !== undefined && base.refType === 'weak';
}

/** Where `_uuid` is in each row. */
export const UUID_INDEX = 0;

/** Where `_version` is in each row. */
export const VERSION_INDEX = 1;

const STANDARD_COLUMNS: readonly StoredColumn[] = ['_uuid', '_version'].map((name, index) => {
  const type: ColumnType = { kind: 'scalar', key: { type: 'uuid' }, min: 1, max: 1 };
  return { name, index, type, mutable: false, ephemeral: name === '_version' };
});

function basesOf({ key, value }: ColumnType): readonly BaseType[] {
  return value === undefined ? [key] : [key, value];
}
