import { describe, expect, it } from '@jest/globals';
import { parseAddresses, parseEncapsulation, parseTunnelEnds } from '../../../src/app/hosts/addresses.ts';
import { Controller } from '../../../src/app/index.ts';

describe("an endpoint's addresses", () => {
  it('are what the labels say, in canonical form, each once', () => {
    expect(parseAddresses(undefined, undefined)).toBeUndefined();
    expect(parseAddresses('02:00:00:00:00:AA', undefined)).toEqual({ mac: '02:00:00:00:00:aa', ips: [] });
    expect(parseAddresses('02:00:00:00:00:aa', ' 10.0.0.1/24,FD00:0::1/64  10.0.0.1')).toEqual({
      mac: '02:00:00:00:00:aa',
      ips: ['10.0.0.1', 'fd00::1'],
    });
  });

  it.each([
    [undefined, '10.0.0.1', /needs a galago-mac/],
    ['02:00', undefined, /expected an Ethernet address.*02:00/],
    ['01:00:5e:00:00:01', undefined, /cannot be one station's/],
    ['00:00:00:00:00:00', undefined, /cannot be one station's/],
    ['02:00:00:00:00:01', '10.0.0', /galago-ip: expected an address.*10\.0\.0/],
    ['02:00:00:00:00:01', '0.0.0.0', /cannot be one station's/],
    ['02:00:00:00:00:01', '224.0.0.1', /cannot be one station's/],
    ['02:00:00:00:00:01', 'ff02::1', /cannot be one station's/],
    ['02:00:00:00:00:01', '::', /cannot be one station's/],
    ['02:00:00:00:00:01', '10.0.0.1/255.0.255.0', /no prefix/],
    ['02:00:00:00:00:01', Array.from({ length: 17 }, (_, i) => `10.0.0.${i}`).join(' '), /at most 16/],
  ])('are refused when they cannot be: %s %s', (mac, ips, message) => {
    const refusal = expect.objectContaining({
      code: 'POD_ADDRESS_INVALID',
      message: expect.stringMatching(message),
    });
    expect(() => parseAddresses(mac, ips)).toThrow(refusal);
  });
});

describe('the ends of tunnels', () => {
  it('are addresses of hosts, in canonical form', () => {
    expect(parseTunnelEnds({ localIp: '2001:DB8::1', peers: ['2001:db8:0::2'] })).toEqual({
      localIp: '2001:db8::1',
      peers: ['2001:db8::2'],
    });
    expect(parseTunnelEnds({})).toEqual({ peers: [] });
  });

  it('are nothing else', () => {
    for (const ends of [{ localIp: 'fe80::1' }, { peers: ['192.0.2.1', 'h2'] }])
      expect(() => parseTunnelEnds(ends)).toThrow(
        expect.objectContaining({ code: 'POD_TUNNEL_ADDRESS_INVALID' }),
      );
  });
});

describe('the encapsulation of tunnels', () => {
  it('is one that Open vSwitch has, by default VXLAN', () => {
    expect(parseEncapsulation()).toBe('vxlan');
    expect(parseEncapsulation('gre')).toBe('gre');
    expect(() => parseEncapsulation('genve')).toThrow(
      expect.objectContaining({
        code: 'POD_ENCAPSULATION_INVALID',
        message: "tunnels are vxlan, geneve, gre, not 'genve'; did you mean 'geneve'?",
      }),
    );
  });

  it('is looked at when a controller is made', () => {
    expect(() => new Controller({ openflow: [], encapsulation: 'stt' })).toThrow(
      expect.objectContaining({ code: 'POD_ENCAPSULATION_INVALID' }),
    );
  });
});
