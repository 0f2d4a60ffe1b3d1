import { randomUUID } from 'node:crypto';
import { ClosedError } from '../../util/errors.ts';
import type { CallOptions, JsonRpcPeer } from '../rpc/json-rpc.ts';
import { OvsdbError } from '../rpc/remote-error.ts';
import { leftOf } from '../rpc/waiting-line.ts';
import type { UntypedRow } from '../schema/row-types.ts';
import type { DatabaseSchema } from '../schema/schema.ts';
import type { SchemaJson } from '../schema/schema-json.ts';
import { type Draft, markDraft, sentOperations, settleTransaction } from '../transaction/draft.ts';
import type { RowReads } from '../transaction/row-reads.ts';
import { draftTransaction, type Transaction } from '../transaction/transaction.ts';
import type { ClientCalls } from './client-calls.ts';
import type { ClientMonitors } from './client-monitors.ts';
import type { TransactOptions } from './client-options.ts';
import { withRetries } from './retry.ts';

/** What {@link ClientTransactions} are made for. */
export interface ClientTransactionsOptions {
  readonly database: string;
  readonly calls: ClientCalls;
  readonly monitors: ClientMonitors;
  /** The schema of the present connection. */
  readonly schema: () => DatabaseSchema;
  readonly setTimer: ((callback: () => void, delayMs: number) => () => void) | undefined;
}

/** Builds, sends and settles the transactions of a client, each at most once an attempt. */
export class ClientTransactions<S extends SchemaJson> {
  readonly #options: ClientTransactionsOptions;
  /** What the function notes its reads in that builds a transaction at this moment. */
  #reads: RowReads | undefined;
  #canMark = true;

  constructor(options: ClientTransactionsOptions) {
    this.#options = options;
  }

  /** Handed each row that a replica is asked for. */
  readonly watch = (table: string, row: UntypedRow): UntypedRow => this.#reads?.track(table, row) ?? row;

  /** See `OvsdbClient.transact`. */
  transact<T>(build: (tx: Transaction<S>) => T, options: TransactOptions): Promise<T> {
    const { retries = 0, backoff, signal, timeoutMs } = options;
    if (retries === 0 && timeoutMs === undefined) return this.#attempt(build, options);
    const { setTimer, calls } = this.#options;
    const startedAt = calls.now();
    const attempt = () => this.#attempt(build, { ...options, ...leftOf(options, calls.now() - startedAt) });
    return withRetries(attempt, { retries, backoff, signal, setTimer });
  }

  async #attempt<T>(build: (tx: Transaction<S>) => T, options: TransactOptions): Promise<T> {
    const { calls, monitors } = this.#options;
    const startedAt = options.timeoutMs === undefined ? 0 : calls.now();
    const left = () => (options.timeoutMs === undefined ? options : leftOf(options, calls.now() - startedAt));
    while (monitors.isMissingSnapshot) await monitors.firstSnapshots('transact', left());
    const send = (peer: JsonRpcPeer, rest: CallOptions) => this.#send(peer, build, options, rest);
    const value = await calls.call('transact', send, left());
    if (options.synced) await monitors.synced(left());
    return value;
  }

  /** Builds it now that it can be sent, of what the replicas show now. */
  async #send<T>(
    peer: JsonRpcPeer,
    build: (tx: Transaction<S>) => T,
    { verifyReads = true }: TransactOptions,
    rest: CallOptions,
  ): Promise<T> {
    const { draft, value } = draftTransaction<S, T>(this.#options.schema(), (tx, reads) => {
      this.#reads = verifyReads ? reads : undefined;
      try {
        return build(tx);
      } finally {
        this.#reads = undefined;
      }
    });
    if (draft.operations.length === 0) return value;
    const isMarked = this.#canMark && this.#options.calls.isClustered();
    if (!isMarked) return this.#commit(peer, draft, value, rest);
    return this.#commitMarked(peer, draft, value, rest);
  }

  /** Servers of old let nobody choose a `_uuid`. They have refused the transaction as a whole then. */
  async #commitMarked<T>(peer: JsonRpcPeer, draft: Draft, value: T, options: CallOptions): Promise<T> {
    try {
      return await this.#commit(peer, markDraft(draft, randomUUID()), value, options);
    } catch (error) {
      const isUnknown = error instanceof OvsdbError && error.error === 'syntax error';
      if (!isUnknown || !error.details.includes("'uuid'")) throw error;
      this.#canMark = false;
      return this.#commit(peer, draft, value, options);
    }
  }

  #commit<T>(peer: JsonRpcPeer, draft: Draft, value: T, options: CallOptions): Promise<T> {
    return peer.request('transact', [this.#options.database, ...sentOperations(draft)], {
      signal: options.signal,
      timeoutMs: options.timeoutMs,
      decode: (results) => {
        settleTransaction(draft, results);
        return value;
      },
      lost: unknownOutcome,
    });
  }
}

function unknownOutcome(cause: ClosedError): ClosedError {
  const message = `the transaction may or may not have been committed: ${cause.message}`;
  return new ClosedError('OVSDB_TRANSACTION_UNKNOWN', message, { cause });
}
