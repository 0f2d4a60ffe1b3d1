import type { Atom, BaseType, ColumnType, Json, UntypedRow, Value } from '../../ovsdb/index.ts';
import { isUuid } from '../../ovsdb/index.ts';
import { printable } from '../printable.ts';

/** Writes a value as `ovsdb-client` and `ovs-vsctl` do: `"a b"`, `[1, 2]`, `{key=value}`. */
export function formatValue(value: Value): string {
  if (value === undefined) return '[]';
  if (value instanceof Map) return `{${formatPairs(value).join(', ')}}`;
  if (Array.isArray(value)) return `[${value.toSorted(compareAtoms).map(formatAtom).join(', ')}]`;
  return formatAtom(value as Atom);
}

/** Writes rows as a table: a title, the columns, a line under them, and a line a row. */
export function formatTable(title: string, columns: readonly string[], rows: readonly UntypedRow[]): string {
  const lines = sortRows(columns, rows).map((row) => columns.map((name) => formatValue(row[name])));
  const widths = columns.map((name, i) => Math.max(name.length, ...lines.map((line) => line[i]!.length)));
  const rule = widths.map((width) => '-'.repeat(width));
  const text = [columns, rule, ...lines].map((line) => pad(line, widths));
  return `${title} table\n${text.join('\n')}\n`;
}

/** A column, as far as it matters to how values are written. */
export interface NamedType {
  readonly name: string;
  readonly type: ColumnType;
}

/** Writes rows as `ovsdb-client --format=json` does: an object on a line, with values as RFC 7047, 5.1, has them. */
export function formatJsonTable(
  title: string,
  columns: readonly NamedType[],
  rows: readonly UntypedRow[],
): string {
  const names = columns.map(({ name }) => name);
  const data = sortRows(names, rows).map((row) =>
    columns.map(({ name, type }) => wireValue(type, row[name])),
  );
  const texts = data.map((line) => JSON.stringify(line));
  const headings = JSON.stringify(names);
  return `{"caption":${JSON.stringify(`${title} table`)},"data":[${texts.join(',')}],"headings":${headings}}\n`;
}

function wireValue({ key, value: valueType }: ColumnType, value: Value): Json {
  if (value === undefined) return ['set', []];
  if (value instanceof Map) {
    return ['map', [...value].map(([k, v]) => [wireAtom(key, k), wireAtom(valueType!, v)])];
  }
  const atoms = (Array.isArray(value) ? value : [value]).map((atom: Atom) => wireAtom(key, atom));
  return atoms.length === 1 ? atoms[0]! : ['set', atoms];
}

function wireAtom({ type }: BaseType, atom: Atom): Json {
  return type === 'uuid' ? ['uuid', atom] : atom;
}

/** A row as JSON: maps are objects, sets arrays, an empty optional column is null. */
export function rowToJson(row: UntypedRow): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, valueToJson(value)]));
}

function valueToJson(value: Value): unknown {
  if (value === undefined) return null;
  return value instanceof Map ? Object.fromEntries(value) : value;
}

function formatPairs(map: ReadonlyMap<Atom, Atom>): string[] {
  return inOrder(map).map(([key, value]) => `${formatAtom(key)}=${formatAtom(value)}`);
}

/** Words stand as they are; whatever could be taken for something else is quoted. */
function formatAtom(atom: Atom): string {
  if (typeof atom !== 'string' || isUuid(atom)) return String(atom);
  const isWord = /^[A-Za-z_][\w.-]*$/.test(atom) && atom !== 'true' && atom !== 'false';
  return isWord ? atom : printable(JSON.stringify(atom));
}

function pad(line: readonly string[], widths: readonly number[]): string {
  return line
    .map((cell, i) => cell.padEnd(widths[i]!))
    .join(' ')
    .trimEnd();
}

/** By what is shown, `_uuid` last, so that the same rows give the same text: the order of `ovsdb-client`. */
function sortRows(columns: readonly string[], rows: readonly UntypedRow[]): readonly UntypedRow[] {
  const keys = [...columns.filter((name) => name !== '_uuid'), '_uuid'];
  return rows.toSorted((a, b) => {
    for (const name of keys) {
      const order = compareValues(a[name], b[name]);
      if (order !== 0) return order;
    }
    return 0;
  });
}

/** First what has fewer elements. */
function compareValues(a: Value, b: Value): number {
  const [left, right] = [atomsOf(a), atomsOf(b)];
  if (left.length !== right.length) return left.length - right.length;
  for (const [i, atom] of left.entries()) {
    const order = compareAtoms(atom, right[i]!);
    if (order !== 0) return order;
  }
  return 0;
}

/** The elements in order; of a map first all keys, then the values. */
function atomsOf(value: Value): readonly Atom[] {
  if (value === undefined) return [];
  if (!(value instanceof Map)) return Array.isArray(value) ? value.toSorted(compareAtoms) : [value as Atom];
  const pairs = inOrder(value);
  return [...pairs.map(([key]) => key), ...pairs.map(([, item]) => item)];
}

function inOrder(map: ReadonlyMap<Atom, Atom>): readonly (readonly [Atom, Atom])[] {
  return [...map].sort(([a], [b]) => compareAtoms(a, b));
}

function compareAtoms(a: Atom, b: Atom): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
