import { WireError } from '../../util/errors.ts';
import { decode, type Message } from '../message.ts';
import { HEADER_SIZE } from '../wire/framer.ts';

/** Bytes of each half of what is kept: some 2,000 flow-mods. */
const HALF_SIZE = 256 * 1024;
const FIRST_SIZE = 1024;

/**
 * The last messages that were sent, by xid, so that an error can name what caused it. They are kept as bytes, copied
 * once a turn: objects that are kept for so long survive the garbage collections that they were meant to die in, which
 * costs a third of the time in which packet-ins are answered.
 */
export class SentMessages {
  #current = new Half();
  /** What was sent before {@link #current}; the two change places when that is full. */
  #previous = new Half();

  /** Takes messages, one behind the other. What is longer than a half is not kept. */
  add(bytes: Uint8Array): void {
    if (bytes.length > HALF_SIZE || this.#current.add(bytes)) return;
    const oldest = this.#previous;
    this.#previous = this.#current;
    this.#current = oldest;
    oldest.clear();
    oldest.add(bytes);
  }

  /** The message sent with `xid`, unless later ones have taken its place. */
  get(xid: number): Message | undefined {
    return this.#current.find(xid) ?? this.#previous.find(xid);
  }
}

/** Messages one behind the other, in a buffer that grows up to its limit. */
class Half {
  #bytes = Buffer.allocUnsafeSlow(0);
  #used = 0;
  /** Behind the last message that was found: errors come in the order of what caused them. */
  #found = 0;

  clear(): void {
    this.#used = 0;
    this.#found = 0;
  }

  /** False when there is no room. */
  add(bytes: Uint8Array): boolean {
    const size = this.#used + bytes.length;
    if (size > HALF_SIZE) return false;
    if (size > this.#bytes.length) this.#grow(size);
    this.#bytes.set(bytes, this.#used);
    this.#used = size;
    return true;
  }

  find(xid: number): Message | undefined {
    return this.#findIn(xid, this.#found, this.#used) ?? this.#findIn(xid, 0, this.#found);
  }

  #findIn(xid: number, start: number, end: number): Message | undefined {
    for (let at = start; at + HEADER_SIZE <= end; ) {
      const next = at + Math.max(this.#bytes.readUInt16BE(at + 2), HEADER_SIZE);
      if (this.#bytes.readUInt32BE(at + 4) === xid) {
        this.#found = next;
        return decodeCopy(this.#bytes.subarray(at, next));
      }
      at = next;
    }
    return undefined;
  }

  #grow(size: number): void {
    const grown = Math.max(size, FIRST_SIZE, Math.min(this.#bytes.length * 2, HALF_SIZE));
    const bytes = Buffer.allocUnsafeSlow(grown);
    this.#bytes.copy(bytes, 0, 0, this.#used);
    this.#bytes = bytes;
  }
}

/** Bytes that the user sent as they were may be no message. */
function decodeCopy(bytes: Uint8Array): Message | undefined {
  try {
    return decode(Buffer.from(bytes));
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
