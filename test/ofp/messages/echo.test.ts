import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { bytesOf } from '../checks.ts';
import { fixture } from '../fixtures.ts';

describe('an echo', () => {
  it('brings its data back', () => {
    const { bytes } = fixture('OFPT_ECHO_REPLY: handshake');
    expect(decode(bytes)).toEqual({ type: 'echoReply', xid: 0x11223344, data: Buffer.from('hello') });
  });

  it.each([
    ['echoRequest', '02'],
    ['echoReply', '03'],
  ] as const)('may have no data (%s)', (type, code) => {
    const bytes = bytesOf(`04 ${code} 0008 00000005`);
    expect(decode(bytes)).toEqual({ type, xid: 5, data: Buffer.alloc(0) });
    expect(encode({ type, xid: 5, data: new Uint8Array() }).equals(bytes)).toBe(true);
  });

  it('gives its data as a view, without copying it', () => {
    const { bytes } = fixture('OFPT_ECHO_REQUEST: handshake');
    const message = decode(bytes);
    bytes[8] = 0xaa;
    expect(message).toMatchObject({ type: 'echoRequest', data: bytesOf('aaff10') });
  });
});
