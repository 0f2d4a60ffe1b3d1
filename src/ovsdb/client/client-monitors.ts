import { ClosedError, type GalagoError, TimeoutError } from '../../util/errors.ts';
import { Monitor } from '../replica/monitor.ts';
import type { Replica, ReplicaSource } from '../replica/replica.ts';
import type { Json } from '../rpc/json.ts';
import type { CallOptions, JsonRpcPeer } from '../rpc/json-rpc.ts';
import { leftOf, WaitingLine } from '../rpc/waiting-line.ts';
import type { DatabaseSchema } from '../schema/schema.ts';
import type { ClientCalls } from './client-calls.ts';

/** How {@link ClientMonitors.replicate} makes a replica. */
interface ReplicateOptions {
  /** The schema that the caller's types were made from; `undefined` takes the server's. */
  readonly ours: DatabaseSchema | undefined;
  readonly selection: Readonly<Record<string, unknown>>;
  readonly watch: ReplicaSource['watch'];
}

/** The monitors of a client, each with its replica, over all its connections. */
export class ClientMonitors {
  readonly #calls: ClientCalls;
  readonly #monitors = new Map<Json | undefined, Monitor>();
  /** What waits for the first snapshots. */
  readonly #held: WaitingLine;
  #missing = 0;
  #next = 0;
  #schema: DatabaseSchema | undefined;

  constructor(calls: ClientCalls, maxHeld: number) {
    this.#calls = calls;
    this.#held = new WaitingLine({ maxLength: maxHeld, now: calls.now });
  }

  /** True while a replica that was asked for has no rows yet. */
  get isMissingSnapshot(): boolean {
    return this.#missing > 0;
  }

  /**
   * Resolves when every replica that was asked for has its rows, or will never have them.
   * @throws ClosedError, TimeoutError and UsageError as `WaitingLine.enter`.
   */
  firstSnapshots(what: string, options: CallOptions): Promise<void> {
    return this.#held.enter(what, async () => {}, options);
  }

  /**
   * Resolves when every replica equals the server.
   * @throws ClosedError, TimeoutError as `Replica.synced`.
   */
  async synced(options: CallOptions): Promise<void> {
    const stale = [...this.#monitors.values()].filter(({ isStale }) => isStale);
    if (stale.length > 0) await Promise.all(stale.map((monitor) => monitor.synced(options)));
  }

  /** See `OvsdbClient.replicate`. */
  async replicate({ ours, selection, watch }: ReplicateOptions, options: CallOptions): Promise<Replica> {
    const monitor: Monitor = new Monitor({
      id: `galago-${this.#next++}`,
      selection,
      ours: ours ?? this.#schema!,
      watch,
      parent: this.#calls.parent,
      now: this.#calls.now,
      onStop: () => this.#stop(monitor),
      onConditions: (tables, rest) => this.#changeConditions(monitor, tables, rest),
    });
    const startedAt = this.#calls.now();
    this.#missing++;
    try {
      while (monitor.isStale) {
        const rest = leftOf(options, this.#calls.now() - startedAt);
        await this.#calls.call('replicate', (peer, left) => this.#start(peer, monitor, left), rest);
      }
    } finally {
      if (--this.#missing === 0) this.#held.open();
    }
    return monitor.replica;
  }

  /** Begins all of them on a new connection; resolves when the replicas equal the server. */
  async start(peer: JsonRpcPeer, schema: DatabaseSchema): Promise<void> {
    this.#schema = schema;
    await Promise.all([...this.#monitors.values()].map((monitor) => monitor.start(peer, schema)));
  }

  /** Takes `update`, `update2` or `update3`. A monitor that was cancelled a moment ago may still get them. */
  update(method: string, params: readonly Json[]): void {
    this.#monitors.get(params[0])?.update(method, params);
  }

  /** The server has cancelled one: its replica is stale. */
  canceled(id: Json | undefined, error: GalagoError): void {
    this.#monitors.get(id)?.disconnected(error, 0);
  }

  /** The connection has ended; nothing had come for `idleMs`. */
  lost(error: GalagoError, idleMs: number): void {
    for (const monitor of this.#monitors.values()) monitor.disconnected(error, idleMs);
  }

  /** There will be no other connection. */
  end(error: GalagoError): void {
    for (const monitor of this.#monitors.values()) monitor.end(error);
    this.#held.refuse(error);
  }

  /** A connection that is lost meanwhile is no failure: the next one will do. */
  async #start(peer: JsonRpcPeer, monitor: Monitor, options: CallOptions): Promise<void> {
    this.#monitors.set(monitor.id, monitor);
    try {
      await monitor.start(peer, this.#schema!, options);
    } catch (error) {
      this.#monitors.delete(monitor.id);
      if (isLoss(error)) return;
      // The server does not know that nobody waits any more.
      const isGivenUp = error instanceof ClosedError || error instanceof TimeoutError;
      if (isGivenUp) void this.#cancel(peer, monitor);
      throw error;
    }
  }

  /** When the connection is lost meanwhile, the next one begins with the new conditions. */
  async #changeConditions(monitor: Monitor, tables: readonly string[], options: CallOptions): Promise<void> {
    const startedAt = this.#calls.now();
    try {
      const send = (peer: JsonRpcPeer, rest: CallOptions) => monitor.sendConditions(peer, tables, rest);
      await this.#calls.call('monitor_cond_change', send, options);
    } catch (error) {
      if (!isLoss(error)) throw error;
    }
    await monitor.synced(leftOf(options, this.#calls.now() - startedAt));
  }

  async #stop(monitor: Monitor): Promise<void> {
    monitor.end(new ClosedError('OVSDB_CLOSED', 'the replica was closed'));
    const peer = this.#calls.peer();
    if (this.#monitors.delete(monitor.id) && peer !== undefined) await this.#cancel(peer, monitor);
  }

  /** Whatever the answer, the server sends nothing more, and what it had sent already is dropped. */
  async #cancel(peer: JsonRpcPeer, monitor: Monitor): Promise<void> {
    await peer.request('monitor_cancel', [monitor.id]).catch(() => {});
  }
}

/** True for the end of a connection, false for a call that was given up. */
function isLoss(error: unknown): error is ClosedError {
  return error instanceof ClosedError && error.code === 'OVSDB_CLOSED';
}
