import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { checkUnsigned, Writer } from '../../../src/ofp/wire/writer.ts';
import { bytesOf, codeOf } from '../checks.ts';

function written(write: (writer: Writer) => void, size?: number): string {
  const writer = new Writer(size);
  write(writer);
  return writer.bytes.toString('hex', 0, writer.offset);
}

describe('Writer', () => {
  it('writes numbers with their most significant byte first', () => {
    const hex = written((writer) => {
      writer.u8(0x12);
      writer.u16(0x3456);
      writer.u32(0x89abcdef);
      writer.u64(Long.fromString('fedcba9876543210', true, 16));
    });
    expect(hex).toBe('12' + '3456' + '89abcdef' + 'fedcba9876543210');
  });

  it('writes the greatest numbers of each size', () => {
    const hex = written((writer) => {
      writer.u8(0xff);
      writer.u16(0xffff);
      writer.u32(0xffffffff);
      writer.u64(0xffffffffffffffffn);
    });
    expect(hex).toBe('ff'.repeat(15));
  });

  it.each([
    ['u8', 0x100],
    ['u16', 0x10000],
    ['u32', 0x1_0000_0000],
  ] as const)('refuses in %s what does not fit, instead of cutting it', (method, limit) => {
    for (const value of [limit, limit * 2 + 1, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const writer = new Writer();
      expect(codeOf(() => writer[method](value))).toBe('OFP_BAD_VALUE');
      expect(writer.offset).toBe(0);
    }
    expect(codeOf(() => new Writer()[method](undefined as never))).toBe('OFP_BAD_VALUE');
    expect(codeOf(() => new Writer()[method]('1' as never))).toBe('OFP_BAD_VALUE');
  });

  it('refuses 64-bit values that are out of range', () => {
    for (const value of [-1, -1n, 2 ** 53, 1n << 64n, 1.5]) {
      expect(codeOf(() => new Writer().u64(value))).toBe('U64_RANGE');
    }
  });

  it('grows as needed and keeps what it has', () => {
    const hex = written((writer) => {
      for (let value = 0; value < 100; value++) writer.u8(value);
      writer.raw(bytesOf('aabbcc'));
      writer.zeros(1000);
      writer.u64(1);
    }, 1);
    const bytes = Buffer.from(hex, 'hex');
    expect(bytes.length).toBe(1111);
    expect([...bytes.subarray(0, 100)]).toEqual(Array.from({ length: 100 }, (_, value) => value));
    expect(bytes.toString('hex', 100, 104)).toBe('aabbcc00');
    expect(bytes.at(-1)).toBe(1);
  });

  it('writes zeros over what its memory had before', () => {
    const writer = new Writer();
    writer.raw(Buffer.alloc(32, 0xff));
    writer.offset = 0;
    writer.zeros(32);
    expect(writer.bytes.subarray(0, 32).every((byte) => byte === 0)).toBe(true);
  });

  it.each([
    [0, 0],
    [1, 7],
    [7, 1],
    [8, 0],
    [9, 7],
  ])('fills a structure of %i bytes up with %i, wherever it begins', (size, padding) => {
    const writer = new Writer();
    writer.raw(Buffer.alloc(3));
    writer.raw(Buffer.alloc(size, 0xff));
    writer.padTo8(3);
    expect(writer.offset).toBe(3 + size + padding);
    expect([...writer.bytes.subarray(3 + size, writer.offset)]).toEqual(new Array(padding).fill(0));
  });

  it('patches a length in, behind its own start and at another place', () => {
    const writer = new Writer();
    writer.raw(bytesOf('ff ffff0000 0102'));
    writer.patchLength(1);
    writer.patchLength(1, 0);
    expect(writer.bytes.toString('hex', 0, writer.offset)).toBe('ff' + '0006' + '0006' + '0102');
  });

  it('patches type and length into the room that was reserved for them', () => {
    const writer = new Writer();
    writer.raw(bytesOf('ff ffffffff 0102'));
    writer.patchHeader(1, 0xfffe);
    expect(writer.bytes.toString('hex', 0, writer.offset)).toBe('ff' + 'fffe' + '0006' + '0102');
  });

  it('refuses a structure whose length does not fit 16 bits', () => {
    const writer = new Writer();
    writer.zeros(0xffff);
    writer.patchLength(0);
    writer.patchHeader(0, 1);
    expect(writer.bytes.readUInt16BE(2)).toBe(0xffff);
    writer.zeros(1);
    expect(codeOf(() => writer.patchLength(0))).toBe('OFP_TOO_LONG');
    expect(codeOf(() => writer.patchHeader(0, 1))).toBe('OFP_TOO_LONG');
  });
});

describe('checkUnsigned', () => {
  it('lets through what fits and gives it back', () => {
    for (const [value, bits] of [
      [0, 1],
      [1, 1],
      [63, 6],
      [2 ** 32 - 1, 32],
    ] as const) {
      expect(checkUnsigned('it', value, bits)).toBe(value);
    }
  });

  it.each([
    [64, 6],
    [-1, 32],
    [2 ** 32, 32],
    [1.5, 8],
    [Number.NaN, 8],
  ])('refuses %d in %i bits, with the name of what it was for', (value, bits) => {
    expect(codeOf(() => checkUnsigned('ipDscp', value, bits))).toBe('OFP_BAD_VALUE');
    expect(() => checkUnsigned('ipDscp', value, bits)).toThrow(
      `ipDscp is an unsigned ${bits}-bit integer, got ${value}`,
    );
  });
});
