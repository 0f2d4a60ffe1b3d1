/** The message that changes come by. */
export interface Requester {
  /** The connection that it came on. */
  readonly link: object;
  readonly xid: number;
}

/**
 * What has been changed, so that it can be taken back: an atomic bundle is done in full or not at all.
 * What others shall hear of the changes waits until it is certain that they stay.
 */
export class Journal {
  /** The message that is being done; undefined when nobody asked for the changes. */
  requester: Requester | undefined;
  readonly #undo: (() => void)[] = [];
  readonly #events: (() => void)[] = [];

  /** Notes how to take back what has just been done. */
  done(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** Says something once the changes stay. */
  tell(event: () => void): void {
    this.#events.push(event);
  }

  set<K, V>(map: Map<K, V>, key: K, value: V): void {
    const had = map.has(key);
    const before = map.get(key);
    map.set(key, value);
    this.done(() => (had ? map.set(key, before as V) : map.delete(key)));
  }

  delete<K, V>(map: Map<K, V>, key: K): void {
    const before = map.get(key);
    if (map.delete(key)) this.done(() => map.set(key, before as V));
  }

  /** The changes stay. */
  commit(): void {
    this.#undo.length = 0;
    for (const event of this.#events.splice(0)) event();
  }

  /** Takes the changes back, the last one first. */
  rollback(): void {
    this.#events.length = 0;
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}
