import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { bytesOf, codeOf, plain } from '../checks.ts';
import { fixturesOf } from '../fixtures.ts';

describe('an error', () => {
  it.each(fixturesOf('OFPT_ERROR'))('is named as Open vSwitch names it ($name)', ({ bytes, print }) => {
    const [, name] = /^OFPT_ERROR \(OF1\.3\) \(xid=0x[0-9a-f]+\): (\w+)/.exec(print)!;
    expect(decode(bytes)).toMatchObject({ type: 'error', name });
  });

  it.each(fixturesOf('OFPT_ERROR'))('carries at least 64 bytes of what was refused ($name)', ({ bytes }) => {
    const message = decode(bytes);
    if (message.type !== 'error') throw new Error(message.type);
    const refused = Buffer.from(message.data);
    expect(refused.readUInt32BE(4)).toBe(message.xid);
    expect(refused.length).toBeGreaterThanOrEqual(Math.min(refused.readUInt16BE(2), 64));
  });

  it('has an experimenter id before its data when it is an experimenter’s', () => {
    const bytes = bytesOf('0401 0014 00000005 ffff 0902 4f4e4600 01020304');
    const expected = {
      type: 'error',
      xid: 5,
      version: 4,
      errorType: 0xffff,
      code: 2306,
      experimenter: 0x4f4e4600,
      name: 'OFPBFC_BAD_TYPE',
      data: bytesOf('01020304'),
    };
    expect(plain(decode(bytes))).toEqual(plain(expected));
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('is refused when the experimenter id is cut', () => {
    expect(codeOf(() => decode(bytesOf('0401 000e 00000005 ffff 0902 4f4e')))).toBe('OFP_TRUNCATED');
  });

  it('needs no more than its numbers to be sent', () => {
    const hex = encode({ type: 'error', errorType: 1, code: 6 }).toString('hex');
    expect(hex).toBe('0401000c00000000' + '00010006');
    const experimenter = encode({ type: 'error', errorType: 0xffff, code: 2300 }).toString('hex');
    expect(experimenter).toBe('0401001000000000' + 'ffff08fc' + '00000000');
  });

  it('keeps the version that it came with', () => {
    const bytes = bytesOf('0101 000c 00000000 0000 0000');
    expect(decode(bytes)).toMatchObject({ version: 1, name: 'OFPHFC_INCOMPATIBLE' });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });
});
