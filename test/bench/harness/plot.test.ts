import { describe, expect, it } from '@jest/globals';
import { type Comparison, compare } from '../../../bench/harness/comparison.ts';
import { linePlot, ratePlot } from '../../../bench/harness/plot.ts';
import type { Role } from '../../../bench/harness/rounds.ts';

function results(...rows: readonly (readonly [string, Role, ...number[]])[]): readonly Comparison[] {
  const all = rows.map(([name, role, ...elapsed]) => {
    const turns = elapsed.map((elapsedMs) => ({ elapsedMs, cpuMs: {} }));
    return { name, role, turns, errors: [] };
  });
  return compare(all, 1000);
}

function numbersOf(svg: string, pattern: RegExp): number[] {
  return [...svg.matchAll(pattern)].map(([, number]) => Number(number));
}

describe('ratePlot', () => {
  it('draws bars as long as the rates, coloured by role', () => {
    const { name, svg } = ratePlot(
      'a',
      'A bench',
      'flows',
      results(['us', 'ours', 100], ['it', 'peer', 200]),
    );
    expect(name).toBe('a');
    const [ours, peer] = ['ours', 'peer'].map(
      (role) => numbersOf(svg, new RegExp(`class="${role}" .*? width="([\\d.]+)"`, 'g'))[0]!,
    );
    expect(ours! / peer!).toBeCloseTo(2, 1);
    for (const part of ['>A bench</text>', '>10,000</text>', '>5,000</text>', 'flows/s']) {
      expect(svg).toContain(part);
    }
  });

  it('marks the worst and the best turn', () => {
    const { svg } = ratePlot('a', 'A', 'flows', results(['us', 'ours', 100, 200, 400]));
    const [, from, to] = /class="whisker" d="M([\d.]+) \d+H([\d.]+)/.exec(svg)!;
    const left = numbersOf(svg, /class="ours" x="([\d.]+)"/g)[0]!;
    expect((Number(to) - left) / (Number(from) - left)).toBeCloseTo(4, 1);
  });

  it('leaves out whom no turn went well for', () => {
    expect(ratePlot('a', 'A', 'flows', results(['gone', 'peer'])).svg).not.toContain('gone');
  });

  it('takes any name', () => {
    const { svg } = ratePlot('a', 'A', 'flows', results(['<b> & "c"', 'peer', 1]));
    expect(svg).toContain('&lt;b&gt; &amp; &quot;c&quot;');
  });
});

describe('linePlot', () => {
  const options = { name: 'b', title: 'B', xLabel: 'connections', yLabel: 'ms' };

  it('places powers of ten at equal distances', () => {
    const points = [1, 10, 100, 1000].map((x) => [x, x] as const);
    const { svg } = linePlot({ ...options, lines: [{ label: 'us', points }] });
    const [xs, ys] = ['cx', 'cy'].map((at) => numbersOf(svg, new RegExp(`${at}="([\\d.]+)"`, 'g')));
    for (const places of [xs!, ys!]) {
      const steps = places.slice(1).map((place, i) => place - places[i]!);
      for (const step of steps) expect(Math.abs(step - steps[0]!)).toBeLessThan(0.21);
    }
    expect(xs![0]).toBeLessThan(xs![3]!);
    expect(ys![0]).toBeGreaterThan(ys![3]!);
    for (const tick of ['>1</text>', '>10</text>', '>100</text>', '>1k</text>']) expect(svg).toContain(tick);
  });

  it('names each line once, and no name covers another', () => {
    const lines = ['us', 'them', 'it'].map((label) => ({
      label,
      points: [[1, 5] as const, [10, 5] as const],
    }));
    const { svg } = linePlot({ ...options, lines });
    const heights = lines.map(({ label }) => numbersOf(svg, new RegExp(`y="([\\d.]+)"[^>]*>${label}<`, 'g')));
    expect(heights.map((found) => found.length)).toEqual([1, 1, 1]);
    const [a, b, c] = heights.flat().sort((x, y) => x - y);
    expect(Math.min(b! - a!, c! - b!)).toBeGreaterThanOrEqual(14);
  });

  it('has the names in the order of the ends of the lines, in their colours', () => {
    const lines = [
      { label: 'low', points: [[1, 500] as const, [10, 5] as const] },
      { label: 'high', points: [[1, 5] as const, [10, 500] as const] },
    ];
    const { svg } = linePlot({ ...options, lines });
    const names = [...svg.matchAll(/y="([\d.]+)" text-anchor="start" class="(line\d)">(\w+)</g)];
    expect(names.map(([, , colour, name]) => [name, colour])).toEqual([
      ['high', 'line1'],
      ['low', 'line0'],
    ]);
    expect(Number(names[0]![1])).toBeLessThan(Number(names[1]![1]));
  });

  it('draws axes when there is nothing else to draw', () => {
    expect(linePlot({ ...options, lines: [] }).svg).not.toContain('NaN');
  });
});
