import type { ReplicaTable } from '../../../src/ovsdb/index.ts';

/** A table as its events tell of it. An event that does not follow from those before it is wrong. */
export class EventModel<R extends { readonly _uuid: string }> {
  readonly wrong: string[] = [];
  readonly #table: ReplicaTable<R>;
  readonly #rows = new Map<string, R>();

  constructor(table: ReplicaTable<R>) {
    this.#table = table;
    for (const row of table) this.#rows.set(row._uuid, row);
    table.on('insert', (row) => {
      if (this.#rows.has(row._uuid)) this.wrong.push(`insert of ${row._uuid}, which is there`);
      this.#rows.set(row._uuid, row);
    });
    table.on('update', (row, old) => {
      if (this.#rows.get(row._uuid) !== old) this.wrong.push(`update of ${row._uuid} from another value`);
      if (canonical(row) === canonical(old)) this.wrong.push(`update of ${row._uuid} that changes nothing`);
      this.#rows.set(row._uuid, row);
    });
    table.on('delete', (row) => {
      if (this.#rows.get(row._uuid) !== row) this.wrong.push(`delete of ${row._uuid} with another value`);
      this.#rows.delete(row._uuid);
    });
  }

  /** Whether the events add up to what the table shows. */
  get isComplete(): boolean {
    const { rows } = this.#table as { readonly rows: ReadonlyMap<string, R> };
    return rows.size === this.#rows.size && [...this.#rows].every(([uuid, row]) => rows.get(uuid) === row);
  }
}

/** The same text for the same values, whatever the order of columns, elements and pairs. */
export function canonical(row: object): string {
  const columns = Object.entries(row).map(([name, value]) => {
    const isMany = value instanceof Map || Array.isArray(value);
    return [name, isMany ? [...value].map((element) => JSON.stringify(element)).sort() : (value ?? null)];
  });
  return JSON.stringify(columns.sort());
}
