import { type GalagoError, UsageError } from '../util/errors.ts';
import type { MonitorWhere } from './condition.ts';
import { GuardedEmitter, type HandlerEvents, type Reporter } from './guarded-emitter.ts';
import type { CallOptions } from './json-rpc.ts';
import { type IndexKeys, RowIndex } from './row-index.ts';
import type { Atom, ColumnName, Row, TableName } from './row-types.ts';
import { didYouMean } from './schema.ts';
import type { SchemaJson } from './schema-json.ts';
import type { RowObserver, TableStore } from './table-store.ts';

/** Which tables to replicate, and what of each. */
export type Selection<S extends SchemaJson> = {
  readonly [T in TableName<S>]?: TableSelection<S, T>;
};

/** What to replicate of a table: all columns, those named, or only the rows that conditions hold for. */
export type TableSelection<S extends SchemaJson, T extends TableName<S>> =
  | true
  | readonly ColumnName<S, T>[]
  | { readonly columns?: readonly ColumnName<S, T>[]; readonly where?: MonitorWhere<S, T> };

/** A row as far as it was selected; `_uuid` always is. */
export type SelectedRow<S extends SchemaJson, Sel, T> = T extends keyof Sel & TableName<S>
  ? Sel[T] extends readonly (infer C)[] | { readonly columns: readonly (infer C)[] }
    ? Pick<Row<S, T>, ('_uuid' | C) & keyof Row<S, T>>
    : Row<S, T>
  : never;

/** What one change did to one row. */
export type RowChange<S extends SchemaJson = SchemaJson, Sel = Selection<S>> = {
  readonly [T in keyof Sel & TableName<S>]:
    | { readonly table: T; readonly type: 'insert'; readonly row: SelectedRow<S, Sel, T> }
    | {
        readonly table: T;
        readonly type: 'update';
        readonly row: SelectedRow<S, Sel, T>;
        readonly old: SelectedRow<S, Sel, T>;
      }
    | { readonly table: T; readonly type: 'delete'; readonly row: SelectedRow<S, Sel, T> };
}[keyof Sel & TableName<S>];

/** The events of a {@link ReplicaTable}, told once the whole change has been made. */
export type TableEvents<R> = HandlerEvents & {
  insert: (row: R) => void;
  update: (row: R, old: R) => void;
  /** The row as it last was. */
  delete: (row: R) => void;
};

/** One replicated table. Its rows are values: a change puts another object in their place. */
export class ReplicaTable<R> extends GuardedEmitter<TableEvents<R>> implements Iterable<R> {
  readonly name: string;
  readonly #store: TableStore;

  constructor(store: TableStore, parent: Reporter) {
    super(parent);
    this.name = store.name;
    this.#store = store;
  }

  /** All rows by `_uuid`. */
  get rows(): ReadonlyMap<UuidOf<R>, R> {
    return this.#store.rows as unknown as ReadonlyMap<UuidOf<R>, R>;
  }

  /** The row with this `_uuid`: what a reference refers to. */
  get(uuid: UuidOf<R> | undefined): R | undefined {
    return uuid === undefined ? undefined : this.rows.get(uuid);
  }

  /** The rows that a set of references refers to, as far as they are replicated. */
  getAll(uuids: Iterable<UuidOf<R>>): R[] {
    return [...uuids].flatMap((uuid) => this.rows.get(uuid) ?? []);
  }

  /**
   * Keeps the rows by a key of their own: `index((row) => row.external_ids.get('owner'))`, or, to follow
   * references backwards, `index((port) => port.interfaces)`. Make it once, and keep it. A key that cannot be made
   * because `keysOf` throws is told as `handlerError`, and the row is left out.
   */
  index<K extends Atom>(keysOf: (row: R) => IndexKeys<K>): RowIndex<K, R> {
    const index = new RowIndex(keysOf, (error) => this.report({ event: 'index', error }));
    for (const row of this) index.added(row);
    this.#store.observers.add(index as unknown as RowObserver);
    return index;
  }

  /**
   * The row that holds the given values; if several do, any of them. A `_uuid`, and columns that the schema
   * says are unique together, are looked up in an index.
   * @throws UsageError `OVSDB_UNKNOWN_COLUMN` for a column that is not replicated.
   */
  find(values: Partial<R>): R | undefined {
    for (const name of Object.keys(values)) this.#requireColumn(name);
    return this.#store.find(values) as R | undefined;
  }

  /** All rows that the predicate holds for. */
  filter(predicate: (row: R) => boolean): R[] {
    return [...this].filter(predicate);
  }

  [Symbol.iterator](): IterableIterator<R> {
    return this.rows.values();
  }

  #requireColumn(name: string): void {
    const names = ['_uuid', ...this.#store.columns.map((column) => column.name)];
    if (names.includes(name)) return;
    const message = `the replica of '${this.name}' has no column '${name}'${didYouMean(name, names)}`;
    throw new UsageError('OVSDB_UNKNOWN_COLUMN', message);
  }
}

type UuidOf<R> = R extends { readonly _uuid: infer U } ? U : never;

/** The events of a {@link Replica}. */
export type ReplicaEvents<S extends SchemaJson, Sel> = HandlerEvents & {
  /** All that one transaction, or one resynchronisation, did; after the events of the tables. */
  change: (changes: readonly RowChange<S, Sel>[]) => void;
  /** The connection was lost: what is read from now on may be out of date. */
  stale: (reason: { readonly error: GalagoError }) => void;
  /** It equals the server again; what changed meanwhile has been told. */
  synced: () => void;
};

/** What a {@link Replica} shows. */
export interface ReplicaSource {
  readonly stores: ReadonlyMap<string, TableStore>;
  /** 0 while it equals the server. */
  readonly ageMs: number;
  readonly isStale: boolean;
  synced(options: CallOptions): Promise<void>;
  /** Replaces the conditions of some tables. */
  changeWhere(where: Readonly<Record<string, unknown>>, options: CallOptions): Promise<void>;
  stop(): Promise<void>;
}

/** A replica with each of its tables as a property: `replica.Bridge`. */
export type ReplicaOf<S extends SchemaJson, Sel> = Replica<S, Sel> & {
  readonly [T in keyof Sel & TableName<S>]: ReplicaTable<SelectedRow<S, Sel, T>>;
};

/**
 * A copy of tables of a database, which follows every change at the server. While the connection is lost it says
 * that it is stale; then it is compared with the server, and the differences, rows deleted meanwhile included,
 * are told like any other change, once.
 */
export class Replica<S extends SchemaJson = SchemaJson, Sel = Selection<S>>
  extends GuardedEmitter<ReplicaEvents<S, Sel>>
  implements AsyncDisposable
{
  /** The tables by name; each is also a property of the replica, unless a member of it has that name. */
  readonly tables: ReadonlyMap<string, ReplicaTable<SelectedRow<S, Sel, keyof Sel & TableName<S>>>>;
  readonly #source: ReplicaSource;

  constructor(source: ReplicaSource, parent: Reporter) {
    super(parent);
    this.#source = source;
    this.tables = new Map([...source.stores].map(([name, store]) => [name, new ReplicaTable(store, this)]));
    for (const [name, table] of this.tables) {
      if (!(name in this)) Object.defineProperty(this, name, { value: table, enumerable: true });
    }
  }

  /** True while the replica may differ from the server. */
  get isStale(): boolean {
    return this.#source.isStale;
  }

  /** Milliseconds since the replica is known to have equalled the server; 0 while it does. */
  get ageMs(): number {
    return this.#source.ageMs;
  }

  /**
   * Resolves when the replica equals the server: at once, or after the next resynchronisation.
   * @throws ClosedError `OVSDB_CLOSED` when it never will, `OVSDB_CALL_ABORTED`.
   * @throws TimeoutError `OVSDB_NO_ANSWER` after `timeoutMs`.
   */
  synced(options: CallOptions = {}): Promise<void> {
    return this.#source.synced(options);
  }

  /**
   * Replaces the conditions of some of the tables: `monitor_cond_change` (ovsdb-server(7), 4.1.13). When it resolves
   * the replica holds the rows of the new ones; rows that come and go by it are told like any other change.
   * @throws UsageError `OVSDB_UNKNOWN_TABLE`, `OVSDB_BAD_CONDITION`, `OVSDB_BAD_VALUE`, `OVSDB_UNKNOWN_COLUMN`.
   * @throws OvsdbError `OVSDB_UNKNOWN_METHOD` from servers before Open vSwitch 2.6.
   * @throws ClosedError `OVSDB_CLOSED`, `OVSDB_CALL_ABORTED`.
   * @throws TimeoutError `OVSDB_NO_ANSWER`. After this or `OVSDB_CALL_ABORTED` the new conditions hold all the same.
   */
  changeWhere(
    where: { readonly [T in keyof Sel & TableName<S>]?: MonitorWhere<S, T> },
    options: CallOptions = {},
  ): Promise<void> {
    return this.#source.changeWhere(where, options);
  }

  /** Stops following the server; the rows stay readable, and stale. */
  close(): Promise<void> {
    return this.#source.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
