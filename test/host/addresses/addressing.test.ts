import { describe, expect, it } from '@jest/globals';
import {
  addCommands,
  type IpAddress,
  type IpRoute,
  parseAddressing,
  removeCommands,
} from '../../../src/host/addresses/addressing.ts';

const ADDRESS: IpAddress = { family: 'inet', local: '192.0.2.1', prefixlen: 24, scope: '0', label: 'eth0' };
const ADDRESS6: IpAddress = { family: 'inet6', local: '2001:db8::1', prefixlen: 64, scope: '0' };
const ROUTE: IpRoute = {
  type: '1',
  dst: 'default',
  gateway: '192.0.2.254',
  dev: 'eth0',
  table: '254',
  protocol: '3',
  scope: '0',
  flags: [],
};
const ROUTE6: IpRoute = {
  type: '1',
  dst: 'default',
  gateway: 'fe80::1',
  dev: 'eth0',
  table: '254',
  protocol: '9',
  scope: '0',
  metric: 1024,
  pref: 'medium',
  flags: [],
};

/** The commands, a line each, that give `br-phy` what `eth0` has. */
const moved = (addresses: readonly IpAddress[], routes: readonly IpRoute[] = []) =>
  addCommands('br-phy', parseAddressing('eth0', addresses, routes)).map((words) => words.join(' '));

describe("a device's addressing", () => {
  it('becomes another one’s: addresses first, then what is near, then what is behind routers', () => {
    const near = { ...ROUTE, dst: '203.0.113.0/24', scope: '253', prefsrc: '192.0.2.1' };
    const { gateway: _, ...direct } = near;
    expect(moved([ADDRESS], [ROUTE, direct])).toEqual([
      'address replace 192.0.2.1/24 scope 0 dev br-phy',
      'route replace 203.0.113.0/24 table 254 proto 3 scope 253 src 192.0.2.1 dev br-phy',
      'route replace 0.0.0.0/0 via 192.0.2.254 table 254 proto 3 scope 0 dev br-phy',
    ]);
  });

  it('keeps everything that an address may have', () => {
    const peer = {
      ...ADDRESS,
      address: '192.0.2.2',
      prefixlen: 32,
      label: 'eth0:7',
      metric: 9,
      noprefixroute: true,
    };
    const ends = {
      ...ADDRESS6,
      dynamic: true,
      mngtmpaddr: true,
      valid_life_time: 100,
      preferred_life_time: 0,
    };
    expect(moved([{ ...ADDRESS, broadcast: '192.0.2.255' }, peer, ends])).toEqual([
      'address replace 192.0.2.1/24 broadcast 192.0.2.255 scope 0 dev br-phy',
      'address replace 192.0.2.1 peer 192.0.2.2/32 metric 9 scope 0 noprefixroute dev br-phy label br-phy:7',
      'address replace 2001:db8::1/64 scope 0 valid_lft 100 preferred_lft 0 mngtmpaddr dev br-phy',
    ]);
  });

  it('comes in the order in which it came before', () => {
    const older = { ...ADDRESS6, local: '2001:db8::2' };
    expect(moved([ADDRESS, ADDRESS6, older]).map((line) => line.split(' ')[2])).toEqual([
      '192.0.2.1/24',
      '2001:db8::2/64',
      '2001:db8::1/64',
    ]);
  });

  it('leaves to the kernel what that makes by itself', () => {
    const linkLocal = { ...ADDRESS6, local: 'fe80::1' };
    const temporary = { ...ADDRESS6, local: '2001:db8::99', temporary: true };
    const connected = { ...ROUTE, dst: '192.0.2.0/24', protocol: '2' };
    const local = { ...ROUTE, type: '2', dst: '192.0.2.1', table: '255' };
    const elsewhere = { ...ROUTE, dev: 'eth1' };
    expect(moved([ADDRESS, linkLocal, temporary], [connected, local, elsewhere])).toHaveLength(1);
  });

  it('takes over routes to subnets that somebody else than the kernel has made', () => {
    const connected = { ...ROUTE, dst: '192.0.2.0/24', protocol: '2', prefsrc: '192.0.2.1' };
    expect(moved([{ ...ADDRESS, noprefixroute: true }], [connected])[1]).toContain(
      'route replace 192.0.2.0/24',
    );
  });

  it('may have several routers for the same destination', () => {
    const more = { ...ROUTE6, gateway: 'fe80::2', expires: 30 };
    expect(moved([], [{ ...ROUTE6, metrics: [{ mtu: 1400 }] }, more])).toEqual([
      'route replace ::/0 via fe80::1 table 254 proto 9 metric 1024 mtu 1400 pref medium dev br-phy',
      'route append ::/0 via fe80::2 table 254 proto 9 metric 1024 pref medium dev br-phy expires 30',
    ]);
  });

  it('goes in the opposite order', () => {
    const { gateway: _, ...direct } = ROUTE;
    const via = { ...direct, via: { family: 'inet6', host: 'fe80::9' }, flags: ['onlink', 'linkdown'] };
    const commands = removeCommands('eth0', parseAddressing('eth0', [ADDRESS], [via]));
    expect(commands.map((words) => words.join(' '))).toEqual([
      'route delete 0.0.0.0/0 via inet6 fe80::9 table 254 proto 3 scope 0 onlink dev eth0',
      'address delete 192.0.2.1/24 dev eth0',
    ]);
  });

  it.each<[string, Partial<IpAddress>, Partial<IpRoute>]>([
    ['192.0.2.1/24 on eth0 is leased', { dynamic: true }, {}],
    ["the route to default over eth0 .*'nexthops'", {}, { nexthops: [{ dev: 'eth0' }] }],
    ["'nhid'", {}, { nhid: 7 } as object],
    ["'type 7'", {}, { type: '7' }],
    ["'pervasive'", {}, { flags: ['pervasive'] }],
    ["'cc_algo'", {}, { metrics: [{ cc_algo: 1 }] }],
  ])('is refused where it cannot be the same: %s', (message, address, route) => {
    const parse = () => parseAddressing('eth0', [{ ...ADDRESS, ...address }], [{ ...ROUTE, ...route }]);
    expect(parse).toThrow(expect.objectContaining({ code: 'HOST_UPLINK_INVALID' }));
    expect(parse).toThrow(new RegExp(message));
  });
});
