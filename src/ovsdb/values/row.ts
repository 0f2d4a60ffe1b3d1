import type { Json, JsonObject } from '../rpc/json.ts';
import type { UntypedRow, Value } from '../schema/row-types.ts';
import { type ColumnSchema, columnOf, type TableSchema } from '../schema/schema.ts';
import type { EncodeNewRow } from './atom.ts';
import type { Uuid } from './uuid.ts';
import { applyDifference, decodeValue, defaultValue, encodeValue, equalValues } from './value.ts';

/**
 * Writes `<row>` (RFC 7047, 5.1). Keys with the value `undefined` are those of optional columns to be emptied.
 * @throws UsageError `OVSDB_UNKNOWN_COLUMN`, `OVSDB_BAD_VALUE`.
 */
export function encodeRow(
  table: TableSchema,
  row: Readonly<Record<string, unknown>>,
  encodeNewRow: EncodeNewRow,
): JsonObject {
  const json: Record<string, Json> = {};
  for (const name of Object.keys(row)) {
    json[name] = encodeValue(columnOf(table, name), row[name], encodeNewRow);
  }
  return json;
}

/**
 * Reads `<row>` (RFC 7047, 5.1): the given columns, with the default of each that the server left out.
 * @throws WireError `OVSDB_BAD_NOTATION`.
 */
export function decodeRow(columns: readonly ColumnSchema[], uuid: Uuid, json: JsonObject): UntypedRow {
  const row: Record<string, Value> = { _uuid: uuid };
  for (const column of columns) {
    const { name } = column;
    row[name] = Object.hasOwn(json, name) ? decodeValue(column, json[name]!) : defaultValue(column);
  }
  return row as UntypedRow;
}

/**
 * A new row that is `old` with the differences of an `update2` (ovsdb-server(7), 4.1.14).
 * @throws WireError `OVSDB_BAD_NOTATION`.
 */
export function applyRowDifference(
  columns: readonly ColumnSchema[],
  old: UntypedRow,
  json: JsonObject,
): UntypedRow {
  const row: Record<string, Value> = { ...old };
  for (const column of columns) {
    const { name } = column;
    if (Object.hasOwn(json, name)) row[name] = applyDifference(column, old[name], json[name]!);
  }
  return row as UntypedRow;
}

/** True when two rows hold the same values in the given columns. */
export function equalRows(columns: readonly ColumnSchema[], a: UntypedRow, b: UntypedRow): boolean {
  return columns.every(({ name }) => equalValues(a[name], b[name]));
}
