import type { Json } from '../rpc/json.ts';
import type { Atom } from '../schema/row-types.ts';
import type { ColumnType } from '../schema/schema.ts';
import { ZERO_UUID } from '../values/uuid.ts';
import { Failure, syntaxError } from './failure.ts';
import { atomToJson, checkAtom, compareAtoms, formatAtom, parseAtom, type RowNames } from './stored-atom.ts';

/**
 * The value of a column as the test server keeps it: its elements in order, and for a map the value of each. It is
 * never changed.
 */
export interface Datum {
  readonly keys: readonly Atom[];
  readonly values: readonly Atom[] | undefined;
}

/** What a {@link Datum} is checked against: the type of a column, maybe with another number of elements. */
export type DatumType = Pick<ColumnType, 'key' | 'min' | 'max'> & {
  readonly value?: ColumnType['value'] | undefined;
};

/**
 * Reads `<value>` (RFC 7047, 5.1).
 * @throws Failure when it is not of the type, or against its constraints.
 */
export function parseDatum(type: DatumType, json: Json, names: RowNames | undefined): Datum {
  const isSet = Array.isArray(json) && json[0] === 'set';
  if (type.value === undefined && !isSet) {
    return { keys: [parseAtom(type.key, json, names)], values: undefined };
  }
  const isMap = type.value !== undefined;
  const elements = elementsOf(type, json, isMap ? 'map' : 'set');
  if (!isMap) return sorted(elements.map((element) => parseAtom(type.key, element, names)));
  const pairs = elements.map((element): [Atom, Atom] => {
    if (!Array.isArray(element) || element.length !== 2) {
      throw syntaxError(element, 'expected 2-element array');
    }
    return [parseAtom(type.key, element[0], names), parseAtom(type.value!, element[1], names)];
  });
  return sortedPairs(pairs);
}

/** Writes `<value>` (RFC 7047, 5.1). */
export function datumToJson(type: DatumType, { keys, values }: Datum): Json {
  if (type.value !== undefined) {
    const pairs = keys.map((key, i) => [atomToJson(type.key, key), atomToJson(type.value!, values![i]!)]);
    return ['map', pairs];
  }
  if (keys.length === 1) return atomToJson(type.key, keys[0]!);
  return ['set', keys.map((key) => atomToJson(type.key, key))];
}

/** What a column holds when nobody has said otherwise (RFC 7047, 5.2.1). */
export function defaultDatum({ key, value, min }: DatumType): Datum {
  if (min === 0) return { keys: [], values: value && [] };
  return { keys: [DEFAULTS[key.type]], values: value && [DEFAULTS[value.type]] };
}

/** True for a datum that a new row is not told of (ovsdb-server(7), 4.1.14). */
export function isDefault(type: DatumType, { keys, values }: Datum): boolean {
  if (keys.length !== type.min) return false;
  return (
    keys.every((key) => key === DEFAULTS[type.key.type]) &&
    (values?.every((value) => value === DEFAULTS[type.value!.type]) ?? true)
  );
}

/** @throws Failure when an element is against the constraints of the type. */
export function checkDatum(type: DatumType, { keys, values }: Datum): void {
  for (const key of keys) checkAtom(type.key, key);
  for (const value of values ?? []) checkAtom(type.value!, value);
}

/** First the one with fewer elements, then by keys, then by values. */
export function compareData(a: Datum, b: Datum): number {
  if (a === b) return 0;
  if (a.keys.length !== b.keys.length) return a.keys.length - b.keys.length;
  return compareArrays(a.keys, b.keys) || compareArrays(a.values ?? [], b.values ?? []);
}

/** True when both hold the same elements. */
export function equalData(a: Datum, b: Datum): boolean {
  return compareData(a, b) === 0;
}

/** Where a key is, or -1. */
function indexOfKey({ keys }: Datum, key: Atom): number {
  if (keys.length < SHORT) return keys.indexOf(key);
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = compareAtoms(key, keys[middle]!);
    if (order === 0) return middle;
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return -1;
}

/** True when the datum holds the element at `i` of the other: its key, and of a map its value as well. */
export function holds(datum: Datum, other: Datum, i: number): boolean {
  const at = indexOfKey(datum, other.keys[i]!);
  return at >= 0 && (other.values === undefined || datum.values?.[at] === other.values[i]);
}

/** The datum with the elements of the other whose keys it does not have. */
export function union(datum: Datum, other: Datum): Datum {
  const added = filterDatum(other, (i) => indexOfKey(datum, other.keys[i]!) < 0);
  if (added.keys.length === 0) return datum;
  const keys = [...datum.keys, ...added.keys];
  if (datum.values === undefined) return sorted(keys);
  const values = [...datum.values, ...added.values!];
  return sortedPairs(keys.map((key, i) => [key, values[i]!]));
}

/** The datum without the elements of the other; other keys without values take pairs of any value. */
export function subtract(datum: Datum, other: Datum): Datum {
  return filterDatum(datum, (i) => {
    const at = indexOfKey(other, datum.keys[i]!);
    return at < 0 || (other.values !== undefined && other.values[at] !== datum.values?.[i]);
  });
}

/** What an `update2` tells of a change (ovsdb-server(7), 4.1.14): for one value the new one, else what differs. */
export function difference(type: DatumType, old: Datum, now: Datum): Datum {
  if (type.max === 1) return now;
  const gone = filterDatum(old, (i) => indexOfKey(now, old.keys[i]!) < 0);
  const come = filterDatum(now, (i) => !holds(old, now, i));
  return union(come, gone);
}

/** The elements for whose place `isKept` is true; the same datum when that is all of them. */
export function filterDatum(datum: Datum, isKept: (i: number) => boolean): Datum {
  const kept = datum.keys.map((_key, i) => isKept(i));
  if (!kept.includes(false)) return datum;
  return {
    keys: datum.keys.filter((_key, i) => kept[i]),
    values: datum.values?.filter((_value, i) => kept[i]),
  };
}

/**
 * The datum of keys in any order.
 * @throws Failure when a key is there twice.
 */
export function sorted(keys: readonly Atom[]): Datum {
  if (keys.length < 2) return { keys, values: undefined };
  const inOrder = keys.toSorted(compareAtoms);
  if (inOrder.some((key, i) => i > 0 && key === inOrder[i - 1])) {
    throw new Failure('ovsdb error', 'set contains duplicate');
  }
  return { keys: inOrder, values: undefined };
}

/** Writes a datum as it stands in error messages and in the commands of Open vSwitch. */
export function formatDatum(type: DatumType, { keys, values }: Datum): string {
  const elements = keys.map((key, i) => {
    const text = formatAtom(type.key, key);
    return values === undefined ? text : `${text}=${formatAtom(type.value!, values[i]!)}`;
  });
  if (type.max === 1 && keys.length > 0) return elements.join(', ');
  const [open, close] = values === undefined ? '[]' : '{}';
  return `${open}${elements.join(', ')}${close}`;
}

/** Names a type as ovsdb-server does in its error messages. */
export function describeDatumType({ key, value, min, max }: DatumType): string {
  if (value === undefined && min === 1 && max === 1) return key.type;
  const least = min > 0 ? ` ${min} or more` : '';
  const count = max === Number.POSITIVE_INFINITY ? least : min > 0 ? ` ${min} to ${max}` : ` up to ${max}`;
  if (value === undefined) return `set of${count} ${key.type}s`;
  return `map of${count} (${key.type}, ${value.type}) pairs`;
}

/** Below this many elements looking at each is fastest. */
const SHORT = 8;

const DEFAULTS = { integer: 0, real: 0, boolean: false, string: '', uuid: ZERO_UUID } as const;

/** How ovsdb-server writes that there is no limit. */
const UNLIMITED = 2 ** 32 - 1;

function elementsOf({ min, max }: DatumType, json: Json, name: 'map' | 'set'): readonly Json[] {
  const elements = Array.isArray(json) && json.length === 2 && json[0] === name ? json[1] : undefined;
  if (!Array.isArray(elements)) throw syntaxError(json, `expected ["${name}", <array>]`);
  const count = elements.length;
  if (count >= min && count <= max) return elements;
  const most = max === Number.POSITIVE_INFINITY ? UNLIMITED : max;
  const allowed =
    min === 1 && max === 1
      ? `exactly one member but ${count} are present`
      : `${min} to ${most} members but ${count} are present`;
  throw syntaxError(json, `${name} must have ${allowed}`);
}

function sortedPairs(pairs: readonly (readonly [Atom, Atom])[]): Datum {
  const inOrder = pairs.toSorted(([a], [b]) => compareAtoms(a, b));
  if (inOrder.some(([key], i) => i > 0 && key === inOrder[i - 1]![0])) {
    throw new Failure('ovsdb error', 'map contains duplicate key');
  }
  return { keys: inOrder.map(([key]) => key), values: inOrder.map(([, value]) => value) };
}

function compareArrays(a: readonly Atom[], b: readonly Atom[]): number {
  for (let i = 0; i < a.length; i++) {
    const order = compareAtoms(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return 0;
}
