import { describe, expect, it } from '@jest/globals';
import { check, cpuFigure, type Figure, ratioFigure } from '../../../bench/harness/check.ts';
import { compare } from '../../../bench/harness/comparison.ts';

const RESULTS = compare(
  [
    { name: 'ours', role: 'ours', turns: [{ elapsedMs: 100, cpuMs: { client: 250 } }], errors: [] },
    { name: 'theirs', role: 'peer', turns: [{ elapsedMs: 150, cpuMs: {} }], errors: [] },
    { name: 'broken', role: 'peer', turns: [], errors: ['round 1: it broke'] },
  ],
  1000,
);

function figure(value: number | undefined, kind: Figure['kind'] = 'atLeast'): Figure {
  return { what: 'it', value, bound: 1.5, kind, unit: 'x' };
}

describe('ratioFigure', () => {
  it('is the rate of the one over that of the other', () => {
    const expected = { what: 'ours over theirs', bound: 1.4, kind: 'atLeast', unit: 'x' };
    expect(ratioFigure(RESULTS, 'ours', 'theirs', 1.4)).toEqual({ ...expected, value: 1.5 });
  });

  it.each(['broken', 'absent'])('has no value when the other is %s', (other) => {
    expect(ratioFigure(RESULTS, 'ours', other, 1.4).value).toBeUndefined();
  });
});

describe('cpuFigure', () => {
  it('is in seconds, and to stay below its bound', () => {
    const expected = { what: 'client CPU of ours', value: 0.25, bound: 0.2, kind: 'atMost', unit: ' s' };
    expect(cpuFigure(RESULTS, 'ours', 'client', 0.2)).toEqual(expected);
  });

  it('has no value when nobody counted', () => {
    expect(cpuFigure(RESULTS, 'theirs', 'client', 0.2).value).toBeUndefined();
  });
});

describe('check', () => {
  it('keeps what is on the bound, and misses what is beyond it', () => {
    const verdict = check([figure(1.5), figure(1.49), figure(1.5, 'atMost'), figure(1.51, 'atMost')]);
    expect(verdict).toEqual({
      kept: ['it: 1.50x, at least 1.50x', 'it: 1.50x, at most 1.50x'],
      missed: ['it: 1.49x, at least 1.50x', 'it: 1.51x, at most 1.50x'],
      unknown: [],
    });
  });

  it('neither keeps nor misses what was not measured', () => {
    const verdict = check([figure(undefined)]);
    expect(verdict).toEqual({ kept: [], missed: [], unknown: ['it: not measured, wanted at least 1.50x'] });
  });

  it('writes large numbers without decimals', () => {
    const [line] = check([
      { what: 'it', value: 31_999.6, bound: 30_000, kind: 'atMost', unit: ' ns' },
    ]).missed;
    expect(line).toBe('it: 32,000 ns, at most 30,000 ns');
  });
});
