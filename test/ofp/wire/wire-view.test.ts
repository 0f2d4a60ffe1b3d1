import { describe, expect, it } from '@jest/globals';
import { badLength, countPadded, need, readLength, wireView } from '../../../src/ofp/wire/wire-view.ts';
import { bytesOf, codeOf } from '../checks.ts';

describe('wireView', () => {
  it('views the bytes where they lie, in the midst of their buffer too', () => {
    const whole = bytesOf('00112233445566');
    const { bytes, view } = wireView(whole.subarray(2, 6));
    expect(bytes.length).toBe(4);
    expect(view.byteLength).toBe(4);
    expect(view.getUint32(0)).toBe(0x22334455);
  });
});

describe('need', () => {
  it('lets pass what fits', () => {
    expect(codeOf(() => need('it', 8, 2, 10))).toBeUndefined();
    expect(codeOf(() => need('it', 0, 10, 10))).toBeUndefined();
  });

  it('refuses what does not, and says how much there is', () => {
    expect(codeOf(() => need('it', 9, 2, 10))).toBe('OFP_TRUNCATED');
    expect(() => need('a bucket', 16, 2, 10)).toThrow('a bucket takes 16 bytes, 8 are left');
    expect(() => need('a bucket', 16, 12, 10)).toThrow('a bucket takes 16 bytes, 0 are left');
  });
});

describe('readLength', () => {
  const wire = wireView(bytesOf('ffff 0008 ffff'));

  it('gives a length between the least and what encloses it', () => {
    expect(readLength(wire, 'it', 2, 8, 0, 8)).toBe(8);
    expect(readLength(wire, 'it', 2, 4, 10, 100)).toBe(8);
  });

  it.each([
    ['under the least', 9, 0, 100, 'it has length 8, expected 9 to 100 bytes'],
    ['over what encloses it', 4, 0, 7, 'it has length 8, expected 4 to 7 bytes'],
    ['when only one will do', 4, 0, 4, 'it has length 8, expected 4 bytes'],
    ['when none would do', 9, 0, 7, 'it has length 8, expected at least 9 (7 are left) bytes'],
  ])('refuses a length %s', (_what, least, start, end, text) => {
    expect(codeOf(() => readLength(wire, 'it', 2, least, start, end))).toBe('OFP_BAD_LENGTH');
    expect(() => readLength(wire, 'it', 2, least, start, end)).toThrow(text);
  });
});

describe('countPadded', () => {
  const count = (hex: string) => {
    const bytes = bytesOf(`ff ${hex} ff`);
    return countPadded(wireView(bytes), 'it', 4, 1, bytes.length - 1);
  };

  it('counts structures of any multiple of eight bytes', () => {
    expect(count('')).toBe(0);
    expect(count('00010008 00000000')).toBe(1);
    expect(count('00010010 00000000 00000000 00000000 00020008 00000000')).toBe(2);
  });

  it.each([
    ['a length under eight bytes', '00010004 00000000', 'OFP_BAD_LENGTH'],
    ['a length of 0', '00010000 00000000', 'OFP_BAD_LENGTH'],
    ['a length that is no multiple of eight', '0001000c 00000000 00000000', 'OFP_BAD_LENGTH'],
    ['a length over what there is', '00010010 00000000', 'OFP_BAD_LENGTH'],
    ['a cut header', '00010008 00000000 0001', 'OFP_TRUNCATED'],
  ])('refuses %s', (_what, hex, code) => {
    expect(codeOf(() => count(hex))).toBe(code);
  });
});

describe('badLength', () => {
  it('is an error to throw', () => {
    expect(badLength('band', 17, 16, 16)).toMatchObject({ name: 'WireError', code: 'OFP_BAD_LENGTH' });
  });
});
