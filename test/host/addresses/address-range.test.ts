import { describe, expect, it } from '@jest/globals';
import { type AddressRange, freeAddress, isInRange } from '../../../src/host/addresses/address-range.ts';

const RANGE: AddressRange = {
  ...{ first: '10.0.0.254', last: '10.0.1.2', network: '10.0.0.0', prefixLength: 16 },
  ...{ server: '10.0.0.255', router: '10.0.1.1' },
};

describe('a range of addresses', () => {
  it("gives the lowest one that is free, but never the server's or the router's", () => {
    expect(freeAddress(RANGE, new Set())).toBe('10.0.0.254');
    expect(freeAddress(RANGE, new Set(['10.0.0.254']))).toBe('10.0.1.0');
    expect(freeAddress(RANGE, new Set(['10.0.0.254', '10.0.1.0']))).toBe('10.0.1.2');
    expect(freeAddress(RANGE, new Set(['10.0.0.254', '10.0.1.0', '10.0.1.2']))).toBeUndefined();
  });

  it('has what it can give', () => {
    const texts = [
      '10.0.0.254',
      '10.0.1.2',
      '10.0.0.253',
      '10.0.1.3',
      '10.0.0.255',
      '10.0.1.1',
      'fd00::1',
      '',
    ];
    expect(texts.filter((text) => isInRange(RANGE, text))).toEqual(['10.0.0.254', '10.0.1.2']);
  });
});
