import fc, { type Arbitrary } from 'fast-check';
import Long from 'long';
import type { Field } from '../../../src/ofp/oxm/field.ts';
import { FIELDS, type MatchInit } from '../../../src/ofp/oxm/fields.ts';
import { readIpv4, readIpv6 } from '../../../src/util/ip.ts';
import { readMac } from '../../../src/util/mac.ts';

/** The rows of the OXM table with their names. */
export const rows: readonly (readonly [name: string, row: Field])[] = Object.entries<Field>(FIELDS);

/** Values that decoding gives for a field, of all the bits that it has on the wire. */
export function fieldValue(row: Field): Arbitrary<unknown> {
  const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
  switch (row.kind) {
    case 'number':
      return fc.nat(2 ** (row.size * 8) - 1);
    case 'u64':
      return fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((value) => Long.fromString(`${value}`, true));
    case 'mac':
      return bytes(6).map((value) => readMac(value, 0));
    case 'ipv4':
      return bytes(4).map((value) => readIpv4(value, 0));
    case 'ipv6':
      return bytes(16).map((value) => readIpv6(value, 0));
    case 'hex':
      return bytes(row.size).map((value) => `0x${Buffer.from(value).toString('hex')}`);
    case 'bytes':
      return fc.uint8Array({ maxLength: row.bits / 8 }).map((value) => Buffer.from(value));
  }
}

/** A value of a field, or, where the field may be masked, a value and a mask of the same size. */
function maybeMasked(row: Field): Arbitrary<unknown> {
  if (row.maskability === 'exact') return fieldValue(row);
  return fc.oneof(fieldValue(row), maskedFieldValue(row));
}

/** A value and a mask of the same size. */
export function maskedFieldValue(row: Field): Arbitrary<{ readonly value: unknown; readonly mask: unknown }> {
  const pair = fc.tuple(fieldValue(row), fieldValue(row));
  if (row.kind !== 'bytes') return pair.map(([value, mask]) => ({ value, mask }));
  return (pair as Arbitrary<[Buffer, Buffer]>).map(([value, other]) => {
    const size = Math.min(value.length, other.length);
    return { value: value.subarray(0, size), mask: other.subarray(0, size) };
  });
}

/** Matches of up to ten different fields, known ones and unknown. */
export const anyMatch: Arbitrary<MatchInit> = fc
  .uniqueArray(fc.constantFrom(...rows), { maxLength: 10, selector: ([name]) => name })
  .chain((chosen) => fc.record(Object.fromEntries(chosen.map(([name, row]) => [name, maybeMasked(row)]))))
  .map((match) => match as MatchInit);
