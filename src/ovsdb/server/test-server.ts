import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  formatMethod,
  type Listener,
  type ListenOptions,
  listen,
  type PassiveMethod,
  parseMethod,
} from '../../net/index.ts';
import { ClosedError } from '../../util/errors.ts';
import type { JsonFramerOptions } from '../rpc/framer.ts';
import { isJsonObject, type Json, type JsonObject } from '../rpc/json.ts';
import { OvsdbError } from '../rpc/remote-error.ts';
import type { Row, TableName } from '../schema/row-types.ts';
import { type DatabaseSchema, tableOf } from '../schema/schema.ts';
import type { SchemaJson } from '../schema/schema-json.ts';
import { decodeRow } from '../values/row.ts';
import type { Uuid } from '../values/uuid.ts';
import { Database } from './database.ts';
import { LockTable } from './lock-table.ts';
import { memoryStreams } from './memory-stream.ts';
import type { OutboxClock } from './outbox.ts';
import { PendingTransactions } from './pending-transactions.ts';
import { randomUuid } from './random-uuid.ts';
import { ServerSession, type ServerState } from './server-methods.ts';
import { ServerStatusTable } from './server-status-table.ts';
import { rowToJson } from './table.ts';
import { TestConnection } from './test-connection.ts';

/** How an {@link OvsdbTestServer} behaves. */
export interface OvsdbTestServerOptions<S extends SchemaJson = SchemaJson> extends JsonFramerOptions {
  /**
   * A cluster numbers its transactions, has a leader, and is followed with `monitor_cond_since` without reading
   * everything again. Default `standalone`, which does none of that.
   */
  readonly model?: 'standalone' | 'clustered';
  /** Another member of the same cluster: both have the same rows, and this one begins as a follower. */
  readonly joins?: OvsdbTestServer<S>;
  /** How many transactions a cluster remembers for `monitor_cond_since`. Default 100. */
  readonly historyLength?: number;
  /** Bytes that may wait to be sent to a client before it is dropped. Default 64 MiB. */
  readonly maxUnsentBytes?: number;
  /** Transactions of one client that may wait for their `wait` to be fulfilled. Default 1000. */
  readonly maxWaiting?: number;
  /** Milliseconds of a clock that never goes back. Default `performance.now`. */
  readonly now?: () => number;
  /** Runs the callback once after a delay; the result cancels it. Default `setTimeout`. */
  readonly setTimer?: (callback: () => void, delayMs: number) => () => void;
}

/**
 * An OVSDB server in this process, for tests: the methods of RFC 7047 and of ovsdb-server 3.x with all that a schema
 * demands, and faults on command. Nothing is kept on disk.
 */
export class OvsdbTestServer<S extends SchemaJson = SchemaJson> implements AsyncDisposable {
  readonly #options: OvsdbTestServerOptions<S>;
  readonly #clock: OutboxClock;
  readonly #database: Database;
  readonly #status = new ServerStatusTable();
  readonly #state: ServerState;
  readonly #sessions = new Map<TestConnection, ServerSession>();
  readonly #listeners = new Set<Listener>();
  readonly #cid: Uuid | undefined;
  readonly #sid: Uuid | undefined;
  readonly #unfollow: () => void;
  #isLeader: boolean;
  #isConnected = true;
  #isRefusing = false;
  #isClosed = false;

  /** A server with an empty database. */
  constructor(schema: DatabaseSchema<S>, options: OvsdbTestServerOptions<S> = {}) {
    const { model = 'standalone', joins, historyLength = 100, maxWaiting = 1000 } = options;
    const { now = () => performance.now(), setTimer = startTimer } = options;
    const isClustered = joins !== undefined || model === 'clustered';
    this.#options = options;
    this.#clock = { now, setTimer };
    this.#cid = joins === undefined ? (isClustered ? randomUuid() : undefined) : joins.#cid;
    this.#sid = isClustered ? randomUuid() : undefined;
    this.#isLeader = joins === undefined;
    this.#database =
      joins === undefined
        ? new Database({ schema, historyLength: isClustered ? historyLength : 0 })
        : joins.#database;
    this.#state = {
      id: randomUuid(),
      databases: new Map(
        [this.#database, this.#status.database].map((database) => [database.name, database]),
      ),
      locks: new LockTable((connection, event, name) => connection.notify(event, [name])),
      pending: new PendingTransactions({ now, setTimer, isConnected: () => this.#isConnected }),
      maxWaiting,
    };
    this.#showStatus();
    this.#unfollow = this.#database.follow({
      onCommit: () => this.#committed(),
      onConvert: () => this.#converted(),
    });
  }

  /** The connections that are open, in the order in which they came. */
  get connections(): readonly TestConnection[] {
    return [...this.#sessions.keys()];
  }

  /** Whether it says that it leads its cluster. */
  get isLeader(): boolean {
    return this.#isLeader;
  }

  /**
   * Listens on a passive method, such as `ptcp:0` or `punix:/tmp/db.sock`, and resolves with the method for clients.
   * May be called again for another.
   * @throws ClosedError `NET_LISTEN_FAILED`, `OVSDB_CLOSED`.
   * @throws UsageError `NET_METHOD_INVALID`, `NET_TLS_REQUIRED`, `NET_TLS_FILES_INVALID`.
   */
  async listen(method = 'ptcp:0', options: ListenOptions = {}): Promise<string> {
    if (this.#isClosed) throw closed();
    const listener = await listen(parseMethod(method), (socket) => this.accept(socket), options);
    this.#listeners.add(listener);
    return clientMethod(listener.method);
  }

  /**
   * Connects without a network, and returns the client's end.
   * @throws ClosedError `OVSDB_CLOSED`, or `NET_CONNECT_FAILED` while it refuses connections.
   */
  connect(): Duplex {
    if (this.#isClosed) throw closed();
    if (this.#isRefusing) {
      throw new ClosedError(
        'NET_CONNECT_FAILED',
        'cannot connect to the test server: it refuses connections',
      );
    }
    const [client, server] = memoryStreams();
    this.accept(server);
    return client;
  }

  /**
   * The `dial` of a client that is to reach this server without a network, whatever the method:
   * `OvsdbClient.connect('unix:test', { dial: server.dial })`. Rejects as {@link connect} throws.
   */
  readonly dial = async (): Promise<Socket> => {
    // Whoever dials uses of a socket what every stream has.
    return this.connect() as Socket;
  };

  /** Serves a client on a stream that is open. */
  accept(stream: Duplex): TestConnection {
    const { maxUnsentBytes = 64 * 1024 * 1024, maxDepth, maxMessageBytes } = this.#options;
    let session: ServerSession | undefined;
    const connection: TestConnection = new TestConnection(stream, {
      ...this.#clock,
      maxUnsentBytes,
      ...(maxDepth !== undefined && { maxDepth }),
      ...(maxMessageBytes !== undefined && { maxMessageBytes }),
      onRequest: (method, params, id) => session?.request(method, params, id),
      onNotification: (method, params) => session?.notification(method, params),
      onClose: () => {
        this.#sessions.delete(connection);
        session?.close();
      },
    });
    session = new ServerSession(this.#state, connection);
    this.#sessions.set(connection, session);
    if (this.#isRefusing || this.#isClosed) connection.drop();
    return connection;
  }

  /**
   * Carries out operations as a client would (RFC 7047, 5.2), at once, and returns their results: to fill the database
   * and to change it behind the clients' backs. An unfulfilled `wait` fails.
   * @throws OvsdbError what a client would have been answered.
   */
  transact(operations: readonly JsonObject[]): readonly Json[] {
    const executed = this.#database.execute(operations, { waitedMs: Number.MAX_SAFE_INTEGER });
    if (!('results' in executed)) throw new OvsdbError('timed out', { what: 'transact' });
    const { results } = executed;
    const at = results.findIndex((result) => isJsonObject(result) && result.error !== undefined);
    if (at < 0) return results;
    const table = operations[at]?.table;
    throw new OvsdbError(results[at]!, {
      what: String(operations[at]?.op ?? 'commit'),
      ...(at < operations.length && { operation: at }),
      ...(typeof table === 'string' && { table }),
    });
  }

  /**
   * The rows of a table as they are now, like those of a replica.
   * @throws UsageError `OVSDB_UNKNOWN_TABLE`.
   */
  rows<T extends TableName<S>>(table: T): readonly Row<S, T>[] {
    const { columns } = tableOf(this.#database.schema, table);
    const { rows, columns: stored } = this.#database.tables.get(table)!;
    return [...rows].map(([uuid, row]) => {
      return decodeRow([...columns.values()], uuid as Uuid, rowToJson(stored, row)) as Row<S, T>;
    });
  }

  /** Ends all connections at once. */
  dropConnections(): void {
    for (const connection of this.connections) connection.drop();
  }

  /** Has newcomers hang up on, until told otherwise; connections that are there stay. */
  refuseConnections(isRefusing = true): void {
    this.#isRefusing = isRefusing;
  }

  /**
   * Says in `_Server` that it leads its cluster, or does not any more. Nobody else is told: for a transfer between
   * servers of a cluster, call it of the old leader and of the new one.
   */
  setLeader(isLeader: boolean): void {
    this.#isLeader = isLeader;
    this.#showStatus();
  }

  /** Says in `_Server` that it has lost its cluster, or found it again. Meanwhile transactions wait. */
  setConnected(isConnected: boolean): void {
    this.#isConnected = isConnected;
    this.#showStatus();
    if (isConnected) this.#state.pending.run();
  }

  /** Ends everything: connections, listeners, timers. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unfollow();
    this.dropConnections();
    this.#state.pending.close();
    await Promise.all([...this.#listeners].map((listener) => listener.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #committed(): void {
    if (this.#cid !== undefined) this.#showStatus();
    // Later: what waits must not be carried out in the middle of what is being told.
    if (this.#state.pending.size > 0) queueMicrotask(() => this.#state.pending.run());
  }

  #converted(): void {
    this.#showStatus();
    for (const [connection, session] of this.#sessions) {
      session.leave(this.#database);
      // Whoever has asked for it is answered first.
      if (!connection.isDbChangeAware) setImmediate(() => connection.end());
    }
  }

  #showStatus(): void {
    const isClustered = this.#cid !== undefined;
    this.#status.set(this.#database, {
      model: isClustered ? 'clustered' : 'standalone',
      connected: this.#isConnected,
      leader: this.#isLeader,
      cid: this.#cid,
      sid: this.#sid,
      // The index of an empty cluster is not 0, which would be none.
      index: isClustered ? this.#database.index + 1 : undefined,
    });
  }
}

function clientMethod(method: PassiveMethod): string {
  if (method.type === 'punix') return formatMethod({ type: 'unix', path: method.path });
  const { type, host, port } = method;
  return formatMethod({ type: type === 'ptcp' ? 'tcp' : 'ssl', host, port });
}

function closed(): ClosedError {
  return new ClosedError('OVSDB_CLOSED', 'the test server was closed');
}

function startTimer(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}
