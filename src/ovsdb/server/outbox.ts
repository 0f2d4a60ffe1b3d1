import type { Duplex } from 'node:stream';

/** How an {@link Outbox} measures time. */
export interface OutboxClock {
  readonly now: () => number;
  readonly setTimer: (callback: () => void, delayMs: number) => () => void;
}

/**
 * What a connection has to send. It may be held back or delayed, and never changes its order: what was sent first
 * leaves first.
 */
export class Outbox {
  readonly #stream: Duplex;
  readonly #clock: OutboxClock;
  readonly #queue: { readonly bytes: Buffer; readonly dueMs: number }[] = [];
  #size = 0;
  #delayMs = 0;
  #isHeld = false;
  #isCorked = false;
  #bytesLeft = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  constructor(stream: Duplex, clock: OutboxClock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /** Bytes that have not left yet. */
  get size(): number {
    return this.#size + this.#stream.writableLength;
  }

  send(bytes: Buffer): void {
    if (this.#queue.length === 0 && !this.#isHeld && this.#delayMs === 0) return this.#write(bytes);
    this.#queue.push({ bytes, dueMs: this.#clock.now() + this.#delayMs });
    this.#size += bytes.length;
    this.#pump();
  }

  /** Keeps all back until {@link release}. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#pump();
  }

  /** Has what is sent from now on leave later; nothing overtakes what was delayed longer. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** Ends the stream when so many more bytes have left. */
  endAfter(byteCount: number): void {
    this.#bytesLeft = byteCount;
  }

  close(): void {
    this.#cancelTimer?.();
    this.#queue.length = 0;
    this.#size = 0;
  }

  #pump(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (let head = this.#queue[0]; head !== undefined && !this.#isHeld; head = this.#queue[0]) {
      const delayMs = head.dueMs - this.#clock.now();
      if (delayMs > 0) {
        this.#cancelTimer = this.#clock.setTimer(() => this.#pump(), delayMs);
        return;
      }
      this.#queue.shift();
      this.#size -= head.bytes.length;
      this.#write(head.bytes);
    }
  }

  /** All that is sent in one turn of the event loop leaves in one write. */
  #write(bytes: Buffer): void {
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      setImmediate(() => {
        this.#isCorked = false;
        this.#stream.uncork();
      });
    }
    const isLast = bytes.length >= this.#bytesLeft;
    this.#stream.write(isLast ? bytes.subarray(0, this.#bytesLeft) : bytes);
    this.#bytesLeft -= bytes.length;
    if (isLast) this.#stream.end(() => this.#stream.destroy());
  }
}
