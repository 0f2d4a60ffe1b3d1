import { UsageError } from '../../util/errors.ts';
import {
  type ColumnSchema,
  type ColumnType,
  type DatabaseSchema,
  describe,
  describeType,
  type TableSchema,
} from './schema.ts';

/**
 * The schema to work with when our types were made from `ours` and the server has `theirs`: the server's own,
 * because only it knows its constraints. A column whose values would not be what our types say is kept, but
 * refused by `columnOf`. Tables and columns that only one side knows are no obstacle to using the others.
 * @throws UsageError `OVSDB_SCHEMA_MISMATCH` when they are different databases.
 */
export function reconcileSchema(ours: DatabaseSchema, theirs: DatabaseSchema): DatabaseSchema {
  if (ours.name !== theirs.name) {
    throw new UsageError(
      'OVSDB_SCHEMA_MISMATCH',
      `expected the schema of ${ours.name}, the server's is of ${theirs.name}`,
    );
  }
  const tables = [...theirs.tables].map(([name, table]): [string, TableSchema] => {
    const expected = ours.tables.get(name);
    return [name, expected === undefined ? table : reconcileTable(ours, expected, table)];
  });
  return { ...theirs, tables: new Map(tables) };
}

function reconcileTable(schema: DatabaseSchema, ours: TableSchema, theirs: TableSchema): TableSchema {
  const columns = [...theirs.columns].map(([name, column]): [string, ColumnSchema] => {
    const expected = ours.columns.get(name);
    if (expected === undefined || haveSameValues(expected.type, column.type)) return [name, column];
    const conflict = `${describeType(column.type)} at the server, ${describeType(expected.type)} in ${describe(schema)}`;
    return [name, { ...column, conflict }];
  });
  return { ...theirs, columns: new Map(columns) };
}

function haveSameValues(a: ColumnType, b: ColumnType): boolean {
  return (
    a.kind === b.kind &&
    a.key.type === b.key.type &&
    a.key.refTable === b.key.refTable &&
    a.value?.type === b.value?.type &&
    a.value?.refTable === b.value?.refTable
  );
}
