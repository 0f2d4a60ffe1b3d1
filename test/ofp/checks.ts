import Long from 'long';
import { decode, encode, type Message } from '../../src/ofp/message.ts';
import { WireError } from '../../src/util/errors.ts';

/** The code of the WireError that `run` throws, undefined when it throws none. Other errors go on. */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
  return undefined;
}

/** Bytes from hexadecimal; spaces are for the eye. */
export function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
}

/** Decodes all of a message, what is decoded at first use too. */
export function decodeFully(bytes: Uint8Array, offset = 0): Message {
  const message = decode(bytes, offset);
  force(message);
  return message;
}

/** A message as plain data, to compare two of them: views on different buffers are equal when their bytes are. */
export function plain(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message));
}

/**
 * Decodes bytes that may be malformed. What decodes must encode, and what was encoded must decode and encode to
 * the same bytes again.
 * @returns whether they decoded; false stands for a WireError
 * @throws whatever else happens, as an Error that shows the bytes
 */
export function survives(bytes: Buffer): boolean {
  let message: Message;
  try {
    message = decodeFully(bytes);
  } catch (error) {
    if (error instanceof WireError) return false;
    throw new Error(`decoding ${bytes.toString('hex')}`, { cause: error });
  }
  try {
    const once = encode(message);
    if (!encode(decode(once)).equals(once)) throw new Error(`not stable: ${once.toString('hex')}`);
  } catch (error) {
    throw new Error(`encoding ${bytes.toString('hex')}`, { cause: error });
  }
  return true;
}

/** Reads every property. `JSON.stringify` does that too, but spends most of its time on the bytes in a message. */
function force(value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Long.isLong(value)) return;
  const lazy = value as { toJSON?: () => Record<string, unknown> };
  const parts = lazy.toJSON === undefined ? (value as Record<string, unknown>) : lazy.toJSON();
  for (const name in parts) force(parts[name]);
}
