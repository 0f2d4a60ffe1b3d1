import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Where text is written: standard output, or what a test gives. */
export interface TextOutput {
  write(text: string): unknown;
}

/**
 * Standard output for commands that may have much to say, or that say it until they are ended: it waits for whoever
 * reads, and tells when nobody does any more (`| head`).
 */
export class PatientOutput implements Disposable {
  readonly #output: TextOutput;
  readonly #maxWaitingBytes: number;
  readonly #gone = new AbortController();

  #leftOut = 0;

  /** @param maxWaitingBytes what may wait to be read before {@link offer} leaves texts out */
  constructor(output: TextOutput, maxWaitingBytes = 16 * 1024 * 1024) {
    this.#output = output;
    this.#maxWaitingBytes = maxWaitingBytes;
    if (isStream(output)) output.once('error', this.#onError);
  }

  /** Aborted when nobody reads any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves when there is room for more, or when nobody reads any more. */
  async write(text: string): Promise<void> {
    if (this.#gone.signal.aborted) return;
    if (this.#output.write(text) !== false || !isStream(this.#output)) return;
    // It rejects when the reader goes, which ends the wait as well.
    await once(this.#output, 'drain', { signal: this.#gone.signal }).catch(() => {});
  }

  /** Writes what comes when it will: where too much waits to be read it is left out, and how often is said later. */
  offer(text: string): void {
    if (this.#gone.signal.aborted) return;
    if (isStream(this.#output) && this.#output.writableLength > this.#maxWaitingBytes) {
      this.#leftOut++;
      return;
    }
    if (this.#leftOut > 0)
      this.#output.write(`(***${this.#leftOut} left out, which nobody read in time***)\n`);
    this.#leftOut = 0;
    this.#output.write(text);
  }

  [Symbol.dispose](): void {
    if (isStream(this.#output)) this.#output.off('error', this.#onError);
  }

  readonly #onError = (): void => this.#gone.abort();
}

function isStream(output: TextOutput): output is Writable {
  return 'once' in output;
}
