import { describe, expect, it } from '@jest/globals';
import { readTunnelAddress, tunnelInterfaceType } from '../../src/util/tunnel-address.ts';

describe('the address of a tunnel end', () => {
  it('is that of a host, in canonical form', () => {
    expect(readTunnelAddress('192.0.2.1')).toBe('192.0.2.1');
    expect(readTunnelAddress('2001:DB8:0::1')).toBe('2001:db8::1');
    expect(readTunnelAddress('fd00::1')).toBe('fd00::1');
  });

  it.each([
    '',
    'h1',
    '192.0.2.0/24',
    '192.0.2.300',
    '0.0.0.0',
    '127.0.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'ff02::1',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    '::ffff:192.0.2.1',
    '::192.0.2.1',
  ])("is not '%s'", (text) => {
    expect(readTunnelAddress(text)).toBeUndefined();
  });
});

describe('the type of an interface for tunnels', () => {
  it('is the encapsulation, but for GRE over IPv6', () => {
    expect(tunnelInterfaceType('gre', '192.0.2.1')).toBe('gre');
    expect(tunnelInterfaceType('gre', undefined)).toBe('gre');
    expect(tunnelInterfaceType('gre', '2001:db8::1')).toBe('ip6gre');
    expect(tunnelInterfaceType('vxlan', '2001:db8::1')).toBe('vxlan');
  });
});
