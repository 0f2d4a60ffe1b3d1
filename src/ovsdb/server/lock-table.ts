/** The locks of a server (RFC 7047, 4.1.8): who has them, and who waits. */
export class LockTable<Owner> {
  /** The first of each has the lock, the others wait in this order. */
  readonly #locks = new Map<string, { readonly owner: Owner; readonly isThief: boolean }[]>();
  /** Which locks each has asked for, and not given back; some may have been stolen since. */
  readonly #asked = new Map<Owner, Set<string>>();
  readonly #notify: (owner: Owner, event: 'locked' | 'stolen', name: string) => void;

  /** `notify` tells somebody of what others did. */
  constructor(notify: (owner: Owner, event: 'locked' | 'stolen', name: string) => void) {
    this.#notify = notify;
  }

  /** True until it has given back what it asked for. */
  isAskedFor(name: string, owner: Owner): boolean {
    return this.#asked.get(owner)?.has(name) ?? false;
  }

  isHeldBy(name: string, owner: Owner): boolean {
    return this.#locks.get(name)?.[0]?.owner === owner;
  }

  /**
   * Takes the lock, or a place in its queue, and returns whether it has it. A thief takes the first place; whoever had
   * it waits, unless it had been stolen before: then it has lost it for good.
   */
  lock(name: string, owner: Owner, isThief: boolean): boolean {
    const queue = this.#locks.get(name) ?? [];
    this.#locks.set(name, queue);
    const names = this.#asked.get(owner) ?? new Set();
    this.#asked.set(owner, names.add(name));
    const victim = queue[0];
    if (!isThief) {
      queue.push({ owner, isThief });
      return victim === undefined;
    }
    if (victim?.isThief) queue.shift();
    queue.unshift({ owner, isThief });
    if (victim !== undefined) this.#notify(victim.owner, 'stolen', name);
    return true;
  }

  /** Gives the lock back, or the place in its queue. */
  unlock(name: string, owner: Owner): void {
    this.#asked.get(owner)?.delete(name);
    const queue = this.#locks.get(name) ?? [];
    const at = queue.findIndex((waiter) => waiter.owner === owner);
    if (at < 0) return;
    queue.splice(at, 1);
    // As ovsdb-server does: whoever has the lock is told, even when only a place in the queue was given back.
    if (queue[0] !== undefined) this.#notify(queue[0].owner, 'locked', name);
    else this.#locks.delete(name);
  }

  /** Gives up all that it has, and waits for. */
  unlockAll(owner: Owner): void {
    for (const name of [...(this.#asked.get(owner) ?? [])]) this.unlock(name, owner);
    this.#asked.delete(owner);
  }
}
