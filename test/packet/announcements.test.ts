import { describe, expect, it } from '@jest/globals';
import { ArpOperation, encodeArp, encodeUnsolicitedAdvertisement } from '../../src/packet/index.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('an ARP frame', () => {
  it('is written field by field', () => {
    const frame = encodeArp({
      ethDst: 'ff:ff:ff:ff:ff:ff',
      operation: ArpOperation.REQUEST,
      arpSha: '02:00:00:00:00:01',
      arpSpa: '10.0.0.1',
      arpTha: '00:00:00:00:00:00',
      arpTpa: '10.0.0.2',
    });
    expect(hex(frame)).toBe(
      'ffffffffffff020000000001' +
        '0806' +
        '0001080006040001' +
        '0200000000010a000001' +
        '0000000000000a000002',
    );
  });
});

describe('an unsolicited advertisement', () => {
  it('goes to all nodes, with a checksum that Linux takes', () => {
    const frame = encodeUnsolicitedAdvertisement({ mac: '02:00:00:00:0a:01', target: 'fd00::1' });
    expect(hex(frame.subarray(0, 54))).toBe(
      '333300000001020000000a0186dd' +
        '6000000000203aff' +
        'fd00000000000000' +
        '0000000000000001' +
        'ff02000000000000' +
        '0000000000000001',
    );
    expect(hex(frame.subarray(54, 56))).toBe('8800');
    expect(hex(frame.subarray(58))).toBe(
      '20000000' + 'fd00000000000000' + '0000000000000001' + '0201' + '020000000a01',
    );
    // Over the pseudo-header and the message, the sum with a right checksum is all ones (RFC 1071).
    const pseudo = [...frame.subarray(22, 54), 0, 0, 0, 32, 0, 0, 0, 58, ...frame.subarray(54)];
    let sum = 0;
    for (let i = 0; i < pseudo.length; i += 2) sum += pseudo[i]! * 256 + pseudo[i + 1]!;
    expect((sum & 0xffff) + (sum >> 16)).toBe(0xffff);
  });
});
