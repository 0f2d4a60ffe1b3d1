import { equalRows } from './stored-row.ts';
import { type StoredRow, type Table, uuidOf } from './table.ts';

/** A row that a transaction touches: as it was, and as it is going to be. */
export interface StagedRow {
  readonly table: Table;
  readonly uuid: string;
  /** `undefined` for a new row. */
  readonly old: StoredRow | undefined;
  /** `undefined` for a row that is deleted. The same object as `old` for one that only references changed of. */
  row: StoredRow | undefined;
  /** The strong references to it. */
  references: number;
}

/** What one transaction has changed so far. The tables show it at once, until it is rolled back. */
export class Staging {
  readonly #rows = new Map<Table, Map<string, StagedRow>>();

  /** All rows that are touched, in the order of their tables. */
  *[Symbol.iterator](): Generator<StagedRow, void> {
    for (const rows of this.#rows.values()) yield* rows.values();
  }

  get tables(): Iterable<Table> {
    return this.#rows.keys();
  }

  find(table: Table, uuid: string): StagedRow | undefined {
    return this.#rows.get(table)?.get(uuid);
  }

  /** The row, touched from now on; `undefined` when there is none, nor has been in this transaction. */
  touch(table: Table, uuid: string): StagedRow | undefined {
    const staged = this.find(table, uuid);
    if (staged !== undefined) return staged;
    const row = table.rows.get(uuid);
    return row && this.#stage(table, uuid, row);
  }

  /** Inserts a row, or puts it in the place of the one with its uuid. */
  put(table: Table, row: StoredRow): void {
    const uuid = uuidOf(row);
    const staged = this.touch(table, uuid) ?? this.#stage(table, uuid, undefined);
    staged.row = row;
    table.rows.set(uuid, row);
  }

  /** Deletes a row. One that this transaction has inserted leaves no trace. */
  remove(table: Table, uuid: string): void {
    const staged = this.touch(table, uuid);
    if (staged === undefined) return;
    table.rows.delete(uuid);
    if (staged.old === undefined) this.#rows.get(table)!.delete(uuid);
    else staged.row = undefined;
  }

  /** Lets go of rows that are as they were. */
  dropUnchanged(): void {
    for (const [table, rows] of this.#rows) {
      for (const { uuid, old, row } of [...rows.values()]) {
        if (old === undefined || row === undefined || !equalRows(old, row)) continue;
        table.rows.set(uuid, old);
        rows.delete(uuid);
      }
      if (rows.size === 0) this.#rows.delete(table);
    }
  }

  /** Puts the tables back. */
  rollBack(): void {
    for (const { table, uuid, old } of this) {
      if (old === undefined) table.rows.delete(uuid);
      else table.rows.set(uuid, old);
    }
    this.#rows.clear();
  }

  #stage(table: Table, uuid: string, old: StoredRow | undefined): StagedRow {
    const staged = { table, uuid, old, row: old, references: table.references.get(uuid) ?? 0 };
    const rows = this.#rows.get(table);
    if (rows === undefined) this.#rows.set(table, new Map([[uuid, staged]]));
    else rows.set(uuid, staged);
    return staged;
  }
}
