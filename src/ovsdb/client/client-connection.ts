import type { Socket } from 'node:net';
import { ClosedError, type GalagoError } from '../../util/errors.ts';
import type { GuardedEmitter } from '../rpc/guarded-emitter.ts';
import type { Json } from '../rpc/json.ts';
import type { CallOptions, JsonRpcPeer } from '../rpc/json-rpc.ts';
import type { Link } from '../rpc/link.ts';
import { WaitingLine } from '../rpc/waiting-line.ts';
import type { DatabaseSchema } from '../schema/schema.ts';
import type { ClientCalls } from './client-calls.ts';
import type { OvsdbClientEvents, OvsdbClientOptions, OvsdbClientState } from './client-options.ts';
import { Session } from './session.ts';

/** What a {@link ClientConnection} is made of, and what it calls. */
export interface ClientConnectionOptions {
  readonly client: OvsdbClientOptions;
  readonly database: string;
  readonly link: Link;
  /** Goes on trying when the first attempt fails. */
  readonly waitForServer: boolean;
  /** Whether a member of a cluster has to lead; `undefined` when the status of the server is not asked for. */
  readonly leaderOnly: boolean | undefined;
  /** The client: told of what happens. */
  readonly emitter: GuardedEmitter<OvsdbClientEvents>;
  /** Begins on a new connection; when it resolves, the replicas equal the server. */
  readonly onStart: (peer: JsonRpcPeer, schema: DatabaseSchema) => Promise<void>;
  /** Takes each notification, in order. */
  readonly onNotification: (method: string, params: readonly Json[]) => void;
  /** The connection has ended; nothing had come for `idleMs`. */
  readonly onLost: (error: GalagoError, idleMs: number) => void;
  /** There will be no other. */
  readonly onEnd: (reason: GalagoError) => void;
}

/*
 *                 schema read, replicas synced
 *   connecting ───────────────────────────────▶ connected
 *       ▲                                           │
 *       └───────────────────────────────────────────┘
 *             connection lost, or server unfit
 *
 *   close() leads from both to closed, which is the last; so does the loss of an accepted connection.
 *
 * - Calls wait in line while connecting. They start, in order, before anything that is called later.
 * - A server that has ceased to lead is sent nothing more, and left when it has answered what it was sent.
 * - A transaction is sent at most once. Whether one without an answer was committed cannot be known.
 */
const NEXT: Readonly<Record<OvsdbClientState, readonly OvsdbClientState[]>> = {
  connecting: ['connected', 'closed'],
  connected: ['connecting', 'closed'],
  closed: [],
};

/** The connections of a client, one after the other, and the calls on them. */
export class ClientConnection implements ClientCalls {
  readonly parent: GuardedEmitter<OvsdbClientEvents>;
  readonly now: () => number;
  readonly #options: ClientConnectionOptions;
  readonly #line: WaitingLine;
  /** See `ServerStatusOptions`. */
  readonly #indexes = new Map<string, number>();
  #state: OvsdbClientState = 'connecting';
  #isPatient: boolean;
  #schema: DatabaseSchema | undefined;
  #session: Session | undefined;
  #reason: GalagoError | undefined;

  constructor(options: ClientConnectionOptions) {
    const { client, emitter, waitForServer } = options;
    this.parent = emitter;
    this.now = client.now ?? (() => performance.now());
    this.#options = options;
    this.#isPatient = waitForServer;
    this.#line = new WaitingLine({ maxLength: client.maxWaiting ?? 1000, now: this.now });
  }

  get state(): OvsdbClientState {
    return this.#state;
  }

  /** The schema of the server that it is, or was last, connected to. */
  get schema(): DatabaseSchema {
    return this.#schema!;
  }

  /** Connects; resolves when it has, for the first time. */
  async start(options: CallOptions): Promise<void> {
    this.#options.link.start({
      greet: (socket, name) => this.#greet(socket, name),
      serve: (name) => this.#serve(name),
      failed: (error, retryInMs) => this.#failed(error as GalagoError, retryInMs),
    });
    await this.#line.enter('connect', async () => {}, options);
  }

  peer(): JsonRpcPeer | undefined {
    if (this.#state !== 'connected') return undefined;
    const { peer } = this.#session!;
    return peer.isClosed ? undefined : peer;
  }

  isClustered(): boolean {
    return this.#session?.isClustered ?? false;
  }

  call<T>(
    what: string,
    make: (peer: JsonRpcPeer, options: CallOptions) => Promise<T>,
    options: CallOptions,
  ): Promise<T> {
    if (this.#reason !== undefined) return Promise.reject(this.#reason);
    const peer = this.peer();
    if (peer !== undefined) return make(peer, options);
    return this.#line.enter(what, (rest) => make(this.#session!.peer, rest), options);
  }

  /** Leaves the connection for another one, when all that was sent on it has been answered. */
  abandon(reason: GalagoError): void {
    this.#session!.abandon(reason);
  }

  /** Ends it, for good. */
  async close(): Promise<void> {
    this.#end(new ClosedError('OVSDB_CLOSED', `the client of ${this.#options.database} was closed`));
    await this.#session?.peer.close();
    await this.#options.link.close();
  }

  async #greet(socket: Socket, name: string): Promise<void> {
    const { client, database, leaderOnly, onNotification, onStart } = this.#options;
    const session = new Session(socket, {
      ...{ client, name, database, leaderOnly, onNotification },
      ...{ indexes: this.#indexes, parent: this.parent, now: this.now },
    });
    this.#session = session;
    const { peer } = session;
    try {
      if (this.#reason !== undefined) throw this.#reason;
      this.#schema = await session.begin();
      await onStart(peer, this.#schema);
    } catch (error) {
      await peer.close();
      this.#lost(error as GalagoError, peer.idleMs);
      throw error;
    }
  }

  async #serve(name: string): Promise<void> {
    const session = this.#session!;
    const { peer } = session;
    if (!peer.isClosed) {
      this.#isPatient = true;
      this.#to('connecting', 'connected');
      this.#line.open();
      this.parent.emit('connected', { name });
    }
    const reason = await session.over();
    if (!peer.isClosed) {
      this.#disconnect(reason);
      await session.leave();
    }
    this.#lost(reason, peer.idleMs);
    throw reason;
  }

  /** While connecting, some of the replicas may have been synced before the connection was lost again. */
  #lost(error: GalagoError, idleMs: number): void {
    this.#options.onLost(error, idleMs);
    this.#disconnect(error);
  }

  #disconnect(error: GalagoError): void {
    if (this.#state !== 'connected') return;
    this.#to('connected', 'connecting');
    this.parent.emit('disconnected', { error });
  }

  #failed(error: GalagoError, retryInMs: number | undefined): void {
    const isFatal = retryInMs === undefined || !this.#isPatient;
    if (isFatal) this.#end(error);
    else this.parent.emit('retry', { error, retryInMs });
  }

  #end(reason: GalagoError): void {
    if (this.#state === 'closed') return;
    this.#to(this.#state, 'closed');
    this.#reason = reason;
    this.#line.refuse(reason);
    this.#options.onEnd(reason);
    this.parent.emit('closed', { reason });
  }

  #to(from: OvsdbClientState, next: OvsdbClientState): void {
    if (this.#state !== from || !NEXT[from].includes(next)) {
      throw new Error(`bug: OVSDB client cannot go from ${from} to ${next} while ${this.#state}`);
    }
    this.#state = next;
  }
}
