import { UsageError } from '../../util/errors.ts';
import { GuardedEmitter, type HandlerEvents, type Reporter } from '../rpc/guarded-emitter.ts';
import type { Atom, UntypedRow, Value } from '../schema/row-types.ts';
import { type BaseType, type ColumnSchema, didYouMean } from '../schema/schema.ts';
import { plainRow, view } from '../transaction/row-reads.ts';
import { type IndexKeys, RowIndex } from './row-index.ts';
import type { RowObserver, TableStore } from './table-store.ts';

/** The events of a {@link ReplicaTable}, told once the whole change has been made. */
export type TableEvents<R> = HandlerEvents & {
  insert: (row: R) => void;
  update: (row: R, old: R) => void;
  /** The row as it last was. */
  delete: (row: R) => void;
};

/** What a {@link ReplicaTable} is part of. */
export interface Site {
  /** Where failed handlers are reported. */
  readonly parent: Reporter;
  readonly tables: ReadonlyMap<string, ReplicaTable<UntypedRow>>;
  /** See `ReplicaSource`. */
  readonly watch: (table: string, row: UntypedRow) => UntypedRow;
}

/** How references are followed from rows of these columns. */
interface Following {
  readonly columns: readonly ColumnSchema[];
  readonly handler: ProxyHandler<UntypedRow>;
}

/**
 * One replicated table with rows of type `R`, and of type `F` where references are followed. Its rows are values:
 * a change puts another object in their place.
 */
export class ReplicaTable<R, F = R> extends GuardedEmitter<TableEvents<R>> implements Iterable<R> {
  readonly name: string;
  readonly #store: TableStore;
  readonly #site: Site;
  #following: Following | undefined;

  constructor(store: TableStore, site: Site) {
    super(site.parent);
    this.name = store.name;
    this.#store = store;
    this.#site = site;
  }

  /** All rows by `_uuid`. */
  get rows(): ReadonlyMap<UuidOf<R>, R> {
    return this.#store.rows as unknown as ReadonlyMap<UuidOf<R>, R>;
  }

  /** The row with this `_uuid`: what a reference refers to. */
  get(uuid: UuidOf<R> | undefined): R | undefined {
    return uuid === undefined ? undefined : this.#watched(this.rows.get(uuid));
  }

  /** The rows that a set of references refers to, as far as they are replicated. */
  getAll(uuids: Iterable<UuidOf<R>>): R[] {
    return [...uuids].flatMap((uuid) => this.get(uuid) ?? []);
  }

  /**
   * Keeps the rows by a key of their own: `index((row) => row.external_ids.get('owner'))`, or, to follow
   * references backwards, `index((port) => port.interfaces)`. Make it once, and keep it. A key that cannot be made
   * because `keysOf` throws is told as `handlerError`, and the row is left out.
   */
  index<K extends Atom>(keysOf: (row: R) => IndexKeys<K>): RowIndex<K, R> {
    const index = new RowIndex<K, R>(keysOf, {
      onFailure: (error) => this.report({ event: 'index', error }),
      watch: (row) => this.#watched(row)!,
    });
    for (const row of this) index.added(row);
    this.#store.observers.add(index as unknown as RowObserver);
    return index;
  }

  /**
   * The row that holds the given values; if several do, any of them. A `_uuid`, and columns that the schema
   * says are unique together, are looked up in an index. With `follow`, {@link follow}s its references.
   * @throws UsageError `OVSDB_UNKNOWN_COLUMN` for a column that is not replicated.
   */
  find(values: Partial<R>, options: { readonly follow: true }): F | undefined;
  find(values: Partial<R>, options?: { readonly follow?: boolean }): R | undefined;
  find(values: Partial<R>, { follow = false }: { readonly follow?: boolean } = {}): R | F | undefined {
    for (const name of Object.keys(values)) this.#requireColumn(name);
    const row = this.#watched(this.#store.find(values) as R | undefined);
    return follow && row !== undefined ? this.follow(row) : row;
  }

  /**
   * A view of a row in which references give rows, as they are in the replica when they are read:
   * `follow(port).interfaces` are rows of Interface, whose references are followed in turn. References to tables
   * that are not replicated stay as they are.
   */
  follow(row: R): F {
    if (this.#following?.columns !== this.#store.columns) this.#following = this.#makeFollowing();
    const watched = this.#site.watch(this.name, plainRow(row as unknown as UntypedRow));
    return view(watched, this.#following.handler) as F;
  }

  /** All rows that the predicate holds for. */
  filter(predicate: (row: R) => boolean): R[] {
    return [...this].filter(predicate).map((row) => this.#watched(row)!);
  }

  [Symbol.iterator](): IterableIterator<R> {
    return this.rows.values();
  }

  #watched(row: R | undefined): R | undefined {
    return row && (this.#site.watch(this.name, row as unknown as UntypedRow) as R);
  }

  #makeFollowing(): Following {
    const { columns } = this.#store;
    const resolvers = new Map(columns.map((column) => [column.name, this.#resolver(column)]));
    const get = (row: UntypedRow, name: string) => {
      const resolve = resolvers.get(name);
      return resolve === undefined ? row[name] : resolve(row[name]);
    };
    return { columns, handler: { get } as ProxyHandler<UntypedRow> };
  }

  /** What follows the references of a column; `undefined` when it has none to a replicated table. */
  #resolver({ type }: ColumnSchema): ((value: Value) => unknown) | undefined {
    const [key, value] = [this.#follower(type.key), this.#follower(type.value)];
    if (key === undefined && value === undefined) return undefined;
    const isRow = (row: unknown) => row !== undefined;
    switch (type.kind) {
      case 'set':
        return (uuids) => (uuids as readonly Atom[]).map(key!).filter(isRow);
      case 'map':
        return (pairs) => {
          const followed = [...(pairs as ReadonlyMap<Atom, Atom>)].map(
            ([from, to]) =>
              [key === undefined ? from : key(from), value === undefined ? to : value(to)] as const,
          );
          return new Map(followed.filter((pair) => pair.every(isRow)));
        };
      default:
        return (uuid) => (uuid === undefined ? undefined : key!(uuid as Atom));
    }
  }

  #follower(base: BaseType | undefined): ((uuid: Atom) => unknown) | undefined {
    const table = base?.refTable === undefined ? undefined : this.#site.tables.get(base.refTable);
    if (table === undefined) return undefined;
    return (uuid) => {
      const row = table.rows.get(uuid as UntypedRow['_uuid']);
      return row && table.follow(row);
    };
  }

  #requireColumn(name: string): void {
    if (name === '_uuid' || this.#store.hasColumn(name)) return;
    const names = ['_uuid', ...this.#store.columns.map((column) => column.name)];
    const message = `the replica of '${this.name}' has no column '${name}'${didYouMean(name, names)}`;
    throw new UsageError('OVSDB_UNKNOWN_COLUMN', message);
  }
}

type UuidOf<R> = R extends { readonly _uuid: infer U } ? U : never;
