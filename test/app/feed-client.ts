import { type ClientOptions, WebSocket } from 'ws';
import type { EventSink, FeedSource, NetworkEvent, SwitchState } from '../../src/app/index.ts';
import { Arrivals } from '../net/sockets.ts';

/** A source of events that the test makes happen. */
export class FakeSource implements FeedSource {
  /** What {@link state} says. */
  switches: readonly SwitchState[] = [];
  readonly #sinks = new Set<EventSink>();

  state(): readonly SwitchState[] {
    return this.switches;
  }

  subscribe(sink: EventSink): () => void {
    this.#sinks.add(sink);
    return () => this.#sinks.delete(sink);
  }

  get subscriberCount(): number {
    return this.#sinks.size;
  }

  emit(event: NetworkEvent): void {
    for (const sink of this.#sinks) sink(event);
  }
}

/** A message of the feed. */
export type FeedMessage = NetworkEvent | { readonly type: 'state'; readonly switches: SwitchState[] };

/** A WebSocket client that keeps what it is told. */
export class FeedClient {
  readonly socket: WebSocket;
  /** Resolves with the status code, and the reason that the server gave. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #messages = new Arrivals<FeedMessage>();

  /** Resolves when the handshake is done; rejects with the HTTP answer when it is refused. */
  static async connect(url: string, options: ClientOptions = {}): Promise<FeedClient> {
    const client = new FeedClient(new WebSocket(url, options));
    await new Promise((resolve, reject) => {
      client.socket.once('open', resolve);
      client.socket.once('error', reject);
      client.socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => reject(new RefusedError(response.statusCode ?? 0, body)));
      });
    });
    return client;
  }

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary) throw new Error('the feed is text');
      this.#messages.push(JSON.parse(data.toString()));
    });
  }

  next(): Promise<FeedMessage> {
    return this.#messages.next();
  }

  /** Waits for the first event that `isWanted` takes; those before it are passed over. */
  async find<T extends FeedMessage['type']>(
    type: T,
    isWanted: (message: Extract<FeedMessage, { type: T }>) => boolean = () => true,
  ): Promise<Extract<FeedMessage, { type: T }>> {
    for (;;) {
      const message = await this.next();
      const candidate = message as Extract<FeedMessage, { type: T }>;
      if (message.type === type && isWanted(candidate)) return candidate;
    }
  }

  /** Resolves when the server has seen all that this client sent before: it answers a ping in its turn. */
  async settled(): Promise<void> {
    const answered = new Promise((resolve) => this.socket.once('pong', resolve));
    this.socket.ping();
    await answered;
  }
}

/** An HTTP answer in place of a WebSocket. */
class RefusedError extends Error {
  readonly status: number;
  /** The `code` of its JSON. */
  readonly code: string;

  constructor(status: number, body: string) {
    super(`${status} ${body}`);
    this.status = status;
    this.code = JSON.parse(body).code;
  }
}
