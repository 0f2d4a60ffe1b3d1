import { describe, expect, it } from '@jest/globals';
import { EXPERIMENTER_ERROR, errorName } from '../../src/ofp/error-names.ts';
import { errorNames } from './fixtures.ts';

/** Error types 0 to 13 of OpenFlow 1.3.5, 7.4.4, and how many codes each has. */
const CODES = [2, 14, 16, 9, 12, 8, 15, 5, 3, 3, 3, 3, 12, 6];

describe('errorName', () => {
  it.each(errorNames)('calls error %i, %i, experimenter %i as Open vSwitch does: %s', (...row) => {
    const [errorType, code, experimenter, name] = row;
    expect(errorName(errorType, code, experimenter)).toBe(name);
  });

  it('has a name for every error of the specification, and none twice under a type', () => {
    for (const [errorType, count] of CODES.entries()) {
      const names = Array.from({ length: count }, (_, code) => errorName(errorType, code));
      expect(names.filter((name) => !/^OFP\w+_\w+$/.test(name))).toEqual([]);
      expect(new Set(names).size).toBe(count);
    }
  });

  it('gives the numbers where there is no name', () => {
    expect(errorName(1, 99)).toBe('error type 1 code 99');
    expect(errorName(99, 1)).toBe('error type 99 code 1');
    expect(errorName(EXPERIMENTER_ERROR, 7, 0x112233)).toBe('experimenter 0x112233 error 7');
    expect(errorName(EXPERIMENTER_ERROR, 9999, 0x2320)).toBe('experimenter 0x2320 error 9999');
  });
});
