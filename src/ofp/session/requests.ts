import { ClosedError, type GalagoError, RemoteError, TimeoutError, UsageError } from '../../util/errors.ts';
import type { SetTimer } from '../../util/timer.ts';
import type { Message } from '../message.ts';
import type { ErrorMessage } from '../messages/error.ts';
import { MULTIPART_MORE, type MultipartReply } from '../multipart/multipart.ts';
import { errorText } from './connection.ts';

/** How a request is waited for (OpenFlow 1.3.5, 7.1). */
export interface RequestOptions {
  /** Gives the request up; what it caused in the switch stays. */
  readonly signal?: AbortSignal;
  /** The time between the request and its reply, or between two parts of it. Default 30000. */
  readonly timeoutMs?: number;
}

/** Takes each message that answers a request; true when it was the last. */
type ReplyHandler = (reply: Message) => boolean;

interface Pending {
  readonly what: string;
  readonly onReply: ReplyHandler;
  readonly reject: (error: GalagoError) => void;
  readonly timeoutMs: number;
  cancelTimer: () => void;
  readonly cleanUp: () => void;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** The requests that wait for an answer, by xid (OpenFlow 1.3.5, 7.1). */
export class Requests {
  readonly #pending = new Map<number, Pending>();
  readonly #setTimer: SetTimer;
  readonly #maxPending: number;
  /** Why there will be no more answers. */
  #end: GalagoError | undefined;

  constructor(setTimer: SetTimer, maxPending: number) {
    this.#setTimer = setTimer;
    this.#maxPending = maxPending;
  }

  get size(): number {
    return this.#pending.size;
  }

  /**
   * Waits for what answers `xid`; `onReply` takes each message and says when it was the last. To be called before
   * the request is sent, so that one which cannot be waited for is not.
   * @throws UsageError `OFP_TOO_MANY_REQUESTS`, `OFP_XID_IN_USE`; ClosedError `OFP_ABORTED`; after {@link rejectAll},
   * the error given to it
   */
  wait(xid: number, what: string, onReply: ReplyHandler, options: RequestOptions = {}): Promise<void> {
    if (this.#end !== undefined) throw this.#end;
    if (this.#pending.size >= this.#maxPending) {
      throw new UsageError(
        'OFP_TOO_MANY_REQUESTS',
        `${this.#maxPending} requests wait for an answer already`,
      );
    }
    if (this.#pending.has(xid)) {
      throw new UsageError('OFP_XID_IN_USE', `a request with xid ${xid} waits for an answer already`);
    }
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const aborted = () => new ClosedError('OFP_ABORTED', `${what} was given up`, { cause: signal?.reason });
    if (signal?.aborted) throw aborted();
    return new Promise((resolve, reject) => {
      const abort = () => this.fail(xid, aborted());
      signal?.addEventListener('abort', abort, { once: true });
      const take: ReplyHandler = (reply) => {
        const last = onReply(reply);
        if (last) resolve();
        return last;
      };
      const cleanUp = () => signal?.removeEventListener('abort', abort);
      const cancelTimer = this.#arm(xid, what, timeoutMs);
      this.#pending.set(xid, { what, onReply: take, reject, timeoutMs, cancelTimer, cleanUp });
    });
  }

  /** Hands a message to the request that it answers; false when there is none. */
  answer(reply: Message): boolean {
    const pending = this.#pending.get(reply.xid);
    if (pending === undefined) return false;
    if (reply.type === 'error') {
      this.fail(reply.xid, remoteError(pending.what, reply));
    } else if (pending.onReply(reply)) {
      this.#forget(reply.xid, pending);
    } else {
      pending.cancelTimer();
      pending.cancelTimer = this.#arm(reply.xid, pending.what, pending.timeoutMs);
    }
    return true;
  }

  /** Ends one request, if it still waits. */
  fail(xid: number, error: GalagoError): void {
    const pending = this.#pending.get(xid);
    if (pending === undefined) return;
    this.#forget(xid, pending);
    pending.reject(error);
  }

  /** Ends every request, because the connection has, and refuses those that come later. */
  rejectAll(error: GalagoError): void {
    this.#end = error;
    for (const xid of [...this.#pending.keys()]) this.fail(xid, error);
  }

  #arm(xid: number, what: string, timeoutMs: number): () => void {
    return this.#setTimer(() => {
      this.fail(xid, new TimeoutError('OFP_REQUEST_TIMEOUT', `no answer to ${what} within ${timeoutMs} ms`));
    }, timeoutMs);
  }

  #forget(xid: number, pending: Pending): void {
    this.#pending.delete(xid);
    pending.cancelTimer();
    pending.cleanUp();
  }
}

/** What a switch's error message comes to for the caller: its `code` is the name of the error. */
export function remoteError(what: string, message: ErrorMessage): RemoteError {
  return new RemoteError(message.name, `the switch refused ${what}: ${errorText(message)}`, {
    cause: message,
  });
}

/** True when another part of the same multipart reply follows (OpenFlow 1.3.5, 7.3.5). */
export function hasMore(reply: MultipartReply): boolean {
  return (reply.flags & MULTIPART_MORE) !== 0;
}
