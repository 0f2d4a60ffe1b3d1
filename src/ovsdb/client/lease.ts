import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Backoff } from '../../net/index.ts';
import { ClosedError, type GalagoError, UsageError } from '../../util/errors.ts';
import type { SetTimer } from '../../util/timer.ts';
import type { Replica } from '../replica/replica.ts';
import { GuardedEmitter, type HandlerEvents } from '../rpc/guarded-emitter.ts';
import type { CallOptions } from '../rpc/json-rpc.ts';
import { OvsdbError } from '../rpc/remote-error.ts';
import { WaitingLine } from '../rpc/waiting-line.ts';
import type { ColumnName, TableName } from '../schema/row-types.ts';
import type { SchemaJson } from '../schema/schema-json.ts';
import type { Transaction } from '../transaction/transaction.ts';
import type { ClientCalls } from './client-calls.ts';
import { DEFAULT_COLUMNS, DEFAULT_TABLE, type LeaseColumns, LeaseRow, type LeaseState } from './lease-row.ts';
import { isTransient } from './retry.ts';

/** How {@link OvsdbClient.lease} contends for its lease, and where the row of it is. */
export interface LeaseOptions<S extends SchemaJson = SchemaJson, T extends TableName<S> = TableName<S>>
  extends CallOptions {
  /** The table that has the row; see `leaseTable`. Default `Lease`. */
  readonly table?: T;
  /** Its columns. Default `name`, `owner`, `expiry` and `term`. */
  readonly columns?: LeaseColumns<ColumnName<S, NoInfer<T>>>;
  /** Names us in the row, for people: a uuid is added. Default: host name and process id. */
  readonly owner?: string;
  /** For how long it is ours after it was taken or renewed: the same for all contenders. Default 10000. */
  readonly durationMs?: number;
  /** The time from one renewal to the next. Default: a third of `durationMs`. */
  readonly renewMs?: number;
  /** Milliseconds since 1970, for the row's expiry. Default `Date.now`. */
  readonly date?: () => number;
}

/** The events of an {@link OvsdbLease}. */
export type OvsdbLeaseEvents = HandlerEvents & {
  /** It is ours; again, in the same term, when it had lapsed and nobody else had taken it. */
  acquired: (lease: { readonly term: number }) => void;
  /** It is no longer ours: not renewed in time, taken by another, or released. */
  lost: (loss: { readonly error: GalagoError }) => void;
};

/** What an {@link OvsdbLease} is made of. */
export interface LeaseSource {
  readonly name: string;
  readonly options: LeaseOptions;
  readonly calls: ClientCalls;
  readonly setTimer: SetTimer;
  readonly replica: Replica;
  readonly transact: <T>(build: (tx: Transaction) => T) => Promise<T>;
  readonly onEnd: () => void;
}

/**
 * Leadership that survives the death of servers: a row that says who has it (owner), until when (expiry) and for
 * which time (term). Unlike an `OvsdbLock` it is replicated with the database.
 *
 * It is taken and renewed by transactions that wait that the row is as it was seen, so that of several contenders
 * one succeeds. A contender takes it when the owner has given it up, or has not renewed it for `durationMs`, by the
 * contender's own clock: clocks need not agree, only run at the same speed. Each taker adds one to the term.
 *
 * A holder that was paused may believe for a moment that it still is one. What it must not do then goes into
 * transactions with {@link guard}, which fail in every term but its own: of two holders, only the later can write.
 * The term may serve as a fencing token elsewhere too, such as the `generation_id` of OpenFlow roles. The row is
 * never deleted, so that the term never starts over.
 */
export class OvsdbLease extends GuardedEmitter<OvsdbLeaseEvents> implements AsyncDisposable {
  readonly name: string;
  /** Who we are in the row. No other contender, in this process or another, has the same. */
  readonly owner: string;
  readonly #source: LeaseSource;
  readonly #row: LeaseRow;
  readonly #durationMs: number;
  readonly #renewMs: number;
  readonly #backoff: Backoff;
  readonly #waiting: WaitingLine;
  #seen: LeaseState | undefined;
  /** When the row was seen to change last. */
  #seenAt: number;
  #greatestTerm = 0;
  /** The next renewal, or the next attempt after one that failed. */
  #nextAt = -Infinity;
  #heldUntil = -Infinity;
  #term = 0;
  #isTold = false;
  /** The transaction under way that takes or renews it. */
  #sending: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #end: GalagoError | undefined;

  constructor(source: LeaseSource) {
    super(source.calls.parent);
    const { name, options, replica, calls } = source;
    const {
      table = DEFAULT_TABLE,
      columns = DEFAULT_COLUMNS,
      durationMs = 10_000,
      renewMs = durationMs / 3,
    } = options;
    if (!(renewMs > 0 && durationMs > renewMs && durationMs < Infinity)) {
      const message = `expected 0 < renewMs < durationMs, got renewMs ${renewMs}, durationMs ${durationMs}`;
      throw new UsageError('OVSDB_BAD_LEASE', message);
    }
    this.name = name;
    this.owner = `${options.owner ?? `${hostname()}:${process.pid}`}/${randomUUID()}`;
    this.#source = source;
    this.#row = new LeaseRow(name, replica, table, columns);
    this.#durationMs = durationMs;
    this.#renewMs = renewMs;
    this.#backoff = new Backoff({ minMs: Math.min(10, renewMs), maxMs: renewMs });
    this.#waiting = new WaitingLine({ maxLength: 1000, now: calls.now });
    this.#seenAt = calls.now();
    replica.on('change', () => this.#look());
    replica.on('synced', () => this.#look());
  }

  /** True while it is ours: nobody else takes it before it expires. */
  get isHeld(): boolean {
    return this.#source.calls.now() < this.#heldUntil;
  }

  /** The term in which it is or was ours; 0 before. */
  get term(): number {
    return this.#term;
  }

  /**
   * Resolves when it is ours: at once, or when it has been taken.
   * @throws ClosedError `OVSDB_CLOSED` when it has been released, `OVSDB_CALL_ABORTED`.
   * @throws TimeoutError `OVSDB_NO_ANSWER` after `timeoutMs`.
   * @throws OvsdbError, UsageError when the row cannot be written; it has been given up then.
   */
  async acquired(options: CallOptions = {}): Promise<void> {
    if (this.#end !== undefined) throw this.#end;
    if (!this.isHeld) await this.#waiting.enter(`lease ${this.name}`, async () => {}, options);
  }

  /**
   * Makes a transaction depend on it: it fails with `OVSDB_TIMED_OUT` when anybody else has taken the lease by the
   * time the server carries it out. Call it where the transaction is built, once an attempt.
   * @throws ClosedError `OVSDB_LEASE_LOST` when it is not ours.
   */
  guard<S extends SchemaJson>(tx: Transaction<S>): void {
    if (!this.isHeld) throw this.#lostError('it has expired, or was never taken');
    this.#row.guard(tx as unknown as Transaction, { owner: this.owner, term: this.#term });
  }

  /**
   * Gives it up, or the wait for it, and has the next contender take it at once. Without a connection it is only
   * left to expire. May be called again.
   */
  async release(): Promise<void> {
    if (this.#end !== undefined) return;
    this.end(new ClosedError('OVSDB_CLOSED', `the lease '${this.name}' was released`));
    const { calls, transact, replica } = this.#source;
    if (calls.peer() !== undefined) {
      await this.#sending;
      await transact((tx) => this.#giveUp(tx)).catch(() => {});
    }
    await replica.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** Begins to contend. */
  start(): void {
    this.#look();
  }

  /** Stops contending, for good. */
  end(error: GalagoError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#lose(error);
    this.#cancelTimer?.();
    this.#waiting.refuse(error);
    this.#source.onEnd();
  }

  /** Sees what the replica shows, and acts on it. */
  #look(): void {
    const before = this.#seen;
    const seen = this.#row.read();
    this.#seen = seen;
    this.#greatestTerm = Math.max(this.#greatestTerm, seen?.term ?? 0);
    if (!isSame(seen, before)) this.#seenAt = this.#source.calls.now();
    const isOurs = seen?.owner === this.owner && seen.term === this.#term;
    if (this.#isTold && !isOurs) {
      this.#nextAt = -Infinity;
      this.#lose(this.#lostError(`it is ${describe(seen)}`));
    }
    this.#act();
  }

  /** Does what is due, one transaction at a time, and sets the timer for what is due next. */
  #act(): void {
    this.#cancelTimer?.();
    if (this.#end !== undefined) return;
    const now = this.#source.calls.now();
    if (this.#isTold && now >= this.#heldUntil) this.#lose(this.#lostError('it was not renewed in time'));
    if (this.#sending === undefined && this.#dueAt() <= now) this.#sending = this.#send();
    const dueAt = this.#sending === undefined ? this.#dueAt() : Infinity;
    const wakeAt = Math.min(dueAt, this.#isTold ? this.#heldUntil : Infinity);
    if (wakeAt < Infinity) this.#cancelTimer = this.#source.setTimer(() => this.#act(), wakeAt - now);
  }

  /** When it is to be renewed, or may be taken. */
  #dueAt(): number {
    const isFree = this.#seen === undefined || this.#seen.owner === '' || this.#seen.owner === this.owner;
    return isFree ? this.#nextAt : Math.max(this.#nextAt, this.#seenAt + this.#durationMs);
  }

  async #send(): Promise<void> {
    const { calls, transact } = this.#source;
    try {
      // The transaction may have had to wait: what counts is when it was built, which is when it was sent.
      const { term, sentAt } = await transact((tx) => ({ term: this.#build(tx), sentAt: calls.now() }));
      this.#backoff.reset();
      this.#nextAt = sentAt + this.#renewMs;
      if (term !== undefined) this.#gain(term, sentAt + this.#durationMs);
    } catch (error) {
      if (!isCurable(error)) this.end(error as GalagoError);
      this.#nextAt = calls.now() + this.#backoff.next();
    }
    this.#sending = undefined;
    this.#act();
  }

  /** Adds what takes or renews it; returns the term in which it is ours then, or undefined when it is not our turn. */
  #build(tx: Transaction): number | undefined {
    const now = this.#source.calls.now();
    if (this.#end !== undefined || this.#dueAt() > now) return undefined;
    const seen = this.#seen;
    const isOurs = seen?.owner === this.owner;
    const term = isOurs ? seen.term : this.#greatestTerm + 1;
    const expiry = this.#expiry();
    this.#row.replace(tx, seen, { owner: this.owner, expiry, term });
    return term;
  }

  /** Another one than before, whatever the clock says: others know by it that the row has been renewed. */
  #expiry(): number {
    const expiry = (this.#source.options.date ?? Date.now)() + this.#durationMs;
    return expiry === this.#seen?.expiry ? expiry + 1 : expiry;
  }

  #giveUp(tx: Transaction): void {
    const seen = this.#row.read();
    if (seen?.owner === this.owner) this.#row.replace(tx, seen, { ...seen, owner: '' });
  }

  #gain(term: number, heldUntil: number): void {
    // By the time of the answer the replica shows what it did, or already that somebody else came after.
    if (this.#end !== undefined || this.#seen?.owner !== this.owner) return;
    this.#term = term;
    this.#heldUntil = heldUntil;
    if (this.#isTold || !this.isHeld) return;
    this.#isTold = true;
    this.#waiting.open();
    this.emit('acquired', { term });
  }

  #lose(error: GalagoError): void {
    this.#heldUntil = -Infinity;
    if (!this.#isTold) return;
    this.#isTold = false;
    this.emit('lost', { error });
  }

  #lostError(why: string): ClosedError {
    return new ClosedError('OVSDB_LEASE_LOST', `the lease '${this.name}' is not ours: ${why}`);
  }
}

/** Somebody else was faster, or the cluster or the connection is not as it should be at the moment. */
function isCurable(error: unknown): boolean {
  if (error instanceof OvsdbError) return isTransient(error) || error.code === 'OVSDB_CLUSTER_ERROR';
  return error instanceof ClosedError && error.code === 'OVSDB_TRANSACTION_UNKNOWN';
}

function isSame(a: LeaseState | undefined, b: LeaseState | undefined): boolean {
  return a?.owner === b?.owner && a?.expiry === b?.expiry && a?.term === b?.term;
}

function describe(seen: LeaseState | undefined): string {
  if (seen === undefined) return 'gone';
  return seen.owner === '' ? 'free' : `of ${seen.owner}, in term ${seen.term}`;
}
