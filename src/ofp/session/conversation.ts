import { type GalagoError, WireError } from '../../util/errors.ts';
import type { SetTimer } from '../../util/timer.ts';
import type { Message, MessageInit } from '../message.ts';
import type { ErrorMessage } from '../messages/error.ts';
import { type FlowStatsRequestInit, flowStats, walkFlowEntries } from '../multipart/flow-stats.ts';
import type { MultipartBodies, MultipartReply, MultipartType } from '../multipart/multipart.ts';
import { checkMatch } from '../oxm/prerequisites.ts';
import { type WireView, wireView } from '../wire/wire-view.ts';
import { type BundleBuilder, type BundleOptions, runBundle } from './bundle.ts';
import type { Connection } from './connection.ts';
import { describe } from './describe.ts';
import { EntryStream } from './entry-stream.ts';
import { ErrorWatch } from './error-watch.ts';
import { PartQueue } from './part-queue.ts';
import { hasMore, type RequestOptions, Requests } from './requests.ts';

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

/** The type of a request that one message answers. */
export type RequestType = keyof typeof REPLY_OF;

/** What answers a request of a type. */
export type ReplyTo<T extends RequestType> = Extract<Message, { type: (typeof REPLY_OF)[T] }>;

/** What the reply of a type is a list of. */
type EntryOf<T extends MultipartType> = MultipartBodies[T]['reply'] extends (infer E)[] ? E : never;

/**
 * What is asked and answered over one connection: requests and their replies by xid, multipart replies put together,
 * bundles, and errors led back to what caused them.
 */
export class Conversation {
  readonly #connection: Connection;
  readonly #requests: Requests;
  readonly #errorWatch = new ErrorWatch();
  /** The requests whose replies are compared as bytes. */
  readonly #undecoded = new Set<number>();

  constructor(connection: Connection, setTimer: SetTimer, maxRequests: number) {
    this.#connection = connection;
    this.#requests = new Requests(setTimer, maxRequests);
  }

  send(message: MessageInit, xid: number = message.xid ?? this.#connection.nextXid()): boolean {
    checkBeforeSending(message);
    return this.#connection.send(message, xid);
  }

  /** The message that was sent with `xid`, if it was one of the last. */
  sent(xid: number): Message | undefined {
    return this.#connection.sent(xid);
  }

  /** Whether the reply to `xid` is wanted undecoded. */
  keepsBody(xid: number): boolean {
    return this.#undecoded.size > 0 && this.#undecoded.has(xid);
  }

  /** Takes a reply; false when nobody waits for it. */
  answer(message: Message): boolean {
    return !ASYNCHRONOUS.has(message.type) && this.#requests.answer(message);
  }

  /** Takes an error; false when nobody waits for what it answers. */
  refuse(message: ErrorMessage): boolean {
    const watched = this.#errorWatch.tell(message);
    return this.#requests.answer(message) || watched;
  }

  /** Ends everything that is waited for. */
  end(error: GalagoError): void {
    this.#requests.rejectAll(error);
  }

  async request<T extends RequestType>(
    message: Extract<MessageInit, { type: T }>,
    options?: RequestOptions,
  ): Promise<ReplyTo<T>> {
    const { type } = message as { readonly type: T };
    let answer: Message | undefined;
    await this.#wait(message, options, (reply) => {
      if (reply.type !== REPLY_OF[type]) throw unexpected(type, reply.type);
      answer = reply;
      return true;
    });
    return answer as ReplyTo<T>;
  }

  async sendAll(messages: Iterable<MessageInit>, options?: RequestOptions): Promise<void> {
    const first = this.#connection.nextXid();
    // The messages' own xids do not matter: only those that follow each other can be watched.
    for (const message of messages) this.send(message, this.#connection.nextXid());
    const watch = this.#errorWatch.start(first, this.#connection.nextXid());
    try {
      await this.request({ type: 'barrierRequest' }, options);
      watch.throwFirst((xid) => describe(this.sent(xid)));
    } finally {
      watch.end();
    }
  }

  bundle(build: (bundle: BundleBuilder) => void, options?: BundleOptions): Promise<void> {
    return runBundle(
      {
        nextXid: () => this.#connection.nextXid(),
        send: (message, xid) => {
          if (message.type === 'onfBundleAddMessage') checkBeforeSending(message.message);
          return this.#connection.send(message, xid);
        },
        drained: () => this.#connection.drained(),
        wait: (xid, what, onReply, rest) => this.#requests.wait(xid, what, onReply, rest),
        watchErrors: (first, last) => this.#errorWatch.start(first, last),
      },
      build,
      options,
    );
  }

  async multipart<T extends MultipartType>(
    multipartType: T,
    body?: MultipartBodies[T]['requestInit'],
    options?: RequestOptions,
  ): Promise<MultipartBodies[T]['reply']> {
    let whole: unknown;
    await this.parts(multipartType, body, options, (part) => {
      if (!Array.isArray(whole)) whole = part.body;
      else for (const entry of part.body as unknown[]) whole.push(entry);
    });
    return whole as MultipartBodies[T]['reply'];
  }

  /** Hands the parts of a multipart reply on as they come; resolves after the last. */
  parts<T extends MultipartType>(
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

  /**
   * Hands on the flows that the filter takes as the entries in which the switch lists them, as they come; resolves
   * after the last.
   */
  async flowEntries(
    filter: FlowStatsRequestInit,
    options: RequestOptions | undefined,
    onEntry: (wire: WireView, start: number, end: number) => void,
  ): Promise<void> {
    const xid = this.#connection.nextXid();
    this.#undecoded.add(xid);
    try {
      await this.#wait(
        { type: 'multipartRequest', xid, multipartType: 'flow', body: filter },
        options,
        (reply) => {
          if (reply.type !== 'multipartReply' || !('code' in reply) || reply.code !== flowStats.code)
            throw unexpected('flow', reply.type);
          const wire = wireView(reply.body);
          walkFlowEntries(wire, 0, reply.body.length, (start, end) => onEntry(wire, start, end));
          return !hasMore(reply);
        },
      );
    } finally {
      this.#undecoded.delete(xid);
    }
  }

  /** The entries of a multipart reply, read as they come: a slow reader holds the switch back for a while. */
  entries<T extends MultipartType>(
    multipartType: T,
    body: MultipartBodies[T]['requestInit'] | undefined,
    options: RequestOptions | undefined,
  ): AsyncGenerator<EntryOf<T>, void> {
    return new EntryStream(this.#lists(multipartType, body, options));
  }

  async *#lists<T extends MultipartType>(
    multipartType: T,
    body: MultipartBodies[T]['requestInit'] | undefined,
    options: RequestOptions | undefined,
  ): AsyncGenerator<readonly EntryOf<T>[], void> {
    const parts = new PartQueue<readonly EntryOf<T>[]>({
      pause: () => {
        // Another request's reply must not be held back: the reader may be waiting for it.
        if (this.#requests.size > 1) return false;
        this.#connection.pause();
        return true;
      },
      resume: () => this.#connection.resume(),
    });
    const done = this.parts(multipartType, body, options, (part) => parts.push(part.body as never[]));
    done.then(
      () => parts.end(),
      (error) => parts.fail(error),
    );
    try {
      // Not yield*, which wraps the queue's iterator and each of its promises once more.
      for await (const part of parts) yield part;
    } finally {
      parts.discard();
    }
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
}

/** Refuses what a switch would refuse, with a sentence that its error has no room for. */
function checkBeforeSending(message: MessageInit): void {
  if (message.type === 'flowMod' && message.match !== undefined) checkMatch(message.match);
}

/** What a switch sends on its own (OpenFlow 1.3.5, 7.4): whatever xid it bears answers nothing. */
const ASYNCHRONOUS: ReadonlySet<Message['type']> = new Set([
  'packetIn',
  'nxPacketIn',
  'nxPacketIn2',
  'flowRemoved',
  'nxFlowRemoved',
  'portStatus',
  'onfRoleStatus',
  'onfRequestforward',
  'onfFlowMonitorPaused',
  'onfFlowMonitorResumed',
]);

function unexpected(asked: string, got: string): WireError {
  return new WireError('OFP_UNEXPECTED_REPLY', `asked for ${asked}, got ${got}`);
}
