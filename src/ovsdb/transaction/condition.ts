import { UsageError } from '../../util/errors.ts';
import { type Json, show } from '../rpc/json.ts';
import type { Condition, Row, TableName, UntypedRow } from '../schema/row-types.ts';
import { type ColumnSchema, columnOf, didYouMean, type TableSchema } from '../schema/schema.ts';
import type { SchemaJson } from '../schema/schema-json.ts';
import { badValue, type EncodeNewRow } from '../values/atom.ts';
import { encodeMap } from '../values/map.ts';
import { encodeSet } from '../values/set.ts';
import { encodeUuid, type Ref } from '../values/uuid.ts';
import { encodeValue } from '../values/value.ts';
import { NewRow } from './outcome.ts';

/**
 * Which rows an operation is for: the one with a `_uuid`, the one given (as a replica has it, or new in the same
 * transaction), or those for which all conditions hold. An empty array is every row of the table.
 */
export type Where<S extends SchemaJson, T extends TableName<S>> =
  string extends TableName<S>
    ? AnyWhere
    : Ref<T> | NewRow<T> | { readonly _uuid: Ref<T> } | readonly Condition<Row<S, T>>[];

/** {@link Where}, of a schema only known at run time. */
export type AnyWhere =
  | string
  | NewRow<string>
  | { readonly _uuid: string }
  | readonly Condition<UntypedRow>[];

/**
 * Writes the `where` of an operation (RFC 7047, 5.2).
 * @throws UsageError `OVSDB_BAD_CONDITION`, `OVSDB_BAD_VALUE`, `OVSDB_UNKNOWN_COLUMN`.
 */
export function encodeWhere(table: TableSchema, where: AnyWhere, encodeNewRow: EncodeNewRow): Json {
  if (Array.isArray(where)) return where.map((condition) => encodeCondition(table, condition, encodeNewRow));
  const isRow = typeof where === 'object' && where !== null && '_uuid' in where;
  const row = isRow ? where._uuid : where;
  const column = columnOf(table, '_uuid');
  if (typeof row !== 'string' && !(row instanceof NewRow)) {
    throw badValue(column, 'a uuid, a row or an array of conditions', where);
  }
  return [['_uuid', '==', encodeValue(column, row, encodeNewRow)]];
}

/**
 * Which rows a monitor is for (ovsdb-server(7), 4.1.12): those for which any of the conditions holds, unlike in
 * {@link Where}. `false` is no row, `true` or an empty array every one.
 */
export type MonitorWhere<S extends SchemaJson, T extends TableName<S>> = readonly (
  | boolean
  | Condition<Row<S, T>>
)[];

/**
 * Writes the `where` of a `<monitor-cond-request>` (ovsdb-server(7), 4.1.12).
 * @throws UsageError `OVSDB_BAD_CONDITION`, `OVSDB_BAD_VALUE`, `OVSDB_UNKNOWN_COLUMN`.
 */
export function encodeMonitorWhere(table: TableSchema, where: unknown): Json {
  if (!Array.isArray(where)) throw badCondition(table, 'an array of conditions', where);
  return where.map((condition) =>
    typeof condition === 'boolean' ? condition : encodeCondition(table, condition, encodeCommittedRow),
  );
}

/** Writes a reference to a row that an earlier transaction inserted. */
export const encodeCommittedRow: EncodeNewRow = (row) => encodeUuid(row.uuid);

const FUNCTIONS: ReadonlySet<unknown> = new Set(['==', '!=', '<', '<=', '>', '>=', 'includes', 'excludes']);

function encodeCondition(table: TableSchema, condition: unknown, encodeNewRow: EncodeNewRow): Json {
  if (!Array.isArray(condition) || condition.length !== 3 || typeof condition[0] !== 'string') {
    throw badCondition(table, '[column, function, value]', condition);
  }
  const [name, relation, value] = condition;
  const column = columnOf(table, name);
  if (!FUNCTIONS.has(relation)) {
    const hint = didYouMean(String(relation), ['includes', 'excludes']);
    throw badCondition(table, `one of ${[...FUNCTIONS].join(' ')}`, relation, hint);
  }
  return [name, relation, encodeOperand(column, value, encodeNewRow)];
}

/**
 * Writes a value to compare or to combine with a column: of the column's type, but with any number of elements.
 * @throws UsageError `OVSDB_BAD_VALUE`.
 */
function encodeOperand(column: ColumnSchema, value: unknown, encodeNewRow: EncodeNewRow): Json {
  switch (column.type.kind) {
    case 'set':
      return encodeSet(column, value, encodeNewRow);
    case 'map':
      return encodeMap(column, value, encodeNewRow);
    default:
      return encodeValue(column, value, encodeNewRow);
  }
}

function badCondition(table: TableSchema, expected: string, got: unknown, hint = ''): UsageError {
  const message = `condition on ${table.name}: expected ${expected}, got ${show(got)}${hint}`;
  return new UsageError('OVSDB_BAD_CONDITION', message);
}
