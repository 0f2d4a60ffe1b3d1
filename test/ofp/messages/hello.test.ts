import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { type Hello, negotiateVersion } from '../../../src/ofp/messages/hello.ts';
import { bytesOf, codeOf, plain } from '../checks.ts';
import { fixture } from '../fixtures.ts';

function helloOf(hex: string): Hello {
  const message = decode(bytesOf(hex));
  if (message.type !== 'hello') throw new Error(message.type);
  return message;
}

const NO_ELEMENTS = '04000008 00000000';
const bitmap = (words: string) => {
  const size = 4 + words.replaceAll(' ', '').length / 2;
  const padding = '00'.repeat(-size & 7);
  const length = (8 + size + padding.length / 2).toString(16).padStart(4, '0');
  return `0400${length} 00000000 0001 ${size.toString(16).padStart(4, '0')} ${words} ${padding}`;
};

describe('a hello', () => {
  it('of Open vSwitch says which versions it speaks', () => {
    expect(decode(fixture('OFPT_HELLO: add-tlv-map').bytes)).toEqual({
      type: 'hello',
      xid: 1,
      version: 4,
      elements: [{ type: 'versionBitmap', versions: [4] }],
    });
  });

  it('is of version 4 and has no elements unless it says otherwise', () => {
    expect(encode({ type: 'hello' }).equals(bytesOf(NO_ELEMENTS))).toBe(true);
    expect(helloOf(NO_ELEMENTS)).toEqual({ type: 'hello', xid: 0, version: 4, elements: [] });
  });

  it.each([
    ['00000010', [4]],
    ['00000000', []],
    ['ffffffff', Array.from({ length: 32 }, (_, version) => version)],
    ['00000002 00000001', [1, 32]],
    ['00000000 80000000', [63]],
  ])('has the versions of the bitmap %s', (words, versions) => {
    const hello = helloOf(bitmap(words));
    expect(hello.elements).toEqual([{ type: 'versionBitmap', versions }]);
    expect(encode(hello).equals(bytesOf(bitmap(words)))).toBe(true);
  });

  it('writes versions in any order, and twice the same', () => {
    const elements = [{ type: 'versionBitmap', versions: [5, 4, 1, 4] }] as const;
    expect(
      encode({ type: 'hello', version: 5, elements }).equals(bytesOf(`05${bitmap('00000032').slice(2)}`)),
    ).toBe(true);
  });

  it('has no versions over 255, which no header can have', () => {
    const hello = helloOf(bitmap('ff'.repeat(4 * 1000)));
    expect(hello.elements).toEqual([
      { type: 'versionBitmap', versions: Array.from({ length: 256 }, (_, version) => version) },
    ]);
    expect(encode(hello).length).toBe(8 + 4 + 32 + 4);
  });

  it.each([256, -1, 1.5])('refuses to write version %d', (version) => {
    const elements = [{ type: 'versionBitmap', versions: [version] }] as const;
    expect(codeOf(() => encode({ type: 'hello', elements }))).toBe('OFP_BAD_VALUE');
  });

  it('keeps elements that are not known', () => {
    const bytes = bytesOf('04000020 00000000 0007 0007 010203 00 0001 0008 00000010 0008 0004 00000000');
    const hello = helloOf(bytes.toString('hex'));
    expect(plain(hello.elements)).toEqual(
      plain([
        { type: 'unknown', code: 7, raw: bytesOf('010203') },
        { type: 'versionBitmap', versions: [4] },
        { type: 'unknown', code: 8, raw: bytesOf('') },
      ]),
    );
    expect(encode(hello).equals(bytes)).toBe(true);
  });

  it.each([
    ['a cut element header', '0400000b 00000000 000100'],
    ['an element under its header', '04000010 00000000 0001 0003 00000010'],
    ['an element over the message', '04000010 00000000 0001 0009 00000010'],
    ['bytes that are no elements', '04000010 00000000 ffffffffffffffff'],
  ])('passes over %s, as section 7.5.1 asks', (_what, hex) => {
    expect(helloOf(hex).elements).toEqual([]);
  });

  it('takes a last element without its padding', () => {
    expect(helloOf('04000014 00000000 0001 000c 00000010 00000001').elements).toEqual([
      { type: 'versionBitmap', versions: [4, 32] },
    ]);
  });

  it('keeps a bitmap that is not made of words as it came', () => {
    expect(helloOf('04000010 00000000 0001 0007 000010 00').elements).toMatchObject([
      { type: 'unknown', code: 1 },
    ]);
  });
});

describe('negotiateVersion', () => {
  const peer = (version: number, ...bitmaps: readonly (readonly number[])[]): Hello => ({
    type: 'hello',
    xid: 0,
    version,
    elements: bitmaps.map((versions) => ({ type: 'versionBitmap', versions })),
  });

  it.each<[string, readonly number[], Hello, number | undefined]>([
    ['the highest that both bitmaps have', [1, 4], peer(6, [1, 4, 5, 6]), 4],
    ['one below both highest', [1, 5], peer(4, [1, 4]), 1],
    ['what the bitmap says, not the header', [4], peer(1, [4]), 4],
    ['none when the bitmaps have none in common', [4], peer(6, [1, 6]), undefined],
    ['none when the bitmap is empty', [4], peer(4, []), undefined],
    ['the lower header when the peer has no bitmap', [4], peer(4), 4],
    ['ours when the peer has no bitmap and a higher header', [4], peer(6), 4],
    ['none when the peer’s header is lower than all of ours', [4], peer(1), undefined],
    ['the peer’s lower header when we speak it', [1, 4], peer(1), 1],
    ['none when the lower header lies in a gap of ours', [1, 4], peer(3), undefined],
  ])('finds %s', (_what, ours, hello, version) => {
    expect(negotiateVersion(ours, hello)).toBe(version);
  });
});
