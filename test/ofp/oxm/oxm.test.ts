import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import Long from 'long';
import { fieldByName } from '../../../src/ofp/oxm/field-index.ts';
import {
  decodeOxm,
  decodeOxmHeader,
  emptyOxm,
  encodeOxm,
  encodeOxmHeader,
  splitMask,
} from '../../../src/ofp/oxm/oxm.ts';
import { wireView } from '../../../src/ofp/wire/wire-view.ts';
import { Writer } from '../../../src/ofp/wire/writer.ts';
import { bytesOf, codeOf, plain } from '../checks.ts';
import { fieldValue, maskedFieldValue, rows } from './fields.ts';

interface Decoded {
  readonly name: string;
  readonly value: unknown;
  readonly mask: unknown;
  /** Where the next field begins. */
  readonly next: number;
}

function encoded(name: string, value: unknown, mask?: unknown): Buffer {
  const writer = new Writer(8);
  encodeOxm(writer, name, value, mask);
  return writer.bytes.subarray(0, writer.offset);
}

/** Decodes one field that lies in the midst of other bytes. */
function decoded(bytes: Uint8Array): Decoded {
  const among = Buffer.concat([Buffer.alloc(5, 0xff), bytes, Buffer.alloc(5, 0xff)]);
  const entry = emptyOxm();
  const next = decodeOxm(wireView(among), 5, 5 + bytes.length, entry);
  const { name, value, mask } = entry;
  return { name, value, mask, next: next - 5 };
}

describe.each(rows)('%s', (name, row) => {
  const header = 4 + (row.experimenter === 0 ? 0 : 4);

  it('comes back as it was written', () => {
    fc.assert(
      fc.property(fieldValue(row), (value) => {
        const bytes = encoded(name, value);
        expect(plain(decoded(bytes))).toEqual(plain({ name, value, mask: undefined, next: bytes.length }));
        expect(bytes[3]).toBe(bytes.length - 4);
        if (row.size !== 0) expect(bytes.length).toBe(header + row.size);
      }),
      { numRuns: 20 },
    );
  });

  if (row.maskability === 'exact') {
    it('takes no mask', () => {
      const [value] = fc.sample(fieldValue(row), 1);
      expect(codeOf(() => encoded(name, value, value))).toBe('OFP_BAD_MASK');
    });

    it('survives with a mask that it should not have', () => {
      const oxm = encoded(name, fc.sample(fieldValue(row), 1)[0]);
      const bytes = Buffer.concat([oxm, oxm.subarray(header)]);
      bytes[2]! |= 1;
      bytes[3] = bytes.length - 4;
      const field = decoded(bytes);
      expect(field.name).toMatch(/^unknown:0x/);
      expect(encoded(field.name, field.value).equals(bytes)).toBe(true);
    });
  } else {
    it('comes back with its mask', () => {
      fc.assert(
        fc.property(maskedFieldValue(row), ({ value, mask }) => {
          const bytes = encoded(name, value, mask);
          expect(plain(decoded(bytes))).toEqual(plain({ name, value, mask, next: bytes.length }));
          expect(bytes[2]! & 1).toBe(1);
        }),
        { numRuns: 20 },
      );
    });
  }

  it('survives with a length that it should not have', () => {
    const bytes = Buffer.concat([encoded(name, fc.sample(fieldValue(row), 1)[0]), Buffer.alloc(125)]);
    bytes[3] = bytes.length - 4;
    const field = decoded(bytes);
    expect(field.name).toMatch(/^unknown:0x/);
    expect(encoded(field.name, field.value).equals(bytes)).toBe(true);
  });

  it('is refused when cut short', () => {
    const bytes = encoded(name, fc.sample(fieldValue(row), 1)[0]);
    for (let size = 0; size < bytes.length; size++) {
      const cut = wireView(bytes.subarray(0, size));
      expect(codeOf(() => decodeOxm(cut, 0, size, emptyOxm()))).toMatch(/^OFP_(TRUNCATED|BAD_LENGTH)$/);
    }
  });

  it('is named by its header alone', () => {
    const writer = new Writer();
    encodeOxmHeader(writer, name);
    expect(decodeOxmHeader(wireView(writer.bytes), 0, writer.offset)).toEqual({ name, size: header });
    expect(writer.offset).toBe(header);
  });
});

describe('encodeOxm', () => {
  it.each<[string, unknown, unknown, string]>([
    ['inPort', 1, undefined, '80000004 00000001'],
    ['metadata', 0x12345n, 0xffffff, '80000510 0000000000012345 0000000000ffffff'],
    ['ethDst', '01:00:00:00:00:00', '01:00:00:00:00:00', '8000070c 010000000000 010000000000'],
    ['vlanVid', 0x1064, undefined, '80000c02 1064'],
    ['ipv4Src', '10.0.0.1', undefined, '80001604 0a000001'],
    ['ipv6Dst', '2001:db8::1', undefined, `80003610 20010db8${'0'.repeat(23)}1`],
    ['pbbIsid', 0x123456, undefined, '80004a03 123456'],
    ['tunnelId', Long.fromNumber(0x10ffd, true), undefined, '80004c08 0000000000010ffd'],
    ['reg0', 1, 0xf, '00010108 00000001 0000000f'],
    ['ctLabel', '0x1', undefined, `0001d810 ${'0'.repeat(31)}1`],
    ['ctLabel', 1n, 255n, `0001d920 ${'0'.repeat(31)}1 ${'0'.repeat(30)}ff`],
    ['xreg0', 1, undefined, '80010008 0000000000000001'],
    ['tunMetadata0', Buffer.from([1, 2, 3]), undefined, '00015003 010203'],
    ['tunMetadata0', Buffer.from([1, 2]), Buffer.from([3, 4]), '00015104 0102 0304'],
    ['nshSpi', 0x123456, undefined, 'ffff0808 005ad650 00123456'],
    ['onfTcpFlags', 2, 0x12, 'ffff5508 4f4e4600 0002 0012'],
  ])('writes %s %j with mask %j', (name, value, mask, hex) => {
    expect(encoded(name, value, mask).toString('hex')).toBe(hex.replaceAll(' ', ''));
  });

  it.each<[string, string, unknown, string]>([
    ['a number that does not fit', 'inPort', 2 ** 32, 'OFP_BAD_VALUE'],
    ['a negative number', 'ethType', -1, 'OFP_BAD_VALUE'],
    ['a fraction', 'ipProto', 1.5, 'OFP_BAD_VALUE'],
    ['text for a number', 'ipProto', '6', 'OFP_BAD_VALUE'],
    ['24 bits too many', 'pbbIsid', 2 ** 24, 'OFP_BAD_VALUE'],
    ['a 64-bit value that is negative', 'metadata', -1, 'U64_RANGE'],
    ['a 64-bit value of 65 bits', 'metadata', 1n << 64n, 'U64_RANGE'],
    ['an Ethernet address that is none', 'ethSrc', '02:00:00:00:00', 'MAC_INVALID'],
    ['a number for an Ethernet address', 'ethSrc', 1, 'OFP_BAD_VALUE'],
    ['an IPv4 address that is none', 'ipv4Src', '10.0.0.256', 'IP_INVALID'],
    ['an IPv6 address for IPv4', 'ipv4Src', '::1', 'IP_INVALID'],
    ['an IPv6 address that is none', 'ipv6Src', '2001:db8', 'IP_INVALID'],
    ['no value at all', 'ipv6Src', undefined, 'OFP_BAD_VALUE'],
    ['hexadecimal without its 0x', 'ctLabel', '12', 'OFP_BAD_VALUE'],
    ['hexadecimal of 33 digits', 'ctLabel', `0x1${'0'.repeat(32)}`, 'OFP_BAD_VALUE'],
    ['hexadecimal that is none', 'ctLabel', '0x1g', 'OFP_BAD_VALUE'],
    ['a negative bigint', 'xxreg0', -1n, 'OFP_BAD_VALUE'],
    ['125 bytes of tunnel metadata', 'tunMetadata0', Buffer.alloc(125), 'OFP_BAD_VALUE'],
    ['an unknown field without its bytes', 'unknown:0x43210004', 5, 'OFP_BAD_VALUE'],
    ['an unknown field with too few bytes', 'unknown:0x43210004', Buffer.alloc(3), 'OFP_BAD_VALUE'],
    ['an unknown field that has no number', 'unknown:43210004', Buffer.alloc(4), 'OFP_UNKNOWN_FIELD'],
    ['a field that nobody has', 'ipSource', 1, 'OFP_UNKNOWN_FIELD'],
  ])('refuses %s', (_what, name, value, code) => {
    expect(codeOf(() => encoded(name, value))).toBe(code);
  });

  it('refuses a mask of another size than the value', () => {
    expect(codeOf(() => encoded('tunMetadata0', Buffer.alloc(4), Buffer.alloc(3)))).toBe('OFP_BAD_MASK');
  });

  it('says which field it meant', () => {
    expect(() => encoded('vlanVid', 0x10000)).toThrow('vlanVid is an unsigned 16-bit integer, got 65536');
    expect(() => encoded('inport', 1)).toThrow("no field is called 'inport'; did you mean 'inPort'?");
    expect(() => encoded('zzzzzzzz', 1)).toThrow(/^no field is called 'zzzzzzzz'$/);
  });
});

describe('unknown OXM fields', () => {
  it.each([
    ['in a class of the specification', '80005004 01020304', 'unknown:0x80005004', '01020304'],
    ['in an unknown class', '43210002 0102', 'unknown:0x43210002', '0102'],
    ['with a mask', '43210104 0102 ff00', 'unknown:0x43210104', '0102ff00'],
    ['without a payload', '43210000', 'unknown:0x43210000', ''],
    ['of an unknown experimenter', 'ffff0006 00112233 0102', 'unknown:0xffff0006:0x00112233', '0102'],
    ['of an experimenter, without a payload', 'ffff0004 00112233', 'unknown:0xffff0004:0x00112233', ''],
    ['of the longest payload', `432100ff ${'ab'.repeat(255)}`, 'unknown:0x432100ff', 'ab'.repeat(255)],
  ])('survive %s', (_what, hex, name, payload) => {
    const bytes = bytesOf(hex);
    const field = decoded(bytes);
    expect({ ...field, value: Buffer.from(field.value as Uint8Array).toString('hex') }).toEqual({
      name,
      value: payload,
      mask: undefined,
      next: bytes.length,
    });
    expect(encoded(field.name, field.value).equals(bytes)).toBe(true);
  });

  it('are refused in class 0xffff when their length leaves no room for the experimenter', () => {
    expect(codeOf(() => decoded(bytesOf('ffff0003 001122')))).toBe('OFP_TRUNCATED');
  });

  it.each(['43210002', 'ffff0006 00112233'])('are named by their header %s alone', (hex) => {
    const bytes = bytesOf(hex);
    const writer = new Writer();
    const { name, size } = decodeOxmHeader(wireView(bytes), 0, bytes.length);
    encodeOxmHeader(writer, name);
    expect(size).toBe(bytes.length);
    expect(writer.bytes.subarray(0, writer.offset).equals(bytes)).toBe(true);
  });
});

describe('decodeOxmHeader', () => {
  it.each(['', '800000', 'ffff00', 'ffff0004 001122'])('refuses the cut header %j', (hex) => {
    const bytes = bytesOf(hex);
    expect(codeOf(() => decodeOxmHeader(wireView(bytes), 0, bytes.length))).toBe('OFP_TRUNCATED');
  });
});

describe('fieldByName', () => {
  it('gives the row of a field with its headers', () => {
    expect(fieldByName('ipv4Src')).toMatchObject({
      name: 'ipv4Src',
      header: 0x80001604 | 0,
      maskedHeader: 0x80001708 | 0,
      needs: 'ipv4',
    });
    expect(fieldByName('nshFlags')).toMatchObject({
      header: 0xffff0205 | 0,
      maskedHeader: 0xffff0306 | 0,
    });
  });

  it.each(['constructor', '__proto__', ''])('has no field %j', (name) => {
    expect(codeOf(() => fieldByName(name))).toBe('OFP_UNKNOWN_FIELD');
  });
});

describe('splitMask', () => {
  it.each<[string, unknown, unknown, unknown]>([
    ['inPort', 1, 1, undefined],
    ['ipv4Src', '10.0.0.1', '10.0.0.1', undefined],
    ['ipv4Src', '10.0.0.0/8', '10.0.0.0', '255.0.0.0'],
    ['ipv4Src', '10.0.0.0/0', '10.0.0.0', '0.0.0.0'],
    ['ipv4Src', '10.0.0.1/32', '10.0.0.1', '255.255.255.255'],
    ['ipv4Src', '10.0.0.0/255.0.255.0', '10.0.0.0', '255.0.255.0'],
    ['ipv6Src', '2001:db8::/32', '2001:db8::', 'ffff:ffff::'],
    ['ipv6Src', '2001:db8::/ffff::', '2001:db8::', 'ffff::'],
    ['ethDst', '01:00:00:00:00:00/01:00:00:00:00:00', '01:00:00:00:00:00', '01:00:00:00:00:00'],
    ['ctLabel', '0x1/0xff', '0x1', '0xff'],
    ['reg0', { value: 1, mask: 3 }, 1, 3],
  ])('takes %s %j apart', (name, init, value, mask) => {
    expect(splitMask(name, init)).toEqual({ value, mask });
  });

  it.each([
    ['ipv4Src', '10.0.0.0/', 'OFP_BAD_MASK'],
    ['ipv4Src', '10.0.0.0/ 8', 'OFP_BAD_MASK'],
    ['ipv4Src', '10.0.0.0/0x8', 'OFP_BAD_MASK'],
    ['ipv4Src', '10.0.0.0/8/8', 'OFP_BAD_MASK'],
    ['ipv4Src', '10.0.0.0/33', 'IP_INVALID'],
    ['ipv6Src', '2001:db8::/', 'OFP_BAD_MASK'],
    ['ipv6Src', '2001:db8::/129', 'IP_INVALID'],
  ])('refuses %s %j', (name, init, code) => {
    expect(codeOf(() => splitMask(name, init))).toBe(code);
  });
});
