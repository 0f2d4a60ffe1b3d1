import { UsageError } from '../../util/errors.ts';
import { suggest } from '../../util/suggest.ts';
import type { Atom } from './row-types.ts';
import type { AtomicType, SchemaJson } from './schema-json.ts';

/** A database schema that has been checked, with the type of its JSON as the source of all row types. */
export interface DatabaseSchema<S extends SchemaJson = SchemaJson> {
  readonly name: string;
  /** `x.y.z`, or `undefined` from a server that does not say. */
  readonly version: string | undefined;
  readonly tables: ReadonlyMap<string, TableSchema>;
  /** The `<database-schema>` itself, as `ovsdb-tool create` and `convert` take it. */
  readonly json: S;
}

/** One table of a {@link DatabaseSchema}. */
export interface TableSchema {
  readonly name: string;
  readonly columns: ReadonlyMap<string, ColumnSchema>;
  /** The most rows at commit, or `Infinity`. */
  readonly maxRows: number;
  /** False for a table whose rows vanish when nothing refers to them. */
  readonly isRoot: boolean;
  /** Sets of columns whose values no two rows share. */
  readonly indexes: readonly (readonly string[])[];
}

/** One column of a {@link TableSchema}. */
export interface ColumnSchema {
  readonly table: string;
  readonly name: string;
  readonly type: ColumnType;
  /** False for a column that is only written when its row is inserted. */
  readonly mutable: boolean;
  /** True for a column whose values are not kept when the server restarts. */
  readonly ephemeral: boolean;
  /** Why the server's column is not the one that our types describe, so that it cannot be used. */
  readonly conflict?: string;
}

/** `<type>` (RFC 7047, 3.2). */
export interface ColumnType {
  /** What values are: one atom, an atom or `undefined`, an array, a Map. */
  readonly kind: 'scalar' | 'optional' | 'set' | 'map';
  readonly key: BaseType;
  /** Only of a map. */
  readonly value?: BaseType;
  /** The fewest elements: 0 or 1. */
  readonly min: number;
  /** The most elements, or `Infinity`. */
  readonly max: number;
}

/** `<base-type>` (RFC 7047, 3.2). */
export interface BaseType {
  readonly type: AtomicType;
  readonly enum?: readonly Atom[];
  /** The least and the greatest number of an integer or a real, the fewest and the most characters of a string. */
  readonly min?: number;
  readonly max?: number;
  readonly refTable?: string;
  readonly refType?: 'strong' | 'weak';
}

/**
 * Finds a table.
 * @throws UsageError `OVSDB_UNKNOWN_TABLE`, with a suggestion.
 */
export function tableOf(schema: DatabaseSchema, name: string): TableSchema {
  const table = schema.tables.get(name);
  if (table !== undefined) return table;
  const message = `${describe(schema)} has no table '${name}'${didYouMean(name, schema.tables.keys())}`;
  throw new UsageError('OVSDB_UNKNOWN_TABLE', message);
}

/**
 * Finds a column; every table also has `_uuid` and `_version` (RFC 7047, 3.2).
 * @throws UsageError `OVSDB_UNKNOWN_COLUMN`, with a suggestion; `OVSDB_SCHEMA_MISMATCH` when the server's is another.
 */
export function columnOf(table: TableSchema, name: string): ColumnSchema {
  const column = table.columns.get(name);
  if (column?.conflict !== undefined) {
    throw new UsageError('OVSDB_SCHEMA_MISMATCH', `${table.name}.${name} is ${column.conflict}`);
  }
  if (column !== undefined) return column;
  if (name === '_uuid' || name === '_version') return implicitColumn(table.name, name);
  const message = `table '${table.name}' has no column '${name}'${didYouMean(name, table.columns.keys())}`;
  throw new UsageError('OVSDB_UNKNOWN_COLUMN', message);
}

/** `; did you mean 'this'?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = suggest(word, candidates);
  return near === undefined ? '' : `; did you mean '${near}'?`;
}

/** Names a schema in an error message: `Open_vSwitch 8.3.1`. */
export function describe(schema: DatabaseSchema): string {
  return schema.version === undefined ? schema.name : `${schema.name} ${schema.version}`;
}

/** Names a type in an error message: `an optional integer`, `a map from string to uuid`. */
export function describeType(type: ColumnType): string {
  const { key, value } = type;
  switch (type.kind) {
    case 'scalar':
      return `one ${key.type}`;
    case 'optional':
      return `an optional ${key.type}`;
    case 'set':
      return `a set of ${key.type}`;
    case 'map':
      return `a map from ${key.type} to ${value!.type}`;
  }
}

function implicitColumn(table: string, name: '_uuid' | '_version'): ColumnSchema {
  const key: BaseType = name === '_uuid' ? { type: 'uuid', refTable: table } : { type: 'uuid' };
  return { table, name, type: { kind: 'scalar', key, min: 1, max: 1 }, mutable: false, ephemeral: false };
}
