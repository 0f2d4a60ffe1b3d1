import { describe, expect, it } from '@jest/globals';
import { type ResultSection, updateResults } from '../../../bench/harness/results.ts';

const BENCHES = ['a', 'b', 'c'];

function section(bench: string, text: string): ResultSection {
  return { bench, command: `run ${bench}`, date: new Date('2026-11-21T14:30:59Z'), text };
}

describe('updateResults', () => {
  const first = updateResults('', [section('c', 'see'), section('a', 'ay')], BENCHES);

  it('says how and when a table was made', () => {
    expect(first).toContain('## a\n\n`run a`, 2026-11-21 14:30 UTC\n\n```text\nay\n```\n');
  });

  it('has the benches in their order', () => {
    expect(first.match(/^## .*/gm)).toEqual(['## a', '## c']);
  });

  it('replaces what was measured again, and leaves the rest as it is', () => {
    const second = updateResults(first, [section('b', 'bee'), section('a', 'new')], BENCHES);
    expect(second.match(/^## .*/gm)).toEqual(['## a', '## b', '## c']);
    expect(second).not.toContain('\nay\n');
    expect(second).toContain('```text\nnew\n```\n\n## b\n');
    expect(second.slice(second.indexOf('## c'))).toBe(first.slice(first.indexOf('## c')));
  });

  it('changes nothing when nothing was measured', () => {
    expect(updateResults(first, [], BENCHES)).toBe(first);
  });

  it('drops benches that there are no more', () => {
    expect(updateResults(first, [], ['c']).match(/^## .*/gm)).toEqual(['## c']);
  });
});
