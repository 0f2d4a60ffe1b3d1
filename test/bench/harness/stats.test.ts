import { describe, expect, it } from '@jest/globals';
import { spread } from '../../../bench/harness/stats.ts';
import { formatCount, formatRatio, formatTable } from '../../../bench/harness/table.ts';

describe('spread', () => {
  it('takes the middle one of an odd number, in whatever order they came', () => {
    expect(spread([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 });
  });

  it('takes the mean of the middle two of an even number', () => {
    expect(spread([4, 1, 2, 100])).toEqual({ median: 3, min: 1, max: 100 });
  });

  it('is one value when there is one', () => {
    expect(spread([7])).toEqual({ median: 7, min: 7, max: 7 });
  });
});

describe('formatTable', () => {
  it('puts names on the left and numbers on the right', () => {
    const table = {
      columns: ['', 'n'],
      rows: [
        ['one', '1'],
        ['hundred', '100'],
      ],
    };
    expect(formatTable(table)).toBe(['           n', 'one        1', 'hundred  100'].join('\n'));
  });
});

describe('numbers for people', () => {
  it('have thousands told apart', () => expect(formatCount(123_456.7)).toBe('123,457'));
  it('are ratios with an x', () => expect(formatRatio(1.515)).toBe('1.51x'));
  it('are nothing where there is nothing to compare with', () => expect(formatRatio(undefined)).toBe(''));
});
