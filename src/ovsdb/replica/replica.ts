import type { GalagoError } from '../../util/errors.ts';
import { GuardedEmitter, type HandlerEvents, type Reporter } from '../rpc/guarded-emitter.ts';
import type { CallOptions } from '../rpc/json-rpc.ts';
import type { ColumnName, Row, TableName, UntypedRow } from '../schema/row-types.ts';
import type { SchemaJson } from '../schema/schema-json.ts';
import type { MonitorWhere } from '../transaction/condition.ts';
import type { Ref } from '../values/uuid.ts';
import { ReplicaTable, type Site } from './replica-table.ts';
import type { TableStore } from './table-store.ts';

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

/**
 * A row with other rows in place of the references to them, where their tables are replicated too:
 * `port.interfaces[0]?.ofport`. Of a set of references it has the rows that are there.
 */
export type FollowedRow<S extends SchemaJson, Sel, T> =
  string extends TableName<S>
    ? { readonly _uuid: Ref<string>; readonly [column: string]: unknown }
    : {
        readonly [C in keyof SelectedRow<S, Sel, T>]: C extends '_uuid'
          ? SelectedRow<S, Sel, T>[C]
          : Followed<S, Sel, SelectedRow<S, Sel, T>[C]>;
      };

type Followed<S extends SchemaJson, Sel, V> = V extends readonly (infer E)[]
  ? readonly FollowedAtom<S, Sel, E>[]
  : V extends ReadonlyMap<infer K, infer W>
    ? ReadonlyMap<FollowedAtom<S, Sel, K>, FollowedAtom<S, Sel, W>>
    : V extends Ref<string>
      ? FollowedAtom<S, Sel, V> | undefined
      : V;

type FollowedAtom<S extends SchemaJson, Sel, V> =
  V extends Ref<infer T> ? (T extends keyof Sel & TableName<S> ? FollowedRow<S, Sel, T> : V) : V;

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
  /** What to hand out in place of a row that is asked for: the row, or a view that notes what is read. */
  readonly watch: (table: string, row: UntypedRow) => UntypedRow;
}

/** A replica with each of its tables as a property: `replica.Bridge`. */
export type ReplicaOf<S extends SchemaJson, Sel> = Replica<S, Sel> & {
  readonly [T in keyof Sel & TableName<S>]: ReplicaTable<SelectedRow<S, Sel, T>, FollowedRow<S, Sel, T>>;
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
    const tables = new Map<string, ReplicaTable<SelectedRow<S, Sel, keyof Sel & TableName<S>>>>();
    const site = {
      parent: this,
      tables: tables as ReadonlyMap<string, unknown> as Site['tables'],
      watch: source.watch,
    };
    for (const [name, store] of source.stores) tables.set(name, new ReplicaTable(store, site));
    this.tables = tables;
    for (const [name, table] of tables) {
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
