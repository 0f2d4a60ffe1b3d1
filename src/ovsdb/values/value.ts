import type { Json } from '../rpc/json.ts';
import type { Atom, Value } from '../schema/row-types.ts';
import type { ColumnSchema } from '../schema/schema.ts';
import { badNotation, badValue, decodeAtom, defaultAtom, type EncodeNewRow, encodeAtom } from './atom.ts';
import { applyMapDifference, decodeMap, encodeMap, equalMaps } from './map.ts';
import { applySetDifference, decodeSet, encodeSet, equalSets } from './set.ts';

/**
 * Writes `<value>` (RFC 7047, 5.1) for a column.
 * @throws UsageError `OVSDB_BAD_VALUE` when the column's type or its constraints do not allow it.
 */
export function encodeValue(column: ColumnSchema, value: unknown, encodeNewRow: EncodeNewRow): Json {
  const { kind, key } = column.type;
  switch (kind) {
    case 'scalar':
      return encodeAtom(column, key, value, encodeNewRow);
    case 'optional':
      return value === undefined ? ['set', []] : encodeAtom(column, key, value, encodeNewRow);
    case 'set':
      return checkCount(column, encodeSet(column, value, encodeNewRow), value);
    case 'map':
      return checkCount(column, encodeMap(column, value, encodeNewRow), value);
  }
}

/**
 * Reads `<value>` (RFC 7047, 5.1) of a column.
 * @throws WireError `OVSDB_BAD_NOTATION`.
 */
export function decodeValue(column: ColumnSchema, json: Json): Value {
  const { kind, key } = column.type;
  if (kind === 'map') return decodeMap(column, json);
  // All but uuids, and sets, which are arrays: nearly every value of such a column.
  if (kind !== 'set' && !Array.isArray(json)) return decodeAtom(column, key, json);
  const elements = decodeSet(column, json);
  if (kind === 'set') return elements;
  const isOne = elements.length === 1;
  if (!isOne && !(kind === 'optional' && elements.length === 0)) {
    throw badNotation(column, kind === 'scalar' ? 'one value' : 'one value or none', json);
  }
  return elements[0];
}

/** What a column holds when nobody has said otherwise (RFC 7047, 5.2.1). */
export function defaultValue(column: ColumnSchema): Value {
  const { kind, key, value, min } = column.type;
  switch (kind) {
    case 'scalar':
      return defaultAtom(key);
    case 'optional':
      return undefined;
    case 'set':
      return min === 0 ? [] : [defaultAtom(key)];
    case 'map':
      return min === 0 ? new Map() : new Map([[defaultAtom(key), defaultAtom(value!)]]);
  }
}

/**
 * Applies what an `update2` says of one column of a modified row (ovsdb-server(7), 4.1.14): a difference where
 * the column may hold more than one element, the new value elsewhere.
 * @throws WireError `OVSDB_BAD_NOTATION`.
 */
export function applyDifference(column: ColumnSchema, old: Value, json: Json): Value {
  const value = decodeValue(column, json);
  if (column.type.max === 1) return value;
  if (column.type.kind === 'set') return applySetDifference(old as readonly Atom[], value as readonly Atom[]);
  return applyMapDifference(old as ReadonlyMap<Atom, Atom>, value as ReadonlyMap<Atom, Atom>);
}

/** True when two values of one column are the same to OVSDB. */
export function equalValues(a: Value, b: Value): boolean {
  if (a instanceof Map && b instanceof Map) return equalMaps(a, b);
  if (Array.isArray(a) && Array.isArray(b)) return equalSets(a, b);
  return a === b;
}

function checkCount(column: ColumnSchema, json: readonly [string, readonly Json[]], value: unknown): Json {
  const { min, max } = column.type;
  const count = json[1].length;
  if (count < min) throw badValue(column, `at least ${min} element`, value);
  if (count > max) throw badValue(column, `at most ${max} elements, not ${count}`, value);
  return json;
}
