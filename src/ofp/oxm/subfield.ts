import { WireError } from '../../util/errors.ts';
import type { WireView } from '../wire/wire-view.ts';
import { checkUnsigned, type Writer } from '../wire/writer.ts';
import type { FieldName, UnknownFieldName } from './fields.ts';
import { encodeOxmHeader, encodeShortOxmHeader, type OxmHeader } from './oxm.ts';

/** A field as actions name it, without a value (nicira-ext.h). */
export interface FieldReference {
  readonly field: FieldName | UnknownFieldName;
  /** Bytes that the field has, where its size varies (`tunMetadata0`): the greatest, 124, unless given. */
  readonly size?: number;
}

/** One bit of a field (nicira-ext.h). */
export interface FieldBit extends FieldReference {
  /** Counted from the least significant. */
  readonly start: number;
}

/** Neighbouring bits of a field, as in `NXM_NX_REG0[4..7]`: `start` 4 and `bits` 4 (nicira-ext.h). */
export interface Subfield extends FieldBit {
  /** How many. */
  readonly bits: number;
}

/** The field of a header that was read. */
export function referenceOf({ name, valueSize }: OxmHeader): FieldReference {
  const field = name as FieldName | UnknownFieldName;
  return valueSize === undefined ? { field } : { field, size: valueSize };
}

/** One bit of the field of a header that was read. */
export function bitOf({ name, valueSize }: OxmHeader, start: number): FieldBit {
  const field = name as FieldName | UnknownFieldName;
  return valueSize === undefined ? { field, start } : { field, start, size: valueSize };
}

/** Bits of the field of a header that was read. */
export function subfieldOf({ name, valueSize }: OxmHeader, start: number, bits: number): Subfield {
  const field = name as FieldName | UnknownFieldName;
  return valueSize === undefined ? { field, start, bits } : { field, start, bits, size: valueSize };
}

/** Reads the 16 bits, `start << 6 | bits - 1`, that say which part of a field is meant. */
export function readRange({ view }: WireView, at: number, header: OxmHeader): Subfield {
  const range = view.getUint16(at);
  return subfieldOf(header, range >>> 6, (range & 63) + 1);
}

/** Writes what {@link readRange} reads. @throws WireError `OFP_BAD_VALUE` for over 64 bits, or a start over 1023 */
export function writeRange(writer: Writer, { field, start, bits }: Subfield): void {
  if (bits < 1 || bits > 64) {
    throw new WireError('OFP_BAD_VALUE', `1 to 64 bits of ${field} can be named here, got ${bits}`);
  }
  writer.u16((checkUnsigned(`the start in ${field}`, start, 10) << 6) | (bits - 1));
}

/** Writes the 4- or 8-byte header of a field. @throws WireError `OFP_UNKNOWN_FIELD`, `OFP_BAD_VALUE` */
export function writeReference(writer: Writer, { field, size }: FieldReference): void {
  encodeOxmHeader(writer, field, size === undefined ? {} : { valueSize: size });
}

/**
 * Writes a header of four bytes, which is all that the older actions have for it.
 * @throws WireError `OFP_BAD_VALUE` for fields whose header takes eight
 */
export function writeShortReference(writer: Writer, { field, size }: FieldReference): void {
  encodeShortOxmHeader(writer, field, size === undefined ? {} : { valueSize: size });
}
