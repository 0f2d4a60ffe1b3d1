import { WireError } from '../../util/errors.ts';

/**
 * Received bytes with the one `DataView` over them (OpenFlow 1.3.5, 7.1.1). Decoders take a view with offsets instead
 * of slices, because making a view for each message or field would cost more than decoding it.
 */
export interface WireView {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Lays the one `DataView` over a chunk. */
export function wireView(bytes: Uint8Array): WireView {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/**
 * Refuses a structure that does not fit between `start` and `end`.
 * @throws WireError `OFP_TRUNCATED`
 */
export function need(what: string, size: number, start: number, end: number): void {
  if (end - start < size) {
    throw new WireError('OFP_TRUNCATED', `${what} takes ${size} bytes, ${Math.max(0, end - start)} are left`);
  }
}

/**
 * Reads the length at `offset` of a structure that starts at `start`, and checks it against its own least size
 * and against what encloses it.
 * @returns the structure's length in bytes
 * @throws WireError `OFP_BAD_LENGTH`
 */
export function readLength(
  wire: WireView,
  what: string,
  offset: number,
  least: number,
  start: number,
  end: number,
): number {
  const length = wire.view.getUint16(offset);
  if (length < least || length > end - start) throw badLength(what, length, least, end - start);
  return length;
}

/**
 * Counts the structures that fill `start` to `end`, each with its length two bytes in: at least 8 bytes, and a multiple
 * of 8. Who knows how many there are makes a list of just that size, where one that grows has room for 17 from the
 * first on: of a flow in a list of 100,000, a quarter of all memory.
 * @param header bytes that have to be there for another one to begin
 * @throws WireError `OFP_TRUNCATED`, `OFP_BAD_LENGTH`
 */
export function countPadded(
  wire: WireView,
  what: string,
  header: number,
  start: number,
  end: number,
): number {
  let count = 0;
  for (let at = start; at < end; count++) {
    need(what, header, at, end);
    const length = readLength(wire, what, at + 2, 8, at, end);
    if (length % 8 !== 0)
      throw new WireError('OFP_BAD_LENGTH', `${what} has length ${length}, no multiple of 8`);
    at += length;
  }
  return count;
}

/** The error for a length outside of `least`..`most`, in bytes. */
export function badLength(what: string, length: number, least: number, most: number): WireError {
  const range = most === least ? `${least}` : `${least} to ${most}`;
  const expected = most < least ? `at least ${least} (${most} are left)` : range;
  return new WireError('OFP_BAD_LENGTH', `${what} has length ${length}, expected ${expected} bytes`);
}
