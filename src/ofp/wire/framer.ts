import { WireError } from '../../util/errors.ts';
import { type WireView, wireView } from './wire-view.ts';

/** Takes one whole message: bytes `start` to `end` of `wire`. A view on it stays valid, because chunks are never reused. */
export type FrameHandler = (wire: WireView, start: number, end: number) => void;

/**
 * Cuts a stream into OpenFlow messages by the length in their headers (OpenFlow 1.3.5, 7.1), however the stream
 * was chunked. Whole messages within a chunk are handed on in place; only one that spans chunks is copied together.
 */
export class Framer {
  readonly #onFrame: FrameHandler;
  /** The message that spans chunks: the first `#filled` bytes of it have come. */
  #partial: Buffer = EMPTY;
  #filled = 0;

  constructor(onFrame: FrameHandler) {
    this.#onFrame = onFrame;
  }

  /**
   * Takes the next chunk, which the framer and the handler's messages keep as it is.
   * @throws WireError `OFP_BAD_LENGTH` when a header's length is under 8: where the next message begins is then unknown
   */
  push(chunk: Uint8Array): void {
    let start = this.#filled > 0 ? this.#complete(chunk) : 0;
    if (start === chunk.length) return;
    const wire = wireView(chunk);
    while (chunk.length - start >= HEADER_SIZE) {
      const end = start + frameLength(chunk, start);
      if (end > chunk.length) break;
      this.#onFrame(wire, start, end);
      start = end;
    }
    if (start < chunk.length) this.#keep(chunk, start);
  }

  /** Fills up the message that spans chunks; returns how much of `chunk` that took. */
  #complete(chunk: Uint8Array): number {
    let taken = 0;
    if (this.#filled < HEADER_SIZE) {
      taken = this.#fill(chunk, 0, HEADER_SIZE);
      if (this.#filled < HEADER_SIZE) return taken;
    }
    const length = frameLength(this.#partial, 0);
    if (this.#partial.length < length) {
      const whole = Buffer.allocUnsafe(length);
      this.#partial.copy(whole, 0, 0, this.#filled);
      this.#partial = whole;
    }
    taken += this.#fill(chunk, taken, length);
    if (this.#filled < length) return taken;
    const wire = wireView(this.#partial);
    this.#partial = EMPTY;
    this.#filled = 0;
    this.#onFrame(wire, 0, length);
    return taken;
  }

  #fill(chunk: Uint8Array, start: number, target: number): number {
    const count = Math.min(target - this.#filled, chunk.length - start);
    this.#partial.set(chunk.subarray(start, start + count), this.#filled);
    this.#filled += count;
    return count;
  }

  #keep(chunk: Uint8Array, start: number): void {
    const filled = chunk.length - start;
    const size = filled < HEADER_SIZE ? HEADER_SIZE : frameLength(chunk, start);
    this.#partial = Buffer.allocUnsafe(size);
    this.#partial.set(chunk.subarray(start), 0);
    this.#filled = filled;
  }
}

/** Bytes of the header that every message begins with (OpenFlow 1.3.5, 7.1). */
export const HEADER_SIZE = 8;

const EMPTY = Buffer.alloc(0);

function frameLength(bytes: Uint8Array, start: number): number {
  const length = (bytes[start + 2]! << 8) | bytes[start + 3]!;
  if (length >= HEADER_SIZE) return length;
  throw new WireError('OFP_BAD_LENGTH', `message length ${length} is under the ${HEADER_SIZE}-byte header`);
}
