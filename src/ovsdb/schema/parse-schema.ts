import { WireError } from '../../util/errors.ts';
import { isJsonObject, show } from '../rpc/json.ts';
import type { Atom } from './row-types.ts';
import {
  type BaseType,
  type ColumnSchema,
  type ColumnType,
  type DatabaseSchema,
  didYouMean,
  type TableSchema,
} from './schema.ts';
import type { AtomicType, SchemaJson } from './schema-json.ts';

/**
 * Makes a typed schema of a literal `<database-schema>`: the types of all rows follow from it. Write it by
 * hand for a database of your own, or let `generateSchema` write it from a schema file.
 * @throws WireError `OVSDB_BAD_SCHEMA`.
 */
export function defineSchema<const S extends SchemaJson>(json: S): DatabaseSchema<S> {
  return { ...parseSchema(json), json };
}

/**
 * Checks a `<database-schema>` (RFC 7047, 3.2) that came from a server or a file. Members that the
 * specification does not name are let through.
 * @throws WireError `OVSDB_BAD_SCHEMA` naming the table and the column.
 */
export function parseSchema(json: unknown): DatabaseSchema {
  const schema = objectAt('the schema', json);
  const name = idAt('the name of the schema', schema.name);
  const version = schema.version;
  if (version !== undefined && (typeof version !== 'string' || !/^\d+\.\d+\.\d+$/.test(version))) {
    throw bad(`schema ${name}`, 'a version like 1.2.3', version);
  }
  const tables = new Map<string, TableSchema>();
  for (const [table, value] of Object.entries(objectAt(`the tables of ${name}`, schema.tables))) {
    tables.set(idAt(`a table of ${name}`, table), parseTable(table, value));
  }
  for (const table of tables.values()) checkReferences(table, tables);
  return { name, version, tables, json: json as SchemaJson };
}

function parseTable(name: string, json: unknown): TableSchema {
  const table = objectAt(`table ${name}`, json);
  const columns = new Map<string, ColumnSchema>();
  for (const [column, value] of Object.entries(objectAt(`the columns of ${name}`, table.columns))) {
    if (column.startsWith('_'))
      throw bad(`a column of ${name}`, "a name that does not begin with '_'", column);
    columns.set(idAt(`a column of ${name}`, column), parseColumn(name, column, value));
  }
  const maxRows = table.maxRows ?? Number.POSITIVE_INFINITY;
  if (typeof maxRows !== 'number' || !(maxRows >= 1)) throw bad(`maxRows of ${name}`, '1 or more', maxRows);
  return {
    name,
    columns,
    maxRows,
    isRoot: booleanAt(`isRoot of ${name}`, table.isRoot, false),
    indexes: parseIndexes(name, table.indexes, columns),
  };
}

function parseIndexes(
  table: string,
  json: unknown,
  columns: ReadonlyMap<string, ColumnSchema>,
): readonly (readonly string[])[] {
  if (json === undefined) return [];
  const where = `indexes of ${table}`;
  if (!Array.isArray(json)) throw bad(where, 'an array', json);
  for (const index of json) {
    if (!Array.isArray(index) || index.length === 0) throw bad(where, 'arrays of columns', index);
    for (const column of index) {
      if (!columns.has(column)) {
        throw bad(where, `a column of ${table}`, column, didYouMean(String(column), columns.keys()));
      }
    }
  }
  return json;
}

function parseColumn(table: string, name: string, json: unknown): ColumnSchema {
  const where = `${table}.${name}`;
  const column = objectAt(where, json);
  return {
    table,
    name,
    type: parseType(where, column.type),
    mutable: booleanAt(`mutable of ${where}`, column.mutable, true),
    ephemeral: booleanAt(`ephemeral of ${where}`, column.ephemeral, false),
  };
}

function parseType(where: string, json: unknown): ColumnType {
  if (typeof json === 'string') return { kind: 'scalar', key: parseBase(where, json), min: 1, max: 1 };
  const type = objectAt(`the type of ${where}`, json);
  const key = parseBase(where, type.key);
  const min = type.min ?? 1;
  if (min !== 0 && min !== 1) throw bad(where, 'min 0 or 1', min);
  const max = type.max === 'unlimited' ? Number.POSITIVE_INFINITY : (type.max ?? 1);
  if (typeof max !== 'number' || !(max >= 1)) throw bad(where, "max 1 or more, or 'unlimited'", max);
  if (type.value !== undefined) return { kind: 'map', key, value: parseBase(where, type.value), min, max };
  const kind = max > 1 ? 'set' : min === 0 ? 'optional' : 'scalar';
  return { kind, key, min, max };
}

function parseBase(where: string, json: unknown): BaseType {
  if (typeof json === 'string') return { type: atomicTypeAt(where, json) };
  const base = objectAt(`the type of ${where}`, json);
  const type = atomicTypeAt(where, base.type);
  const min = numberAt(where, base[MIN_NAME[type]]);
  const max = numberAt(where, base[MAX_NAME[type]]);
  const { refTable, refType } = base;
  if (refTable !== undefined && typeof refTable !== 'string')
    throw bad(where, 'refTable as a string', refTable);
  if (refType !== undefined && refType !== 'strong' && refType !== 'weak') {
    throw bad(where, "refType 'strong' or 'weak'", refType);
  }
  return {
    type,
    ...(base.enum !== undefined && { enum: parseEnum(where, type, base.enum) }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(refTable !== undefined && { refTable, refType: refType ?? 'strong' }),
  };
}

function parseEnum(where: string, type: AtomicType, json: unknown): readonly Atom[] {
  const values = Array.isArray(json) && json[0] === 'set' ? json[1] : [json];
  const expected =
    type === 'integer' || type === 'real' ? 'number' : type === 'boolean' ? 'boolean' : 'string';
  if (!Array.isArray(values) || values.length === 0) throw bad(`the enum of ${where}`, 'values', json);
  for (const value of values) {
    if (typeof value !== expected) throw bad(`the enum of ${where}`, `values of type ${type}`, value);
  }
  return values;
}

/** RFC 7047 spells the same bound in three ways. A boolean or a uuid has none. */
const MIN_NAME: Readonly<Record<AtomicType, string>> = {
  integer: 'minInteger',
  real: 'minReal',
  string: 'minLength',
  boolean: '',
  uuid: '',
};
const MAX_NAME: Readonly<Record<AtomicType, string>> = {
  integer: 'maxInteger',
  real: 'maxReal',
  string: 'maxLength',
  boolean: '',
  uuid: '',
};

function checkReferences(table: TableSchema, tables: ReadonlyMap<string, TableSchema>): void {
  for (const { name, type } of table.columns.values()) {
    for (const base of [type.key, type.value]) {
      if (base?.refTable === undefined || tables.has(base.refTable)) continue;
      const hint = didYouMean(base.refTable, tables.keys());
      throw bad(`${table.name}.${name}`, 'refTable to name a table', base.refTable, hint);
    }
  }
}

function atomicTypeAt(where: string, json: unknown): AtomicType {
  if (typeof json === 'string' && Object.hasOwn(MIN_NAME, json)) return json as AtomicType;
  const hint = didYouMean(String(json), Object.keys(MIN_NAME));
  throw bad(where, 'integer, real, boolean, string or uuid', json, hint);
}

function objectAt(where: string, json: unknown): Readonly<Record<string, unknown>> {
  if (!isJsonObject(json)) throw bad(where, 'an object', json);
  return json;
}

function idAt(where: string, json: unknown): string {
  if (typeof json !== 'string' || !/^[A-Za-z_]\w*$/.test(json)) throw bad(where, 'an identifier', json);
  return json;
}

function booleanAt(where: string, json: unknown, fallback: boolean): boolean {
  if (json === undefined) return fallback;
  if (typeof json !== 'boolean') throw bad(where, 'true or false', json);
  return json;
}

function numberAt(where: string, json: unknown): number | undefined {
  if (json !== undefined && typeof json !== 'number') throw bad(where, 'a number as bound', json);
  return json;
}

function bad(where: string, expected: string, got: unknown, hint = ''): WireError {
  return new WireError('OVSDB_BAD_SCHEMA', `${where}: expected ${expected}, got ${show(got)}${hint}`);
}
