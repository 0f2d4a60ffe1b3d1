import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { MatchInit } from '../../../src/ofp/oxm/fields.ts';
import { decodeMatch, encodeMatch, matchSize } from '../../../src/ofp/oxm/match.ts';
import { wireView } from '../../../src/ofp/wire/wire-view.ts';
import { Writer } from '../../../src/ofp/wire/writer.ts';
import { bytesOf, codeOf, plain } from '../checks.ts';
import { anyMatch, fieldValue, rows } from './fields.ts';

function encoded(match: MatchInit): Buffer {
  const writer = new Writer(8);
  encodeMatch(writer, match);
  return writer.bytes.subarray(0, writer.offset);
}

function decoded(hex: string) {
  const bytes = bytesOf(hex);
  return decodeMatch(wireView(bytes), 0, bytes.length);
}

describe('a match', () => {
  it('of every packet is empty, and takes eight bytes', () => {
    expect(encoded({}).toString('hex')).toBe('0001000400000000');
    expect(decoded('0001000400000000')).toEqual({});
  });

  it('is padded to eight bytes, which its length leaves out', () => {
    expect(encoded({ ethType: 0x800 }).toString('hex')).toBe('0001000a' + '80000a020800' + '000000000000');
    expect(encoded({ inPort: 1 }).toString('hex')).toBe('0001000c' + '8000000400000001' + '00000000');
  });

  it('keeps the order of its fields', () => {
    const hex = '00010012 80000a020800 80000004 00000001 000000000000';
    const match = decoded(hex);
    expect(Object.keys(match)).toEqual(['ethType', 'inPort']);
    expect(encoded(match).equals(bytesOf(hex))).toBe(true);
  });

  it('leaves out fields that are undefined', () => {
    expect(encoded({ inPort: undefined, ethType: 0x800 } as never)).toEqual(encoded({ ethType: 0x800 }));
  });

  it('takes masks as text and as objects', () => {
    const asText = encoded({ ipv4Dst: '10.0.0.0/8' });
    expect(asText).toEqual(encoded({ ipv4Dst: { value: '10.0.0.0', mask: '255.0.0.0' } }));
    expect(decoded(asText.toString('hex'))).toEqual({ ipv4Dst: { value: '10.0.0.0', mask: '255.0.0.0' } });
  });

  it('keeps a mask of all ones and one of all zeros', () => {
    for (const mask of [0, 0xffffffff]) {
      const match = decoded(encoded({ reg0: { value: 0, mask } }).toString('hex'));
      expect(match).toEqual({ reg0: { value: 0, mask } });
    }
  });

  it('keeps unknown fields next to known ones', () => {
    const hex = '00010012 43210004 01020304 80000a02 0800 000000000000';
    const match = decoded(hex);
    expect(Object.keys(match)).toEqual(['unknown:0x43210004', 'ethType']);
    expect(encoded(match).equals(bytesOf(hex))).toBe(true);
  });

  it('comes back as it was written, whatever its fields', () => {
    fc.assert(
      fc.property(anyMatch, fc.nat(9), (match, offset) => {
        const bytes = encoded(match);
        const among = wireView(Buffer.concat([Buffer.alloc(offset, 0xff), bytes, Buffer.alloc(7, 0xff)]));
        const end = offset + bytes.length + 7;
        expect(matchSize(among, offset, end)).toBe(bytes.length);
        const back = decodeMatch(among, offset, end);
        expect(plain(back)).toEqual(plain(match));
        expect(encoded(back).equals(bytes)).toBe(true);
      }),
    );
  });

  it.each(rows)('of %s alone brings just that', (name, row) => {
    const [value] = fc.sample(fieldValue(row), 1);
    const back = decoded(encoded({ [name]: value } as MatchInit).toString('hex'));
    expect(plain(back)).toEqual(plain({ [name]: value }));
  });

  it.each([
    ['the same field twice', '00010014 80000004 00000001 80000004 00000001 00000000', 'OFP_DUPLICATE_FIELD'],
    [
      'a field with and without mask',
      '00010018 00010004 00000001 00010108 00000001 ffffffff',
      'OFP_DUPLICATE_FIELD',
    ],
    ['an unknown field twice', '0001000c 43210000 43210000 00000000', 'OFP_DUPLICATE_FIELD'],
    ['OpenFlow 1.0 form', '0000 0004 00000000', 'OFP_BAD_MATCH_TYPE'],
    ['a length under its header', '0001 0003 00000000', 'OFP_BAD_LENGTH'],
    ['a length of 0', '0001 0000 00000000', 'OFP_BAD_LENGTH'],
    ['a length over what there is', '0001 000c 80000004', 'OFP_BAD_LENGTH'],
    ['padding that is missing', '0001 000a 80000a02 0800', 'OFP_BAD_LENGTH'],
    ['a cut header', '000100', 'OFP_TRUNCATED'],
    ['a field cut by the length', '0001 000b 80000004 00000001 00000000', 'OFP_BAD_LENGTH'],
    ['a field header cut by the length', '0001 0006 80000004 00000001 00000000', 'OFP_TRUNCATED'],
  ])('is refused for %s', (_what, hex, code) => {
    expect(codeOf(() => decoded(hex))).toBe(code);
  });

  it('does not look at its padding', () => {
    expect(decoded('0001000a 80000a020800 ffffffffffff')).toEqual({ ethType: 0x800 });
  });

  it('is refused when it takes over 65,535 bytes', () => {
    const match: Record<string, Uint8Array> = {};
    for (let n = 0; n < 260; n++)
      match[`unknown:0x${(0x4321_00ff + n * 0x1_0000).toString(16)}`] = Buffer.alloc(255);
    expect(codeOf(() => encoded(match))).toBe('OFP_TOO_LONG');
  });
});
