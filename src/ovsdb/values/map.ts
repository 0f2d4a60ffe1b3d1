import type { Json } from '../rpc/json.ts';
import type { Atom } from '../schema/row-types.ts';
import type { ColumnSchema } from '../schema/schema.ts';
import { badNotation, badValue, decodeAtom, type EncodeNewRow, encodeAtom } from './atom.ts';

/**
 * Writes `<map>` (RFC 7047, 5.1).
 * @throws UsageError `OVSDB_BAD_VALUE` when it is no Map, or a key or a value is wrong.
 */
export function encodeMap(
  column: ColumnSchema,
  value: unknown,
  encodeNewRow: EncodeNewRow,
): readonly ['map', readonly Json[]] {
  const { key: keyType, value: valueType } = column.type;
  if (!(value instanceof Map)) throw badValue(column, 'a Map', value);
  const pairs: Json[] = [];
  for (const [key, item] of value) {
    pairs.push([
      encodeAtom(column, keyType, key, encodeNewRow),
      encodeAtom(column, valueType!, item, encodeNewRow),
    ]);
  }
  return ['map', pairs];
}

/**
 * Reads `<map>` (RFC 7047, 5.1).
 * @throws WireError `OVSDB_BAD_NOTATION`.
 */
export function decodeMap(column: ColumnSchema, json: Json): ReadonlyMap<Atom, Atom> {
  const { key: keyType, value: valueType } = column.type;
  const pairs = Array.isArray(json) && json[0] === 'map' && json.length === 2 ? json[1] : undefined;
  if (!Array.isArray(pairs)) throw badNotation(column, '["map", […]]', json);
  const map = new Map<Atom, Atom>();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw badNotation(column, 'a pair', pair);
    map.set(decodeAtom(column, keyType, pair[0]), decodeAtom(column, valueType!, pair[1]));
  }
  return map;
}

/**
 * Applies the difference of an `update2` (ovsdb-server(7), 4.1.14): a pair that was there is taken out, a key
 * with another value has changed, a new key has come.
 */
export function applyMapDifference(
  old: ReadonlyMap<Atom, Atom>,
  difference: ReadonlyMap<Atom, Atom>,
): ReadonlyMap<Atom, Atom> {
  const map = new Map(old);
  for (const [key, value] of difference) {
    if (map.get(key) === value) map.delete(key);
    else map.set(key, value);
  }
  return map;
}

/** True when both hold the same pairs, in whatever order. */
export function equalMaps(a: ReadonlyMap<Atom, Atom>, b: ReadonlyMap<Atom, Atom>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    if (b.get(key) !== value) return false;
  }
  return true;
}
