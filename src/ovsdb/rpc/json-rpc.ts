import type { Duplex } from 'node:stream';
import { ClosedError, type GalagoError, TimeoutError, UsageError, WireError } from '../../util/errors.ts';
import { JsonFramer, type JsonFramerOptions } from './framer.ts';
import { isJsonObject, type Json, type JsonObject, show } from './json.ts';
import { InactivityProbe, type ProbeOptions } from './probe.ts';
import { OvsdbError } from './remote-error.ts';

/** The bounds and the hooks of a {@link JsonRpcPeer}. */
export interface JsonRpcOptions extends JsonFramerOptions, ProbeOptions {
  /** Names the peer in errors. */
  readonly name?: string;
  /** Requests that may wait for their replies at once. Default 4096. */
  readonly maxPending?: number;
  /** Bytes that may wait to be sent. Default 64 MiB. */
  readonly maxUnsentBytes?: number;
  /** Takes each notification, in order. A WireError that it throws closes the connection. */
  readonly onNotification?: (method: string, params: readonly Json[]) => void;
  /** Answers each request but `echo`. What it throws is answered as the error. Default: `unknown method`. */
  readonly onRequest?: (method: string, params: readonly Json[]) => Json | Promise<Json>;
}

/** How long one call may take. */
export interface CallOptions {
  /** Rejects the call when aborted; a transaction that has been sent is also cancelled (RFC 7047, 4.1.4). */
  readonly signal?: AbortSignal | undefined;
  /** The longest wait for the reply. Default: for ever, or until the inactivity probe finds the peer dead. */
  readonly timeoutMs?: number | undefined;
}

/** How one request is made. */
export interface RequestOptions<T = Json> extends CallOptions {
  /**
   * Turns the result into what the promise resolves with. It runs as the reply is met in the stream, before any
   * later message is looked at. A WireError that it throws closes the connection as well.
   */
  readonly decode?: (result: Json) => T;
  /** Makes what the promise rejects with of the end of the connection. Default: that itself. */
  readonly lost?: (reason: ClosedError) => ClosedError;
}

interface PendingRequest {
  readonly method: string;
  readonly decode: (result: Json) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly lost: (reason: ClosedError) => ClosedError;
  /** Clears the timer and the listener of the signal. */
  readonly release: () => void;
}

/**
 * One end of a JSON-RPC 1.0 connection (RFC 7047, 4), over a socket that is open. All that arrives is handled in
 * one order, that of the stream; what is sent in one go, by all that one received chunk has set off, leaves in one
 * write.
 * Closing, by whichever side, rejects every pending request.
 */
export class JsonRpcPeer implements AsyncDisposable {
  /** Resolves, never rejects, with the reason once the connection has ended. */
  readonly closed: Promise<ClosedError>;
  readonly #socket: Duplex;
  readonly #options: JsonRpcOptions;
  readonly #framer: JsonFramer;
  readonly #probe: InactivityProbe;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #draining = new Set<() => void>();
  readonly #maxPending: number;
  readonly #maxUnsentBytes: number;
  #nextId = 0;
  /** Messages of this turn of the event loop. */
  #unwritten = '';
  #unwrittenSize = 0;
  #reason: ClosedError | undefined;
  #resolveClosed!: (reason: ClosedError) => void;

  constructor(socket: Duplex, options: JsonRpcOptions = {}) {
    this.#socket = socket;
    this.#options = options;
    this.#framer = new JsonFramer(options);
    this.#maxPending = options.maxPending ?? 4096;
    this.#maxUnsentBytes = options.maxUnsentBytes ?? 64 * 1024 * 1024;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#probe = new InactivityProbe(options, {
      probe: () => this.#sendProbe(),
      expire: (idleMs) => {
        this.#end(`no answer to an echo, nothing received for ${idleMs} ms`);
      },
    });
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (cause) => this.#end(cause.message, cause));
    socket.on('close', () => {
      this.#end('the peer closed it');
      this.#resolveClosed(this.#reason!);
    });
  }

  /** True from the moment the connection is being closed. */
  get isClosed(): boolean {
    return this.#reason !== undefined;
  }

  /** How long nothing has come from the peer. */
  get idleMs(): number {
    return this.#probe.idleMs;
  }

  /**
   * Calls a method of the peer.
   * @throws OvsdbError what the peer answered.
   * @throws ClosedError `OVSDB_CLOSED`, `OVSDB_CALL_ABORTED`.
   * @throws TimeoutError `OVSDB_NO_ANSWER` after `timeoutMs`.
   * @throws UsageError `OVSDB_QUEUE_FULL` when a bound is reached; nothing has been sent then.
   */
  request<T = Json>(method: string, params: readonly Json[], options: RequestOptions<T> = {}): Promise<T> {
    // What the executor throws, it rejects with.
    return new Promise<T>((resolve, reject) => {
      const { decode = asIs, lost = asIs } = options;
      if (this.#reason !== undefined) throw lost(this.#reason);
      if (options.signal?.aborted) throw aborted(method, options.signal);
      if (this.#pending.size >= this.#maxPending) {
        throw queueFull(`${this.#maxPending} requests wait for replies already`);
      }
      const id = this.#nextId++;
      this.#send({ method, params, id });
      this.#pending.set(id, {
        method,
        decode,
        resolve: resolve as (value: unknown) => void,
        reject,
        lost,
        release: this.#watch(id, method, options),
      });
    });
  }

  /**
   * Sends a notification, to which there is no reply.
   * @throws ClosedError `OVSDB_CLOSED`.
   * @throws UsageError `OVSDB_QUEUE_FULL`.
   */
  notify(method: string, params: readonly Json[]): void {
    if (this.#reason !== undefined) throw this.#reason;
    this.#send({ method, params, id: null });
  }

  /** Resolves when no request waits for its reply, at the latest when the connection ends. */
  async drained(): Promise<void> {
    if (this.#pending.size === 0) return;
    await new Promise<void>((resolve) => this.#draining.add(resolve));
  }

  /** Closes the connection; what has not left yet is dropped. Resolves when the socket is closed. */
  async close(): Promise<void> {
    this.#end('it was closed on this side');
    await this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #receive(chunk: Buffer): void {
    if (this.#reason !== undefined) return;
    this.#probe.received();
    try {
      for (const message of this.#framer.push(chunk)) {
        this.#dispatch(message);
        if (this.#reason !== undefined) return;
      }
    } catch (error) {
      this.#end((error as Error).message, error);
    }
  }

  #dispatch(message: JsonObject): void {
    const { method, params, id } = message;
    if (method === undefined) return this.#reply(message);
    if (typeof method !== 'string' || !Array.isArray(params ?? [])) throw badMessage(message);
    const list = (params ?? []) as readonly Json[];
    if (id === null || id === undefined) return this.#options.onNotification?.(method, list);
    if (method === 'echo') return this.#send({ id, result: list, error: null });
    void this.#answer(method, list, id);
  }

  #reply(message: JsonObject): void {
    const { id, result, error } = message;
    if (result === undefined && error === undefined) throw badMessage(message);
    const request = typeof id === 'number' ? this.#pending.get(id) : undefined;
    // The reply to a request that has been given up, or to a probe.
    if (request === undefined) return;
    this.#forget(id as number, request);
    if (error !== null && error !== undefined) {
      return request.reject(new OvsdbError(error, { what: request.method }));
    }
    try {
      request.resolve(request.decode(result ?? null));
    } catch (failure) {
      request.reject(failure);
      if (failure instanceof WireError) throw failure;
    }
  }

  async #answer(method: string, params: readonly Json[], id: Json): Promise<void> {
    const { onRequest = unknownMethod } = this.#options;
    let reply: JsonObject;
    try {
      reply = { id, result: await onRequest(method, params), error: null };
    } catch (error) {
      const json =
        error instanceof OvsdbError ? { error: error.error, details: error.details } : String(error);
      reply = { id, result: null, error: json };
    }
    try {
      if (this.#reason === undefined) this.#send(reply);
    } catch (error) {
      this.#end((error as Error).message, error);
    }
  }

  #send(message: JsonObject): void {
    const text = JSON.stringify(message);
    const size = Buffer.byteLength(text);
    const unsent = this.#socket.writableLength + this.#unwrittenSize + size;
    if (unsent > this.#maxUnsentBytes) {
      throw queueFull(`${unsent} bytes would wait to be sent, ${this.#maxUnsentBytes} are allowed`);
    }
    // After the promises that one received chunk resolves, and before anything else is received.
    if (this.#unwrittenSize === 0) process.nextTick(this.#write);
    this.#unwritten += text;
    this.#unwrittenSize += size;
  }

  readonly #write = (): void => {
    const text = this.#unwritten;
    // Text of ASCII needs no encoder.
    const encoding = text.length === this.#unwrittenSize ? 'latin1' : 'utf8';
    this.#unwritten = '';
    this.#unwrittenSize = 0;
    if (this.#reason === undefined) this.#socket.write(text, encoding);
  };

  #sendProbe(): void {
    try {
      this.#send({ method: 'echo', params: [], id: 'probe' });
    } catch (error) {
      this.#end((error as Error).message, error);
    }
  }

  #watch(id: number, method: string, { signal, timeoutMs }: CallOptions): () => void {
    if (signal === undefined && timeoutMs === undefined) return doNothing;
    const giveUp = (error: GalagoError) => {
      const request = this.#pending.get(id)!;
      this.#forget(id, request);
      request.reject(error);
      this.#cancel(method, id);
    };
    const onAbort = () => giveUp(aborted(method, signal));
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(() => giveUp(noAnswer(method, timeoutMs)), timeoutMs);
    return () => {
      signal?.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    };
  }

  /** Only a transaction that waits can be cancelled; a monitor keeps its place until it is told otherwise. */
  #cancel(method: string, id: number): void {
    try {
      if (method === 'transact' && this.#reason === undefined) this.notify('cancel', [id]);
    } catch {
      // Without room for it the transaction just goes on at the server.
    }
  }

  #end(why: string, cause?: unknown): void {
    if (this.#reason !== undefined) return;
    const message = `the connection to ${this.#options.name ?? 'the peer'} has ended: ${why}`;
    this.#reason = new ClosedError('OVSDB_CLOSED', message, { cause });
    this.#probe.stop();
    this.#socket.destroy();
    for (const [id, request] of this.#pending) {
      this.#forget(id, request);
      request.reject(request.lost(this.#reason));
    }
  }

  #forget(id: number, request: PendingRequest): void {
    this.#pending.delete(id);
    request.release();
    if (this.#draining.size === 0 || this.#pending.size > 0) return;
    for (const resolve of this.#draining) resolve();
    this.#draining.clear();
  }
}

const asIs = <T>(given: T): T => given;
const doNothing = (): void => {};

function unknownMethod(method: string): never {
  throw new OvsdbError('unknown method', { what: method });
}

function badMessage(message: JsonObject): WireError {
  const got = isJsonObject(message) ? `members ${Object.keys(message).join(', ') || 'none'}` : show(message);
  return new WireError('OVSDB_BAD_MESSAGE', `expected a JSON-RPC request, notification or reply, got ${got}`);
}

function queueFull(why: string): UsageError {
  return new UsageError('OVSDB_QUEUE_FULL', `the request was not sent: ${why}`);
}

function aborted(method: string, signal: AbortSignal | undefined): ClosedError {
  return new ClosedError('OVSDB_CALL_ABORTED', `${method} was aborted`, { cause: signal?.reason });
}

function noAnswer(method: string, timeoutMs: number): TimeoutError {
  return new TimeoutError('OVSDB_NO_ANSWER', `no answer to ${method} within ${timeoutMs} ms`);
}
