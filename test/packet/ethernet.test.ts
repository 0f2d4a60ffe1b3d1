import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeEthernet, EthType, isLinkLocalGroup } from '../../src/packet/index.ts';
import { WireError } from '../../src/util/errors.ts';

const ADDRESSES = 'ffffffffffff 020000000001';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('the head of an Ethernet frame', () => {
  it.each([
    ['untagged', '0800 4500', EthType.IPV4, undefined, 14],
    ['tagged', '8100 2064 0806 0001', EthType.ARP, 100, 18],
    ['priority-tagged', '8100 e000 86dd', EthType.IPV6, 0, 18],
    ['tagged twice', '88a8 0005 8100 0006 0800', EthType.IPV4, 5, 22],
    ['tagged three times', '8100 0001 8100 0002 8100 0003 88cc', EthType.LLDP, 1, 26],
    ['with a length for its type', '0026 4242 03', 0x26, undefined, 14],
  ])('is read when it is %s', (_, rest, ethType, vlanId, payloadOffset) => {
    const head = { ethDst: 'ff:ff:ff:ff:ff:ff', ethSrc: '02:00:00:00:00:01', ethType, vlanId, payloadOffset };
    expect(decodeEthernet(bytes(`${ADDRESSES} ${rest}`))).toEqual(head);
  });

  it('is read at an offset of a larger buffer', () => {
    const frame = bytes(`0000 ${ADDRESSES} 8100 0fff 0800`).subarray(2);
    expect(decodeEthernet(frame)).toMatchObject({ ethSrc: '02:00:00:00:00:01', vlanId: 4095 });
  });

  it('is refused at every length that cuts it off', () => {
    const frame = bytes(`${ADDRESSES} 88a8 0005 8100 0006 0800`);
    for (let length = 0; length < frame.length; length++) {
      const cut = () => decodeEthernet(frame.subarray(0, length));
      expect(cut).toThrow(WireError);
      expect(cut).toThrow(expect.objectContaining({ code: 'PACKET_TRUNCATED' }));
    }
    expect(decodeEthernet(frame).payloadOffset).toBe(frame.length);
  });

  it('is read or refused whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (frame) => {
        try {
          expect(decodeEthernet(frame).payloadOffset).toBeLessThanOrEqual(frame.length);
        } catch (error) {
          expect(error).toMatchObject({ code: 'PACKET_TRUNCATED' });
        }
      }),
    );
  });
});

describe('a link-local group address', () => {
  it.each([
    ['01:80:c2:00:00:00', true],
    ['01:80:c2:00:00:0e', true],
    ['01:80:c2:00:00:0f', true],
    ['01:80:c2:00:00:10', false],
    ['01:80:c2:00:00:21', false],
    ['01:00:5e:00:00:01', false],
    ['ff:ff:ff:ff:ff:ff', false],
  ])('is %s: %p', (mac, is) => {
    expect(isLinkLocalGroup(mac)).toBe(is);
  });
});
