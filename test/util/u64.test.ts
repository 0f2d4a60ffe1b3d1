import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import Long from 'long';
import { WireError } from '../../src/util/errors.ts';
import { readU64, toBigInt, toLong, type U64, writeU64 } from '../../src/util/u64.ts';

const MAX = (1n << 64n) - 1n;
const anyU64 = fc.bigInt({ min: 0n, max: MAX });

function viewOf(hex: string): DataView {
  const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
  return new DataView(bytes.buffer);
}

/** Writes at a non-zero offset, and checks that nothing around it was touched. */
function written(value: U64): string {
  const bytes = new Uint8Array(10).fill(0xee);
  writeU64(new DataView(bytes.buffer), 1, value);
  expect([bytes[0], bytes[9]]).toEqual([0xee, 0xee]);
  return Buffer.from(bytes).toString('hex', 1, 9);
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return error instanceof WireError ? error.code : String(error);
  }
  return undefined;
}

function hexOf(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}

describe('unsigned 64-bit values', () => {
  it.each<[string, U64]>([
    ['0000000000000000', 0],
    ['0000000000000001', 1],
    ['00000000ffffffff', 0xffffffff],
    ['0000000100000000', 0x1_0000_0000],
    ['001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['0000000080000000', 0x80000000],
    ['8000000000000000', 1n << 63n],
    ['ffffffffffffffff', MAX],
    ['fedcba9876543210', Long.fromString('fedcba9876543210', true, 16)],
    ['ffffffffffffffff', Long.MAX_UNSIGNED_VALUE],
  ])('are written as %s', (hex, value) => {
    expect(written(value)).toBe(hex);
    expect(hexOf(toBigInt(value))).toBe(hex);
    expect(toLong(value)).toEqual(Long.fromString(hex, true, 16));
  });

  it('are read as unsigned Longs, at any offset', () => {
    const value = readU64(viewOf('ee8000000000000001ee'), 1);
    expect(value.unsigned).toBe(true);
    expect(value.toString()).toBe('9223372036854775809');
  });

  it('come back as they were, as Long and as bigint', () => {
    fc.assert(
      fc.property(anyU64, (value) => {
        const hex = hexOf(value);
        expect(written(value)).toBe(hex);
        expect(written(toLong(value))).toBe(hex);
        expect(toBigInt(readU64(viewOf(hex), 0))).toBe(value);
        expect(toLong(value)).toEqual(readU64(viewOf(hex), 0));
      }),
    );
  });

  it('are one Long when they were read lately, and never another', () => {
    // The middle one takes the place in which the first was remembered.
    const [value, rival] = ['0000000000010042', '0000000000020042'];
    const first = readU64(viewOf(value), 0);
    expect(readU64(viewOf(value), 0)).toBe(first);
    expect(readU64(viewOf(rival), 0).toString(16)).toBe('20042');
    expect(readU64(viewOf(value), 0)).toEqual(first);
    expect(readU64(viewOf('0001004200000000'), 0).toString(16)).toBe('1004200000000');
  });

  it('come back as they were, as numbers', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(written(value)).toBe(hexOf(BigInt(value)));
        expect(toLong(value).toNumber()).toBe(value);
        expect(toBigInt(value)).toBe(BigInt(value));
      }),
    );
  });

  it.each<[string, U64]>([
    ['a negative number', -1],
    ['a number that is no safe integer', 2 ** 53],
    ['a fraction', 0.5],
    ['no number', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a negative bigint', -1n],
    ['a bigint of 65 bits', MAX + 1n],
    ['a negative Long', Long.fromNumber(-1)],
    ['text', '0x10ffd' as unknown as U64],
    ['nothing', null as unknown as U64],
  ])('are refused: %s', (_what, value) => {
    expect(codeOf(() => written(value))).toBe('U64_RANGE');
    expect(codeOf(() => toLong(value))).toBe('U64_RANGE');
    expect(codeOf(() => toBigInt(value))).toBe('U64_RANGE');
  });

  it('are refused with what came', () => {
    expect(() => toLong(-5)).toThrow('expected an integer from 0 to 2^64-1 (numbers: to 2^53-1), got -5');
  });

  it('take a signed Long by its bits, as an unsigned one', () => {
    const signed = Long.fromString('123456789', false);
    expect(toLong(signed).unsigned).toBe(true);
    expect(toLong(signed).equals(Long.fromString('123456789', true))).toBe(true);
    expect(toBigInt(signed)).toBe(123456789n);
  });
});
