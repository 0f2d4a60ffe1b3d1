import { WireError } from '../../util/errors.ts';
import { badLength, need, readLength, type WireView } from './wire-view.ts';
import type { Writer } from './writer.ts';

/** A property that is not known here: its number and all behind its type and length (OpenFlow 1.3.5, 7.1.1). */
export interface UnknownProperty {
  readonly type: 'unknown';
  readonly code: number;
  readonly raw: Uint8Array;
}

/** Takes a property's number and where its body lies. */
export type PropertyHandler = (code: number, body: number, end: number) => void;

/**
 * Walks the properties between `start` and `end`: type and length of 16 bits each, a body, and padding to 8 bytes that
 * the length leaves out, the form of OpenFlow 1.3's table features (7.3.5.5.2) and of Open vSwitch's own messages.
 * @throws WireError `OFP_TRUNCATED`, `OFP_BAD_LENGTH`
 */
export function decodeProperties(
  wire: WireView,
  start: number,
  end: number,
  onProperty: PropertyHandler,
): void {
  for (let at = start; at < end; ) {
    need('a property', 4, at, end);
    const length = readLength(wire, 'property', at + 2, 4, at, end);
    const padded = (length + 7) & ~7;
    if (padded > end - at) throw badLength('padded property', padded, 8, end - at);
    onProperty(wire.view.getUint16(at), at + 4, at + length);
    at += padded;
  }
}

/** Writes a property around what `body` writes, with its padding. */
export function encodeProperty(writer: Writer, code: number, body: () => void): void {
  const start = writer.offset;
  writer.u16(code);
  writer.u16(0);
  body();
  writer.patchLength(start);
  writer.padTo8(start);
}

/** Writes a property whose body begins at a multiple of 8 bytes, as one that holds properties does. */
export function encodeNestedProperty(writer: Writer, code: number, body: () => void): void {
  encodeProperty(writer, code, () => {
    writer.zeros(4);
    body();
  });
}

/** Where the properties in a property begin. @throws WireError `OFP_BAD_LENGTH` when not even their padding is there */
export function nestedBody(what: string, body: number, end: number): number {
  if (end - body >= 4) return body + 4;
  throw new WireError(
    'OFP_BAD_LENGTH',
    `property ${what} has a body of ${end - body} bytes, expected 4 or more`,
  );
}

/** Reads properties of which none is known here. @throws WireError `OFP_TRUNCATED`, `OFP_BAD_LENGTH` */
export function decodeUnknownProperties(wire: WireView, start: number, end: number): UnknownProperty[] {
  const properties: UnknownProperty[] = [];
  decodeProperties(wire, start, end, (code, body, bodyEnd) => {
    properties.push({ type: 'unknown', code, raw: wire.bytes.subarray(body, bodyEnd) });
  });
  return properties;
}

/** Writes an {@link UnknownProperty} as it came. */
export function encodeUnknownProperty(writer: Writer, { code, raw }: UnknownProperty): void {
  encodeProperty(writer, code, () => writer.raw(raw));
}

/** Refuses a property whose body is not `size` bytes; returns where the body begins. @throws WireError `OFP_BAD_LENGTH` */
export function exactBody(what: string, body: number, end: number, size: number): number {
  if (end - body === size) return body;
  throw new WireError(
    'OFP_BAD_LENGTH',
    `property ${what} has a body of ${end - body} bytes, expected ${size}`,
  );
}
