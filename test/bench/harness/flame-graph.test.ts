import { describe, expect, it } from '@jest/globals';
import { type CpuProfile, flameGraph } from '../../../bench/harness/flame-graph.ts';

const node = (id: number, functionName: string, children: number[] = [], url = 'file:///x/dist/a.js') => {
  return { id, callFrame: { functionName, url, lineNumber: 9 }, children };
};

/** `main` calls `work`, which is seen from two places; most of the time nothing is done. */
const PROFILE: CpuProfile = {
  nodes: [
    node(1, '(root)', [2, 5], ''),
    node(2, 'main', [3, 4]),
    node(3, 'work'),
    node(4, 'work'),
    node(5, '(idle)', [], ''),
  ],
  samples: [2, 3, 4, 5],
  timeDeltas: [2000, 1000, 1000, 96_000],
};

function widthOf(svg: string, name: string): number[] {
  const frames = svg.matchAll(new RegExp(`<title>${name} .*? width="([\\d.]+)"`, 'g'));
  return [...frames].map(([, width]) => Number(width));
}

describe('flameGraph', () => {
  const svg = flameGraph(PROFILE, 'a <bench>');

  it('makes a function as wide as its share of the CPU, with what it calls', () => {
    const [[all], [main], [work]] = ['all', 'main', 'work'].map((name) => widthOf(svg, name)) as [
      number[],
      number[],
      number[],
    ];
    expect(main).toBeCloseTo(all!, 0);
    expect(work).toBeCloseTo(all! / 2, 0);
  });

  it('draws a function that one other calls from two places once', () => {
    expect(widthOf(svg, 'work')).toHaveLength(1);
  });

  it('says where a function is, and what it took', () => {
    expect(svg).toContain('<title>work dist/a.js:10: 2.0 ms, 50.0 %</title>');
  });

  it('leaves waiting out', () => {
    expect(svg).not.toContain('(idle)');
    expect(svg).toContain('>a &lt;bench&gt;, 4 ms of CPU</text>');
  });

  it('draws nothing of a profile without samples', () => {
    expect(flameGraph({ nodes: [] }, 'empty')).not.toContain('NaN');
  });
});
