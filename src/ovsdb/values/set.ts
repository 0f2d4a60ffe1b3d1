import type { Json } from '../rpc/json.ts';
import type { Atom } from '../schema/row-types.ts';
import type { ColumnSchema } from '../schema/schema.ts';
import { badNotation, badValue, decodeAtom, type EncodeNewRow, encodeAtom } from './atom.ts';

/**
 * Writes `<set>` (RFC 7047, 5.1), whatever its number of elements.
 * @throws UsageError `OVSDB_BAD_VALUE` when it is no array, or an element is wrong or there twice.
 */
export function encodeSet(
  column: ColumnSchema,
  value: unknown,
  encodeNewRow: EncodeNewRow,
): readonly ['set', readonly Json[]] {
  if (!Array.isArray(value)) throw badValue(column, 'an array', value);
  const elements = value.map((element) => encodeAtom(column, column.type.key, element, encodeNewRow));
  if (value.length > 1 && new Set(value).size !== value.length)
    throw badValue(column, 'each element once', value);
  return ['set', elements];
}

/**
 * Reads `<set>` (RFC 7047, 5.1): `["set", […]]`, or the element alone when there is one.
 * @throws WireError `OVSDB_BAD_NOTATION`.
 */
export function decodeSet(column: ColumnSchema, json: Json): readonly Atom[] {
  const { key } = column.type;
  if (!Array.isArray(json) || json[0] !== 'set') return [decodeAtom(column, key, json)];
  const elements = json[1];
  if (json.length !== 2 || !Array.isArray(elements)) throw badNotation(column, '["set", […]]', json);
  if (key.type === 'uuid') return elements.map((element) => decodeAtom(column, key, element));
  // Other atoms are as JSON has them: nobody else has the array.
  for (const element of elements) decodeAtom(column, key, element);
  return elements as readonly Atom[];
}

/** Applies the difference of an `update2` (ovsdb-server(7), 4.1.14): the elements that only one side has. */
export function applySetDifference(old: readonly Atom[], difference: readonly Atom[]): readonly Atom[] {
  const elements = new Set(old);
  for (const element of difference) {
    if (!elements.delete(element)) elements.add(element);
  }
  return [...elements];
}

/** True when both hold the same elements, in whatever order. */
export function equalSets(a: readonly Atom[], b: readonly Atom[]): boolean {
  if (a.length !== b.length) return false;
  if (a.every((element, i) => element === b[i])) return true;
  const elements = new Set(b);
  return a.every((element) => elements.has(element));
}
