import { UsageError } from '../../util/errors.ts';
import { type Json, show } from '../rpc/json.ts';
import { type ColumnSchema, describeType } from '../schema/schema.ts';
import { badValue, type EncodeNewRow } from '../values/atom.ts';
import { encodeMap } from '../values/map.ts';
import { encodeSet } from '../values/set.ts';

/**
 * Writes `<mutation>` (RFC 7047, 5.1).
 * @throws UsageError `OVSDB_BAD_MUTATOR` when the column's type does not have it, `OVSDB_BAD_VALUE`.
 */
export function encodeMutation(
  column: ColumnSchema,
  mutator: string,
  value: unknown,
  encodeNewRow: EncodeNewRow,
): Json {
  requireMutable(column);
  if (ARITHMETIC.has(mutator)) return [column.name, mutator, encodeNumber(column, mutator, value)];
  if (mutator !== 'insert' && mutator !== 'delete') throw badMutator(column, mutator);
  switch (column.type.kind) {
    case 'scalar':
      throw badMutator(column, mutator);
    case 'map': {
      const isKeys = mutator === 'delete' && Array.isArray(value);
      const encode = isKeys ? encodeSet : encodeMap;
      return [column.name, mutator, encode(column, value, encodeNewRow)];
    }
    default:
      return [column.name, mutator, encodeSet(column, value, encodeNewRow)];
  }
}

/**
 * Refuses to write to a column that is fixed once its row has been inserted.
 * @throws UsageError `OVSDB_IMMUTABLE_COLUMN`.
 */
export function requireMutable(column: ColumnSchema): void {
  if (column.mutable) return;
  const message = `${column.table}.${column.name} cannot be changed once its row has been inserted`;
  throw new UsageError('OVSDB_IMMUTABLE_COLUMN', message);
}

const ARITHMETIC: ReadonlySet<string> = new Set(['+=', '-=', '*=', '/=', '%=']);

/** The column's bounds are for the result, which only the server knows. */
function encodeNumber(column: ColumnSchema, mutator: string, value: unknown): number {
  const { kind, key } = column.type;
  const isNumeric = key.type === 'integer' || (key.type === 'real' && mutator !== '%=');
  if (kind === 'map' || !isNumeric) throw badMutator(column, mutator);
  const isFitting = key.type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (!isFitting) throw badValue(column, key.type === 'integer' ? 'an integer' : 'a number', value);
  return value as number;
}

function badMutator(column: ColumnSchema, mutator: string): UsageError {
  const type = describeType(column.type);
  const message = `${column.table}.${column.name} is ${type}, which has no mutator ${show(mutator)}`;
  return new UsageError('OVSDB_BAD_MUTATOR', message);
}
