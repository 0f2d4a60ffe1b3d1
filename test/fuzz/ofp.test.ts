import { describe, expect, it } from '@jest/globals';
import { fuzz } from './fuzz.ts';
import { ofp } from './ofp.ts';

describe('the OpenFlow codec', () => {
  it('refuses or survives ten thousand mutated messages', () => {
    const { failure, cases, refused } = fuzz(ofp, { seed: 1, cases: 10_000 });
    expect(failure && { ...failure, minimal: failure.minimal.toString('hex') }).toBeUndefined();
    expect(cases).toBe(10_000);
    // Mutations that are all refused at the door, or none of them, would try nothing.
    const count = [...refused.values()].reduce((sum, times) => sum + times, 0);
    expect(count).toBeGreaterThan(1000);
    expect(count).toBeLessThan(9000);
  });
});
