import type { Reporter } from '../rpc/guarded-emitter.ts';
import type { CallOptions, JsonRpcPeer } from '../rpc/json-rpc.ts';

/** What the parts of a client see of its connections. */
export interface ClientCalls {
  /** Where failed handlers are reported. */
  readonly parent: Reporter;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** The connection that calls may be made on; `undefined` while there is none. */
  readonly peer: () => JsonRpcPeer | undefined;
  /** Whether the server of the present connection is a member of a cluster. */
  readonly isClustered: () => boolean;
  /**
   * Makes a call at once, or when there is a connection.
   * @throws ClosedError `OVSDB_CLOSED` when the client is closed, `OVSDB_CALL_ABORTED`.
   * @throws TimeoutError `OVSDB_NO_ANSWER`.
   * @throws UsageError `OVSDB_QUEUE_FULL`.
   */
  readonly call: <T>(
    what: string,
    make: (peer: JsonRpcPeer, options: CallOptions) => Promise<T>,
    options: CallOptions,
  ) => Promise<T>;
}
