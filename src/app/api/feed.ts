import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Log, silentLog } from '../../util/log.ts';
import { type SetTimer, systemTimer } from '../../util/timer.ts';
import type { EventSink, NetworkEvent, SwitchState } from '../events.ts';

/** What a {@link Feed} tells of; a `Controller` is one. */
export interface FeedSource {
  /** Everything as it is now: what all events so far have come to. */
  state(): readonly SwitchState[];
  /** Has the sink hear of each event from now on; the result ends that. */
  subscribe(sink: EventSink): () => void;
}

/** The limits of a {@link Feed}. */
export interface FeedOptions {
  /** Clients at a time. Default 64. */
  readonly maxClients?: number;
  /** Bytes of events that a client may leave unread before it is closed. Default 1 MiB. */
  readonly maxBufferedBytes?: number;
  /** How often each client is asked for a sign of life; one that gave none since the last time goes. Default 30000. */
  readonly pingIntervalMs?: number;
  readonly log?: Log;
  /** Default `setTimeout`. */
  readonly setTimer?: SetTimer;
}

/** The first message to each client; all others are a {@link NetworkEvent}. */
export interface FeedState {
  readonly type: 'state';
  readonly switches: readonly SwitchState[];
}

/** Status codes of WebSocket closes (RFC 6455, 7.4.1, and 1013 of IANA's registry). */
const CloseCode = { GOING_AWAY: 1001, POLICY_VIOLATION: 1008, TRY_AGAIN_LATER: 1013 } as const;
/** Clients have nothing to say. */
const MAX_PAYLOAD_BYTES = 1024;
/** How long clients may take to answer a close. */
const CLOSE_GRACE_MS = 1000;

/** A client, as long as it gets events. */
interface Client {
  readonly socket: WebSocket;
  /** Its address and port, for logs. */
  readonly remote: string;
  /** Bytes that may be unread: the state, while it has not been taken, comes on top of what events may. */
  maxUnreadBytes: number;
  isAlive: boolean;
}

/**
 * Tells WebSocket clients (RFC 6455) what happens: first the state, then every event after it, none lost and none
 * twice. Each message is JSON text. A client that does not read is closed with 1013, and can come back for the state.
 */
export class Feed implements AsyncDisposable {
  readonly #source: FeedSource;
  readonly #options: Required<FeedOptions>;
  readonly #server: WebSocketServer;
  readonly #clients = new Set<Client>();
  readonly #unsubscribe: () => void;
  #cancelPing: () => void = () => {};
  #closed: Promise<void> | undefined;

  constructor(source: FeedSource, options: FeedOptions = {}) {
    this.#source = source;
    this.#options = {
      maxClients: 64,
      maxBufferedBytes: 1024 * 1024,
      pingIntervalMs: 30_000,
      log: silentLog,
      setTimer: systemTimer,
      ...options,
    };
    this.#server = new WebSocketServer({ noServer: true, maxPayload: MAX_PAYLOAD_BYTES });
    this.#unsubscribe = source.subscribe((event) => this.#tell(event));
    this.#pingLater();
  }

  /** True when no more clients are taken; those that are being closed count. */
  get isFull(): boolean {
    return this.#server.clients.size >= this.#options.maxClients;
  }

  /** Takes a connection whose HTTP request asked for an upgrade; one that is no proper handshake is answered so. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (client) => this.#welcome(client, request));
  }

  /** Sends each client away with 1001, and resolves when all have gone. May be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    this.#unsubscribe();
    this.#cancelPing();
    this.#clients.clear();
    const allGone = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#server.clients)
      socket.close(CloseCode.GOING_AWAY, 'the controller is closing');
    const cancel = this.#options.setTimer(() => {
      for (const socket of this.#server.clients) socket.terminate();
    }, CLOSE_GRACE_MS);
    await allGone;
    cancel();
  }

  /** State and membership belong to one turn of the event loop: nothing can happen in between. */
  #welcome(socket: WebSocket, request: IncomingMessage): void {
    const { maxBufferedBytes, log } = this.#options;
    const remote = `${request.socket.remoteAddress} port ${request.socket.remotePort}`;
    const state: FeedState = { type: 'state', switches: this.#source.state() };
    const bytes = Buffer.from(JSON.stringify(state));
    const maxUnreadBytes = bytes.length + maxBufferedBytes;
    const client: Client = { socket, remote, maxUnreadBytes, isAlive: true };
    this.#clients.add(client);
    socket.on('pong', () => {
      client.isAlive = true;
    });
    socket.on('message', () =>
      this.#dismiss(client, CloseCode.POLICY_VIOLATION, 'the feed takes no messages'),
    );
    socket.on('error', (error) => log.debug({ remote }, `feed client: ${error.message}`));
    socket.on('close', (code) => {
      this.#clients.delete(client);
      log.debug({ remote, status: code }, 'feed client left');
    });
    log.debug({ remote }, 'feed client joined');
    socket.send(bytes, { binary: false }, () => {
      client.maxUnreadBytes = maxBufferedBytes;
    });
  }

  #tell(event: NetworkEvent): void {
    if (this.#clients.size === 0) return;
    const bytes = Buffer.from(JSON.stringify(event));
    for (const client of this.#clients) {
      if (client.socket.bufferedAmount + bytes.length <= client.maxUnreadBytes) {
        client.socket.send(bytes, { binary: false });
      } else {
        this.#dismiss(client, CloseCode.TRY_AGAIN_LATER, 'too many unread events');
      }
    }
  }

  #dismiss(client: Client, code: number, reason: string): void {
    if (!this.#clients.delete(client)) return;
    this.#options.log.warn({ remote: client.remote, status: code }, `feed client closed: ${reason}`);
    client.socket.close(code, reason);
  }

  #pingLater(): void {
    this.#cancelPing = this.#options.setTimer(() => {
      for (const client of this.#clients) this.#ping(client);
      this.#pingLater();
    }, this.#options.pingIntervalMs);
  }

  #ping(client: Client): void {
    if (!client.isAlive) return client.socket.terminate();
    client.isAlive = false;
    client.socket.ping();
  }
}
