import type { Backoff } from '../../net/index.ts';
import type { GalagoError } from '../../util/errors.ts';
import type { HandlerEvents } from '../rpc/guarded-emitter.ts';
import type { CallOptions, JsonRpcOptions } from '../rpc/json-rpc.ts';
import type { DialLinkOptions } from '../rpc/link.ts';
import type { DatabaseSchema } from '../schema/schema.ts';
import type { SchemaJson } from '../schema/schema-json.ts';

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
  /**
   * Tells the server that we can do with databases that come, go and are converted: `set_db_change_aware`
   * (ovsdb-server(7), 4.1.18). Otherwise it ends the connection then. Default true.
   */
  readonly isDbChangeAware?: boolean;
}

/** How {@link OvsdbClient.connect} connects. `signal` and `timeoutMs` are for the first connection only. */
export interface OvsdbConnectOptions<S extends SchemaJson = SchemaJson>
  extends OvsdbClientOptions<S>,
    DialLinkOptions,
    CallOptions {
  /** Goes on trying when the first attempt fails, instead of rejecting. Default false. */
  readonly waitForServer?: boolean;
  /** Hears the client's `retry` from the beginning: while it waits for a server, nobody has the client to listen to. */
  readonly onRetry?: OvsdbClientEvents['retry'];
  /**
   * Of a cluster, only works with its leader, and moves when there is another one: what it shows and does is then
   * what the cluster has agreed on. Default true. False is for reading from a follower, which may be a little behind.
   */
  readonly leaderOnly?: boolean;
}

/** How {@link OvsdbClient.transact} goes about it. `timeoutMs` is for all attempts together. */
export interface TransactOptions extends CallOptions {
  /**
   * How often to build and send it again when a `wait` failed, because somebody else was faster, or the server
   * had just ceased to lead. Nothing was changed then; but in a cluster an update of what was read may have been made
   * all the same, and is then made twice: see `OvsdbClient.transact` for how to count safely. Default 0.
   */
  readonly retries?: number;
  /** The delays between the attempts. Default: 10 ms to 1 s. */
  readonly backoff?: Backoff;
  /**
   * Has the transaction first wait that the columns are as they were which the function that builds it has read
   * from rows that it got from `find`, `get`, `getAll`, `filter`, `follow` and indexes of this client's replicas.
   * What a predicate looks at, or a loop over a whole table, does not count. Default true.
   */
  readonly verifyReads?: boolean;
  /**
   * Resolves only when every replica shows the result: when one is stale by then, after it has been resynchronised.
   * Default false.
   */
  readonly synced?: boolean;
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
