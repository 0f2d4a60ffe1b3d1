import { ClosedError, type GalagoError, UsageError } from '../../util/errors.ts';
import { GuardedEmitter, type HandlerEvents, type Reporter } from '../rpc/guarded-emitter.ts';
import { isJsonObject, type Json, show } from '../rpc/json.ts';
import type { CallOptions, JsonRpcPeer } from '../rpc/json-rpc.ts';
import { WaitingLine } from '../rpc/waiting-line.ts';

/** The events of an {@link OvsdbLock}. */
export type OvsdbLockEvents = HandlerEvents & {
  /** It is ours, again if it was lost before. */
  acquired: () => void;
  /** It is no longer ours: stolen, or the connection that held it has ended. */
  lost: (loss: { readonly error: GalagoError }) => void;
  /** Another client took it by `steal`. `lost` follows; when the thief is done with it, it comes back. */
  stolen: () => void;
};

/** How {@link OvsdbClient.lock} gets its lock. */
export interface LockOptions extends CallOptions {
  /** Takes the lock away from whoever has it: `steal` (RFC 7047, 4.1.8). Default false: waits for it. */
  readonly steal?: boolean;
}

/** What an {@link OvsdbLock} is made of. */
export interface LockSource {
  readonly name: string;
  readonly steal: boolean;
  readonly now: () => number;
  /** Where failed handlers are reported. */
  readonly parent: Reporter;
  /** Gives it up at the server. */
  readonly onRelease: () => Promise<void>;
}

/**
 * A lock of a server (RFC 7047, 4.1.8), which one connection holds at a time. When the connection is lost so is
 * the lock, and it is asked for again on the next one. It belongs to the one server: the members of a cluster do
 * not share it, so that across a change of leader two clients may hold it at once. `tx.assert(lock)` makes a
 * transaction depend on it.
 */
export class OvsdbLock extends GuardedEmitter<OvsdbLockEvents> implements AsyncDisposable {
  readonly name: string;
  readonly #source: LockSource;
  readonly #waiting: WaitingLine;
  #isHeld = false;
  #isAsked = false;
  #mustSteal: boolean;
  #end: GalagoError | undefined;

  constructor(source: LockSource) {
    super(source.parent);
    this.name = source.name;
    this.#source = source;
    this.#mustSteal = source.steal;
    this.#waiting = new WaitingLine({ maxLength: 1000, now: source.now });
  }

  /** True while the server says that it is ours. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /**
   * Resolves when it is ours: at once, or when its turn comes.
   * @throws ClosedError `OVSDB_CLOSED` when it has been released, `OVSDB_CALL_ABORTED`.
   * @throws OvsdbError when the server refused it.
   * @throws TimeoutError `OVSDB_NO_ANSWER` after `timeoutMs`.
   */
  async acquired(options: CallOptions = {}): Promise<void> {
    if (this.#end !== undefined) throw this.#end;
    if (!this.#isHeld) await this.#waiting.enter(`lock ${this.name}`, async () => {}, options);
  }

  /** Gives it up, or the wait for it: `unlock` (RFC 7047, 4.1.8). May be called again. */
  release(): Promise<void> {
    return this.#source.onRelease();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /**
   * Asks for it on a new connection. It is only stolen once: what was lost with a connection is waited for.
   * A refusal ends it; the end of the connection does not.
   */
  async start(peer: JsonRpcPeer): Promise<void> {
    this.#isAsked = false;
    const take = (reply: Json) => {
      this.#isAsked = true;
      if (isLocked(reply)) this.gained();
    };
    try {
      await peer.request(this.#mustSteal ? 'steal' : 'lock', [this.name], { decode: take });
    } catch (error) {
      const isLost = error instanceof ClosedError && error.code === 'OVSDB_CLOSED';
      if (!isLost) this.end(error as GalagoError);
    }
  }

  /** `locked` (RFC 7047, 4.1.9), or the reply that says so. */
  gained(): void {
    // Before the reply to our own request it is about one that was released a moment ago.
    if (this.#isHeld || !this.#isAsked || this.#end !== undefined) return;
    this.#isHeld = true;
    this.#mustSteal = false;
    this.#waiting.open();
    this.emit('acquired');
  }

  /** `stolen` (RFC 7047, 4.1.10). */
  stolen(): void {
    if (!this.#isHeld) return;
    this.emit('stolen');
    this.lost(new ClosedError('OVSDB_LOCK_STOLEN', `the lock '${this.name}' was stolen`));
  }

  /** The connection that may have held it has ended. */
  lost(error: GalagoError): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.emit('lost', { error });
  }

  /** There will be no other connection, or it was released. */
  end(error: GalagoError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.lost(error);
    this.#waiting.refuse(error);
  }
}

/**
 * Checks the `<id>` of a lock (RFC 7047, 3.1).
 * @throws UsageError `OVSDB_BAD_LOCK`.
 */
export function lockId(name: string): string {
  if (typeof name === 'string' && /^[A-Za-z_]\w*$/.test(name)) return name;
  const message = `expected letters, digits and '_' as the name of a lock, got ${show(name)}`;
  throw new UsageError('OVSDB_BAD_LOCK', message);
}

function isLocked(reply: Json): boolean {
  return isJsonObject(reply) && reply.locked === true;
}
