import { isIP, isIPv4, isIPv6 } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WireError } from '../../src/util/errors.ts';
import {
  ipv4Mask,
  ipv6Mask,
  isIpv4,
  isIpv6,
  parseCidr,
  readIpv4,
  readIpv6,
  writeIpv4,
  writeIpv6,
} from '../../src/util/ip.ts';

const GUARD = 0xee;

/** Writes at a non-zero offset, and checks that nothing around it was touched. */
function written(write: typeof writeIpv4, size: number, text: string): Buffer {
  const bytes = Buffer.alloc(size + 2, GUARD);
  write(bytes, 1, text);
  expect([bytes[0], bytes[size + 1]]).toEqual([GUARD, GUARD]);
  return bytes.subarray(1, size + 1);
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return error instanceof WireError ? error.code : String(error);
  }
  return undefined;
}

describe('IPv4 addresses', () => {
  it.each([
    ['0.0.0.0', '00000000'],
    ['255.255.255.255', 'ffffffff'],
    ['10.0.200.7', '0a00c807'],
  ])('reads and writes %s', (text, hex) => {
    expect(written(writeIpv4, 4, text).toString('hex')).toBe(hex);
    expect(readIpv4(Buffer.from(`ee${hex}`, 'hex'), 1)).toBe(text);
  });

  it.each([
    '',
    '.',
    '1.2.3',
    '1.2.3.',
    '1.2.3.4.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '01.2.3.4',
    '00.0.0.0',
    '1.2.3.0x4',
    '1.2.3.4 ',
    '-1.2.3.4',
    '1.2.3.4/8',
  ])('refuses %j', (text) => {
    expect(isIpv4(text)).toBe(false);
    expect(() => writeIpv4(new Uint8Array(4), 0, text)).toThrow(`'${text}'`);
    expect(codeOf(() => writeIpv4(new Uint8Array(4), 0, text))).toBe('IP_INVALID');
  });

  it('writes what it read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        const text = readIpv4(bytes, 0);
        return isIPv4(text) && written(writeIpv4, 4, text).equals(bytes);
      }),
    );
  });

  it('takes exactly the texts that node:net takes', () => {
    const text = fc.string({ unit: fc.constantFrom('0', '1', '2', '5', '9', '.'), maxLength: 16 });
    fc.assert(
      fc.property(fc.oneof(text, fc.ipV4()), (candidate) => isIpv4(candidate) === isIPv4(candidate)),
      {
        numRuns: 2000,
      },
    );
  });
});

describe('IPv6 addresses', () => {
  // The canonical texts are those of inet_ntop(3) in glibc, which Open vSwitch prints.
  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1::', '1::'],
    ['2001:DB8::00A', '2001:db8::a'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['0:1::', '0:1::'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    ['::ffff:a00:1', '::ffff:10.0.0.1'],
    ['0:0:0:0:0:ffff:0:0', '::ffff:0.0.0.0'],
    ['::1.2.3.4', '::1.2.3.4'],
    ['::1:0', '::0.1.0.0'],
    ['::ffff:0:1.2.3.4', '::ffff:0:102:304'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ])('reads %s as %s', (text, canonical) => {
    expect(isIpv6(text)).toBe(true);
    expect(readIpv6(written(writeIpv6, 16, text), 0)).toBe(canonical);
    expect(readIpv6(written(writeIpv6, 16, canonical), 0)).toBe(canonical);
  });

  it('writes the bytes in network order', () => {
    expect(written(writeIpv6, 16, '2001:db8::c0a8:1').toString('hex')).toBe(
      '20010db80000000000000000c0a80001',
    );
  });

  it.each([
    '',
    ':',
    ':::',
    '1',
    '1:',
    ':1',
    '1:::2',
    '1::2::3',
    '::1:',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '1:2:3:4::5:6:7:8',
    '12345::',
    '::g',
    '::1%eth0',
    '[::1]',
    '1.2.3.4',
    '::1.2.3',
    '::1.2.3.4:5',
    '::01.2.3.4',
    '::256.2.3.4',
    '1:2:3:4:5:6:7:1.2.3.4',
  ])('refuses %j', (text) => {
    expect(isIpv6(text)).toBe(false);
    expect(codeOf(() => writeIpv6(new Uint8Array(16), 0, text))).toBe('IP_INVALID');
  });

  it('writes what it read, also where there are many zeros', () => {
    const byte = fc.oneof(fc.constant(0), fc.constant(0xff), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(byte, { minLength: 16, maxLength: 16 }), (octets) => {
        const bytes = Buffer.from(octets);
        const text = readIpv6(bytes, 0);
        return isIPv6(text) && written(writeIpv6, 16, text).equals(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes exactly the texts that node:net takes, but for zones', () => {
    const text = fc.string({
      unit: fc.constantFrom(':', '::', '0', '1', 'f', '.', '1.2.3.4'),
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.oneof(text, fc.ipV6()), (candidate) => isIpv6(candidate) === isIPv6(candidate)),
      {
        numRuns: 3000,
      },
    );
  });
});

describe('masks', () => {
  it.each([
    [0, '0.0.0.0'],
    [1, '128.0.0.0'],
    [8, '255.0.0.0'],
    [23, '255.255.254.0'],
    [32, '255.255.255.255'],
  ])('of %i bits are %s in IPv4', (prefixLength, mask) => {
    expect(ipv4Mask(prefixLength)).toBe(mask);
  });

  it.each([
    [0, '::'],
    [1, '8000::'],
    [32, 'ffff:ffff::'],
    [127, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe'],
    [128, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('of %i bits are %s in IPv6', (prefixLength, mask) => {
    expect(ipv6Mask(prefixLength)).toBe(mask);
  });

  it.each([-1, 33, 1.5, Number.NaN])('of %d bits are refused in IPv4', (prefixLength) => {
    expect(codeOf(() => ipv4Mask(prefixLength))).toBe('IP_INVALID');
  });

  it('of 129 bits are refused in IPv6', () => {
    expect(codeOf(() => ipv6Mask(129))).toBe('IP_INVALID');
  });
});

describe('parseCidr', () => {
  it('reads an address without a mask', () => {
    expect(parseCidr('10.0.0.1')).toEqual({ family: 4, address: '10.0.0.1' });
    expect(parseCidr('2001:DB8:0::1')).toEqual({ family: 6, address: '2001:db8::1' });
  });

  it('reads a prefix length', () => {
    expect(parseCidr('10.1.2.3/8')).toEqual({
      family: 4,
      address: '10.1.2.3',
      mask: '255.0.0.0',
      prefixLength: 8,
    });
    expect(parseCidr('2001:db8::/32')).toEqual({
      family: 6,
      address: '2001:db8::',
      mask: 'ffff:ffff::',
      prefixLength: 32,
    });
  });

  it('reads a mask, and its length when it is a prefix', () => {
    expect(parseCidr('10.0.0.0/255.0.0.0')).toEqual(parseCidr('10.0.0.0/8'));
    expect(parseCidr('2001:db8::/ffff:ffff::')).toEqual(parseCidr('2001:db8::/32'));
    expect(parseCidr('10.0.0.1/255.0.0.255')).toEqual({
      family: 4,
      address: '10.0.0.1',
      mask: '255.0.0.255',
    });
  });

  it('finds every prefix length again in its mask', () => {
    for (let length = 0; length <= 32; length++) {
      expect(parseCidr(`10.0.0.0/${ipv4Mask(length)}`).prefixLength).toBe(length);
    }
    for (let length = 0; length <= 128; length++) {
      expect(parseCidr(`2001:db8::/${ipv6Mask(length)}`).prefixLength).toBe(length);
    }
  });

  it.each([
    '',
    '/',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/ffff::',
    '2001:db8::/129',
    '2001:db8::/255.0.0.0',
    '10.0.0/8',
    'localhost',
  ])('refuses %j', (text) => {
    expect(codeOf(() => parseCidr(text))).toBe('IP_INVALID');
  });

  it('gives addresses that node:net knows', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (address, length) => {
        const cidr = parseCidr(`${address}/${length}`);
        return isIP(cidr.address) === cidr.family && cidr.prefixLength === length;
      }),
    );
  });
});
