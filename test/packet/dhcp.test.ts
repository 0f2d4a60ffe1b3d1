import { describe, expect, it } from '@jest/globals';
import {
  addressOption,
  type DhcpMessage,
  DhcpOption,
  DhcpType,
  decodeDhcp,
  encodeDhcp,
} from '../../src/packet/index.ts';

const DISCOVER: DhcpMessage = {
  op: 1,
  xid: 0xdeadbeef,
  secs: 3,
  flags: 0x8000,
  ciaddr: '0.0.0.0',
  yiaddr: '0.0.0.0',
  siaddr: '0.0.0.0',
  giaddr: '0.0.0.0',
  chaddr: '02:00:00:00:00:01',
  options: new Map([
    [DhcpOption.MESSAGE_TYPE, Uint8Array.of(DhcpType.DISCOVER)],
    [DhcpOption.REQUESTED_ADDRESS, Uint8Array.of(10, 0, 0, 9)],
    [DhcpOption.PARAMETER_LIST, Uint8Array.of(1, 3, 6, 26, 121)],
  ]),
};

describe('a DHCP message', () => {
  it('is read as it was written', () => {
    const bytes = encodeDhcp(DISCOVER);
    expect(bytes).toHaveLength(300);
    const read = decodeDhcp(bytes);
    expect({ ...read, options: undefined }).toEqual({ ...DISCOVER, options: undefined });
    expect([...read.options]).toEqual([...DISCOVER.options]);
    expect(addressOption(read, DhcpOption.REQUESTED_ADDRESS)).toBe('10.0.0.9');
    expect(addressOption(read, DhcpOption.MESSAGE_TYPE)).toBeUndefined();
  });

  it('has its fields where RFC 2131 puts them', () => {
    const hex = Buffer.from(encodeDhcp(DISCOVER)).toString('hex');
    expect(hex.slice(0, 24)).toBe('01010600deadbeef00038000');
    expect(hex.slice(56, 68)).toBe('020000000001');
    expect(hex.slice(472, 520)).toBe(
      '63825363' + '350101' + '32040a000009' + '3705010306' + '1a79ff' + '000000',
    );
  });

  it('has long options in parts, which are put together again', () => {
    const long = Uint8Array.from({ length: 600 }, (_, i) => i & 0xff);
    const { options } = decodeDhcp(
      encodeDhcp({ ...DISCOVER, options: new Map([[DhcpOption.MESSAGE, long]]) }),
    );
    expect(Buffer.from(options.get(DhcpOption.MESSAGE)!).equals(long)).toBe(true);
  });

  it('is refused when it is cut off, at any byte that matters', () => {
    const bytes = encodeDhcp(DISCOVER);
    for (const size of [0, 1, 239]) {
      expect(() => decodeDhcp(bytes.subarray(0, size))).toThrow(
        expect.objectContaining({ code: 'PACKET_TRUNCATED' }),
      );
    }
    for (const size of [241, 242, 244, 248, 252]) {
      expect(() => decodeDhcp(bytes.subarray(0, size))).toThrow(
        expect.objectContaining({ code: 'PACKET_TRUNCATED' }),
      );
    }
  });

  it('is refused when it is none of Ethernet, or has no options', () => {
    const invalid = expect.objectContaining({ code: 'PACKET_DHCP_INVALID' });
    const token = encodeDhcp(DISCOVER);
    token[1] = 6;
    expect(() => decodeDhcp(token)).toThrow(invalid);
    const bootp = encodeDhcp(DISCOVER);
    bootp[236] = 0;
    expect(() => decodeDhcp(bootp)).toThrow(invalid);
  });
});
