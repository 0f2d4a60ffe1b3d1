import { ClosedError } from '../../util/errors.ts';
import { Monitor } from '../replica/monitor.ts';
import type { Reporter } from '../rpc/guarded-emitter.ts';
import type { Json } from '../rpc/json.ts';
import type { CallOptions, JsonRpcPeer } from '../rpc/json-rpc.ts';
import { OvsdbError } from '../rpc/remote-error.ts';
import { parseSchema } from '../schema/parse-schema.ts';
import type { UntypedRow } from '../schema/row-types.ts';

/** What a {@link ServerStatus} is about. */
export interface ServerStatusOptions {
  readonly database: string;
  /** Names the server in errors. */
  readonly server: string;
  /** Whether a member of a cluster is only of use while it leads. */
  readonly leaderOnly: boolean;
  /** The greatest index seen of each cluster, by any server of it; kept across connections. */
  readonly indexes: Map<string, number>;
  readonly parent: Reporter;
  readonly now: () => number;
}

/**
 * Follows what a server says of itself in its database `_Server` (ovsdb-server(5)), to find out when it is of no
 * use: it has lost its cluster, is not the leader, or knows less than another server has told us already.
 */
export class ServerStatus {
  /** Resolves with the reason once the server is of no use any more. */
  readonly unfit: Promise<ClosedError>;
  readonly #options: ServerStatusOptions;
  readonly #monitor: Monitor;
  #resolveUnfit!: (reason: ClosedError) => void;
  #isClustered = false;

  constructor(options: ServerStatusOptions) {
    const { parent, now } = options;
    this.#options = options;
    this.unfit = new Promise((resolve) => {
      this.#resolveUnfit = resolve;
    });
    this.#monitor = new Monitor({
      id: STATUS_MONITOR,
      ours: SERVER_SCHEMA,
      selection: { Database: true },
      parent,
      now,
      onStop: async () => {},
      onConditions: async () => {},
    });
  }

  /**
   * Asks the server. One without `_Server` is older than clusters, and of use.
   * @throws ClosedError `OVSDB_SERVER_UNFIT`.
   */
  async start(peer: JsonRpcPeer, options: CallOptions): Promise<void> {
    try {
      await this.#monitor.start(peer, SERVER_SCHEMA, options);
    } catch (error) {
      if (error instanceof OvsdbError) return;
      throw error;
    }
    const reason = this.#judge();
    if (reason !== undefined) throw reason;
  }

  /** Whether it is a member of a cluster. */
  get isClustered(): boolean {
    return this.#isClustered;
  }

  /** Takes `update2` or `update3`. */
  update(method: string, params: readonly Json[]): void {
    this.#monitor.update(method, params);
    const reason = this.#judge();
    if (reason !== undefined) this.#resolveUnfit(reason);
  }

  #row(): UntypedRow | undefined {
    return this.#monitor.stores.get('Database')?.find({ name: this.#options.database });
  }

  #judge(): ClosedError | undefined {
    const { leaderOnly } = this.#options;
    const row = this.#row();
    this.#isClustered = row?.model === 'clustered';
    if (row === undefined || row.model === 'standalone') return undefined;
    if (row.connected === false) return this.#reason('has no connection to its cluster');
    if (!this.#isClustered) return undefined;
    if (leaderOnly && row.leader === false) return this.#reason('is not the leader of its cluster');
    return this.#judgeIndex(String(row.cid), Number(row.index ?? 0));
  }

  #judgeIndex(cluster: string, index: number): ClosedError | undefined {
    const { indexes } = this.#options;
    const greatest = indexes.get(cluster) ?? 0;
    if (index < greatest) return this.#reason(`is behind: it has index ${index}, ${greatest} was seen`);
    indexes.set(cluster, index);
    return undefined;
  }

  #reason(why: string): ClosedError {
    const { server, database } = this.#options;
    return new ClosedError('OVSDB_SERVER_UNFIT', `${server} is of no use for ${database}: it ${why}`);
  }
}

/** Names the monitor of `_Server` on a connection. */
export const STATUS_MONITOR = 'galago-status';

/** The part of `_Server` that is looked at: all of it has been there since there are clusters. */
const SERVER_SCHEMA = parseSchema({
  name: '_Server',
  tables: {
    Database: {
      columns: {
        name: { type: 'string' },
        model: { type: 'string' },
        connected: { type: 'boolean' },
        leader: { type: 'boolean' },
        cid: { type: { key: 'uuid', min: 0 } },
        index: { type: { key: 'integer', min: 0 } },
      },
      indexes: [['name']],
    },
  },
});
