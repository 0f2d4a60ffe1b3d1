import { readU64, type U64 } from '../../util/u64.ts';
import {
  decodeProperties,
  encodeNestedProperty,
  encodeProperty,
  encodeUnknownProperty,
  exactBody,
  nestedBody,
  type UnknownProperty,
} from './property.ts';
import type { WireView } from './wire-view.ts';
import type { Writer } from './writer.ts';

/** One kind of property: what its value is called, and how its body is read and written. */
export interface PropertyRow {
  readonly name: string;
  readonly code: number;
  /** Set when the body begins at a multiple of 8 bytes, behind padding. */
  readonly nested?: boolean;
  read(wire: WireView, body: number, end: number): unknown;
  write(writer: Writer, value: unknown): void;
}

/** What any {@link PropertyTable} decodes to, beside the values by their names (OpenFlow 1.3.5, 7.1.1). */
export interface UnknownProperties {
  /** Properties that are not known here. */
  readonly unknown?: readonly UnknownProperty[];
}

/**
 * Properties that come at most once each: one table of rows serves both directions. As in a match, the order of the keys is
 * that on the wire, and what is left out is not sent.
 */
export interface PropertyTable<T> {
  /** Reads what there is up to `end`. @throws WireError `OFP_TRUNCATED`, `OFP_BAD_LENGTH` */
  decode(wire: WireView, start: number, end: number): T & UnknownProperties;
  /** Writes the values of all keys that the table has a row for. */
  encode(writer: Writer, values: T & UnknownProperties): void;
}

/** Makes a {@link PropertyTable}. */
export function propertyTable<T extends object>(...rows: readonly PropertyRow[]): PropertyTable<T> {
  const byCode = new Map(rows.map((row) => [row.code, row]));
  const byName = new Map(rows.map((row) => [row.name, row]));
  return {
    decode(wire, start, end) {
      const values: Record<string, unknown> = {};
      decodeProperties(wire, start, end, (code, body, bodyEnd) => {
        const row = byCode.get(code);
        if (row !== undefined) {
          const at = row.nested ? nestedBody(row.name, body, bodyEnd) : body;
          values[row.name] = row.read(wire, at, bodyEnd);
          return;
        }
        values.unknown ??= [];
        const raw = wire.bytes.subarray(body, bodyEnd);
        (values.unknown as UnknownProperty[]).push({ type: 'unknown', code, raw });
      });
      return values as T & UnknownProperties;
    },
    encode(writer, values) {
      for (const [name, value] of Object.entries(values)) {
        const row = byName.get(name);
        if (row !== undefined && value !== undefined) {
          const encodeRow = row.nested ? encodeNestedProperty : encodeProperty;
          encodeRow(writer, row.code, () => row.write(writer, value));
        }
        if (name !== 'unknown' || value === undefined) continue;
        for (const property of value as readonly UnknownProperty[]) encodeUnknownProperty(writer, property);
      }
    },
  };
}

/** A property of 8 bits. */
export function u8Property(name: string, code: number): PropertyRow {
  return {
    name,
    code,
    read: ({ view }, body, end) => view.getUint8(exactBody(name, body, end, 1)),
    write: (writer, value) => writer.u8(value as number),
  };
}

/** A property of 16 bits, with two bytes of padding that its length counts. */
export function u16Property(name: string, code: number): PropertyRow {
  return {
    name,
    code,
    read: ({ view }, body, end) => view.getUint16(exactBody(name, body, end, 4)),
    write(writer, value) {
      writer.u16(value as number);
      writer.zeros(2);
    },
  };
}

/** A property of 32 bits. */
export function u32Property(name: string, code: number): PropertyRow {
  return {
    name,
    code,
    read: ({ view }, body, end) => view.getUint32(exactBody(name, body, end, 4)),
    write: (writer, value) => writer.u32(value as number),
  };
}

/** A property of any number of bytes. */
export function bytesProperty(name: string, code: number): PropertyRow {
  return {
    name,
    code,
    read: ({ bytes }, body, end) => bytes.subarray(body, end),
    write: (writer, value) => writer.raw(value as Uint8Array),
  };
}

/** A property of 64 bits, a `Long`. */
export function u64Property(name: string, code: number): PropertyRow {
  return {
    name,
    code,
    nested: true,
    read: ({ view }, body, end) => readU64(view, exactBody(name, body, end, 8)),
    write: (writer, value) => writer.u64(value as U64),
  };
}
