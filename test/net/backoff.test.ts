import { describe, expect, it } from '@jest/globals';
import { Backoff, type BackoffOptions } from '../../src/net/backoff.ts';
import { UsageError } from '../../src/util/errors.ts';

function delays(backoff: Backoff, count: number): number[] {
  return Array.from({ length: count }, () => backoff.next());
}

describe('Backoff', () => {
  it('grows by the factor up to the longest delay', () => {
    const backoff = new Backoff({ minMs: 100, maxMs: 1000, factor: 3, jitter: 0 });
    expect(delays(backoff, 5)).toEqual([100, 300, 900, 1000, 1000]);
  });

  it('starts again after a reset', () => {
    const backoff = new Backoff({ minMs: 100, maxMs: 1000, jitter: 0 });
    delays(backoff, 3);
    backoff.reset();
    expect(delays(backoff, 2)).toEqual([100, 200]);
  });

  it('takes off up to the jitter, and never adds', () => {
    const options: BackoffOptions = { minMs: 1000, maxMs: 1000, jitter: 0.5 };
    expect(new Backoff({ ...options, random: () => 0 }).next()).toBe(1000);
    expect(new Backoff({ ...options, random: () => 0.5 }).next()).toBe(750);
    expect(new Backoff({ ...options, random: () => 1 }).next()).toBe(500);
  });

  it('does not let the jitter shorten later delays', () => {
    const backoff = new Backoff({ minMs: 100, maxMs: 1000, jitter: 1, random: () => 0.5 });
    expect(delays(backoff, 3)).toEqual([50, 100, 200]);
  });

  it.each<BackoffOptions>([
    { minMs: 0 },
    { minMs: 100, maxMs: 99 },
    { maxMs: Number.POSITIVE_INFINITY },
    { factor: 0.5 },
    { jitter: 1.1 },
    { minMs: Number.NaN },
  ])('refuses %j', (options) => {
    expect(() => new Backoff(options)).toThrow(UsageError);
    expect(() => new Backoff(options)).toThrow(expect.objectContaining({ code: 'NET_BACKOFF_INVALID' }));
  });
});
