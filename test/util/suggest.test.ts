import { describe, expect, it } from '@jest/globals';
import { suggest } from '../../src/util/suggest.ts';

describe('suggest', () => {
  it.each([
    ['tpc', ['ssl', 'tcp', 'unix'], 'tcp'],
    ['TCP', ['tcp', 'ptcp'], 'tcp'],
    ['extrenal_ids', ['external_ids', 'other_config'], 'external_ids'],
    ['tcp_dsr', ['tcp_src', 'tcp_dst'], 'tcp_dst'],
    ['brige', ['Bridge', 'Port'], 'Bridge'],
    ['actoins', ['actions'], 'actions'],
  ])('takes %s for one of %j', (word, candidates, expected) => {
    expect(suggest(word, candidates)).toBe(expected);
  });

  it.each([
    ['udp', ['tcp', 'ssl']],
    ['', ['tcp']],
    ['completely', ['different']],
    ['a', []],
  ])('finds nothing near %j in %j', (word, candidates) => {
    expect(suggest(word, candidates)).toBeUndefined();
  });

  it('prefers the nearest candidate to the first', () => {
    expect(suggest('interfase', ['interfaces', 'interface'])).toBe('interface');
  });

  it('prefers the first of equally near candidates', () => {
    expect(suggest('ab', ['ac', 'ad'])).toBe('ac');
  });

  it('does not compare overlong words', () => {
    const long = 'x'.repeat(10_000);
    expect(suggest(long, [long])).toBeUndefined();
  });
});
