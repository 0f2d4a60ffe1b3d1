import { Duplex } from 'node:stream';

/** Two streams of which each reads what is written to the other, as the ends of a socket do. */
export function memoryStreams(): readonly [Duplex, Duplex] {
  const [a, b] = [new MemoryStream(), new MemoryStream()];
  a.other = b;
  b.other = a;
  return [a, b];
}

class MemoryStream extends Duplex {
  other!: MemoryStream;
  /** What the other end waits for: that we read on. */
  #onRead: (() => void) | undefined;

  constructor() {
    super({ allowHalfOpen: false, emitClose: true });
  }

  override _read(): void {
    const onRead = this.#onRead;
    this.#onRead = undefined;
    onRead?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error) => void): void {
    this.other.#receive(chunk, callback);
  }

  override _final(callback: () => void): void {
    if (!this.other.destroyed) this.other.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    // The other end learns of it later, as over a network.
    setImmediate(() => {
      if (!this.other.destroyed) this.other.destroy();
    });
    callback(error);
  }

  #receive(chunk: Buffer, callback: () => void): void {
    if (this.destroyed) return callback();
    // Never within the write: whoever writes must not be called back from there.
    setImmediate(() => {
      if (this.destroyed || this.push(chunk)) return callback();
      this.#onRead = callback;
    });
  }
}
