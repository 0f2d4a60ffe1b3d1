import { describe, expect, it } from '@jest/globals';
import {
  defaultGateway,
  defaultMac,
  formatEndpointAddress,
  parseEndpointAddress,
  parseEndpointMac,
  parseGateway,
} from '../../../src/host/addresses/address.ts';

describe('an endpoint address', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1/24'],
    ['10.0.0.1/8', '10.0.0.1/8'],
    ['10.0.0.255/8', '10.0.0.255/8'],
    ['10.0.0.1/255.255.0.0', '10.0.0.1/16'],
    ['10.0.0.0/31', '10.0.0.0/31'],
    ['10.0.0.7/32', '10.0.0.7/32'],
    ['FD00:0::1', 'fd00::1/64'],
    ['fd00::/48', 'fd00::/48'],
  ])('is read from %s as %s', (text, expected) => {
    expect(formatEndpointAddress(parseEndpointAddress(text))).toBe(expected);
  });

  it.each([
    ...['', 'web', '10.0.0', '10.0.0.1/33', '10.0.0.01', '10.0.0.1/0', '10.0.0.1/255.0.255.0', '10.0.0.1 '],
    ...[
      '10.0.0.0/24',
      '10.0.0.255',
      '10.255.255.255/8',
      '127.0.0.1',
      '224.0.0.1',
      '0.0.0.1/8',
      '255.255.255.255/32',
    ],
    ...['::', '::1', 'ff02::1', '::ffff:10.0.0.1', '::ffff:a00:1/96', 'fd00::1/129', 'fd00::1%eth0'],
  ])("is refused: '%s'", (text) => {
    expect(() => parseEndpointAddress(text)).toThrow(
      expect.objectContaining({ code: 'HOST_ADDRESS_INVALID' }),
    );
  });
});

describe('a gateway', () => {
  it('is another address of the subnet', () => {
    const address = parseEndpointAddress('10.1.2.3/20');
    expect(parseGateway('10.1.15.254', address)).toBe('10.1.15.254');
    expect(parseGateway('10.1.0.1', address)).toBe('10.1.0.1');
    for (const text of ['10.1.16.1', '10.1.2.3', '10.1.0.1/20', 'fd00::1', 'router'])
      expect(() => parseGateway(text, address)).toThrow(
        expect.objectContaining({ code: 'HOST_GATEWAY_INVALID' }),
      );
    expect(parseGateway('fd00::ffff', parseEndpointAddress('fd00::1'))).toBe('fd00::ffff');
    expect(parseGateway('fe80::1', parseEndpointAddress('fd00::1'))).toBe('fe80::1');
    expect(() => parseGateway('fd00:0:0:1::1', parseEndpointAddress('fd00::1'))).toThrow('fd00::1/64');
  });

  it.each([
    ['10.1.2.3/24', undefined, '10.1.2.1'],
    ['10.1.29.3/20', undefined, '10.1.16.1'],
    ['200.1.29.6/30', undefined, '200.1.29.5'],
    ['10.1.2.3/24', '10.1.2.254', '10.1.2.254'],
    ['10.1.2.1/24', '10.1.2.254', '10.1.2.254'],
    ['10.1.2.3/24', '10.1.9.254', '10.1.2.1'],
    ['10.1.2.254/24', '10.1.2.254', '10.1.2.1'],
  ])("of %s is the pod's router, %s, or the first address: %s", (text, router, expected) => {
    expect(defaultGateway(parseEndpointAddress(text), router)).toBe(expected);
  });

  it.each(['10.1.2.1/24', '10.1.2.1/32'])('has to be said where %s is the first address itself', (text) => {
    const refusal = {
      code: 'HOST_GATEWAY_INVALID',
      message: expect.stringMatching(/^10\.1\.2\.1\/.*: say --gateway$/),
    };
    expect(() => defaultGateway(parseEndpointAddress(text), undefined)).toThrow(
      expect.objectContaining(refusal),
    );
  });
});

describe('a MAC address', () => {
  it('is read in either case, and has to be one of a single station', () => {
    expect(parseEndpointMac('02:00:00:00:AB:01')).toBe('02:00:00:00:ab:01');
    for (const text of [
      '01:00:5e:00:00:01',
      'ff:ff:ff:ff:ff:ff',
      '00:00:00:00:00:00',
      '02-00-00-00-00-01',
      '',
    ])
      expect(() => parseEndpointMac(text)).toThrow(expect.objectContaining({ code: 'HOST_MAC_INVALID' }));
  });

  it('follows from the address, so that it is the same again and differs from others', () => {
    expect(defaultMac(parseEndpointAddress('10.0.0.1'))).toBe('02:67:0a:00:00:01');
    const six = ['fd00::1', 'fd00::2'].map((text) => defaultMac(parseEndpointAddress(text)));
    expect(new Set(six).size).toBe(2);
    expect(six[0]).toBe(defaultMac(parseEndpointAddress('fd00::1/48')));
    expect(parseEndpointMac(six[0]!)).toMatch(/^02:66:/);
    expect(parseEndpointMac(defaultMac(undefined))).toMatch(/^02:66:/);
  });
});
