import { ClosedError, type GalagoError, TimeoutError, UsageError } from '../../util/errors.ts';
import type { CallOptions } from './json-rpc.ts';

/** How a {@link WaitingLine} is bounded. */
export interface WaitingLineOptions {
  /** The most calls that wait at once. */
  readonly maxLength: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

interface Waiting {
  readonly start: () => void;
  readonly refuse: (error: GalagoError) => void;
}

/** Calls that cannot be made yet, in order. Each may be aborted, and keeps its deadline. */
export class WaitingLine {
  readonly #options: WaitingLineOptions;
  readonly #waiting = new Set<Waiting>();

  constructor(options: WaitingLineOptions) {
    this.#options = options;
  }

  /**
   * Waits for `open`, then calls `start` with what is left of the time.
   * @throws UsageError `OVSDB_QUEUE_FULL`.
   * @throws ClosedError `OVSDB_CALL_ABORTED`.
   * @throws TimeoutError `OVSDB_NO_ANSWER`.
   */
  async enter<T>(
    what: string,
    start: (options: CallOptions) => Promise<T>,
    options: CallOptions,
  ): Promise<T> {
    const { signal, timeoutMs } = options;
    if (signal?.aborted) throw abortedWaiting(what, signal);
    if (this.#waiting.size >= this.#options.maxLength) throw lineFull(what, this.#options.maxLength);
    const enteredAt = this.#options.now();
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(waiting);
        signal?.removeEventListener('abort', onAbort);
        clearTimeout(timer);
      };
      const waiting: Waiting = {
        start: () => {
          leave();
          resolve(start(leftOf(options, this.#options.now() - enteredAt)));
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      const onAbort = () => waiting.refuse(abortedWaiting(what, signal));
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => waiting.refuse(waitedTooLong(what, timeoutMs)), timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiting);
    });
  }

  /** Starts all that wait, in the order in which they came. */
  open(): void {
    for (const waiting of [...this.#waiting]) waiting.start();
  }

  /** Rejects all that wait. */
  refuse(error: GalagoError): void {
    for (const waiting of [...this.#waiting]) waiting.refuse(error);
  }
}

/** What is left of the time of a call after so many milliseconds. */
export function leftOf(options: CallOptions, elapsedMs: number): CallOptions {
  const { signal, timeoutMs } = options;
  return timeoutMs === undefined ? { signal } : { signal, timeoutMs: Math.max(0, timeoutMs - elapsedMs) };
}

function lineFull(what: string, maxLength: number): UsageError {
  const message = `${what}: ${maxLength} calls wait for a connection already, more are not allowed`;
  return new UsageError('OVSDB_QUEUE_FULL', message);
}

function abortedWaiting(what: string, signal: AbortSignal | undefined): ClosedError {
  const message = `${what} was aborted while it waited for a connection`;
  return new ClosedError('OVSDB_CALL_ABORTED', message, { cause: signal?.reason });
}

function waitedTooLong(what: string, timeoutMs: number): TimeoutError {
  return new TimeoutError('OVSDB_NO_ANSWER', `${what}: no connection within ${timeoutMs} ms`);
}
