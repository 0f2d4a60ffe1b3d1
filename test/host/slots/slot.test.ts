import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ipv4Number, parseEndpointAddress } from '../../../src/host/addresses/address.ts';
import {
  lowestSlot,
  MAX_SLOT,
  parseSlot,
  slotOf,
  type VswitchAddress,
  vswitchIpv6,
  vswitchMac,
} from '../../../src/host/slots/slot.ts';

const vswitch = (address: string, name = 'ovs0', ipv6Prefix?: string): VswitchAddress => ({
  name,
  address: parseEndpointAddress(address),
  ipv6Prefix,
});

const invalid = expect.objectContaining({ code: 'HOST_SLOT_INVALID' });

describe('a slot', () => {
  it('has everything by its number', () => {
    expect(slotOf(vswitch('10.0.0.254/24', 'ovs0', 'fd00:1::'), 3, 'earth')).toEqual({
      ...{ vswitch: 'ovs0', number: 3, name: 'ovs0-s03', hostname: 'earth-ovs0-s03', ofport: 3 },
      mac: '52:00:0a:00:00:03',
      ips: ['10.0.0.3/24', 'fd00:1::a00:3/64'],
      ...{ gateway: '10.0.0.254', insideName: 'ovs0-c03' },
      second: { name: 'ovs0-o03', ofport: 30_003, mac: '52:80:0a:00:00:03', insideName: 'ovs0-d03' },
    });
  });

  it.each([
    ['10.0.0.254/24', 253, '10.0.0.253/24', 's253'],
    ['10.1.0.1/16', 255, '10.1.0.255/16', 's255'],
    ['10.1.0.1/16', 256, '10.1.1.0/16', 's256'],
    ['10.1.0.1/16', 29_999, '10.1.117.47/16', 's29999'],
    ['10.1.2.129/25', 2, '10.1.2.130/25', 's02'],
    ['200.255.255.254/8', 300, '200.0.1.44/8', 's300'],
    ['10.0.0.0/31', 1, '10.0.0.1/31', 's01'],
  ])('of %s with the number %i has the address %s', (address, number, ip, ending) => {
    const slot = slotOf(vswitch(address, 'v'), number, 'h');
    expect(slot).toMatchObject({ ips: [ip], name: `v-${ending}`, ofport: number });
    expect(slot.second.ofport).toBe(30_000 + number);
  });

  it.each([
    ['10.0.0.254/24', 254, 'ovs0 itself has that address'],
    ['10.0.0.254/24', 255, 'broadcast address'],
    ['10.0.0.254/24', 256, '10.0.0.254/24 of ovs0 has only 256 addresses'],
    ['10.1.2.129/25', 1, 'ovs0 itself'],
    ['10.1.2.129/25', 127, 'broadcast'],
    ['10.1.2.129/25', 130, 'only 128 addresses'],
    ['10.0.0.1/31', 1, 'ovs0 itself'],
    ['10.1.0.1/16', 30_000, 'numbers from 1 to 29999'],
    ['10.1.0.1/16', 0, 'numbers from 1'],
    ['10.1.0.1/16', -1, 'numbers from 1'],
    ['10.1.0.1/16', 1.5, 'numbers from 1'],
  ])('of %s cannot have the number %d: %s', (address, number, why) => {
    const of = () => slotOf(vswitch(address), number, 'h');
    expect(of).toThrow(invalid);
    expect(of).toThrow(why);
  });

  it('has names that interfaces and hosts can have', () => {
    const long = vswitch('10.1.0.1/16', 'elevenchars');
    expect(slotOf(long, 99, 'h').name).toBe('elevenchars-s99');
    expect(() => slotOf(long, 100, 'h')).toThrow('more than 15 characters');
    const { hostname } = slotOf(vswitch('10.1.0.1/16'), 2, 'x'.repeat(60));
    expect(hostname).toHaveLength(63);
    expect(hostname).toMatch(/x-ovs0-s02$/);
    expect(slotOf(vswitch('10.1.0.1/16'), 2, `${'-'.repeat(40)}${'y'.repeat(40)}`).hostname).toMatch(/^y/);
  });

  it('shares no address, name or port with another slot or the switch', () => {
    const prefixLength = fc.integer({ min: 8, max: 29 });
    const number = fc.integer({ min: 1, max: MAX_SLOT });
    const ip = fc.integer({ min: 0x0100_0000, max: 0x6fff_ffff });
    const property = fc.property(ip, prefixLength, number, number, (address, length, one, other) => {
      const text = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
      fc.pre(isAddress(`${text}/${length}`));
      const on = vswitch(`${text}/${length}`, 'v');
      const slots = [one, other].flatMap((wanted) => slotIfAny(on, wanted));
      for (const slot of slots) {
        const at = ipv4Number(slot.ips[0]!.split('/')[0]!);
        const size = 2 ** (32 - length);
        expect(Math.floor(at / size)).toBe(Math.floor(address / size));
        expect([0, size - 1]).not.toContain(at % size);
        expect(at).not.toBe(address);
      }
      fc.pre(slots.length === 2 && one !== other);
      const values = slots.flatMap(({ name, ips, mac, ofport, insideName, second }) => [
        ...[name, ips[0], mac, ofport, insideName],
        ...Object.values(second),
      ]);
      expect(new Set(values).size).toBe(values.length);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('is the lowest that is not taken, where none is asked for', () => {
    const on = vswitch('10.0.0.2/29');
    const taken = new Set<number>();
    const next = () => lowestSlot(on, 'h', ({ number }) => taken.has(number)).number;
    const numbers = Array.from({ length: 5 }, () => {
      const number = next();
      taken.add(number);
      return number;
    });
    expect(numbers).toEqual([1, 3, 4, 5, 6]);
    expect(next).toThrow(expect.objectContaining({ code: 'HOST_SLOTS_FULL' }));
    taken.delete(4);
    expect(next()).toBe(4);
  });

  it('is called by its number or by its name', () => {
    expect(parseSlot('3')).toEqual({ vswitch: undefined, number: 3 });
    expect(parseSlot('ovs0-s03')).toEqual({ vswitch: 'ovs0', number: 3 });
    expect(parseSlot('a-s1-s300')).toEqual({ vswitch: 'a-s1', number: 300 });
    for (const text of ['', '0', '30000', '-1', '1.5', 'ovs0', 'ovs0-s00', 'ovs0-o03', '1e3'])
      expect(() => parseSlot(text)).toThrow(invalid);
  });
});

describe('a virtual switch', () => {
  it('has a MAC address by its own address, and one of IPv6 where it has a prefix', () => {
    expect(vswitchMac(vswitch('10.0.0.254/24'))).toBe('52:00:0a:00:00:fe');
    expect(vswitchIpv6(vswitch('10.0.0.254/24'))).toBeUndefined();
    expect(vswitchIpv6(vswitch('10.0.0.254/24', 'ovs0', 'fd00:1:2:3::'))).toBe('fd00:1:2:3::a00:fe/64');
  });
});

function slotIfAny(on: VswitchAddress, number: number) {
  try {
    return [slotOf(on, number, 'h')];
  } catch {
    return [];
  }
}

function isAddress(text: string): boolean {
  try {
    parseEndpointAddress(text);
    return true;
  } catch {
    return false;
  }
}
