import { WireError } from '../../util/errors.ts';
import { type U64, writeU64 } from '../../util/u64.ts';

/**
 * A growing buffer that messages are encoded into, one behind the other. `offset` is where the next byte goes (OpenFlow
 * 1.3.5, 7.1.1). A structure with a length reserves it, writes its body and patches it: nothing is measured beforehand.
 */
export class Writer {
  bytes: Buffer;
  view: DataView;
  offset = 0;

  /** @param size bytes to begin with */
  constructor(size = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `size` more bytes. */
  ensure(size: number): void {
    if (this.offset + size > this.bytes.length) this.#grow(size);
  }

  /** Makes room for `size` bytes, every one of which the caller then writes. @returns where they begin */
  reserve(size: number): number {
    this.ensure(size);
    const start = this.offset;
    this.offset = start + size;
    return start;
  }

  /** @throws WireError `OFP_BAD_VALUE` for what is no unsigned integer of 8 bits; so do the others of theirs */
  u8(value: number): void {
    this.ensure(1);
    writeU8(this.view, this.offset, value);
    this.offset += 1;
  }

  u16(value: number): void {
    this.ensure(2);
    writeU16(this.view, this.offset, value);
    this.offset += 2;
  }

  u32(value: number): void {
    this.ensure(4);
    writeU32(this.view, this.offset, value);
    this.offset += 4;
  }

  u64(value: U64): void {
    this.ensure(8);
    writeU64(this.view, this.offset, value);
    this.offset += 8;
  }

  /** Copies `bytes` in. @throws WireError `OFP_BAD_VALUE` for what is none, as a message made from JSON may have */
  raw(bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) {
      throw new WireError('OFP_BAD_VALUE', `expected bytes, got ${typeof bytes}`);
    }
    this.ensure(bytes.length);
    this.bytes.set(bytes, this.offset);
    this.offset += bytes.length;
  }

  /** Writes `count` zero bytes. */
  zeros(count: number): void {
    this.ensure(Math.max(count, 8));
    // Padding is nearly always short, and one store of eight bytes costs a tenth of `fill`. Whatever is written next
    // overwrites those that are too many.
    if (count <= 8) this.view.setFloat64(this.offset, 0);
    else this.bytes.fill(0, this.offset, this.offset + count);
    this.offset += count;
  }

  /** Writes zero bytes until the structure that began at `start` is a multiple of eight bytes long. */
  padTo8(start: number): void {
    // As in `zeros`, without a branch: up to seven bytes of these eight count.
    this.ensure(8);
    this.view.setFloat64(this.offset, 0);
    this.offset += (start - this.offset) & 7;
  }

  /**
   * Begins a structure with its type and a length of 0, 16 bits each; {@link patchLength} ends it.
   * @returns where it begins
   */
  begin(type: number): number {
    const start = this.offset;
    this.ensure(4);
    writeU16(this.view, start, type);
    this.view.setUint16(start + 2, 0);
    this.offset = start + 4;
    return start;
  }

  /**
   * Writes what the structure that began at `start` has become into its length field, `lengthOffset` bytes in.
   * @throws WireError `OFP_TOO_LONG` when that is over 65,535 bytes
   */
  patchLength(start: number, lengthOffset = 2): void {
    const length = this.offset - start;
    if (length > 0xffff) throw tooLong(length);
    this.view.setUint16(start + lengthOffset, length);
  }

  /**
   * Ends the structure that began at `start`, where four bytes were reserved for its type and its length.
   * @throws WireError `OFP_TOO_LONG` as {@link patchLength}
   */
  patchHeader(start: number, type: number): void {
    const length = this.offset - start;
    if (length > 0xffff) throw tooLong(length);
    this.view.setInt32(start, (type << 16) | length);
  }

  #grow(size: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(this.offset + size, this.bytes.length * 2));
    bytes.set(this.bytes.subarray(0, this.offset));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

/** Writes an unsigned byte. @throws WireError `OFP_BAD_VALUE` */
export function writeU8(view: DataView, offset: number, value: number): void {
  if ((value & 0xff) !== value) throw outOfRange(value, 8);
  view.setUint8(offset, value);
}

/** Writes two bytes, most significant first. @throws WireError `OFP_BAD_VALUE` */
export function writeU16(view: DataView, offset: number, value: number): void {
  if ((value & 0xffff) !== value) throw outOfRange(value, 16);
  view.setUint16(offset, value);
}

/** Writes four bytes, most significant first. @throws WireError `OFP_BAD_VALUE` */
export function writeU32(view: DataView, offset: number, value: number): void {
  if (value >>> 0 !== value) throw outOfRange(value, 32);
  view.setUint32(offset, value);
}

/**
 * Refuses a number that does not fit an unsigned field of at most 32 bits, instead of cutting it as a `DataView` would.
 * @throws WireError `OFP_BAD_VALUE`
 */
export function checkUnsigned(what: string, value: number, bits: number): number {
  if (value >>> 0 === value && (bits === 32 || value >>> bits === 0)) return value;
  throw new WireError('OFP_BAD_VALUE', `${what} is an unsigned ${bits}-bit integer, got ${value}`);
}

function tooLong(length: number): WireError {
  return new WireError('OFP_TOO_LONG', `a structure of ${length} bytes does not fit a 16-bit length`);
}

function outOfRange(value: number, bits: number): WireError {
  return new WireError('OFP_BAD_VALUE', `expected an unsigned ${bits}-bit integer, got ${value}`);
}
