import type { Atom } from '../schema/row-types.ts';
import type { BaseType } from '../schema/schema.ts';
import { type Datum, filterDatum, formatDatum, subtract } from './datum.ts';
import { Failure, violation } from './failure.ts';
import type { StagedRow, Staging } from './staging.ts';
import {
  indexKey,
  isStrong,
  isWeak,
  referencesIn,
  type StoredColumn,
  type StoredRow,
  type Table,
  uuidOf,
} from './table.ts';

/**
 * Makes of what a transaction has staged what can be committed (RFC 7047, 4.1.3): rows that nothing refers to go,
 * weak references to rows that are gone go, and what is left must keep to the schema.
 * @throws Failure when it does not.
 */
export function checkCommit(tables: ReadonlyMap<string, Table>, staging: Staging): void {
  countReferences(tables, staging);
  for (const staged of [...staging]) {
    if (staged.row !== undefined && staged.references === 0) collect(tables, staging, staged);
  }
  checkMaxRows(staging);
  dropWeakReferences(tables, staging);
  checkIndexes(staging);
}

function countReferences(tables: ReadonlyMap<string, Table>, staging: Staging): void {
  for (const { table, old, row } of [...staging]) {
    for (const column of table.strongColumns) {
      const [before, after] = [old?.[column.index] ?? NOTHING, row?.[column.index] ?? NOTHING];
      if (before === after) continue;
      adjust(tables, staging, table, column, (old ?? row)!, subtractKeeping(before, after), -1);
      adjust(tables, staging, table, column, (row ?? old)!, subtractKeeping(after, before), 1);
    }
  }
  for (const { table, uuid, row, references } of staging) {
    if (row !== undefined || references === 0) continue;
    const details = `cannot delete ${table.name} row ${uuid} because of ${references} remaining reference(s)`;
    throw new Failure('referential integrity violation', details);
  }
}

const NOTHING: Datum = { keys: [], values: undefined };

/** The elements that the other does not have just so. */
function subtractKeeping(datum: Datum, other: Datum): Datum {
  return other.keys.length === 0 ? datum : subtract(datum, other);
}

function adjust(
  tables: ReadonlyMap<string, Table>,
  staging: Staging,
  table: Table,
  column: StoredColumn,
  row: StoredRow,
  datum: Datum,
  change: 1 | -1,
): void {
  for (const [base, uuid] of strongReferences(column, row, datum)) {
    const target = tables.get(base.refTable!)!;
    const staged = staging.touch(target, uuid);
    if (staged === undefined) {
      throw new Failure(
        'referential integrity violation',
        `Table ${table.name} column ${column.name} row ${uuidOf(row)} references nonexistent row ${uuid} in ` +
          `table ${target.name}.`,
      );
    }
    staged.references += change;
  }
}

/** A row that refers to itself is not kept by that. */
function* strongReferences(
  column: StoredColumn,
  row: StoredRow,
  datum: Datum,
): Generator<readonly [BaseType, string], void> {
  for (const [base, uuid] of referencesIn(column.type, datum)) {
    if (isStrong(base) && uuid !== uuidOf(row)) yield [base, uuid as string];
  }
}

function collect(tables: ReadonlyMap<string, Table>, staging: Staging, staged: StagedRow): void {
  const unreferenced = [staged];
  for (let next = unreferenced.pop(); next !== undefined; next = unreferenced.pop()) {
    const { table, uuid, row } = next;
    if (table.isRoot || row === undefined) continue;
    next.row = undefined;
    table.rows.delete(uuid);
    for (const column of table.strongColumns) {
      for (const [base, to] of strongReferences(column, row, row[column.index]!)) {
        const target = staging.touch(tables.get(base.refTable!)!, to)!;
        if (--target.references === 0) unreferenced.push(target);
      }
    }
  }
}

function checkMaxRows(staging: Staging): void {
  for (const { name, rows, schema } of staging.tables) {
    if (rows.size <= schema.maxRows) continue;
    throw violation(
      `transaction causes "${name}" table to contain ${rows.size} rows, greater than the schema-defined limit of ` +
        `${schema.maxRows} row(s)`,
    );
  }
}

function dropWeakReferences(tables: ReadonlyMap<string, Table>, staging: Staging): void {
  const shrunk = new Set([...staging].filter(({ row }) => row === undefined).map(({ table }) => table.name));
  for (const table of tables.values()) {
    for (const column of table.weakColumns) {
      const isHit = referenceTables(column).some((name) => shrunk.has(name));
      const rows = isHit ? [...table.rows.values()] : stagedRowsOf(staging, table);
      for (const row of rows) dropWeakOf(tables, staging, table, column, row);
    }
  }
}

function referenceTables({ type: { key, value } }: StoredColumn): readonly string[] {
  return [key, value].flatMap((base) => (base !== undefined && isWeak(base) ? [base.refTable!] : []));
}

function stagedRowsOf(staging: Staging, table: Table): readonly StoredRow[] {
  return [...staging].flatMap((staged) => (staged.table === table && staged.row ? [staged.row] : []));
}

function dropWeakOf(
  tables: ReadonlyMap<string, Table>,
  staging: Staging,
  table: Table,
  column: StoredColumn,
  row: StoredRow,
): void {
  const { key, value, min } = column.type;
  const isAlive = (base: BaseType | undefined, uuid: Atom | undefined) =>
    base === undefined || !isWeak(base) || tables.get(base.refTable!)!.rows.has(uuid as string);
  // The row may have been changed by an earlier column.
  const current = table.rows.get(uuidOf(row))!;
  const datum = current[column.index]!;
  const alive = filterDatum(datum, (i) => isAlive(key, datum.keys[i]) && isAlive(value, datum.values?.[i]));
  if (alive === datum) return;
  if (alive.keys.length < min) {
    throw violation(
      `Weak reference column "${column.name}" in "${table.name}" row ${uuidOf(row)} may not be empty, but no row that ` +
        'it refers to is left.',
    );
  }
  staging.put(table, current.with(column.index, alive));
}

function checkIndexes(staging: Staging): void {
  for (const table of staging.tables) {
    const rows = stagedRowsOf(staging, table);
    table.indexes.forEach((columns, i) => {
      const seen = new Map<string, StoredRow>();
      for (const row of rows) {
        const key = indexKey(columns, row);
        const holder = table.indexed[i]!.get(key);
        const outside =
          holder !== undefined && !staging.find(table, holder) ? table.rows.get(holder) : undefined;
        const other = seen.get(key) ?? outside;
        if (other !== undefined) throw duplicate(table, columns, [row, other]);
        seen.set(key, row);
      }
    });
  }
}

function duplicate(table: Table, columns: readonly StoredColumn[], rows: readonly StoredRow[]): Failure {
  const names = englishList(columns.map(({ name }) => `"${name}"`));
  const index = `${columns.length > 1 ? 'columns' : 'column'} ${names}`;
  return violation(
    `Transaction causes multiple rows in "${table.name}" table to have identical values ` +
      `(${formatColumns(columns, rows[0]!)}) for index on ${index}.  The rows are ${rows.map(uuidOf).join(' and ')}.`,
  );
}

function formatColumns(columns: readonly StoredColumn[], row: StoredRow): string {
  return englishList(columns.map(({ index, type }) => formatDatum(type, row[index]!)));
}

/** `a`, `a and b`, `a, b, and c`. */
function englishList(words: readonly string[]): string {
  if (words.length < 3) return words.join(' and ');
  return `${words.slice(0, -1).join(', ')}, and ${words.at(-1)}`;
}
