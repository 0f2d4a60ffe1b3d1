import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { Writer } from '../wire/writer.ts';

/** Bytes of the arena that messages are encoded into. */
const ARENA_SIZE = 256 * 1024;
/** An arena filled up to here is not continued: the rest is room for one more message. */
const ARENA_FULL = ARENA_SIZE - 64 * 1024;
/** So many bytes are written at once, without waiting for the end of the turn. */
const FLUSH_SIZE = 64 * 1024;

/**
 * Gathers encoded messages in one arena and hands them to the stream in one write per turn of the event loop.
 * Bytes handed over stay in place until the stream is done with them: the arena is continued behind them, and begun
 * again, or replaced, when it is full. A stream within the process hands on the bytes themselves, which whoever
 * receives them may keep: its arenas are never begun again.
 */
export class SendBuffer {
  readonly #stream: Writable;
  readonly #onChunk: (chunk: Uint8Array) => void;
  readonly #copies: boolean;
  #writer = new Writer(ARENA_SIZE);
  /** How far the arena has been handed to the stream. */
  #handedOver = 0;
  /** Writes that the stream has not finished, of this arena and of those before it. */
  #writesUnderWay = 0;
  /** Their bytes. Every message asks for them, and they change only here: asking the stream costs more. */
  #bytesUnderWay = 0;
  #flushScheduled = false;
  #drainWaiters: (() => void)[] = [];

  /**
   * @param onChunk looks at what is handed to the stream, all of it whole messages, and does not keep it
   * @param copies whether the stream keeps no bytes that it says it has written; sockets do not
   */
  constructor(
    stream: Writable,
    onChunk: (chunk: Uint8Array) => void = () => {},
    copies = stream instanceof Socket,
  ) {
    this.#stream = stream;
    this.#onChunk = onChunk;
    this.#copies = copies;
  }

  /** Bytes that have not left the process. */
  get pendingBytes(): number {
    return this.#writer.offset - this.#handedOver + this.#bytesUnderWay;
  }

  /** Where the next message is encoded; {@link added} must follow. */
  writer(): Writer {
    if (this.#writer.offset >= ARENA_FULL) {
      this.flush();
      if (this.#writesUnderWay === 0 && this.#copies) this.#rewind();
      else this.#replace();
    }
    return this.#writer;
  }

  /** Sees to it that what was encoded leaves at the end of this turn, or now when it is much. */
  added(): void {
    if (this.#writer.offset - this.#handedOver >= FLUSH_SIZE) return this.flush();
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(this.#flushScheduledNow);
  }

  /** Resolves when the stream is done with everything added so far, or {@link release} is called. */
  drained(): Promise<void> {
    this.flush();
    if (this.#writesUnderWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  /** Lets go of those who wait for {@link drained}. */
  release(): void {
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const resolve of waiters) resolve();
  }

  /** Hands everything to the stream now. */
  flush(): void {
    const { bytes, offset } = this.#writer;
    if (offset === this.#handedOver || this.#stream.destroyed) return;
    const chunk = bytes.subarray(this.#handedOver, offset);
    this.#handedOver = offset;
    this.#writesUnderWay++;
    this.#onChunk(chunk);
    this.#stream.write(chunk, this.#onWritten);
    this.#bytesUnderWay = this.#stream.writableLength;
  }

  readonly #flushScheduledNow = (): void => {
    this.#flushScheduled = false;
    this.flush();
  };

  readonly #onWritten = (): void => {
    this.#writesUnderWay--;
    this.#bytesUnderWay = this.#stream.writableLength;
    if (this.#writesUnderWay > 0) return;
    if (this.#handedOver === this.#writer.offset && this.#copies) this.#rewind();
    this.release();
  };

  #rewind(): void {
    this.#writer.offset = 0;
    this.#handedOver = 0;
  }

  #replace(): void {
    this.#writer = new Writer(ARENA_SIZE);
    this.#handedOver = 0;
  }
}
