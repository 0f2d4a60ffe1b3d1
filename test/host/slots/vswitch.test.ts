import { describe, expect, it } from '@jest/globals';
import { parseIpv6Prefix, parseVswitchAddress } from '../../../src/host/slots/vswitch.ts';

const invalid = expect.objectContaining({ code: 'HOST_ADDRESS_INVALID' });

describe("a virtual switch's address", () => {
  it.each([
    ['10.0.0.254', 24],
    ['10.1.0.1/16', 16],
    ['10.1.0.1/255.255.128.0', 17],
    ['10.1.0.0/31', 31],
  ])('is read from %s', (text, prefixLength) => {
    expect(parseVswitchAddress(text)).toMatchObject({ family: 4, prefixLength });
  });

  it.each(['10.0.0.1/32', '10.0.0.0/24', '10.0.0.255/24', 'fd00::1/64', 'ovs0', ''])(
    "is refused: '%s'",
    (text) => {
      expect(() => parseVswitchAddress(text)).toThrow(invalid);
    },
  );
});

describe('an IPv6 prefix', () => {
  it.each([
    ['fd00:1::/64', 'fd00:1::'],
    ['FD00:0001::', 'fd00:1::'],
    ['2001:db8:1:2::/64', '2001:db8:1:2::'],
  ])('is read from %s', (text, prefix) => {
    expect(parseIpv6Prefix(text)).toBe(prefix);
  });

  it.each(['fd00::1/64', 'fd00::/48', 'fe80::/64', 'ff02::/64', '::/64', '10.0.0.0/24', 'fd00', 'x'])(
    "is refused: '%s'",
    (text) => {
      expect(() => parseIpv6Prefix(text)).toThrow(invalid);
    },
  );

  it('may have zeros among its first words', () => {
    expect(parseIpv6Prefix('2001:db8:0:5::/64')).toBe('2001:db8:0:5::');
  });
});
