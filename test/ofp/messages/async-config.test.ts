import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixture } from '../fixtures.ts';

const config = {
  packetInMaster: 3,
  packetInSlave: 1,
  portStatusMaster: 7,
  portStatusSlave: 6,
  flowRemovedMaster: 0xf,
  flowRemovedSlave: 8,
};

describe('the asynchronous configuration', () => {
  it('is set as Open vSwitch reads it', () => {
    const { bytes, print } = fixture('OFPT_SET_ASYNC: asynchronous messages');
    expect(decode(bytes)).toEqual({ type: 'setAsync', xid: 0x11223344, ...config });
    expect(print).toContain('PACKET_IN: no_match action\n');
  });

  it('comes back from Open vSwitch as it was set', () => {
    const { bytes } = fixture('OFPT_GET_ASYNC_REPLY: asynchronous messages (2)');
    expect(decode(bytes)).toEqual({ type: 'getAsyncReply', xid: 0x11223344, ...config });
  });

  it('is asked for by a header alone', () => {
    expect(encode({ type: 'getAsyncRequest', xid: 1 }).toString('hex')).toBe('041a000800000001');
  });

  it('is written in the order of the specification', () => {
    const hex = '041c0020 00000000 00000003 00000001 00000007 00000006 0000000f 00000008';
    expect(encode({ type: 'setAsync', ...config }).equals(bytesOf(hex))).toBe(true);
  });

  it('is refused with a mask of 33 bits', () => {
    expect(codeOf(() => encode({ type: 'setAsync', ...config, flowRemovedSlave: 2 ** 32 }))).toBe(
      'OFP_BAD_VALUE',
    );
  });
});
