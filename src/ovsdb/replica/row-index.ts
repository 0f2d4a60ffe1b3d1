import type { Atom } from '../schema/row-types.ts';

/** The key of a row in a {@link RowIndex}: none, one, or several. */
export type IndexKeys<K extends Atom> = K | undefined | Iterable<K>;

/** What a {@link RowIndex} calls. */
export interface RowIndexHooks<R> {
  /** Told when a key cannot be made. */
  readonly onFailure: (error: unknown) => void;
  /** What to hand out in place of a row; see `ReplicaSource`. */
  readonly watch: (row: R) => R;
}

/**
 * The rows of a replicated table by a key that is made from each: O(1), and always as new as the table. A row
 * without a key is not in it; one with several is under each of them.
 */
export class RowIndex<K extends Atom, R> {
  readonly #keysOf: (row: R) => IndexKeys<K>;
  readonly #hooks: RowIndexHooks<R>;
  readonly #rows = new Map<K, Set<R>>();
  readonly #keys = new Map<R, readonly K[]>();

  constructor(keysOf: (row: R) => IndexKeys<K>, hooks: RowIndexHooks<R>) {
    this.#keysOf = keysOf;
    this.#hooks = hooks;
  }

  /** The keys that there are. */
  keys(): IterableIterator<K> {
    return this.#rows.keys();
  }

  /** The rows with this key. */
  get(key: K): readonly R[] {
    return Array.from(this.#rows.get(key) ?? [], this.#hooks.watch);
  }

  /** One of the rows with this key. */
  first(key: K): R | undefined {
    const [row] = this.#rows.get(key) ?? [];
    return row && this.#hooks.watch(row);
  }

  /** True when there is a row with this key. */
  has(key: K): boolean {
    return this.#rows.has(key);
  }

  /** Called by the table for each row that it has got. */
  added(row: R): void {
    const keys = this.#read(row);
    this.#keys.set(row, keys);
    for (const key of keys) {
      const rows = this.#rows.get(key);
      if (rows === undefined) this.#rows.set(key, new Set([row]));
      else rows.add(row);
    }
  }

  /** Called by the table for each row that is gone, or replaced. */
  removed(row: R): void {
    for (const key of this.#keys.get(row) ?? []) {
      const rows = this.#rows.get(key);
      if (rows?.delete(row) && rows.size === 0) this.#rows.delete(key);
    }
    this.#keys.delete(row);
  }

  #read(row: R): readonly K[] {
    try {
      const keys = this.#keysOf(row);
      if (keys === undefined) return [];
      return typeof keys === 'object' ? [...keys] : [keys];
    } catch (error) {
      this.#hooks.onFailure(error);
      return [];
    }
  }
}
