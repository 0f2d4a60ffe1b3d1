import { Parser } from 'binary-parser';
import { readMac, writeMac } from '../../util/mac.ts';
import { toLong, type U64 } from '../../util/u64.ts';
import { need, type WireView } from './wire-view.ts';
import type { Writer } from './writer.ts';

/** One field of a fixed structure: how binary-parser reads it and how it is written. */
interface StructField {
  readonly name: string | undefined;
  readonly size: number;
  /** @internal The types of binary-parser do not resolve in the projects of users, so declarations go without. */
  read(parser: Parser): Parser;
  write(writer: Writer, value: unknown): void;
}

/** A structure of fixed size: one table of fields serves both directions. */
export interface Struct<T> {
  /** Bytes. */
  readonly size: number;
  /** Reads one. @throws WireError `OFP_TRUNCATED` */
  decode(wire: WireView, start: number, end: number): T;
  /** Reads as many as there are up to `end`. @throws WireError `OFP_TRUNCATED` when the last one is cut */
  decodeAll(wire: WireView, start: number, end: number): T[];
  encode(writer: Writer, value: T): void;
}

/**
 * Describes a fixed structure of the specification, field by field in wire order. The decoder is binary-parser's:
 * one flat parser over an array, which is the form that it compiles best.
 */
export function struct<T extends object>(name: string, ...fields: StructField[]): Struct<T> {
  const element = fields.reduce((parser, field) => field.read(parser), new Parser());
  const parser = new Parser().array('items', { type: element, readUntil: 'eof' });
  const size = fields.reduce((sum, field) => sum + field.size, 0);
  const parse = (bytes: Uint8Array) => parser.parse(bytes).items as T[];
  return {
    size,
    decode(wire, start, end) {
      need(name, size, start, end);
      return parse(wire.bytes.subarray(start, start + size))[0]!;
    },
    decodeAll(wire, start, end) {
      const rest = (end - start) % size;
      if (rest !== 0) need(name, size, end - rest, end);
      return end === start ? [] : parse(wire.bytes.subarray(start, end));
    },
    encode(writer, value) {
      for (const field of fields) {
        field.write(writer, field.name === undefined ? undefined : value[field.name as keyof T]);
      }
    },
  };
}

/** An unsigned 8-bit field. */
export function u8(name: string): StructField {
  return {
    name,
    size: 1,
    read: (parser) => parser.uint8(name),
    write: (writer, value) => writer.u8(value as number),
  };
}

/** An unsigned 16-bit field. */
export function u16(name: string): StructField {
  return {
    name,
    size: 2,
    read: (parser) => parser.uint16be(name),
    write: (writer, value) => writer.u16(value as number),
  };
}

/** An unsigned 32-bit field. */
export function u32(name: string): StructField {
  return {
    name,
    size: 4,
    read: (parser) => parser.uint32be(name),
    write: (writer, value) => writer.u32(value as number),
  };
}

/** An unsigned 64-bit field, a `Long`. */
export function u64(name: string): StructField {
  return {
    name,
    size: 8,
    read: (parser) => parser.uint64be(name, { formatter: (value) => toLong(value as bigint) }),
    write: (writer, value) => writer.u64(value as U64),
  };
}

/** An Ethernet address. */
export function mac(name: string): StructField {
  return {
    name,
    size: 6,
    read: (parser) => parser.buffer(name, { length: 6, formatter: (bytes) => readMac(bytes, 0) }),
    write(writer, value) {
      writer.ensure(6);
      writeMac(writer.bytes, writer.offset, value as string);
      writer.offset += 6;
    },
  };
}

/** Text of at most `size` - 1 bytes, ended and filled up with NUL. Longer text is cut, as the specification's own switches do. */
export function text(name: string, size: number): StructField {
  return {
    name,
    size,
    read: (parser) => parser.buffer(name, { length: size, formatter: readText }),
    write(writer, value) {
      writer.zeros(size);
      writer.bytes.write(value as string, writer.offset - size, size - 1, 'utf8');
    },
  };
}

/** `size` bytes that are sent as zero and ignored when received. */
export function pad(size: number): StructField {
  return {
    name: undefined,
    size,
    read: (parser) => parser.seek(size),
    write: (writer) => writer.zeros(size),
  };
}

function readText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
