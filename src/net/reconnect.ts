import type { Socket } from 'node:net';
import { UsageError } from '../util/errors.ts';
import { Backoff } from './backoff.ts';
import { type DialOptions, dial, requireDialable } from './dial.ts';
import { type ConnectionMethod, formatMethod } from './method.ts';
import type { TlsFiles } from './tls.ts';

/** Where a {@link Reconnector} is. */
export type ReconnectorState = 'idle' | 'connecting' | 'connected' | 'waiting' | 'closed';

/** What a {@link Reconnector} keeps connected, and whom it tells. */
export interface ReconnectorOptions {
  /** An active connection method. */
  readonly method: ConnectionMethod;
  /** The files of `ssl:`; they are read again for every connection. */
  readonly tls?: TlsFiles;
  /** Given each new connection. The promise settles when the session is over; the socket is then destroyed. */
  readonly onSocket: (socket: Socket) => Promise<void>;
  /** Told why a connection was not made, or why `onSocket` rejected, and when the next attempt will be. Must not throw. */
  readonly onFailure?: (error: unknown, retryInMs: number) => void;
  /** The delays between attempts. Default: 250 ms to 8 s. */
  readonly backoff?: Backoff;
  /** Whether waiting for the next attempt keeps the process alive. Default true; `setTimer` overrides it. */
  readonly ref?: boolean;
  /** Default {@link dial}. */
  readonly connect?: (method: ConnectionMethod, options: DialOptions) => Promise<Socket>;
  /** Milliseconds of a clock that never goes back. Default `performance.now`. */
  readonly now?: () => number;
  /** Runs the callback once after a delay; the result cancels it. Default `setTimeout`. */
  readonly setTimer?: (callback: () => void, delayMs: number) => () => void;
}

/*
 *            start()                  dialled
 *   idle ───────────▶ connecting ───────────────▶ connected
 *                      ▲      │                       │
 *                timer │      │ failed                │ session over
 *                      │      ▼                       │
 *                     waiting ◀───────────────────────┘
 *
 *   close() leads from every state to closed, which is the last.
 *
 * - The dial is in flight only while connecting, the timer is armed only while waiting, and a socket is held
 *   only while connected.
 * - The backoff grows with each wait, and starts again after a session that outlived its longest delay: a peer
 *   that accepts and hangs up at once is not called every few milliseconds.
 */
const NEXT: Readonly<Record<ReconnectorState, readonly ReconnectorState[]>> = {
  idle: ['connecting', 'closed'],
  connecting: ['connected', 'waiting', 'closed'],
  connected: ['waiting', 'closed'],
  waiting: ['connecting', 'closed'],
  closed: [],
};

/** Keeps one connection to a method alive: dials, waits for the session to end, waits a little, dials again. */
export class Reconnector implements AsyncDisposable {
  readonly #options: ReconnectorOptions;
  readonly #backoff: Backoff;
  readonly #now: () => number;
  readonly #setTimer: (callback: () => void, delayMs: number) => () => void;
  readonly #abort = new AbortController();
  #state: ReconnectorState = 'idle';
  #cancelTimer: (() => void) | undefined;
  #socket: Socket | undefined;
  #attempt: Promise<void> = Promise.resolve();

  /** @throws UsageError `NET_METHOD_INVALID` for a passive method, `NET_TLS_REQUIRED` for `ssl:` without files. */
  constructor(options: ReconnectorOptions) {
    requireDialable(options.method, options.tls);
    this.#options = options;
    this.#backoff = options.backoff ?? new Backoff();
    this.#now = options.now ?? (() => performance.now());
    this.#setTimer = options.setTimer ?? systemTimer(options.ref ?? true);
  }

  get state(): ReconnectorState {
    return this.#state;
  }

  /**
   * Makes the first attempt. Failures are told to `onFailure`, never thrown.
   * @throws UsageError `NET_RECONNECTOR_STARTED` when it has been started, or closed, before.
   */
  start(): void {
    if (this.#state !== 'idle') {
      const method = formatMethod(this.#options.method);
      const message = `expected a new reconnector of ${method} to start, this one is ${this.#state}`;
      throw new UsageError('NET_RECONNECTOR_STARTED', message);
    }
    this.#connect('idle');
  }

  /**
   * Ends the connection, or the attempt at one, and resolves when the session's promise has settled. `onSocket`
   * may call it but must not wait for it. May be called again.
   */
  async close(): Promise<void> {
    if (this.#state !== 'closed') {
      this.#to(this.#state, 'closed');
      this.#cancelTimer?.();
      this.#abort.abort();
      this.#socket?.destroy();
    }
    await this.#attempt;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #connect(from: 'idle' | 'waiting'): void {
    this.#to(from, 'connecting');
    this.#attempt = this.#run();
  }

  /** One attempt and, when it succeeds, one session; never rejects. */
  async #run(): Promise<void> {
    const { method, tls, connect = dial } = this.#options;
    let socket: Socket;
    try {
      socket = await connect(method, { signal: this.#abort.signal, ...(tls && { tls }) });
    } catch (error) {
      return this.#wait('connecting', { error });
    }
    if (this.#isClosed()) {
      socket.destroy();
      return;
    }
    this.#to('connecting', 'connected');
    const failure = await this.#session(socket);
    this.#wait('connected', failure);
  }

  /** Resolves with why the session failed, if it did. */
  async #session(socket: Socket): Promise<{ error: unknown } | undefined> {
    this.#socket = socket;
    const since = this.#now();
    try {
      await this.#options.onSocket(socket);
      return undefined;
    } catch (error) {
      return { error };
    } finally {
      this.#socket = undefined;
      socket.destroy();
      if (this.#now() - since > this.#backoff.maxMs) this.#backoff.reset();
    }
  }

  #wait(from: 'connecting' | 'connected', failure: { error: unknown } | undefined): void {
    if (this.#isClosed()) return;
    const delayMs = this.#backoff.next();
    this.#to(from, 'waiting');
    this.#cancelTimer = this.#setTimer(() => {
      this.#cancelTimer = undefined;
      this.#connect('waiting');
    }, delayMs);
    if (failure !== undefined) this.#options.onFailure?.(failure.error, delayMs);
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #to(from: ReconnectorState, next: ReconnectorState): void {
    if (this.#state !== from || !NEXT[from].includes(next)) {
      throw new Error(`bug: reconnector cannot go from ${from} to ${next} while ${this.#state}`);
    }
    this.#state = next;
  }
}

function systemTimer(ref: boolean): (callback: () => void, delayMs: number) => () => void {
  return (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    if (!ref) timer.unref();
    return () => clearTimeout(timer);
  };
}
