import type { Socket } from 'node:net';
import { ClosedError, type GalagoError, TimeoutError, WireError } from '../util/errors.ts';
import { GuardedEmitter, type HandlerEvents } from './guarded-emitter.ts';
import { type Json, show } from './json.ts';
import { type CallOptions, type JsonRpcOptions, JsonRpcPeer } from './json-rpc.ts';
import { type DialLinkOptions, dialLink, type Link, socketLink } from './link.ts';
import { Monitor } from './monitor.ts';
import { parseSchema } from './parse-schema.ts';
import { reconcileSchema } from './reconcile-schema.ts';
import type { ReplicaOf, Selection } from './replica.ts';
import type { DatabaseSchema } from './schema.ts';
import type { SchemaJson } from './schema-json.ts';
import { type Draft, draftTransaction, settleTransaction, type Transaction } from './transaction.ts';
import { leftOf, WaitingLine } from './waiting-line.ts';

/** What an {@link OvsdbClient} is told about its database, and its bounds. */
export interface OvsdbClientOptions<S extends SchemaJson = SchemaJson>
  extends Pick<
    JsonRpcOptions,
    'maxMessageBytes' | 'maxDepth' | 'maxPending' | 'maxUnsentBytes' | 'probeIntervalMs' | 'now' | 'setTimer'
  > {
  /** The schema that all types follow from. Without one, tables and columns are only checked at run time. */
  readonly schema?: DatabaseSchema<S>;
  /** The database to work with. Default: that of `schema`, or `Open_vSwitch`. */
  readonly database?: string;
  /** Calls that may wait for a connection. Default 1000. */
  readonly maxWaiting?: number;
  /** The time a server has to answer `get_schema` on a new connection. Default 10000. */
  readonly handshakeTimeoutMs?: number;
}

/** How {@link OvsdbClient.connect} connects. `signal` and `timeoutMs` are for the first connection only. */
export interface OvsdbConnectOptions<S extends SchemaJson = SchemaJson>
  extends OvsdbClientOptions<S>,
    DialLinkOptions,
    CallOptions {
  /** Goes on trying when the first attempt fails, instead of rejecting. Default false. */
  readonly waitForServer?: boolean;
}

/** The events of an {@link OvsdbClient}. */
export type OvsdbClientEvents = HandlerEvents & {
  /** Connected to the server called `name`, and all replicas are synced. */
  connected: (connection: { readonly name: string }) => void;
  /** The connection that had been there is lost. */
  disconnected: (loss: { readonly error: GalagoError }) => void;
  /** A connection could not be made, or has ended; the next attempt comes in so many milliseconds. */
  retry: (attempt: { readonly error: GalagoError; readonly retryInMs: number }) => void;
  /** The end: closed on purpose, or lost by a client that cannot dial. */
  closed: (end: { readonly reason: GalagoError }) => void;
};

/** Where an {@link OvsdbClient} is. */
export type OvsdbClientState = 'connecting' | 'connected' | 'closed';

/*
 *                 schema read, replicas synced
 *   connecting ───────────────────────────────▶ connected
 *       ▲                                           │
 *       └───────────────────────────────────────────┘
 *                     connection lost
 *
 *   close() leads from both to closed, which is the last; so does the loss of an accepted connection.
 *
 * - Calls wait in line while connecting. They start, in order, before anything that is called later.
 * - A transaction is sent at most once. Whether one without an answer was committed cannot be known.
 */
const NEXT: Readonly<Record<OvsdbClientState, readonly OvsdbClientState[]>> = {
  connecting: ['connected', 'closed'],
  connected: ['connecting', 'closed'],
  closed: [],
};

/** A client of one database of an OVSDB server (RFC 7047), which outlives its connections. */
export class OvsdbClient<S extends SchemaJson = SchemaJson>
  extends GuardedEmitter<OvsdbClientEvents>
  implements AsyncDisposable
{
  /** The database that it works with. */
  readonly database: string;
  readonly #options: OvsdbClientOptions<S>;
  readonly #link: Link;
  readonly #line: WaitingLine;
  readonly #monitors = new Map<Json | undefined, Monitor>();
  #state: OvsdbClientState = 'connecting';
  #isPatient: boolean;
  #schema: DatabaseSchema | undefined;
  #peer: JsonRpcPeer | undefined;
  #reason: GalagoError | undefined;
  #nextMonitor = 0;

  private constructor(link: Link, options: OvsdbClientOptions<S>, waitForServer: boolean) {
    super();
    this.#link = link;
    this.#options = options;
    this.#isPatient = waitForServer;
    this.#line = new WaitingLine({ maxLength: options.maxWaiting ?? 1000, now: this.#now });
    this.database = options.schema?.name ?? options.database ?? 'Open_vSwitch';
  }

  /**
   * Connects to a server, or to the first that can be reached of several with the same database:
   * `unix:/var/run/openvswitch/db.sock`, `tcp:127.0.0.1:6640`. When a connection is lost it is made again.
   * @throws ClosedError `NET_CONNECT_FAILED` and the other errors of `dial`.
   * @throws OvsdbError `OVSDB_UNKNOWN_DATABASE`.
   * @throws UsageError `NET_METHOD_INVALID`, `OVSDB_SCHEMA_MISMATCH`.
   * @throws TimeoutError `OVSDB_NO_ANSWER`.
   */
  static async connect<S extends SchemaJson = SchemaJson>(
    methods: string | readonly string[],
    options: OvsdbConnectOptions<S> = {},
  ): Promise<OvsdbClient<S>> {
    const list = typeof methods === 'string' ? [methods] : methods;
    return OvsdbClient.#start(dialLink(list, options), options, options.waitForServer ?? false);
  }

  /**
   * Speaks over a connection that the server has made to us, as `ovs-vsctl set-manager tcp:HOST:PORT` has it do.
   * When it is lost the client is closed.
   * @throws OvsdbError `OVSDB_UNKNOWN_DATABASE`.
   * @throws UsageError `OVSDB_SCHEMA_MISMATCH`.
   * @throws TimeoutError `OVSDB_NO_ANSWER`.
   */
  static async accept<S extends SchemaJson = SchemaJson>(
    socket: Socket,
    options: OvsdbClientOptions<S> & CallOptions = {},
  ): Promise<OvsdbClient<S>> {
    return OvsdbClient.#start(socketLink(socket), options, false);
  }

  static async #start<S extends SchemaJson>(
    link: Link,
    options: OvsdbClientOptions<S> & CallOptions,
    waitForServer: boolean,
  ): Promise<OvsdbClient<S>> {
    const client = new OvsdbClient<S>(link, options, waitForServer);
    try {
      link.start({
        serve: (socket, name) => client.#serve(socket, name),
        failed: (error, retryInMs) => client.#failed(error as GalagoError, retryInMs),
      });
      await client.#line.enter('connect', async () => {}, options);
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  get state(): OvsdbClientState {
    return this.#state;
  }

  /** The schema of the server that it is, or was last, connected to. */
  get schema(): DatabaseSchema {
    return this.#schema!;
  }

  /** The names of the server's databases: `list_dbs` (RFC 7047, 4.1.1). */
  async listDbs(options: CallOptions = {}): Promise<readonly string[]> {
    const names = await this.#request('list_dbs', [], options);
    if (!Array.isArray(names)) throw badReply('list_dbs', 'an array of names', names);
    return names;
  }

  /**
   * The schema of a database: `get_schema` (RFC 7047, 4.1.2).
   * @throws OvsdbError `OVSDB_UNKNOWN_DATABASE`.
   */
  async getSchema(database: string = this.database, options: CallOptions = {}): Promise<DatabaseSchema> {
    return parseSchema(await this.#request('get_schema', [database], options));
  }

  /** Resolves when the server has answered an `echo` (RFC 7047, 4.1.11). */
  async echo(options: CallOptions = {}): Promise<void> {
    await this.#request('echo', [], options);
  }

  /**
   * Carries out the operations that `build` adds, all or none: `transact` (RFC 7047, 4.1.3). Resolves with what
   * `build` returned; what the operations came to can then be read from their results. Every replica of this
   * client shows the changes by then. Without a connection it waits for one.
   * @throws UsageError what {@link Transaction} refused; nothing was sent.
   * @throws OvsdbError the operation that failed, and why; nothing was changed.
   * @throws ClosedError `OVSDB_TRANSACTION_UNKNOWN` when the connection ended before the answer came;
   * `OVSDB_CALL_ABORTED`. After these, and after TimeoutError `OVSDB_NO_ANSWER`, it may have been committed.
   */
  async transact<T>(build: (tx: Transaction<S>) => T, options: CallOptions = {}): Promise<T> {
    const { draft, value } = draftTransaction(this.schema, build);
    if (draft.operations.length === 0) return value;
    await this.#call('transact', (peer, rest) => this.#commit(peer, draft, rest), options);
    return value;
  }

  /**
   * Copies tables, and keeps the copy equal to the server. Resolves when it has everything.
   * @throws UsageError `OVSDB_BAD_SELECTION`, `OVSDB_UNKNOWN_TABLE`, `OVSDB_UNKNOWN_COLUMN`,
   * `OVSDB_SCHEMA_MISMATCH`.
   * @throws ClosedError `OVSDB_CLOSED`, `OVSDB_CALL_ABORTED`.
   * @throws TimeoutError `OVSDB_NO_ANSWER`.
   */
  async replicate<const Sel extends Selection<S>>(
    selection: Sel & { readonly [T in Exclude<keyof Sel, keyof Selection<S>>]: never },
    options: CallOptions = {},
  ): Promise<ReplicaOf<S, Sel>> {
    const id = `galago-${this.#nextMonitor++}`;
    const monitor = new Monitor({
      id,
      selection,
      ours: this.#options.schema ?? this.schema,
      parent: this,
      now: this.#now,
      onStop: () => this.#stopMonitor(monitor),
    });
    const startedAt = this.#now();
    while (monitor.isStale) {
      const rest = leftOf(options, this.#now() - startedAt);
      await this.#call('replicate', (peer, left) => this.#startMonitor(peer, monitor, left), rest);
    }
    return monitor.replica as unknown as ReplicaOf<S, Sel>;
  }

  /** Ends the connection, every pending call and every replica. May be called again. */
  async close(): Promise<void> {
    this.#end(new ClosedError('OVSDB_CLOSED', `the client of ${this.database} was closed`));
    await this.#peer?.close();
    await this.#link.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(socket: Socket, name: string): Promise<void> {
    const peer = new JsonRpcPeer(socket, {
      ...this.#options,
      name,
      onNotification: (method, params) => this.#notified(method, params),
    });
    this.#peer = peer;
    try {
      await this.#handshake(peer);
    } catch (error) {
      await peer.close();
      this.#lost(error as GalagoError, peer.idleMs);
      throw error;
    }
    if (!peer.isClosed) {
      this.#isPatient = true;
      this.#to('connecting', 'connected');
      this.#line.open();
      this.emit('connected', { name });
    }
    const error = await peer.closed;
    this.#lost(error, peer.idleMs);
    throw error;
  }

  async #handshake(peer: JsonRpcPeer): Promise<void> {
    const { schema: ours, handshakeTimeoutMs = 10_000 } = this.#options;
    const json = await peer.request('get_schema', [this.database], { timeoutMs: handshakeTimeoutMs });
    const theirs = parseSchema(json);
    const schema = ours === undefined ? theirs : reconcileSchema(ours, theirs);
    this.#schema = schema;
    await Promise.all([...this.#monitors.values()].map((monitor) => monitor.start(peer, schema)));
  }

  #notified(method: string, params: readonly Json[]): void {
    const monitor = this.#monitors.get(params[0]);
    switch (method) {
      case 'update':
      case 'update2':
      case 'update3':
        // A monitor that was cancelled a moment ago may still get updates.
        return monitor?.update(method, params);
      case 'monitor_canceled':
        throw new WireError('OVSDB_MONITOR_CANCELED', `the server canceled the monitor ${show(params[0])}`);
    }
  }

  /** While connecting, some of the replicas may have been synced before the connection was lost again. */
  #lost(error: GalagoError, idleMs: number): void {
    for (const monitor of this.#monitors.values()) monitor.disconnected(error, idleMs);
    if (this.#state !== 'connected') return;
    this.#to('connected', 'connecting');
    this.emit('disconnected', { error });
  }

  #failed(error: GalagoError, retryInMs: number | undefined): void {
    const isFatal = retryInMs === undefined || !this.#isPatient;
    if (isFatal) this.#end(error);
    else this.emit('retry', { error, retryInMs });
  }

  #end(reason: GalagoError): void {
    if (this.#state === 'closed') return;
    this.#to(this.#state, 'closed');
    this.#reason = reason;
    this.#line.refuse(reason);
    for (const monitor of this.#monitors.values()) monitor.end(reason);
    this.emit('closed', { reason });
  }

  /** Makes a call at once, or when there is a connection. */
  async #call<T>(
    what: string,
    make: (peer: JsonRpcPeer, options: CallOptions) => Promise<T>,
    options: CallOptions,
  ): Promise<T> {
    if (this.#reason !== undefined) throw this.#reason;
    if (this.#state === 'connected' && !this.#peer!.isClosed) return make(this.#peer!, options);
    return this.#line.enter(what, (rest) => make(this.#peer!, rest), options);
  }

  #request(method: string, params: readonly Json[], options: CallOptions): Promise<Json> {
    return this.#call(method, (peer, rest) => peer.request(method, params, rest), options);
  }

  async #commit(peer: JsonRpcPeer, draft: Draft, options: CallOptions): Promise<void> {
    try {
      await peer.request('transact', [this.database, ...draft.operations], {
        ...options,
        decode: (results) => settleTransaction(draft, results),
      });
    } catch (cause) {
      if (!isLoss(cause)) throw cause;
      const message = `the transaction may or may not have been committed: ${cause.message}`;
      throw new ClosedError('OVSDB_TRANSACTION_UNKNOWN', message, { cause });
    }
  }

  /** A connection that is lost meanwhile is no failure: the next one will do. */
  async #startMonitor(peer: JsonRpcPeer, monitor: Monitor, options: CallOptions): Promise<void> {
    this.#monitors.set(monitor.id, monitor);
    try {
      await monitor.start(peer, this.schema, options);
    } catch (error) {
      this.#monitors.delete(monitor.id);
      if (isLoss(error)) return;
      // The server does not know that nobody waits any more.
      const isGivenUp = error instanceof ClosedError || error instanceof TimeoutError;
      if (isGivenUp) void this.#cancelMonitor(peer, monitor);
      throw error;
    }
  }

  async #stopMonitor(monitor: Monitor): Promise<void> {
    monitor.end(new ClosedError('OVSDB_CLOSED', 'the replica was closed'));
    if (!this.#monitors.delete(monitor.id) || this.#state !== 'connected') return;
    await this.#cancelMonitor(this.#peer!, monitor);
  }

  /** Whatever the answer, the server sends nothing more, and what it had sent already is dropped. */
  async #cancelMonitor(peer: JsonRpcPeer, monitor: Monitor): Promise<void> {
    await peer.request('monitor_cancel', [monitor.id]).catch(() => {});
  }

  readonly #now = (): number => (this.#options.now ?? (() => performance.now()))();

  #to(from: OvsdbClientState, next: OvsdbClientState): void {
    if (this.#state !== from || !NEXT[from].includes(next)) {
      throw new Error(`bug: OVSDB client cannot go from ${from} to ${next} while ${this.#state}`);
    }
    this.#state = next;
  }
}

/** True for the end of a connection, false for a call that was given up. */
function isLoss(error: unknown): error is ClosedError {
  return error instanceof ClosedError && error.code === 'OVSDB_CLOSED';
}

function badReply(method: string, expected: string, got: Json): WireError {
  return new WireError('OVSDB_BAD_MESSAGE', `${method}: expected ${expected}, got ${show(got)}`);
}
