import { TimeoutError } from '../../util/errors.ts';

/** What can be held back while parts wait to be read. */
interface Source {
  /** False when it cannot be held back now. */
  pause(): boolean;
  /** May be called when it is not held back. */
  resume(): void;
}

/** Parts that may wait before the source is held back. */
const HIGH_WATER = 16;
/** Parts that may wait at all: 64 MiB, because a part is one message. */
const MAX_WAITING = 1024;

/**
 * The parts of a reply between the connection, which pushes them, and a reader who may be slow. The source is held back
 * once each time that too many wait, and goes on by itself after a while: a switch that is not read from any longer
 * takes the session for dead, so that what it has sent by then is better kept here, up to a bound: a reader who has
 * not caught up by then gets an error in place of the rest.
 */
export class PartQueue<T> implements AsyncIterable<T> {
  readonly #source: Source;
  readonly #parts: T[] = [];
  /** Whether the source was held back since few parts waited. */
  #hasHeld = false;
  #ended = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  push(part: T): void {
    if (this.#ended) return;
    if (this.#parts.length >= MAX_WAITING) return this.#giveUp();
    this.#parts.push(part);
    if (this.#parts.length >= HIGH_WATER) this.#hasHeld ||= this.#source.pause();
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#error = error;
    this.end();
  }

  /** The reader has gone: what still comes is dropped, and the source goes on. */
  discard(): void {
    this.#ended = true;
    this.#parts.length = 0;
    this.#release();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) {
        if (this.#parts.length < HIGH_WATER / 2) this.#release();
        yield part;
      } else if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #giveUp(): void {
    this.#parts.length = 0;
    const message = `${MAX_WAITING} parts of a reply waited to be read, and still more came`;
    this.fail(new TimeoutError('OFP_READER_SLOW', message));
  }

  #release(): void {
    this.#hasHeld = false;
    this.#source.resume();
  }
}
