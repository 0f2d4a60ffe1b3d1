import type { Socket } from 'node:net';
import type { GalagoError } from '../../util/errors.ts';
import { systemTimer } from '../../util/timer.ts';
import type { Reporter } from '../rpc/guarded-emitter.ts';
import type { Json } from '../rpc/json.ts';
import { JsonRpcPeer } from '../rpc/json-rpc.ts';
import type { DatabaseSchema } from '../schema/schema.ts';
import { sharedSchema } from '../schema/shared-schema.ts';
import type { OvsdbClientOptions } from './client-options.ts';
import { ServerStatus, STATUS_MONITOR } from './server-status.ts';

/** What a {@link Session} is part of. */
export interface SessionOptions {
  readonly client: OvsdbClientOptions;
  /** Names the server in errors. */
  readonly name: string;
  readonly database: string;
  /** Whether a member of a cluster has to lead; `undefined` when the status of the server does not matter. */
  readonly leaderOnly: boolean | undefined;
  /** See `ServerStatusOptions`. */
  readonly indexes: Map<string, number>;
  readonly parent: Reporter;
  readonly now: () => number;
  /** Takes each notification but those of the status, in order. */
  readonly onNotification: (method: string, params: readonly Json[]) => void;
}

/** One connection of a client, and what the server at its other end says of itself. */
export class Session {
  readonly peer: JsonRpcPeer;
  readonly #options: SessionOptions;
  readonly #status: ServerStatus | undefined;
  readonly #abandoned: Promise<GalagoError>;
  #resolveAbandoned!: (reason: GalagoError) => void;

  constructor(socket: Socket, options: SessionOptions) {
    const { client, name, leaderOnly, onNotification } = options;
    this.#options = options;
    this.#abandoned = new Promise((resolve) => {
      this.#resolveAbandoned = resolve;
    });
    this.#status = leaderOnly === undefined ? undefined : statusOf(options, leaderOnly);
    this.peer = new JsonRpcPeer(socket, {
      ...client,
      name,
      onNotification: (method, params) => {
        const isStatus = params[0] === STATUS_MONITOR && method.startsWith('update');
        if (isStatus) this.#status?.update(method, params);
        else onNotification(method, params);
      },
    });
  }

  /**
   * Finds out whether the server is of use, and the schema to work with.
   * @throws ClosedError `OVSDB_SERVER_UNFIT`, `OVSDB_CLOSED`; OvsdbError, UsageError and TimeoutError as
   * `OvsdbClient.connect`.
   */
  async begin(): Promise<DatabaseSchema> {
    const { client, database } = this.#options;
    const { schema: ours, handshakeTimeoutMs: timeoutMs = 10_000, isDbChangeAware = true } = client;
    if (isDbChangeAware) {
      // A server that does not know it has no databases that change.
      void this.peer.request('set_db_change_aware', [true]).catch(() => {});
    }
    await this.#status?.start(this.peer, { timeoutMs });
    return sharedSchema(await this.peer.request('get_schema', [database], { timeoutMs }), ours);
  }

  /** Whether the server says that it is a member of a cluster. */
  get isClustered(): boolean {
    return this.#status?.isClustered ?? false;
  }

  /** Resolves when the connection has ended, or is to be left: `abandon`, or a server of no use any more. */
  over(): Promise<GalagoError> {
    const unfit = this.#status === undefined ? [] : [this.#status.unfit];
    return Promise.race([this.peer.closed, this.#abandoned, ...unfit]);
  }

  /** Has the connection be left for another one. */
  abandon(reason: GalagoError): void {
    this.#resolveAbandoned(reason);
  }

  /** Ends the connection when all that was sent has been answered, or the time for a handshake has passed. */
  async leave(): Promise<void> {
    const { setTimer = systemTimer, handshakeTimeoutMs = 10_000 } = this.#options.client;
    await new Promise<void>((resolve) => {
      const cancel = setTimer(resolve, handshakeTimeoutMs);
      void this.peer.drained().then(() => {
        cancel();
        resolve();
      });
    });
    await this.peer.close();
  }
}

function statusOf(options: SessionOptions, leaderOnly: boolean): ServerStatus {
  const { name: server, database, indexes, parent, now } = options;
  return new ServerStatus({ database, server, leaderOnly, indexes, parent, now });
}
