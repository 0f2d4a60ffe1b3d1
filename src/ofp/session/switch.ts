import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type Long from 'long';
import type * as typedEmitter from 'typed-emitter';
import { ClosedError, type GalagoError, type RemoteError, WireError } from '../../util/errors.ts';
import { type Log, silentLog } from '../../util/log.ts';
import { systemTimer } from '../../util/timer.ts';
import type { TableState } from '../flow-spec.ts';
import type { Message, MessageInit } from '../message.ts';
import type { ErrorMessage } from '../messages/error.ts';
import type { ExperimenterMessage } from '../messages/experimenter.ts';
import type { SwitchFeatures } from '../messages/features.ts';
import type { FlowRemoved } from '../messages/flow-removed.ts';
import type { PacketIn } from '../messages/packet-in.ts';
import type { PortStatus } from '../messages/port-status.ts';
import type { FlowStats, FlowStatsRequestInit } from '../multipart/flow-stats.ts';
import type { MultipartBodies, MultipartReply, MultipartType } from '../multipart/multipart.ts';
import type { Port } from '../port.ts';
import { type BundleBuilder, type BundleOptions, runBundle } from './bundle.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { describe } from './describe.ts';
import { ErrorWatch } from './error-watch.ts';
import { PartQueue } from './part-queue.ts';
import type { PlanCounts } from './plan.ts';
import { applyChange, type ReconcileOptions, reconcile } from './reconcile.ts';
import { hasMore, type RequestOptions, Requests, remoteError } from './requests.ts';
import { SentMessages } from './sent-messages.ts';

/** The limits of a session, and where it says what nobody waits for. */
export interface SwitchOptions extends ConnectionOptions {
  /** The time for features and ports to be known, once the versions are. Default 10000. */
  readonly handshakeTimeoutMs?: number;
  /** Bytes of a packet that a packet-in carries at most; 0xffff for all of it. Default 0xffff. */
  readonly missSendLen?: number;
  /** Requests that may wait for an answer at once. Default 65536. */
  readonly maxRequests?: number;
  readonly log?: Log;
}

/** An error message of the switch that answers no request, with what caused it. */
export interface RequestError {
  /** Its `code` is the error's name, as in `OFPFMFC_TABLE_FULL`. */
  readonly error: RemoteError;
  readonly message: ErrorMessage;
  /** The message that the switch refused, when it was one of the last that were sent. */
  readonly request: MessageInit | undefined;
}

/** The events of a {@link Switch}. */
export type SwitchEvents = {
  packetIn: (message: PacketIn) => void;
  flowRemoved: (message: FlowRemoved) => void;
  /** A port came, went or changed; `Switch.ports` has it already. */
  portStatus: (message: PortStatus) => void;
  /** A message of a kind that is not known here. */
  experimenter: (message: ExperimenterMessage) => void;
  /** Any other message that answers no request. */
  message: (message: Message) => void;
  requestError: (event: RequestError) => void;
  /** The end of the session, with the reason unless this side closed it. */
  close: (event: { readonly error: GalagoError | undefined }) => void;
};

/** What answers a request. */
const REPLY_OF = {
  echoRequest: 'echoReply',
  featuresRequest: 'featuresReply',
  getConfigRequest: 'getConfigReply',
  barrierRequest: 'barrierReply',
  queueGetConfigRequest: 'queueGetConfigReply',
  roleRequest: 'roleReply',
  getAsyncRequest: 'getAsyncReply',
} as const;

type RequestType = keyof typeof REPLY_OF;
type Reply<T extends RequestType> = Extract<Message, { type: (typeof REPLY_OF)[T] }>;

const TypedEmitter = EventEmitter as unknown as new (options: {
  captureRejections: boolean;
}) => typedEmitter.default<SwitchEvents>;

/**
 * The session with one switch: an OpenFlow 1.3 connection whose features and ports are known.
 *
 * A handler that throws or rejects ends this session and no other, with `OFP_HANDLER_FAILED`.
 */
export class Switch extends TypedEmitter implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #requests: Requests;
  readonly #sent = new SentMessages();
  readonly #errorWatch = new ErrorWatch();
  readonly #ports = new Map<number, Port>();
  readonly #log: Log;
  #features: SwitchFeatures | undefined;
  #id = '';
  /**
   * Events are told when `ready`. Those of the handshake are passed over: the ports that it ends with are newer.
   * What comes between it and the next turn, in which the user's handlers are there, is kept while `settling`.
   */
  #phase: 'handshake' | 'settling' | 'ready' = 'handshake';
  #early: Message[] = [];

  /**
   * Resolves with the session when the versions are negotiated and features and ports known, and `admit`, when it is
   * given, has taken the session: it rejects to refuse it.
   * @throws WireError, RemoteError, TimeoutError or ClosedError when it does not come to that
   */
  static open(
    stream: Duplex,
    options: SwitchOptions = {},
    admit?: (session: Switch) => Promise<void>,
  ): Promise<Switch> {
    return new Promise((resolve, reject) => {
      const session: Switch = new Switch(stream, options, () =>
        session.#handshake(options, admit).then(resolve, reject),
      );
      session.once('close', ({ error }) =>
        reject(error ?? new ClosedError('OFP_CLOSED', 'closed in the handshake')),
      );
    });
  }

  private constructor(stream: Duplex, options: SwitchOptions, onOpen: () => void) {
    super({ captureRejections: true });
    this.#log = options.log ?? silentLog;
    this.#requests = new Requests(options.setTimer ?? systemTimer, options.maxRequests ?? 65_536);
    const handlers = {
      onOpen,
      onMessage: (message: Message) => this.#dispatch(message),
      onClose: (error: GalagoError | undefined) => this.#onClose(error),
    };
    this.#connection = new Connection(stream, handlers, options);
  }

  /** What the switch said of itself; ports are in {@link ports}. */
  get features(): SwitchFeatures {
    return this.#features!;
  }

  get datapathId(): Long {
    return this.features.datapathId;
  }

  /** The datapath id as 16 hexadecimal digits, as Open vSwitch writes it. */
  get id(): string {
    return this.#id;
  }

  /** The ports by number, kept current by PORT_STATUS. */
  get ports(): ReadonlyMap<number, Port> {
    return this.#ports;
  }

  get isClosed(): boolean {
    return this.#connection.state === 'closed';
  }

  /**
   * Sends a message; it leaves at the end of this turn of the event loop. What the switch refuses becomes a
   * `requestError` that names the message, which must not be changed after it was sent.
   * @returns false under backpressure: {@link drained} waits for its end
   * @throws WireError when a value cannot be written
   * @throws ClosedError `OFP_CLOSED`
   */
  send(message: MessageInit): boolean {
    const xid = message.xid ?? this.#connection.nextXid();
    this.#sent.add(xid, message);
    return this.#connection.send(message, xid);
  }

  /** Resolves when what was sent has left the process. */
  drained(): Promise<void> {
    return this.#connection.drained();
  }

  /**
   * Sends a request and resolves with its reply.
   * @throws RemoteError when the switch refuses it, TimeoutError `OFP_REQUEST_TIMEOUT`, ClosedError
   */
  async request<T extends RequestType>(
    message: Extract<MessageInit, { type: T }>,
    options?: RequestOptions,
  ): Promise<Reply<T>> {
    const { type } = message as { readonly type: T };
    let answer: Message | undefined;
    await this.#wait(message, options, (reply) => {
      if (reply.type !== REPLY_OF[type]) throw unexpected(type, reply.type);
      answer = reply;
      return true;
    });
    return answer as Reply<T>;
  }

  /** Resolves when the switch has done all that was sent before (OpenFlow 1.3.5, 7.3.8). */
  async barrier(options?: RequestOptions): Promise<void> {
    await this.request({ type: 'barrierRequest' }, options);
  }

  /**
   * Asks for statistics or descriptions and puts the parts of the reply together (OpenFlow 1.3.5, 7.3.5).
   * @throws as {@link request}
   */
  async multipart<T extends MultipartType>(
    multipartType: T,
    body?: MultipartBodies[T]['requestInit'],
    options?: RequestOptions,
  ): Promise<MultipartBodies[T]['reply']> {
    let whole: unknown;
    await this.#parts(multipartType, body, options, (part) => {
      if (!Array.isArray(whole)) whole = part.body;
      else for (const entry of part.body as unknown[]) whole.push(entry);
    });
    return whole as MultipartBodies[T]['reply'];
  }

  /**
   * The flows that the filter takes, part by part as they come: the whole table is never held, and a slow reader
   * holds the switch back.
   * @throws as {@link request}
   */
  async *flowStats(
    filter: FlowStatsRequestInit = {},
    options?: RequestOptions,
  ): AsyncGenerator<FlowStats, void> {
    const parts = new PartQueue<FlowStats[]>({
      // Another request's reply must not be held back: the reader may be waiting for it.
      pause: () => this.#requests.size === 1 && this.#connection.pause(),
      resume: () => this.#connection.resume(),
    });
    const done = this.#parts('flow', filter, options, (part) => parts.push(part.body as FlowStats[]));
    done.then(
      () => parts.end(),
      (error) => parts.fail(error),
    );
    try {
      for await (const part of parts) yield* part;
    } finally {
      parts.discard();
    }
  }

  /**
   * Sends messages and a barrier, and resolves when the switch has carried all of them out.
   * @throws RemoteError named after the first that the switch refused; the others are carried out all the same
   */
  async sendAll(messages: Iterable<MessageInit>, options?: RequestOptions): Promise<void> {
    const first = this.#connection.nextXid();
    for (const message of messages) this.send(message);
    const watch = this.#errorWatch.start(first, this.#connection.nextXid());
    try {
      await this.barrier(options);
      watch.throwFirst((xid) => describe(this.#sent.get(xid)));
    } finally {
      watch.end();
    }
  }

  /**
   * Carries out the messages that `build` adds, all or none unless told otherwise (ONF extension 230). They are sent
   * without waiting in between; the promise resolves when the switch has committed them.
   * @throws RemoteError named after the first message that the switch refused; the switch is then as before
   */
  bundle(build: (bundle: BundleBuilder) => void, options?: BundleOptions): Promise<void> {
    return runBundle(this.#bundleSession, build, options);
  }

  /**
   * Makes the switch what is desired: reads the flows under the cookie mask, works out the difference and applies it.
   * Flows that are as they should be are not touched; those whose instructions change keep counters and age; those
   * whose cookie, timeouts or flags change keep their counters. Meters are added first, groups and flows change in
   * one atomic bundle, unused meters go last.
   * @returns how much there was to do
   * @throws as {@link bundle} and {@link multipart}
   */
  reconcile(desired: Partial<TableState>, options: ReconcileOptions): Promise<PlanCounts> {
    return reconcile(this, desired, options);
  }

  /** As {@link reconcile}, but for a caller who knows what the switch has: only the difference is sent. */
  apply(current: TableState, desired: TableState, options?: RequestOptions): Promise<PlanCounts> {
    return applyChange(this, current, desired, options);
  }

  /** Sends what is left and ends the session; resolves when the connection has gone. May be called again. */
  close(error?: GalagoError): Promise<void> {
    return this.#connection.close(error);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A handler rejected: Node's EventEmitter calls this because of `captureRejections`. */
  [Symbol.for('nodejs.rejection')](cause: unknown, event: string): void {
    this.#handlerFailed(event, cause);
  }

  readonly #bundleSession = {
    nextXid: () => this.#connection.nextXid(),
    send: (message: MessageInit, xid: number) => void this.#connection.send(message, xid),
    wait: (xid: number, what: string, onReply: (reply: Message) => boolean, options: RequestOptions) =>
      this.#requests.wait(xid, what, onReply, options),
    watchErrors: (first: number, last: number) => this.#errorWatch.start(first, last),
  };

  async #handshake(options: SwitchOptions, admit?: (session: Switch) => Promise<void>): Promise<this> {
    const timeout = { timeoutMs: options.handshakeTimeoutMs ?? 10_000 };
    try {
      const features = await this.request({ type: 'featuresRequest' }, timeout);
      this.#features = features;
      this.#id = features.datapathId.toString(16).padStart(16, '0');
      this.send({ type: 'setConfig', flags: 0, missSendLen: options.missSendLen ?? 0xffff });
      await this.#parts('portDesc', undefined, timeout, (part) => {
        for (const port of part.body as Port[]) this.#ports.set(port.portNo, port);
        this.#phase = 'settling';
      });
      await admit?.(this);
      setImmediate(() => this.#settled());
      return this;
    } catch (error) {
      void this.#connection.close(error as GalagoError);
      throw error;
    }
  }

  #settled(): void {
    this.#phase = 'ready';
    const early = this.#early;
    this.#early = [];
    for (const message of early) if (!this.isClosed) this.#announce(message);
  }

  #wait(
    message: MessageInit,
    options: RequestOptions | undefined,
    onReply: (reply: Message) => boolean,
  ): Promise<void> {
    const xid = message.xid ?? this.#connection.nextXid();
    const done = this.#requests.wait(xid, describe(message), onReply, options);
    try {
      this.#connection.send(message, xid);
      this.#connection.resume();
    } catch (error) {
      this.#requests.fail(xid, error as GalagoError);
    }
    return done;
  }

  #parts<T extends MultipartType>(
    multipartType: T,
    body: MultipartBodies[T]['requestInit'] | undefined,
    options: RequestOptions | undefined,
    onPart: (part: MultipartReply) => void,
  ): Promise<void> {
    const request = { type: 'multipartRequest', multipartType, body } as MessageInit;
    return this.#wait(request, options, (reply) => {
      if (reply.type !== 'multipartReply' || reply.multipartType !== multipartType) {
        throw unexpected(multipartType, reply.type === 'multipartReply' ? reply.multipartType : reply.type);
      }
      onPart(reply);
      return !hasMore(reply);
    });
  }

  #dispatch(message: Message): void {
    if (message.type === 'error') return this.#error(message);
    if (!isAsynchronous(message) && this.#requests.answer(message)) return;
    if (this.#phase === 'handshake') return;
    if (message.type === 'portStatus') this.#keepPort(message);
    if (this.#phase === 'ready') this.#announce(message);
    else if (this.#early.length < MAX_EARLY) this.#early.push(message);
  }

  #announce(message: Message): void {
    switch (message.type) {
      case 'packetIn':
        return this.#tell('packetIn', message);
      case 'flowRemoved':
        return this.#tell('flowRemoved', message);
      case 'portStatus':
        return this.#tell('portStatus', message);
      case 'experimenter':
        return this.#tell('experimenter', message);
      default:
        return this.#tell('message', message);
    }
  }

  /** What a handler throws is its own failure, and not that of the message. */
  #tell<E extends keyof SwitchEvents>(event: E, payload: Parameters<SwitchEvents[E]>[0]): void {
    try {
      this.emit(event, ...([payload] as Parameters<SwitchEvents[E]>));
    } catch (cause) {
      this.#handlerFailed(event, cause);
    }
  }

  #handlerFailed(event: string, cause: unknown): void {
    const reason = (cause as Partial<Error> | undefined)?.message ?? String(cause);
    const message = `a handler of '${event}' failed: ${reason}`;
    this.#log.error({ datapathId: this.#id, err: cause }, message);
    void this.#connection.close(new ClosedError('OFP_HANDLER_FAILED', message, { cause }));
  }

  #keepPort({ reason, port }: PortStatus): void {
    if (reason === 'delete') this.#ports.delete(port.portNo);
    else this.#ports.set(port.portNo, port);
  }

  #error(message: ErrorMessage): void {
    const watched = this.#errorWatch.tell(message);
    if (this.#requests.answer(message) || watched) return;
    const request = this.#sent.get(message.xid);
    const error = remoteError(describe(request), message);
    this.#log.warn({ datapathId: this.#id, xid: message.xid, code: error.code }, error.message);
    this.#tell('requestError', { error, message, request });
  }

  #onClose(error: GalagoError | undefined): void {
    this.#requests.rejectAll(error ?? new ClosedError('OFP_CLOSED', 'the session was closed'));
    this.#tell('close', { error });
  }
}

/** Messages that are kept while the user's handlers are not there yet. */
const MAX_EARLY = 1024;

/** What a switch sends on its own (OpenFlow 1.3.5, 7.4): whatever xid it bears answers nothing. */
function isAsynchronous({ type }: Message): boolean {
  return type === 'packetIn' || type === 'flowRemoved' || type === 'portStatus';
}

function unexpected(asked: string, got: string): WireError {
  return new WireError('OFP_UNEXPECTED_REPLY', `asked for ${asked}, got ${got}`);
}
