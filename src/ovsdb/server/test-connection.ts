import type { Duplex } from 'node:stream';
import { WireError } from '../../util/errors.ts';
import { JsonFramer, type JsonFramerOptions } from '../rpc/framer.ts';
import { isJsonObject, type Json, type JsonObject } from '../rpc/json.ts';
import { Outbox, type OutboxClock } from './outbox.ts';

/** What a {@link TestConnection} is made with. */
export interface TestConnectionOptions extends JsonFramerOptions, OutboxClock {
  /** Bytes that may wait to be sent before the connection is dropped. */
  readonly maxUnsentBytes: number;
  readonly onRequest: (method: string, params: readonly Json[], id: Json) => void;
  readonly onNotification: (method: string, params: readonly Json[]) => void;
  readonly onClose: () => void;
}

/** A client's connection to an `OvsdbTestServer`, and what can go wrong with it on command. */
export class TestConnection {
  /** Whether it can do with databases that are converted: `set_db_change_aware` (ovsdb-server(7), 4.1.18). */
  isDbChangeAware = false;
  readonly #stream: Duplex;
  readonly #options: TestConnectionOptions;
  readonly #framer: JsonFramer;
  readonly #outbox: Outbox;
  #isClosed = false;

  /** @internal Connections are made by their server. */
  constructor(stream: Duplex, options: TestConnectionOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#framer = new JsonFramer(options);
    this.#outbox = new Outbox(stream, options);
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('error', () => this.drop());
    stream.on('close', () => this.#close());
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Ends the connection at once; what has not left yet is lost. */
  drop(): void {
    this.#close();
    this.#stream.destroy();
  }

  /** Ends the connection when so many more bytes have left: in the middle of a message, say. */
  dropAfter(byteCount: number): void {
    this.#outbox.endAfter(byteCount);
  }

  /** Half-open: neither reads nor writes any more, and does not close either, until {@link resume}. */
  stall(): void {
    this.#stream.pause();
    this.#outbox.hold();
  }

  resume(): void {
    this.#stream.resume();
    this.#outbox.release();
  }

  /** Carries requests out, but keeps answers and updates back, until {@link release}. */
  hold(): void {
    this.#outbox.hold();
  }

  release(): void {
    this.#outbox.release();
  }

  /** Has answers and updates leave so much later. Their order stays as it is. */
  delay(delayMs: number): void {
    this.#outbox.delay(delayMs);
  }

  /** @internal */
  reply(id: Json, result: Json): void {
    this.#send({ id, result, error: null });
  }

  /** @internal */
  replyError(id: Json, error: Json): void {
    this.#send({ id, result: null, error });
  }

  /** @internal */
  notify(method: string, params: readonly Json[]): void {
    this.#send({ method, params, id: null });
  }

  /** @internal Ends the connection when all that was sent has left. */
  end(): void {
    this.#stream.end();
    this.#close();
  }

  #send(message: JsonObject): void {
    if (this.#isClosed) return;
    this.#outbox.send(Buffer.from(JSON.stringify(message)));
    if (this.#outbox.size > this.#options.maxUnsentBytes) this.drop();
  }

  #receive(chunk: Buffer): void {
    if (this.#isClosed) return;
    try {
      for (const message of this.#framer.push(chunk)) {
        this.#dispatch(message);
        if (this.#isClosed) return;
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.drop();
    }
  }

  #dispatch(message: JsonObject): void {
    const { method, params, id } = message;
    // An answer to an echo.
    if (method === undefined && isJsonObject(message)) return;
    if (typeof method !== 'string' || !Array.isArray(params)) return this.drop();
    if (id === null || id === undefined) this.#options.onNotification(method, params);
    else this.#options.onRequest(method, params, id);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#outbox.close();
    this.#options.onClose();
  }
}
