import { describe, expect, it } from '@jest/globals';
import { decode, encode, type MessageInit } from '../../../src/ofp/message.ts';
import { MULTIPART_MORE, multipartCodecs } from '../../../src/ofp/multipart/multipart.ts';
import { bytesOf, codeOf, plain } from '../checks.ts';
import { fixtures } from '../fixtures.ts';

describe('multipart messages', () => {
  it('are those of the specification, once each', () => {
    const codes = multipartCodecs.map(({ code }) => code);
    expect(codes).toEqual([...new Set(codes)]);
    expect(codes).toEqual(expect.arrayContaining([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xffff]));
  });

  it('are recorded in both directions', () => {
    const seen = new Set<string>();
    for (const { hex } of fixtures) {
      const message = decode(Buffer.from(hex, 'hex'));
      if (message.type === 'multipartRequest' || message.type === 'multipartReply') {
        seen.add(`${message.type} ${message.multipartType}`);
      }
    }
    for (const { type } of multipartCodecs) {
      if (type === 'experimenter') continue;
      expect([...seen]).toEqual(
        expect.arrayContaining([`multipartRequest ${type}`, `multipartReply ${type}`]),
      );
    }
  });

  it.each([
    ['desc', '0000', ''],
    ['flow', '0001', `ff000000 ffffffff ffffffff 00000000 ${'00'.repeat(16)} 0001000400000000`],
    ['aggregate', '0002', `ff000000 ffffffff ffffffff 00000000 ${'00'.repeat(16)} 0001000400000000`],
    ['table', '0003', ''],
    ['portStats', '0004', 'ffffffff 00000000'],
    ['queue', '0005', 'ffffffff ffffffff'],
    ['group', '0006', 'fffffffc 00000000'],
    ['groupDesc', '0007', ''],
    ['groupFeatures', '0008', ''],
    ['meter', '0009', 'ffffffff 00000000'],
    ['meterConfig', '000a', 'ffffffff 00000000'],
    ['meterFeatures', '000b', ''],
    ['portDesc', '000d', ''],
  ] as const)('ask for all there is unless they say otherwise: %s', (multipartType, code, body) => {
    const size = 16 + bytesOf(body).length;
    const hex = `0412${size.toString(16).padStart(4, '0')} 00000007 ${code} 0000 00000000 ${body}`;
    const message = encode({ type: 'multipartRequest', xid: 7, multipartType } as MessageInit);
    expect(message.toString('hex')).toBe(hex.replaceAll(' ', ''));
    expect(decode(message)).toMatchObject({ type: 'multipartRequest', xid: 7, multipartType, flags: 0 });
  });

  it('say when another part follows', () => {
    const bytes = encode({ type: 'multipartReply', multipartType: 'table', flags: MULTIPART_MORE, body: [] });
    expect(bytes.toString('hex')).toBe('04130010' + '00000000' + '0003' + '0001' + '00000000');
    expect(decode(bytes)).toMatchObject({ flags: MULTIPART_MORE, body: [] });
  });

  it('keep the body of a type that is not known', () => {
    const bytes = bytesOf('04130013 00000005 0063 0001 00000000 010203');
    expect(plain(decode(bytes))).toEqual(
      plain({
        type: 'multipartReply',
        xid: 5,
        multipartType: 'unknown',
        flags: 1,
        code: 99,
        body: bytesOf('010203'),
      }),
    );
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('keep the body of an experimenter that is not known, both ways', () => {
    for (const type of ['12', '13']) {
      const bytes = bytesOf(`04${type}001b 00000005 ffff 0000 00000000 00112233 00000007 010203`);
      expect(decode(bytes)).toMatchObject({
        multipartType: 'experimenter',
        body: { experimenter: 0x112233, expType: 7 },
      });
      expect(encode(decode(bytes)).equals(bytes)).toBe(true);
    }
  });

  it('are refused with a type that has no such name', () => {
    const message = { type: 'multipartRequest', multipartType: 'flows' } as unknown as MessageInit;
    expect(codeOf(() => encode(message))).toBe('OFP_BAD_VALUE');
    expect(() => encode(message)).toThrow("no multipart type is called 'flows'");
  });

  it.each([
    ['no multipart header', '0413000f 00000000 0000 0000 000000'],
    ['a flow request that is cut', '04120018 00000000 0001 0000 00000000 ff000000 ffffffff'],
    ['a port request without its port', '04120010 00000000 0004 0000 00000000'],
    ['an aggregate that is cut', `04130020 00000000 0002 0000 00000000 ${'00'.repeat(16)}`],
    ['a description that is cut', '04130014 00000000 0000 0000 00000000 00000000'],
    ['an experimenter without its numbers', '04130014 00000000 ffff 0000 00000000 00112233'],
    ['group features that are cut', '04130014 00000000 0008 0000 00000000 00000000'],
  ])('are refused for %s', (_what, hex) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe('OFP_TRUNCATED');
  });
});
