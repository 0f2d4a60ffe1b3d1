import { describe, expect, it } from '@jest/globals';
import { fuzz, type Target } from './fuzz.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

/** Fails on every case that holds 0x2a, and refuses empty ones. */
const planted: Target = {
  name: 'planted',
  make: (random) => random.bytes(random.below(200)),
  check(input) {
    if (input.length === 0) return { refused: 'EMPTY' };
    return input.includes(0x2a) ? { failure: 'the answer', error: new Error('42') } : {};
  },
  work: () => {},
  shrunk: (input) => input,
};

describe('fuzz', () => {
  it('finds a bug, and the smallest case that shows it', () => {
    const { failure, cases } = fuzz(planted, { seed: 1, cases: 1000 });
    expect(failure).toMatchObject({ what: 'the answer', error: new Error('42') });
    expect(failure!.minimal.toString('hex')).toBe('2a');
    expect(failure!.input.includes(0x2a)).toBe(true);
    expect(cases).toBeLessThan(1000);
  });

  it('makes the failing case again from its seed', () => {
    const { failure } = fuzz(planted, { seed: 1, cases: 1000 });
    const again = fuzz(planted, { seed: failure!.seed, cases: 1 });
    expect(again.failure!.input.equals(failure!.input)).toBe(true);
  });

  it('counts what was refused by code', () => {
    const empty: Target = { ...planted, make: () => Buffer.alloc(0) };
    expect(fuzz(empty, { seed: 1, cases: 7 }).refused).toEqual(new Map([['EMPTY', 7]]));
  });

  it('takes a case over its budget for a failure, when it is so in most of its runs', () => {
    const idle: Target = { ...planted, check: () => ({}) };
    const { failure } = fuzz(idle, { seed: 1, cases: 1000, budgetMs: Number.MIN_VALUE });
    expect(failure?.what).toMatch(/^took \d+\.\d\d ms for \d+ bytes$/);
    const { failure: none, slowest } = fuzz(idle, { seed: 1, cases: 10, budgetMs: Number.MAX_VALUE });
    expect(none).toBeUndefined();
    expect(slowest.share).toBeLessThan(1);
  });

  it('stops when its time is over', () => {
    expect(fuzz({ ...planted, check: () => ({}) }, { seed: 1, seconds: 0 }).cases).toBe(0);
  });
});

describe('Random', () => {
  it('gives the same numbers for the same seed, and others for the next', () => {
    const numbers = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 100 }, () => random.u32());
    };
    expect(numbers(1)).toEqual(numbers(1));
    expect(numbers(0)).not.toEqual(numbers(1));
    expect(new Set(numbers(0)).size).toBe(100);
  });

  it('reaches every number under a limit', () => {
    const random = new Random(3);
    const seen = new Set(Array.from({ length: 1000 }, () => random.below(16)));
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, number) => number));
  });
});

describe('mutate', () => {
  const message = Buffer.from('040e003800000001'.padEnd(112, '0'), 'hex');

  it('leaves its messages as they were, and makes others of at most 65,535 bytes', () => {
    const before = message.toString('hex');
    let changed = 0;
    for (let seed = 0; seed < 500; seed++) {
      const mutated = mutate(message, message, new Random(seed));
      expect(mutated.length).toBeLessThanOrEqual(0xffff);
      if (!mutated.equals(message)) changed++;
    }
    expect(message.toString('hex')).toBe(before);
    expect(changed).toBeGreaterThan(400);
  });

  it('takes messages of any size, empty ones too', () => {
    for (let size = 0; size < 20; size++) {
      for (let seed = 0; seed < 50; seed++) {
        expect(() => mutate(message.subarray(0, size), message, new Random(seed))).not.toThrow();
      }
    }
  });
});
