import type { JsonObject } from '../rpc/json.ts';
import type { UntypedRow } from '../schema/row-types.ts';
import { type DatabaseSchema, tableOf } from '../schema/schema.ts';
import type { EncodeNewRow } from '../values/atom.ts';
import { encodeRow } from '../values/row.ts';
import { encodeUuid } from '../values/uuid.ts';

/** What a transaction rests on of one row. */
interface RowRead {
  readonly table: string;
  readonly columns: Set<string>;
  /** The operation that made it, if one did. */
  operation: number | undefined;
  tracked: UntypedRow | undefined;
}

/** A `wait` of a {@link RowReads}. */
export interface ReadWait {
  readonly table: string;
  readonly operation: number | undefined;
  readonly json: JsonObject;
}

/**
 * The columns of rows of replicas that a transaction rests on: what its builder has read, and what its updates
 * replace. The transaction waits for them first, so that it fails when somebody else has changed one of them.
 */
export class RowReads {
  /** Made when there is something to note, as most transactions have nothing. */
  #rows: Map<UntypedRow, RowRead> | undefined;

  /** A view of the row that notes which columns are read from it. */
  track(table: string, row: UntypedRow): UntypedRow {
    const read = this.#readOf(table, row);
    const get = (target: UntypedRow, column: string) => {
      if (column !== '_uuid' && Object.hasOwn(target, column)) read.columns.add(column);
      return target[column];
    };
    read.tracked ??= view(row, { get } as ProxyHandler<UntypedRow>);
    return read.tracked;
  }

  /** Notes that the operation rests on some columns of a row, as far as the row has them. */
  note(table: string, row: object, columns: readonly string[], operation: number): void {
    const read = this.#readOf(table, plainRow(row as UntypedRow));
    read.operation ??= operation;
    for (const column of columns) {
      if (Object.hasOwn(row, column)) read.columns.add(column);
    }
  }

  /** A `wait` (RFC 7047, 5.2.6) for each row of which something was read. A column that the server lacks is left out. */
  waits(schema: DatabaseSchema, encodeNewRow: EncodeNewRow): readonly ReadWait[] {
    if (this.#rows === undefined) return NONE;
    const waits: ReadWait[] = [];
    for (const [row, { table, columns, operation }] of this.#rows) {
      const tableSchema = tableOf(schema, table);
      const known = [...columns].filter((column) => tableSchema.columns.has(column));
      if (known.length === 0) continue;
      const values = Object.fromEntries(known.map((column) => [column, row[column]]));
      const json = {
        op: 'wait',
        table,
        where: [['_uuid', '==', encodeUuid(row._uuid)]],
        columns: known,
        until: '==',
        rows: [encodeRow(tableSchema, values, encodeNewRow)],
        timeout: 0,
      };
      waits.push({ table, operation, json });
    }
    return waits;
  }

  #readOf(table: string, row: UntypedRow): RowRead {
    this.#rows ??= new Map();
    let read = this.#rows.get(row);
    if (read === undefined) {
      read = { table, columns: new Set(), operation: undefined, tracked: undefined };
      this.#rows.set(row, read);
    }
    return read;
  }
}

const NONE: readonly ReadWait[] = [];

/** Makes a view of a row, in place of which {@link plainRow} gives the row itself. */
export function view(row: UntypedRow, handler: ProxyHandler<UntypedRow>): UntypedRow {
  const made = new Proxy(row, handler);
  PLAIN_ROWS.set(made, plainRow(row));
  return made;
}

/** The row behind a view, or the row itself. */
export function plainRow(row: UntypedRow): UntypedRow {
  return PLAIN_ROWS.get(row) ?? row;
}

const PLAIN_ROWS = new WeakMap<object, UntypedRow>();
