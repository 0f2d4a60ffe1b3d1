import type { Atom, UntypedRow, Value } from '../ovsdb/index.ts';
import { isUuid } from '../ovsdb/index.ts';
import { printable } from './printable.ts';

/** Writes a value as `ovsdb-client` and `ovs-vsctl` do: `"a b"`, `[1, 2]`, `{key=value}`. */
export function formatValue(value: Value): string {
  if (value === undefined) return '[]';
  if (value instanceof Map) return `{${formatPairs(value).sort().join(', ')}}`;
  if (Array.isArray(value)) return `[${value.map(formatAtom).sort().join(', ')}]`;
  return formatAtom(value as Atom);
}

/** Writes rows as a table: a title, the columns, a line under them, and a line a row. */
export function formatTable(title: string, columns: readonly string[], rows: readonly UntypedRow[]): string {
  const lines = rows.map((row) => columns.map((name) => formatValue(row[name]))).sort(compareLines);
  const widths = columns.map((name, i) => Math.max(name.length, ...lines.map((line) => line[i]!.length)));
  const rule = widths.map((width) => '-'.repeat(width));
  const text = [columns, rule, ...lines].map((line) => pad(line, widths));
  return `${title} table\n${text.join('\n')}\n`;
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
  return [...map].map(([key, value]) => `${formatAtom(key)}=${formatAtom(value)}`);
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

/** By what is shown, so that the same rows give the same text. */
function compareLines(a: readonly string[], b: readonly string[]): number {
  return a.join(' ') < b.join(' ') ? -1 : 1;
}
