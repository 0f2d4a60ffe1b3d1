import { describe, expect, it } from '@jest/globals';
import { parseDhcpSubnet } from '../../../src/app/dhcp/subnet.ts';

describe('what DHCP serves in a pod', () => {
  it('follows from the subnet alone, if need be', () => {
    expect(parseDhcpSubnet('subnet=10.0.0.9/24')).toEqual({
      network: '10.0.0.0',
      prefixLength: 24,
      first: '10.0.0.1',
      last: '10.0.0.254',
      server: '10.0.0.1',
      router: undefined,
      dns: [],
      domain: undefined,
      mtu: undefined,
      leaseSeconds: 3600,
      routes: [],
    });
  });

  it('has a server of its own where the router is the first', () => {
    expect(parseDhcpSubnet('subnet=10.0.0.0/24 router=10.0.0.1').server).toBe('10.0.0.2');
  });

  it('may have a route to a network that it is part of', () => {
    const text = 'subnet=10.0.0.0/24 route=10.0.0.0/8,10.0.0.1';
    expect(parseDhcpSubnet(text).routes).toHaveLength(1);
  });

  it('can be said in full', () => {
    const text =
      'subnet=10.0.0.0/16 range=10.0.1.0-10.0.1.255 server=10.0.0.2 router=10.0.0.1 dns=10.0.0.53 dns=192.0.2.53 ' +
      'domain=example.net mtu=1450 lease=600 route=10.1.0.0/16,10.0.0.3';
    expect(parseDhcpSubnet(text)).toEqual({
      network: '10.0.0.0',
      prefixLength: 16,
      first: '10.0.1.0',
      last: '10.0.1.255',
      server: '10.0.0.2',
      router: '10.0.0.1',
      dns: ['10.0.0.53', '192.0.2.53'],
      domain: 'example.net',
      mtu: 1450,
      leaseSeconds: 600,
      routes: [{ destination: '10.1.0.0', prefixLength: 16, router: '10.0.0.3' }],
    });
  });

  it.each([
    ['', /expected subnet=/],
    ['subnet=net', /^expected an IPv4 network/],
    ['subnet=10.0.0.0', /expected an IPv4 network/],
    ['subnet=10.0.0.0/31', /up to \/30/],
    ['subnet=fd00::/64', /expected an IPv4 network/],
    ['subnet=10.0.0.0/24 subnet=10.0.1.0/24', /given 2 times/],
    ['subnet=10.0.0.0/24 rotuer=10.0.0.1', /did you mean router\?/],
    ['subnet=10.0.0.0/24 router', /'router' is none of/],
    ['subnet=10.0.0.0/24 router=10.0.1.1', /router '10\.0\.1\.1' is no host of 10\.0\.0\.0\/24/],
    ['subnet=10.0.0.0/24 range=10.0.0.0-10.0.0.9', /range '10\.0\.0\.0' is no host/],
    ['subnet=10.0.0.0/24 range=10.0.0.9-10.0.0.8', /ends before it begins/],
    [
      'subnet=10.0.0.0/24 range=10.0.0.9',
      /range '10\.0\.0\.9' is no FIRST-LAST like 10\.0\.0\.1-10\.0\.0\.254/,
    ],
    ['subnet=10.0.0.0/24 dns=example.net', /no IPv4 address/],
    ['subnet=10.0.0.0/24 mtu=67', /mtu is 68 to 65535/],
    ['subnet=10.0.0.0/24 lease=1h', /lease is 60 to 604800, got '1h'/],
    ['subnet=10.0.0.0/24 route=10.1.0.0/16', /route '10\.1\.0\.0\/16' is no network and router like/],
    [
      'subnet=10.0.0.0/24 route=10.0.0.128/25,10.0.0.1',
      /the route to 10\.0\.0\.128\/25 is for hosts of the subnet/,
    ],
    ['subnet=10.0.0.0/24 server=10.0.0.1 router=10.0.0.1', /server and router cannot both be 10\.0\.0\.1/],
  ])('is refused when it cannot be: %s', (text, message) => {
    const refusal = expect.objectContaining({
      code: 'POD_DHCP_INVALID',
      message: expect.stringMatching(message),
    });
    expect(() => parseDhcpSubnet(text)).toThrow(refusal);
  });
});
