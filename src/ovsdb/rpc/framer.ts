import { isUtf8 } from 'node:buffer';
import { WireError } from '../../util/errors.ts';
import type { JsonObject } from './json.ts';

/** The bounds of a {@link JsonFramer}. */
export interface JsonFramerOptions {
  /** Bytes of the longest message. Default 256 MiB: a whole database comes as one message. */
  readonly maxMessageBytes?: number;
  /** Objects and arrays open at once. Default 64; OVSDB itself needs 12. */
  readonly maxDepth?: number;
}

/**
 * Cuts a stream of concatenated JSON objects (RFC 7047, 4) into messages, however it was chunked. Each byte is
 * looked at once: only braces, brackets and strings are tracked, and `JSON.parse` judges the rest. All the
 * delimiters are ASCII, so a chunk may well end inside a UTF-8 character.
 */
export class JsonFramer {
  readonly #maxMessageBytes: number;
  readonly #maxDepth: number;
  /** The earlier chunks of the message that spans chunks. */
  #chunks: Uint8Array[] = [];
  #chunksSize = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(options: JsonFramerOptions = {}) {
    this.#maxMessageBytes = options.maxMessageBytes ?? 256 * 1024 * 1024;
    this.#maxDepth = options.maxDepth ?? 64;
  }

  /**
   * Takes the next chunk, which the framer keeps as it is, and yields each message that ends in it. After an
   * error the stream cannot be followed any further.
   * @throws WireError `OVSDB_BAD_JSON`, `OVSDB_MESSAGE_TOO_LARGE`, `OVSDB_TOO_DEEP`.
   */
  *push(chunk: Uint8Array): Generator<JsonObject, void> {
    let start = 0;
    while (start < chunk.length) {
      if (this.#depth === 0) {
        start = skipWhitespace(chunk, start);
        if (start === chunk.length) return;
        if (chunk[start] !== OPEN_BRACE) throw notAnObject(chunk[start]!);
      }
      const end = this.#scan(chunk, start);
      this.#keep(chunk.subarray(start, end));
      if (this.#depth === 0) yield this.#take();
      start = end;
    }
  }

  /** Returns where the message ends, or the chunk when the message goes on. */
  #scan(chunk: Uint8Array, start: number): number {
    let at = start;
    while (at < chunk.length) {
      if (this.#inString) {
        at = this.#scanString(chunk, at);
        continue;
      }
      const byte = chunk[at++]!;
      if (byte === QUOTE) {
        this.#inString = true;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (++this.#depth > this.#maxDepth) throw tooDeep(this.#maxDepth);
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (--this.#depth === 0) return at;
      }
    }
    return at;
  }

  /** Returns the place after the closing quote, or the end of the chunk when the string goes on. */
  #scanString(chunk: Uint8Array, start: number): number {
    let at = start;
    if (this.#escaped && at < chunk.length) {
      this.#escaped = false;
      at++;
    }
    for (; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === BACKSLASH) {
        if (++at === chunk.length) this.#escaped = true;
      } else if (byte === QUOTE) {
        this.#inString = false;
        return at + 1;
      }
    }
    return chunk.length;
  }

  #keep(part: Uint8Array): void {
    this.#chunksSize += part.length;
    if (this.#chunksSize > this.#maxMessageBytes) {
      const message = `a message is longer than ${this.#maxMessageBytes} bytes, the most allowed`;
      throw new WireError('OVSDB_MESSAGE_TOO_LARGE', message);
    }
    this.#chunks.push(part);
  }

  #take(): JsonObject {
    const bytes =
      this.#chunks.length === 1 ? asBuffer(this.#chunks[0]!) : Buffer.concat(this.#chunks, this.#chunksSize);
    this.#chunks = [];
    this.#chunksSize = 0;
    const text = bytes.toString();
    // What is no UTF-8 is decoded as this character, which may also be there by right.
    if (text.includes('\ufffd') && !isUtf8(bytes)) {
      throw new WireError('OVSDB_BAD_JSON', 'expected JSON in UTF-8, got other bytes');
    }
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new WireError('OVSDB_BAD_JSON', `expected JSON: ${(cause as Error).message}`, { cause });
    }
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

function skipWhitespace(chunk: Uint8Array, start: number): number {
  let at = start;
  while (at < chunk.length && WHITESPACE.has(chunk[at]!)) at++;
  return at;
}

const WHITESPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function notAnObject(byte: number): WireError {
  const got = `0x${byte.toString(16).padStart(2, '0')}`;
  return new WireError('OVSDB_BAD_JSON', `expected a message to begin with '{', got byte ${got}`);
}

function tooDeep(maxDepth: number): WireError {
  return new WireError('OVSDB_TOO_DEEP', `a message nests deeper than ${maxDepth}, the most allowed`);
}
