/** The locks of a server (RFC 7047, 4.1.8): who has them, and who waits. */
export class LockTable<Owner> {
  /** The first of each has the lock, the others wait in this order. */
  readonly #locks = new Map<string, Owner[]>();
  readonly #notify: (owner: Owner, event: 'locked' | 'stolen', name: string) => void;

  /** `notify` tells somebody of what others did. */
  constructor(notify: (owner: Owner, event: 'locked' | 'stolen', name: string) => void) {
    this.#notify = notify;
  }

  /** True when it has the lock, or waits for it. */
  isAskedFor(name: string, owner: Owner): boolean {
    return this.#locks.get(name)?.includes(owner) ?? false;
  }

  isHeldBy(name: string, owner: Owner): boolean {
    return this.#locks.get(name)?.[0] === owner;
  }

  /** Takes the lock, or a place in its queue; a thief takes the first place. Returns whether it has the lock. */
  lock(name: string, owner: Owner, isThief: boolean): boolean {
    const queue = this.#locks.get(name) ?? [];
    this.#locks.set(name, queue);
    const victim = queue[0];
    if (isThief) queue.unshift(owner);
    else queue.push(owner);
    if (isThief && victim !== undefined) this.#notify(victim, 'stolen', name);
    return queue[0] === owner;
  }

  unlock(name: string, owner: Owner): void {
    const queue = this.#locks.get(name)!;
    const wasHeld = queue[0] === owner;
    queue.splice(queue.indexOf(owner), 1);
    if (queue.length === 0) this.#locks.delete(name);
    else if (wasHeld) this.#notify(queue[0]!, 'locked', name);
  }

  /** Gives up all that it has, and waits for. */
  unlockAll(owner: Owner): void {
    for (const name of [...this.#locks.keys()]) {
      if (this.isAskedFor(name, owner)) this.unlock(name, owner);
    }
  }
}
