import type { Duplex } from 'node:stream';
import { ClosedError, type GalagoError, RemoteError, TimeoutError, WireError } from '../../util/errors.ts';
import { type SetTimer, systemTimer } from '../../util/timer.ts';
import { decodeMessage, encodeInto, type Message, type MessageInit, OFP_VERSION } from '../message.ts';
import type { ErrorMessage } from '../messages/error.ts';
import { type Hello, negotiateVersion } from '../messages/hello.ts';
import { multipartReply, undecodedReply } from '../multipart/multipart.ts';
import { Framer } from '../wire/framer.ts';
import { type WireView, wireView } from '../wire/wire-view.ts';
import { SendBuffer } from './send-buffer.ts';
import { SentMessages } from './sent-messages.ts';

/** The limits of a connection (OpenFlow 1.3.5, 6.3). */
export interface ConnectionOptions {
  /** The time the peer has for its HELLO. Default 10000. */
  readonly helloTimeoutMs?: number;
  /**
   * Silence after which an echo request is sent; the same silence again ends the connection. 0 for never.
   * Default 15000.
   */
  readonly echoIntervalMs?: number;
  /** Bytes that wait to be sent from which on `send` reports backpressure. Default 1 MiB. */
  readonly highWaterBytes?: number;
  /** Bytes that may wait to be sent before the peer is given up. Default 128 MiB. */
  readonly maxPendingBytes?: number;
  /** Default `setTimeout`. */
  readonly setTimer?: SetTimer;
}

/** Who hears of a connection (OpenFlow 1.3.5, 6.3). Nothing is called after `onClose`. */
export interface ConnectionHandlers {
  /** The versions have been negotiated: anything may be sent. */
  onOpen(): void;
  /** Whether the multipart reply with this xid goes to `onMessage` with its body undecoded. Default: none does. */
  keepsBody?(xid: number): boolean;
  /** A message came that the connection does not answer itself (HELLO and ECHO_REQUEST it does). */
  onMessage(message: Message): void;
  /**
   * Takes the place of {@link onMessage} once the connection is open: the message is bytes `start` to `end`, of any
   * version and perhaps malformed, and ends nothing. Echo requests and the replies to this side's are not among them.
   */
  onFrame?(wire: WireView, start: number, end: number): void;
  /** The end, with the reason unless this side closed it. Must not throw. */
  onClose(error: GalagoError | undefined): void;
}

/** Where a {@link Connection} is (OpenFlow 1.3.5, 6.3). */
export type ConnectionState = 'greeting' | 'open' | 'closed';

/*
 *             peer's HELLO, version 1.3 in common
 *   greeting ───────────────────────────────────▶ open
 *      │                                           │
 *      │ no HELLO in time, no common version       │ close(), malformed message, silence,
 *      │ close(), stream ended                     │ unread bytes, stream ended
 *      └───────────────▶ closed ◀──────────────────┘
 *
 * - Our HELLO leaves before anything else; nothing but HELLO and ERROR is accepted while greeting.
 * - A malformed message ends the connection: what follows it cannot be trusted.
 * - In closed, what was sent before may still be on its way: `closed` resolves when that is over.
 */
const NEXT: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  greeting: ['open', 'closed'],
  open: ['closed'],
  closed: [],
};

/**
 * One OpenFlow 1.3 connection, of either side: framing, version negotiation, keep-alive and sending
 * (OpenFlow 1.3.5, 6.3).
 */
export class Connection {
  /** Resolves when the stream has gone, and with it the last of what was sent. */
  readonly closed: Promise<void>;
  readonly #stream: Duplex;
  readonly #handlers: ConnectionHandlers;
  readonly #options: Required<ConnectionOptions>;
  readonly #framer = new Framer((wire, start, end) => this.#receive(wire, start, end));
  readonly #sent = new SentMessages();
  readonly #buffer: SendBuffer;
  #state: ConnectionState = 'greeting';
  #nextXid = 1;
  #cancelTimer: (() => void) | undefined;
  /** Whether something came since the timer was set. */
  #heard = false;
  /** The xid of the echo request that nothing has come after. */
  #probeXid: number | undefined;
  #cancelHold: (() => void) | undefined;

  /** Greets the peer at once. The stream is the connection's from here on. */
  constructor(stream: Duplex, handlers: ConnectionHandlers, options: ConnectionOptions = {}) {
    this.#stream = stream;
    this.#handlers = handlers;
    this.#options = {
      helloTimeoutMs: 10_000,
      echoIntervalMs: 15_000,
      highWaterBytes: 1024 * 1024,
      maxPendingBytes: 128 * 1024 * 1024,
      setTimer: systemTimer,
      ...options,
    };
    this.#buffer = new SendBuffer(stream, (chunk) => this.#sent.add(chunk));
    this.closed = new Promise((resolve) => (stream.closed ? resolve() : stream.once('close', resolve)));
    stream.on('data', (chunk: Buffer) => this.#push(chunk));
    stream.on('error', (error) =>
      this.#close(new ClosedError('OFP_CLOSED', `connection lost: ${error.message}`)),
    );
    stream.on('end', () => this.#close(new ClosedError('OFP_CLOSED', 'the peer closed the connection')));
    stream.on('close', () => this.#close(new ClosedError('OFP_CLOSED', 'the connection was closed')));
    this.#cancelTimer = this.#options.setTimer(() => this.#greetingTimedOut(), this.#options.helloTimeoutMs);
    this.send({ type: 'hello', elements: [{ type: 'versionBitmap', versions: [OFP_VERSION] }] });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** True while so much waits to be sent that `send` reports backpressure. */
  get isBackedUp(): boolean {
    return this.#buffer.pendingBytes >= this.#options.highWaterBytes;
  }

  /** Takes the next transaction id; 0 is left out, so that it can stand for none. */
  nextXid(): number {
    const xid = this.#nextXid;
    this.#nextXid = xid === 0xffff_ffff ? 1 : xid + 1;
    return xid;
  }

  /**
   * Encodes a message; it leaves at the end of this turn of the event loop.
   * @returns false under backpressure: {@link drained} waits for its end
   * @throws WireError when a value cannot be written; nothing is sent then
   * @throws ClosedError `OFP_CLOSED`
   */
  send(message: MessageInit, xid: number = message.xid ?? this.nextXid()): boolean {
    if (this.#state === 'closed')
      throw new ClosedError('OFP_CLOSED', `cannot send ${message.type}: the connection is closed`);
    encodeInto(this.#buffer.writer(), message, xid);
    this.#buffer.added();
    return this.#checkPending();
  }

  /**
   * Sends bytes that are whole messages already.
   * @returns as {@link send}
   */
  sendEncoded(bytes: Uint8Array): boolean {
    if (this.#state === 'closed')
      throw new ClosedError('OFP_CLOSED', 'cannot send: the connection is closed');
    this.#buffer.writer().raw(bytes);
    this.#buffer.added();
    return this.#checkPending();
  }

  /** The message that was sent with `xid`, if it was one of the last. */
  sent(xid: number): Message | undefined {
    return this.#sent.get(xid);
  }

  /** Hands what was sent to the system now, instead of at the end of this turn. */
  flush(): void {
    if (this.#state !== 'closed') this.#buffer.flush();
  }

  /** Resolves when what was sent has left the process, or the connection is closed. */
  drained(): Promise<void> {
    return this.#state === 'closed' ? Promise.resolve() : this.#buffer.drained();
  }

  /**
   * Stops reading, so that the peer is held back, until {@link resume}, and for a second at most: echo requests
   * must not wait longer.
   */
  pause(): void {
    if (this.#state === 'closed' || this.#cancelHold !== undefined) return;
    this.#stream.pause();
    this.#cancelHold = this.#options.setTimer(() => this.resume(), MAX_HOLD_MS);
  }

  /** Goes on reading. */
  resume(): void {
    if (this.#cancelHold === undefined) return;
    this.#cancelHold();
    this.#cancelHold = undefined;
    this.#stream.resume();
  }

  /**
   * Sends what is left and closes; `error` is the reason that the handlers hear. Resolves as {@link closed}. May be
   * called again.
   */
  close(error?: GalagoError): Promise<void> {
    this.#close(error);
    return this.closed;
  }

  #checkPending(): boolean {
    const pending = this.#buffer.pendingBytes;
    if (pending > this.#options.maxPendingBytes) {
      const message = `the peer left ${pending} bytes unread, the limit is ${this.#options.maxPendingBytes}`;
      this.#close(new ClosedError('OFP_SEND_OVERFLOW', message), 'now');
      return false;
    }
    return pending < this.#options.highWaterBytes;
  }

  #push(chunk: Buffer): void {
    if (this.#state === 'closed') return;
    this.#heard = true;
    try {
      this.#framer.push(chunk);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /**
   * Ends the connection over a malformed message, told to the peer, or over a handler that threw: what it should
   * have done with the message is then unknown. The process goes on either way.
   */
  #refuse(cause: unknown, bytes: Uint8Array = EMPTY): void {
    if (!(cause instanceof WireError)) {
      const reason = (cause as Partial<Error> | undefined)?.message ?? String(cause);
      return this.#close(new ClosedError('OFP_HANDLER_FAILED', `a handler failed: ${reason}`, { cause }));
    }
    if (this.#isOpen()) {
      const xid = bytes.length === 0 ? 0 : wireView(bytes).view.getUint32(4);
      const code = cause.code === 'OFP_BAD_VERSION' ? BAD_VERSION : BAD_LEN;
      this.send({ type: 'error', errorType: BAD_REQUEST, code, data: bytes }, xid);
    }
    this.#close(cause);
  }

  #receive(wire: WireView, start: number, end: number): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'open' && this.#handlers.onFrame !== undefined && !isEcho(wire.bytes, start))
      return this.#handlers.onFrame(wire, start, end);
    let message: Message;
    try {
      message = this.#decode(wire, start, end);
    } catch (cause) {
      return this.#refuse(cause, wire.bytes.subarray(start, Math.min(end, start + ERROR_DATA_SIZE)));
    }
    if (this.#state === 'greeting') this.#greeted(message);
    else if (message.type === 'echoRequest')
      this.send({ type: 'echoReply', data: message.data }, message.xid);
    else if (message.type !== 'echoReply' || message.xid !== this.#probeXid)
      this.#handlers.onMessage(message);
  }

  #decode(wire: WireView, start: number, end: number): Message {
    const { bytes, view } = wire;
    const isReply = bytes[start + 1] === multipartReply.code && bytes[start] === OFP_VERSION;
    return isReply && this.#handlers.keepsBody?.(view.getUint32(start + 4))
      ? undecodedReply(wire, start, end)
      : decodeMessage(wire, start, end);
  }

  #greeted(message: Message): void {
    if (message.type === 'hello') return this.#negotiate(message);
    const error =
      message.type === 'error'
        ? new RemoteError(message.name, `the peer refused our HELLO: ${errorText(message)}`)
        : new WireError('OFP_HELLO_EXPECTED', `expected HELLO first, got ${message.type}`);
    this.#close(error);
  }

  #negotiate(hello: Hello): void {
    if (negotiateVersion([OFP_VERSION], hello) === OFP_VERSION) {
      this.#to('greeting', 'open');
      this.#armProbe();
      return this.#handlers.onOpen();
    }
    const bitmap = hello.elements.find((element) => element.type === 'versionBitmap');
    const spoken = (bitmap?.versions ?? [hello.version]).join(', ');
    const message = `expected OpenFlow 1.3 (version ${OFP_VERSION}), the peer speaks version ${spoken}`;
    this.send(
      { type: 'error', version: hello.version, errorType: 0, code: 0, data: Buffer.from(message) },
      hello.xid,
    );
    this.#close(new WireError('OFP_BAD_VERSION', message));
  }

  #greetingTimedOut(): void {
    this.#cancelTimer = undefined;
    const message = `no HELLO within ${this.#options.helloTimeoutMs} ms`;
    this.#close(new TimeoutError('OFP_HELLO_TIMEOUT', message), 'now');
  }

  #armProbe(): void {
    this.#cancelTimer?.();
    if (this.#state === 'closed') return;
    const { echoIntervalMs, setTimer } = this.#options;
    if (echoIntervalMs > 0) this.#cancelTimer = setTimer(() => this.#probe(), echoIntervalMs);
  }

  #probe(): void {
    // Silence while reading is held back is this side's own.
    if (this.#heard || this.#cancelHold !== undefined) this.#probeXid = undefined;
    else if (this.#probeXid !== undefined) {
      const message = `nothing came for ${2 * this.#options.echoIntervalMs} ms, echo request unanswered`;
      return this.#close(new TimeoutError('OFP_ECHO_TIMEOUT', message), 'now');
    } else {
      this.#probeXid = this.nextXid();
      this.send({ type: 'echoRequest', data: EMPTY }, this.#probeXid);
    }
    this.#heard = false;
    this.#armProbe();
  }

  #close(error: GalagoError | undefined, how: 'flush' | 'now' = 'flush'): void {
    if (this.#state === 'closed') return;
    if (how === 'flush') this.#buffer.flush();
    this.#to(this.#state, 'closed');
    this.#cancelTimer?.();
    this.#cancelHold?.();
    if (how === 'flush' && !this.#stream.destroyed) this.#linger();
    else this.#stream.destroy();
    this.#buffer.release();
    this.#handlers.onClose(error);
  }

  /** Lets the peer read what is left, for a bounded time. */
  #linger(): void {
    const cancel = this.#options.setTimer(() => this.#stream.destroy(), LINGER_MS);
    this.#stream.once('close', cancel);
    this.#stream.end(() => this.#stream.destroy());
    this.#stream.resume();
  }

  #isOpen(): boolean {
    return this.#state === 'open';
  }

  #to(from: ConnectionState, next: ConnectionState): void {
    if (this.#state !== from || !NEXT[from].includes(next)) {
      throw new Error(`bug: connection cannot go from ${from} to ${next} while ${this.#state}`);
    }
    this.#state = next;
  }
}

/** How long reading may be held back. */
const MAX_HOLD_MS = 1000;
/** How long a closed connection may take to hand over what was sent before. */
const LINGER_MS = 1000;
/** OFPET_BAD_REQUEST, OFPBRC_BAD_VERSION and OFPBRC_BAD_LEN. */
const BAD_REQUEST = 1;
const BAD_VERSION = 0;
const BAD_LEN = 6;
/** So much of a message goes back with the error about it (OpenFlow 1.3.5, 7.4.4). */
const ERROR_DATA_SIZE = 64;
const EMPTY = new Uint8Array(0);
/** OFPT_ECHO_REQUEST and OFPT_ECHO_REPLY. */
const ECHO_REQUEST = 2;
const ECHO_REPLY = 3;

function isEcho(bytes: Uint8Array, start: number): boolean {
  const type = bytes[start + 1];
  return bytes[start] === OFP_VERSION && (type === ECHO_REQUEST || type === ECHO_REPLY);
}

/** What an error message says, for people. */
export function errorText({ name, data, errorType }: ErrorMessage): string {
  const text = errorType === 0 && data.length > 0 ? ` (${Buffer.from(data).toString('latin1')})` : '';
  return `${name}${text}`;
}
