import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { bytesOf, codeOf, plain } from '../checks.ts';

describe('a message of an unknown experimenter', () => {
  const bytes = bytesOf('0404 0013 00000005 00112233 00000007 010203');

  it('keeps its body as it came', () => {
    expect(plain(decode(bytes))).toEqual(
      plain({
        type: 'experimenter',
        xid: 5,
        experimenter: 0x112233,
        expType: 7,
        data: bytesOf('010203'),
      }),
    );
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('is refused without its numbers', () => {
    expect(codeOf(() => decode(bytesOf('0404 000f 00000005 00112233 000000')))).toBe('OFP_TRUNCATED');
  });

  it.each([
    ['Nicira', '00002320'],
    ['ONF', '4f4e4600'],
  ])('is what an unknown message of %s is, too', (_name, id) => {
    const unknown = bytesOf(`0404 0014 00000005 ${id} 0000ffff 01020304`);
    expect(decode(unknown)).toMatchObject({ type: 'experimenter', expType: 0xffff });
    expect(encode(decode(unknown)).equals(unknown)).toBe(true);
  });
});
