import { equalData } from './datum.ts';
import type { StoredColumn, StoredRow } from './table.ts';

/** True when two rows are the same in all columns. */
export function equalRows(a: StoredRow, b: StoredRow): boolean {
  return a === b || a.every((datum, i) => equalData(datum, b[i]!));
}

/** True when two rows are the same in the given columns. */
export function equalColumns(columns: readonly StoredColumn[], a: StoredRow, b: StoredRow): boolean {
  return columns.every(({ index }) => equalData(a[index]!, b[index]!));
}
