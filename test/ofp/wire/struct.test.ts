import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import Long from 'long';
import { mac, pad, struct, text, u8, u16, u32, u64 } from '../../../src/ofp/wire/struct.ts';
import { wireView } from '../../../src/ofp/wire/wire-view.ts';
import { Writer } from '../../../src/ofp/wire/writer.ts';
import { bytesOf, codeOf } from '../checks.ts';

interface Row {
  readonly byte: number;
  readonly short: number;
  readonly address: string;
  readonly word: number;
  readonly long: Long;
  readonly name: string;
}

const layout = struct<Row>(
  'row',
  u8('byte'),
  pad(1),
  u16('short'),
  mac('address'),
  u32('word'),
  u64('long'),
  text('name', 6),
);

const HEX = `01 00 0203 020000000001 84050607 8${'0'.repeat(14)}9 657468300000`;
const ROW: Row = {
  byte: 1,
  short: 0x203,
  address: '02:00:00:00:00:01',
  word: 0x84050607,
  long: Long.fromString('8000000000000009', true, 16),
  name: 'eth0',
};

function encoded(value: Row): Buffer {
  const writer = new Writer();
  layout.encode(writer, value);
  return writer.bytes.subarray(0, writer.offset);
}

describe('a struct', () => {
  it('knows its size', () => {
    expect(layout.size).toBe(28);
  });

  it('reads and writes its fields in order', () => {
    expect(layout.decode(wireView(bytesOf(HEX)), 0, 28)).toEqual(ROW);
    expect(encoded(ROW).equals(bytesOf(HEX))).toBe(true);
  });

  it('reads at an offset, and leaves what is behind alone', () => {
    const wire = wireView(Buffer.concat([Buffer.alloc(5, 0xff), bytesOf(HEX), Buffer.alloc(5, 0xff)]));
    expect(layout.decode(wire, 5, 38)).toEqual(ROW);
  });

  it('reads as many as there are, also none', () => {
    const wire = wireView(bytesOf(HEX.repeat(3)));
    expect(layout.decodeAll(wire, 0, 84)).toEqual([ROW, ROW, ROW]);
    expect(layout.decodeAll(wire, 28, 56)).toEqual([ROW]);
    expect(layout.decodeAll(wire, 28, 28)).toEqual([]);
  });

  it('refuses one that is cut, alone and as the last of many', () => {
    const wire = wireView(bytesOf(HEX.repeat(3)));
    expect(() => layout.decode(wire, 0, 27)).toThrow('row takes 28 bytes, 27 are left');
    expect(codeOf(() => layout.decode(wire, 0, 27))).toBe('OFP_TRUNCATED');
    expect(codeOf(() => layout.decodeAll(wire, 0, 83))).toBe('OFP_TRUNCATED');
    expect(codeOf(() => layout.decodeAll(wire, 0, 29))).toBe('OFP_TRUNCATED');
  });

  it('gives unsigned numbers and unsigned Longs', () => {
    const row = layout.decode(wireView(Buffer.alloc(28, 0xff)), 0, 28);
    expect(row).toMatchObject({ byte: 0xff, short: 0xffff, word: 0xffffffff, address: 'ff:ff:ff:ff:ff:ff' });
    expect(row.long).toEqual(Long.MAX_UNSIGNED_VALUE);
  });

  it('passes over padding and writes it as zero', () => {
    const bytes = bytesOf(HEX);
    bytes[1] = 0xff;
    expect(layout.decode(wireView(bytes), 0, 28)).toEqual(ROW);
    expect(encoded(ROW)[1]).toBe(0);
  });

  it('refuses values that do not fit', () => {
    expect(codeOf(() => encoded({ ...ROW, byte: 256 }))).toBe('OFP_BAD_VALUE');
    expect(codeOf(() => encoded({ ...ROW, address: '02:00:00:00:00' }))).toBe('MAC_INVALID');
  });

  it('writes back all that it reads', () => {
    fc.assert(
      fc.property(
        fc.record({
          byte: fc.nat(0xff),
          short: fc.nat(0xffff),
          address: fc.constantFrom('00:00:00:00:00:00', 'ff:ff:ff:ff:ff:fe', '12:34:56:78:9a:bc'),
          word: fc.nat(0xffffffff),
          long: fc
            .bigInt({ min: 0n, max: (1n << 64n) - 1n })
            .map((value) => Long.fromString(`${value}`, true)),
          name: fc.string({ minLength: 0, maxLength: 5 }).filter((name) => !name.includes('\0')),
        }),
        (row) => expect(layout.decode(wireView(encoded(row)), 0, 28)).toEqual(row),
      ),
    );
  });
});

describe('a text in a struct', () => {
  const name = struct<{ readonly name: string }>('name', text('name', 6));

  function read(hex: string): string {
    return name.decode(wireView(bytesOf(hex)), 0, 6).name;
  }

  function write(value: string): string {
    const writer = new Writer();
    writer.raw(Buffer.alloc(6, 0xff));
    writer.offset = 0;
    name.encode(writer, { name: value });
    return writer.bytes.toString('hex', 0, writer.offset);
  }

  it('ends at the first NUL, whatever is behind it', () => {
    expect(read('657400ffffff')).toBe('et');
    expect(read('000000000000')).toBe('');
  });

  it('may fill its field without a NUL', () => {
    expect(read('657468303132')).toBe('eth012');
  });

  it('is filled up with NUL, over what was there', () => {
    expect(write('et')).toBe('657400000000');
    expect(write('')).toBe('000000000000');
  });

  it('is cut so that a NUL is left, and never within a character', () => {
    expect(write('eth0123')).toBe('657468303100');
    expect(write('eth0é')).toBe('657468300000');
    expect(write('etéé')).toBe('6574c3a90000');
  });

  it('is UTF-8, and what is none is replaced', () => {
    expect(read('c3a9c3a90000')).toBe('éé');
    expect(read('ff0000000000')).toBe('\ufffd');
  });
});
