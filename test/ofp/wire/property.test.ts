import { describe, expect, it } from '@jest/globals';
import {
  decodeProperties,
  decodeUnknownProperties,
  encodeNestedProperty,
  encodeProperty,
  encodeUnknownProperty,
  exactBody,
  nestedBody,
} from '../../../src/ofp/wire/property.ts';
import { wireView } from '../../../src/ofp/wire/wire-view.ts';
import { Writer } from '../../../src/ofp/wire/writer.ts';
import { bytesOf, codeOf } from '../checks.ts';

/** Number and body of each property. */
function decodeAll(hex: string, start = 0): [number, string][] {
  const bytes = bytesOf(hex);
  const found: [number, string][] = [];
  decodeProperties(wireView(bytes), start, bytes.length, (code, body, end) =>
    found.push([code, bytes.toString('hex', body, end)]),
  );
  return found;
}

describe('decodeProperties', () => {
  it('walks properties over the padding that their lengths leave out', () => {
    expect(decodeAll('0001 0004 00000000  0002 0007 aabbcc 00  8003 000c 0102030405060708 00000000')).toEqual(
      [
        [1, ''],
        [2, 'aabbcc'],
        [0x8003, '0102030405060708'],
      ],
    );
  });

  it('finds none in no bytes', () => {
    expect(decodeAll('')).toEqual([]);
    expect(decodeAll('ffffffff', 4)).toEqual([]);
  });

  it.each([
    ['a cut header', '0001 00', 'OFP_TRUNCATED'],
    ['a length under the header', '0001 0003 00000000', 'OFP_BAD_LENGTH'],
    ['a length of 0, which would never end', '0001 0000 00000000', 'OFP_BAD_LENGTH'],
    ['a length over what there is', '0001 0009 00000000', 'OFP_BAD_LENGTH'],
    ['padding that is missing', '0001 0005 aa', 'OFP_BAD_LENGTH'],
  ])('refuses %s', (_what, hex, code) => {
    expect(codeOf(() => decodeAll(hex))).toBe(code);
  });
});

describe('encodeProperty', () => {
  it('writes the length without the padding', () => {
    const writer = new Writer();
    writer.u8(0xff);
    encodeProperty(writer, 2, () => writer.raw(bytesOf('aabbcc')));
    encodeProperty(writer, 3, () => {});
    expect(writer.bytes.toString('hex', 1, writer.offset)).toBe('00020007aabbcc00' + '0003000400000000');
  });

  it.each(['', '01', '01020304', '0102030405', '010203040506070809'])(
    'writes an unknown one of %j back',
    (raw) => {
      const writer = new Writer();
      encodeUnknownProperty(writer, { type: 'unknown', code: 9, raw: bytesOf(raw) });
      expect(writer.offset % 8).toBe(0);
      expect(decodeAll(writer.bytes.toString('hex', 0, writer.offset))).toEqual([[9, raw]]);
    },
  );
});

describe('exactBody', () => {
  it('gives the place of a body that has the size', () => {
    expect(exactBody('reason', 12, 16, 4)).toBe(12);
  });

  it('refuses another size', () => {
    expect(codeOf(() => exactBody('reason', 12, 15, 4))).toBe('OFP_BAD_LENGTH');
    expect(() => exactBody('reason', 12, 15, 4)).toThrow('property reason has a body of 3 bytes, expected 4');
  });
});

describe('a property that holds properties', () => {
  it('has them at a multiple of eight bytes', () => {
    const writer = new Writer();
    encodeNestedProperty(writer, 7, () => encodeProperty(writer, 1, () => writer.raw(bytesOf('aabb'))));
    const bytes = writer.bytes.subarray(0, writer.offset);
    expect(bytes.toString('hex')).toBe('0007001000000000' + '00010006aabb0000');
    const inner = nestedBody('it', 4, 16);
    expect(decodeUnknownProperties(wireView(bytes), inner, 16)).toMatchObject([{ type: 'unknown', code: 1 }]);
  });

  it('is refused when not even its padding is there', () => {
    expect(codeOf(() => nestedBody('it', 4, 7))).toBe('OFP_BAD_LENGTH');
    expect(nestedBody('it', 4, 8)).toBe(8);
  });
});

describe('decodeUnknownProperties', () => {
  it('keeps each as it came', () => {
    const bytes = bytesOf('0001 0004 00000000 0002 0007 aabbcc 00');
    const properties = decodeUnknownProperties(wireView(bytes), 0, bytes.length);
    const writer = new Writer();
    for (const property of properties) encodeUnknownProperty(writer, property);
    expect(properties.map(({ code }) => code)).toEqual([1, 2]);
    expect(writer.bytes.subarray(0, writer.offset).equals(bytes)).toBe(true);
  });
});
