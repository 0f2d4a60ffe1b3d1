/** What can be held back while parts wait to be read; both may be called when they change nothing. */
interface Source {
  pause(): unknown;
  resume(): void;
}

/** Parts that may wait before the source is held back. */
const HIGH_WATER = 16;

/** The parts of a reply between the connection, which pushes them, and a reader who may be slow. */
export class PartQueue<T> implements AsyncIterable<T> {
  readonly #source: Source;
  readonly #parts: T[] = [];
  #ended = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  push(part: T): void {
    if (this.#ended) return;
    this.#parts.push(part);
    if (this.#parts.length >= HIGH_WATER) this.#source.pause();
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
    this.#source.resume();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) {
        if (this.#parts.length < HIGH_WATER / 2) this.#source.resume();
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
}
