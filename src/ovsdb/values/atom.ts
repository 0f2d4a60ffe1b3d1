import { UsageError, WireError } from '../../util/errors.ts';
import { type Json, show } from '../rpc/json.ts';
import type { Atom } from '../schema/row-types.ts';
import { type BaseType, type ColumnSchema, didYouMean } from '../schema/schema.ts';
import { NewRow } from '../transaction/outcome.ts';
import { decodeUuid, encodeUuid, isUuid, ZERO_UUID } from './uuid.ts';

/** Writes a reference to a row of the transaction at hand, or to one that an earlier transaction inserted. */
export type EncodeNewRow = (row: NewRow<string>) => Json;

/**
 * Writes `<atom>` (RFC 7047, 5.1).
 * @throws UsageError `OVSDB_BAD_VALUE` when the type or its constraints do not allow it.
 */
export function encodeAtom(
  column: ColumnSchema,
  base: BaseType,
  value: unknown,
  encodeNewRow: EncodeNewRow,
): Json {
  if (base.type === 'uuid') return encodeReference(column, base, value, encodeNewRow);
  if (!isOfType(base, value) || !isWithin(base, value)) {
    const hint = typeof value === 'string' ? didYouMean(value, (base.enum ?? []).map(String)) : '';
    throw badValue(column, describeBase(base), value, hint);
  }
  return value;
}

/**
 * Reads `<atom>` (RFC 7047, 5.1). Constraints are the server's business. Integers beyond 2^53 come rounded, as
 * JSON has them in JavaScript.
 * @throws WireError `OVSDB_BAD_NOTATION`.
 */
export function decodeAtom(column: ColumnSchema, base: BaseType, json: Json): Atom {
  if (base.type === 'uuid') return decodeUuid(json);
  if (base.type === 'integer' ? !Number.isInteger(json) : typeof json !== JS_TYPE[base.type]) {
    throw badNotation(column, base.type, json);
  }
  return json as Atom;
}

/** The default of a column that holds exactly one atom (RFC 7047, 5.2.1). */
export function defaultAtom(base: BaseType): Atom {
  return DEFAULTS[base.type];
}

/** The caller gave a value that the column cannot take. */
export function badValue(column: ColumnSchema, expected: string, got: unknown, hint = ''): UsageError {
  const message = `${column.table}.${column.name}: expected ${expected}, got ${show(got)}${hint}`;
  return new UsageError('OVSDB_BAD_VALUE', message);
}

/** The peer sent something that is no value of the column. */
export function badNotation(column: ColumnSchema, expected: string, got: Json): WireError {
  const message = `${column.table}.${column.name}: expected ${expected}, got ${show(got)}`;
  return new WireError('OVSDB_BAD_NOTATION', message);
}

const JS_TYPE = { integer: 'number', real: 'number', boolean: 'boolean', string: 'string' } as const;

const DEFAULTS = {
  integer: 0,
  real: 0,
  boolean: false,
  string: '',
  uuid: ZERO_UUID,
} as const;

function encodeReference(
  column: ColumnSchema,
  base: BaseType,
  value: unknown,
  encodeNewRow: EncodeNewRow,
): Json {
  if (typeof value === 'string' && isUuid(value)) return encodeUuid(value);
  const isFitting = value instanceof NewRow && (base.refTable ?? value.table) === value.table;
  if (isFitting) return encodeNewRow(value);
  throw badValue(column, describeBase(base), value);
}

function isOfType(base: BaseType, value: unknown): value is Atom {
  switch (base.type) {
    case 'integer':
      return Number.isSafeInteger(value);
    case 'real':
      return Number.isFinite(value);
    case 'string':
      return typeof value === 'string' && isSendable(value);
    default:
      return typeof value === base.type;
  }
}

/** ovsdb-server drops the connection over a zero character or half a surrogate pair. */
function isSendable(text: string): boolean {
  // Node.js 20 has what the types of ES2023 do not.
  return (text as string & { isWellFormed(): boolean }).isWellFormed() && !text.includes('\0');
}

function isWithin(base: BaseType, value: Atom): boolean {
  if (base.enum !== undefined && !base.enum.includes(value)) return false;
  if (base.min === undefined && base.max === undefined) return true;
  const measure = typeof value === 'string' ? [...value].length : Number(value);
  return measure >= (base.min ?? -Infinity) && measure <= (base.max ?? Infinity);
}

function describeBase(base: BaseType): string {
  if (base.type === 'uuid') return `the uuid of a row${base.refTable ? ` of ${base.refTable}` : ''}`;
  if (base.enum !== undefined) return `one of ${base.enum.map(show).join(', ')}`;
  return `${NOUNS[base.type]}${describeBounds(base)}`;
}

const NOUNS = {
  integer: 'an integer',
  real: 'a number',
  boolean: 'true or false',
  string: 'a string',
} as const;

function describeBounds({ type, min, max }: BaseType): string {
  const unit = type === 'string' ? ' characters' : '';
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}${unit}`;
  if (min !== undefined) return ` of at least ${min}${unit}`;
  if (max !== undefined) return ` of at most ${max}${unit}`;
  return '';
}
