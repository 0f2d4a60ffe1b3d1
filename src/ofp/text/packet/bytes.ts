/** Where a part of a packet lies. */
export interface PacketRange {
  readonly start: number;
  readonly end: number;
}

/** A packet that is read from the front: offsets count from what has not been read yet. */
export class PacketBytes {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  /** Bytes that are left. */
  get size(): number {
    return this.#end - this.#at;
  }

  /** Where what is left lies. */
  get rest(): PacketRange {
    return { start: this.#at, end: this.#end };
  }

  u8(offset: number): number {
    return this.#view.getUint8(this.#at + offset);
  }

  u16(offset: number): number {
    return this.#view.getUint16(this.#at + offset);
  }

  u32(offset: number): number {
    return this.#view.getUint32(this.#at + offset);
  }

  /** The bytes between two offsets. */
  slice(from: number, to: number): Uint8Array {
    return this.bytes.subarray(this.#at + from, this.#at + to);
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  /** Leaves out what is behind the next `size` bytes. */
  truncate(size: number): void {
    this.#end = Math.min(this.#end, this.#at + size);
  }
}
