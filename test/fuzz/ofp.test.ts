import { describe, expect, it } from '@jest/globals';
import { type FuzzOptions, type FuzzReport, fuzz } from './fuzz.ts';
import { MAX_GROWTH_BYTES, usedMemory } from './memory.ts';
import { ofp } from './ofp.ts';

const SECONDS = 20;
/** What a machine ten times as slow as ours, and as busy, still tries in that time. */
const LEAST_CASES = 5000;
/** Milliseconds for a message: five times what `npm run fuzz` allows, for slow machines. A hang takes any number. */
const BUDGET_MS = 5;

function tried(options: FuzzOptions): FuzzReport {
  const report = fuzz(ofp, options);
  const { failure } = report;
  expect(failure && { ...failure, minimal: failure.minimal.toString('hex') }).toBeUndefined();
  return report;
}

/** Mutations that are all refused at the door, or none of them, would try nothing. */
function expectSomeOfBoth({ cases, refused }: FuzzReport): void {
  const count = [...refused.values()].reduce((sum, times) => sum + times, 0);
  expect(count).toBeGreaterThan(cases / 10);
  expect(count).toBeLessThan((cases * 9) / 10);
}

describe('the OpenFlow codec', () => {
  it('refuses or survives ten thousand mutated messages', () => {
    const report = tried({ seed: 1, cases: 10_000 });
    expect(report.cases).toBe(10_000);
    expectSomeOfBoth(report);
  });

  it(`refuses or survives ${SECONDS} seconds of others, each in its time, and keeps nothing of them`, () => {
    const before = usedMemory();
    const report = tried({ seed: 10_001, seconds: SECONDS, budgetMs: BUDGET_MS });
    expect(report.cases).toBeGreaterThan(LEAST_CASES);
    expectSomeOfBoth(report);
    expect(report.slowest.share).toBeLessThan(1);
    expect(usedMemory() - before).toBeLessThan(MAX_GROWTH_BYTES);
  }, 120_000);
});
