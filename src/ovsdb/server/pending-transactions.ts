import type { Json } from '../rpc/json.ts';
import type { Database, ExecuteOptions } from './database.ts';

/** A `transact` that is carried out now, or when its `wait` operations allow. */
export interface PendingTransaction {
  readonly database: Database;
  readonly operations: readonly Json[];
  readonly holdsLock: (name: string) => boolean;
  readonly onResults: (results: readonly Json[]) => void;
}

/** Whom transactions ask for the time, and whether they may go on. */
export interface PendingOptions {
  readonly now: () => number;
  readonly setTimer: (callback: () => void, delayMs: number) => () => void;
  /** False while the server has lost its cluster: then all wait. */
  readonly isConnected: () => boolean;
}

interface Waiting {
  readonly transaction: PendingTransaction;
  readonly sinceMs: number;
  cancelTimer: () => void;
}

/** The transactions that wait: each is tried again, in their order, when a database has changed. */
export class PendingTransactions {
  readonly #options: PendingOptions;
  readonly #waiting = new Set<Waiting>();

  constructor(options: PendingOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Carries a transaction out, or has it wait. Returns how to give it up. */
  add(transaction: PendingTransaction): () => void {
    const waiting: Waiting = { transaction, sinceMs: this.#options.now(), cancelTimer: () => {} };
    this.#waiting.add(waiting);
    this.#try(waiting, 0);
    return () => this.#forget(waiting);
  }

  /** Tries all again, in their order. */
  run(): void {
    for (const waiting of [...this.#waiting]) {
      if (this.#waiting.has(waiting)) this.#try(waiting, this.#options.now() - waiting.sinceMs);
    }
  }

  /** Gives up all, without an answer. */
  close(): void {
    for (const waiting of [...this.#waiting]) this.#forget(waiting);
  }

  #try(waiting: Waiting, waitedMs: number): void {
    if (!this.#options.isConnected()) return;
    const { database, operations, holdsLock, onResults } = waiting.transaction;
    const options: ExecuteOptions = { waitedMs: Math.round(waitedMs), holdsLock };
    const executed = database.execute(operations, options);
    if ('results' in executed) {
      this.#forget(waiting);
      onResults(executed.results);
      return;
    }
    waiting.cancelTimer();
    const { waitTimeoutMs } = executed;
    if (waitTimeoutMs > MAX_TIMER_MS) return;
    const onTimer = () => this.#try(waiting, Math.max(waitTimeoutMs, this.#options.now() - waiting.sinceMs));
    waiting.cancelTimer = this.#options.setTimer(onTimer, Math.max(0, waitTimeoutMs - waitedMs));
  }

  #forget(waiting: Waiting): void {
    waiting.cancelTimer();
    this.#waiting.delete(waiting);
  }
}

/** What a timer can hold; longer is for ever. */
const MAX_TIMER_MS = 2 ** 31 - 1;
