import type { Socket } from 'node:net';
import { WireError } from '../../util/errors.ts';
import type { Replica, ReplicaOf, Selection } from '../replica/replica.ts';
import { GuardedEmitter } from '../rpc/guarded-emitter.ts';
import { type Json, show } from '../rpc/json.ts';
import type { CallOptions, JsonRpcPeer } from '../rpc/json-rpc.ts';
import { dialLink, type Link, socketLink } from '../rpc/link.ts';
import { parseSchema } from '../schema/parse-schema.ts';
import type { TableName } from '../schema/row-types.ts';
import type { DatabaseSchema } from '../schema/schema.ts';
import type { SchemaJson } from '../schema/schema-json.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { isUuid, type Uuid } from '../values/uuid.ts';
import { ClientConnection } from './client-connection.ts';
import { ClientLeases } from './client-leases.ts';
import { ClientLocks } from './client-locks.ts';
import { ClientMonitors } from './client-monitors.ts';
import type {
  OvsdbClientEvents,
  OvsdbClientOptions,
  OvsdbClientState,
  OvsdbConnectOptions,
  TransactOptions,
} from './client-options.ts';
import { ClientTransactions } from './client-transactions.ts';
import type { LeaseOptions, OvsdbLease } from './lease.ts';
import type { LockOptions, OvsdbLock } from './lock.ts';

/** A client of one database of an OVSDB server (RFC 7047), which outlives its connections. */
export class OvsdbClient<S extends SchemaJson = SchemaJson>
  extends GuardedEmitter<OvsdbClientEvents>
  implements AsyncDisposable
{
  /** The database that it works with. */
  readonly database: string;
  readonly #ours: DatabaseSchema<S> | undefined;
  readonly #connection: ClientConnection;
  readonly #monitors: ClientMonitors;
  readonly #locks: ClientLocks;
  readonly #leases: ClientLeases;
  readonly #transactions: ClientTransactions<S>;

  private constructor(link: Link, options: OvsdbClientOptions<S>, following: Following) {
    super();
    const { schema: ours, maxWaiting = 1000, setTimer } = options;
    const database = ours?.name ?? options.database ?? 'Open_vSwitch';
    this.database = database;
    this.#ours = ours;
    const calls = new ClientConnection({
      ...{ client: options, database, link, emitter: this, ...following },
      onStart: (peer, schema) => this.#start(peer, schema),
      onNotification: (method, params) => this.#notified(method, params),
      onLost: (error, idleMs) => {
        this.#monitors.lost(error, idleMs);
        this.#locks.lost(error);
      },
      onEnd: (reason) => {
        for (const part of [this.#monitors, this.#locks, this.#leases]) part.end(reason);
      },
    });
    const monitors = new ClientMonitors(calls, maxWaiting);
    const schema = () => calls.schema;
    this.#connection = calls;
    this.#monitors = monitors;
    this.#locks = new ClientLocks(calls);
    this.#transactions = new ClientTransactions({ database, calls, monitors, schema, setTimer });
    this.#leases = new ClientLeases({
      ...{ calls, setTimer },
      replicate: (selection, rest) => this.#replicate(selection, rest),
      transact: (build) => this.#transactions.transact(build as never, { verifyReads: false }),
    });
  }

  /**
   * Connects to a server, or to the first of use of several with the same database:
   * `unix:/var/run/openvswitch/db.sock`, `tcp:127.0.0.1:6640`. Of a cluster that is its leader, and the client moves
   * when that changes. When a connection is lost it is made again.
   * @throws ClosedError `NET_CONNECT_FAILED` and the other errors of `dial`; `OVSDB_SERVER_UNFIT`.
   * @throws OvsdbError `OVSDB_UNKNOWN_DATABASE`.
   * @throws UsageError `NET_METHOD_INVALID`, `OVSDB_SCHEMA_MISMATCH`.
   * @throws TimeoutError `OVSDB_NO_ANSWER`.
   */
  static async connect<S extends SchemaJson = SchemaJson>(
    methods: string | readonly string[],
    options: OvsdbConnectOptions<S> = {},
  ): Promise<OvsdbClient<S>> {
    const list = typeof methods === 'string' ? [methods] : methods;
    const { waitForServer = false, leaderOnly = true, onRetry } = options;
    return OvsdbClient.#begin(dialLink(list, options), options, { waitForServer, leaderOnly, onRetry });
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
    return OvsdbClient.#begin(socketLink(socket), options, {
      waitForServer: false,
      leaderOnly: undefined,
      onRetry: undefined,
    });
  }

  static async #begin<S extends SchemaJson>(
    link: Link,
    options: OvsdbClientOptions<S> & CallOptions,
    following: Following,
  ): Promise<OvsdbClient<S>> {
    const client = new OvsdbClient<S>(link, options, following);
    if (following.onRetry !== undefined) client.on('retry', following.onRetry);
    try {
      await client.#connection.start(options);
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  get state(): OvsdbClientState {
    return this.#connection.state;
  }

  /** The schema of the server that it is, or was last, connected to. */
  get schema(): DatabaseSchema {
    return this.#connection.schema;
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

  /** The uuid that the server process has given itself: `get_server_id` (ovsdb-server(7), 4.1.17). */
  async getServerId(options: CallOptions = {}): Promise<Uuid> {
    const id = await this.#request('get_server_id', [], options);
    if (typeof id !== 'string' || !isUuid(id)) throw badReply('get_server_id', 'a uuid', id);
    return id;
  }

  /**
   * Changes the database to another schema: `convert` (ovsdb-server(7), 4.1.19). Tables and columns that the new one
   * lacks are dropped. The server then cancels its monitors: the client connects anew, and its replicas follow.
   * @throws OvsdbError what the data has against it; nothing was changed.
   * @throws WireError `OVSDB_BAD_SCHEMA`.
   * @throws ClosedError `OVSDB_CLOSED` when the connection broke before the answer: it may have been done.
   */
  async convert(schema: SchemaJson, options: CallOptions = {}): Promise<void> {
    parseSchema(schema);
    await this.#request('convert', [this.database, schema as unknown as Json], options);
  }

  /**
   * Gets a lock of the server, and resolves when it is ours: `lock` (RFC 7047, 4.1.8). It may be lost later: see its
   * events. Disposing of it gives it up: `await using lock = await db.lock('name')`.
   * @throws UsageError `OVSDB_BAD_LOCK`; `OVSDB_LOCK_IN_USE` when this client has asked for it already.
   * @throws ClosedError `OVSDB_CLOSED`, `OVSDB_CALL_ABORTED`.
   * @throws TimeoutError `OVSDB_NO_ANSWER` when it is not our turn within `timeoutMs`.
   */
  async lock(name: string, options: LockOptions = {}): Promise<OvsdbLock> {
    return this.#locks.lock(name, options);
  }

  /**
   * Contends for a lease, leadership that is kept in the database itself, and resolves when it is ours. It may be
   * lost later: see its events. Disposing of it gives it up: `await using lease = await db.lease('controller')`.
   * @throws UsageError `OVSDB_BAD_LEASE`; `OVSDB_UNKNOWN_TABLE`, `OVSDB_UNKNOWN_COLUMN` when there is no place for it.
   * @throws OvsdbError when the server refuses to have it taken.
   * @throws ClosedError `OVSDB_CLOSED`, `OVSDB_CALL_ABORTED`.
   * @throws TimeoutError `OVSDB_NO_ANSWER` when it is not ours within `timeoutMs`.
   */
  lease<T extends TableName<S> = TableName<S>>(
    name: string,
    options: LeaseOptions<S, T> = {},
  ): Promise<OvsdbLease> {
    return this.#leases.lease(name, options as unknown as LeaseOptions);
  }

  /**
   * Carries out the operations that `build` adds, all or none: `transact` (RFC 7047, 4.1.3). Resolves with what
   * `build` returned; what the operations came to can then be read from their results. Every replica of this
   * client that is not stale shows the changes by then. Without a connection it waits for one, and for replicas that
   * were asked for before to have their rows; `build` is called when it can be sent. With `retries`, `build` is called
   * once an attempt, and reads the replicas anew.
   *
   * We send a transaction at most once an attempt, but a server of a cluster may carry it out twice by itself, when
   * it loses its leadership meanwhile. If the transaction inserts something, the second time is made to fail, and is
   * told as `OVSDB_TRANSACTION_UNKNOWN`, which is never tried again. If it does not:
   * - One that adds to a number with `mutate` may add twice.
   * - One that waits for what it changes itself, as an update of a row that was read does, may be told
   *   `OVSDB_TIMED_OUT` although the first time was good. With `retries` it is then built and sent again: a number
   *   that was read and increased is increased twice.
   *
   * What must count once should therefore insert a row in the same transaction, such as a record of what was done.
   * Without one, do what may be done twice: write the value that is wanted in the end, or return from `build`
   * without an operation when the replica shows it already.
   * @throws UsageError what {@link Transaction} refused; nothing was sent.
   * @throws OvsdbError the operation that failed, and why; nothing was changed.
   * @throws ClosedError `OVSDB_TRANSACTION_UNKNOWN` when the connection ended before the answer came, or the server
   * carried it out twice; `OVSDB_CALL_ABORTED`. After these, and after TimeoutError `OVSDB_NO_ANSWER`, it may have been committed.
   */
  transact<T>(build: (tx: Transaction<S>) => T, options: TransactOptions = {}): Promise<T> {
    return this.#transactions.transact(build, options);
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
    return (await this.#replicate(selection, options)) as unknown as ReplicaOf<S, Sel>;
  }

  /** Ends the connection, every pending call and every replica. May be called again. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(peer: JsonRpcPeer, schema: DatabaseSchema): Promise<void> {
    await this.#monitors.start(peer, schema);
    this.#locks.start(peer);
  }

  #replicate(selection: Readonly<Record<string, unknown>>, options: CallOptions): Promise<Replica> {
    const { watch } = this.#transactions;
    return this.#monitors.replicate({ ours: this.#ours, selection, watch }, options);
  }

  #notified(method: string, params: readonly Json[]): void {
    const [id] = params;
    switch (method) {
      case 'update':
      case 'update2':
      case 'update3':
        return this.#monitors.update(method, params);
      case 'monitor_canceled':
        return this.#monitorCanceled(id);
      case 'locked':
      case 'stolen':
        return this.#locks.notified(method, id);
    }
  }

  /** The database has been converted, or is gone: the next connection shows which. */
  #monitorCanceled(id: Json | undefined): void {
    const error = new WireError('OVSDB_MONITOR_CANCELED', `the server canceled the monitor ${show(id)}`);
    this.#monitors.canceled(id, error);
    this.#connection.abandon(error);
  }

  #request(method: string, params: readonly Json[], options: CallOptions): Promise<Json> {
    return this.#connection.call(method, (peer, rest) => peer.request(method, params, rest), options);
  }
}

/** How a client follows its server. */
interface Following {
  readonly waitForServer: boolean;
  /** Without it, the status of the server is not asked for. */
  readonly leaderOnly: boolean | undefined;
  readonly onRetry: OvsdbClientEvents['retry'] | undefined;
}

function badReply(method: string, expected: string, got: Json): WireError {
  return new WireError('OVSDB_BAD_MESSAGE', `${method}: expected ${expected}, got ${show(got)}`);
}
