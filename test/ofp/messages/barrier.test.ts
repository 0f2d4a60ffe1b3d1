import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { bytesOf } from '../checks.ts';

describe.each([
  ['barrierRequest', '0414000800000007'],
  ['barrierReply', '0415000800000007'],
] as const)('a %s', (type, hex) => {
  it('is a header alone', () => {
    expect(encode({ type, xid: 7 }).toString('hex')).toBe(hex);
    expect(decode(bytesOf(hex))).toEqual({ type, xid: 7 });
  });

  it('is taken with bytes behind its header, which are passed over', () => {
    expect(decode(bytesOf(`${hex.replace('0008', '000c')}ffffffff`))).toEqual({ type, xid: 7 });
  });
});
