import { ClosedError, type GalagoError, UsageError } from '../../util/errors.ts';
import type { Json } from '../rpc/json.ts';
import type { JsonRpcPeer } from '../rpc/json-rpc.ts';
import type { ClientCalls } from './client-calls.ts';
import { type LockOptions, lockId, OvsdbLock } from './lock.ts';

/** The locks that a client holds or waits for, over all its connections. */
export class ClientLocks {
  readonly #calls: ClientCalls;
  readonly #locks = new Map<Json | undefined, OvsdbLock>();
  #end: GalagoError | undefined;

  constructor(calls: ClientCalls) {
    this.#calls = calls;
  }

  /** See `OvsdbClient.lock`. */
  async lock(name: string, options: LockOptions): Promise<OvsdbLock> {
    if (this.#end !== undefined) throw this.#end;
    if (this.#locks.has(lockId(name))) {
      throw new UsageError('OVSDB_LOCK_IN_USE', `this client has asked for the lock '${name}' already`);
    }
    const { steal = false } = options;
    const { now, parent } = this.#calls;
    const onRelease = () => this.#release(lock);
    const lock: OvsdbLock = new OvsdbLock({ name, steal, now, parent, onRelease });
    this.#locks.set(name, lock);
    const peer = this.#calls.peer();
    // Without a connection, the next handshake asks for it.
    if (peer !== undefined) void lock.start(peer);
    try {
      await lock.acquired(options);
    } catch (error) {
      await lock.release();
      throw error;
    }
    return lock;
  }

  /** Asks for all of them on a new connection. */
  start(peer: JsonRpcPeer): void {
    for (const lock of this.#locks.values()) void lock.start(peer);
  }

  /** Takes `locked` and `stolen` (RFC 7047, 4.1.9 and 4.1.10). */
  notified(method: 'locked' | 'stolen', id: Json | undefined): void {
    const lock = this.#locks.get(id);
    if (method === 'locked') lock?.gained();
    else lock?.stolen();
  }

  /** The connection has ended. */
  lost(error: GalagoError): void {
    for (const lock of this.#locks.values()) lock.lost(error);
  }

  /** There will be no other connection. */
  end(error: GalagoError): void {
    this.#end = error;
    for (const lock of this.#locks.values()) lock.end(error);
  }

  async #release(lock: OvsdbLock): Promise<void> {
    if (this.#locks.get(lock.name) !== lock) return;
    this.#locks.delete(lock.name);
    lock.end(new ClosedError('OVSDB_CLOSED', `the lock '${lock.name}' was released`));
    await this.#calls
      .peer()
      ?.request('unlock', [lock.name])
      .catch(() => {});
  }
}
