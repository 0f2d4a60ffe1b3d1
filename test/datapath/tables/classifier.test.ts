import { describe, expect, it } from '@jest/globals';
import { Packet } from '../../../src/datapath/packet/packet.ts';
import { Classifier } from '../../../src/datapath/tables/classifier.ts';
import {
  covers,
  type FlowMatch,
  flowMatch,
  overlaps,
  takes,
} from '../../../src/datapath/tables/flow-match.ts';
import { parseFlow } from '../../../src/ofp/text/flow-parse.ts';
import { udpFrame } from '../frames.ts';

interface TestRule {
  readonly match: FlowMatch;
  readonly priority: number;
  readonly clauses: undefined;
}

const match = (text: string): FlowMatch => flowMatch(parseFlow(`${text},actions=drop`).match ?? {});

/** Numbers that come out the same each time (Numerical Recipes' generator). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('Classifier', () => {
  it('finds what trying every rule finds, after any adds and deletes', () => {
    const next = numbers(7);
    const classifier = new Classifier<TestRule>();
    const rules: TestRule[] = [];
    const texts = () =>
      [
        'ip',
        'udp',
        `ip,nw_src=10.0.${next(4)}.0/24`,
        `ip,nw_src=10.0.0.0/${8 + next(25)}`,
        `udp,tp_dst=${next(8)}`,
      ][next(5)]!;
    for (let round = 0; round < 400; round++) {
      const rule = { match: match(texts()), priority: next(12), clauses: undefined };
      const old = classifier.insert(rule);
      if (old !== undefined) rules.splice(rules.indexOf(old), 1);
      rules.push(rule);
      if (next(3) === 0) expect(classifier.delete(rules.splice(next(rules.length), 1)[0]!)).toBe(true);
      const { words } = Packet.receive(udpFrame({ dport: next(8) }), 1);
      const best = rules.filter((each) => takes(each.match, words)).map(({ priority }) => priority);
      expect(classifier.lookup(words)?.priority).toBe(best.length === 0 ? undefined : Math.max(...best));
      expect(classifier.size).toBe(rules.length);
    }
    for (const rule of rules) classifier.delete(rule);
    expect([classifier.size, classifier.masks]).toEqual([0, 0]);
  });

  it('has one table for each mask', () => {
    const classifier = new Classifier<TestRule>();
    for (const last of [1, 2, 3])
      classifier.insert({ match: match(`ip,nw_dst=10.0.0.${last}`), priority: last, clauses: undefined });
    classifier.insert({ match: match('ip,nw_dst=10.0.0.0/8'), priority: 1, clauses: undefined });
    expect([classifier.size, classifier.masks]).toEqual([4, 2]);
  });

  const relations: readonly [wide: string, narrow: string, covers: boolean, overlaps: boolean][] = [
    ['ip', 'tcp', true, true],
    ['tcp', 'ip', false, true],
    ['tcp', 'udp', false, false],
    ['ip,nw_src=10.0.0.0/8', 'ip,nw_src=10.1.0.0/16', true, true],
    ['ip,nw_src=10.0.0.0/8', 'ip,nw_src=11.0.0.0/8', false, false],
    ['ip,nw_src=10.0.0.0/8', 'ip,nw_dst=11.0.0.0/8', false, true],
    ['dl_vlan=5', 'dl_vlan=5,dl_vlan_pcp=3', true, true],
    ['reg0=0x1/0x1', 'reg0=3', true, true],
    ['xxreg0=0x5/0xf', 'reg3=0x5', true, true],
  ];
  it.each(relations)(
    'says of %s and %s: covers %s, overlaps %s',
    (wide, narrow, isCovered, isOverlapping) => {
      expect(covers(match(wide), match(narrow))).toBe(isCovered);
      expect(overlaps(match(wide), match(narrow))).toBe(isOverlapping);
      expect(overlaps(match(narrow), match(wide))).toBe(isOverlapping);
    },
  );
});
