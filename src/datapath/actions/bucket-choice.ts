import { type FlowWords, WORD_OF } from '../packet/layout.ts';
import type { Group, GroupBucket, Groups } from '../tables/groups.ts';
import { mix } from './spread.ts';

/**
 * The buckets of a group that a packet is given (OpenFlow 1.3.5, 5.6.1).
 * @param mask gets the bits of the packet that this depended on
 */
export function chosenBuckets(
  groups: Groups,
  group: Group,
  words: FlowWords,
  mask: FlowWords | undefined,
): readonly GroupBucket[] {
  switch (group.type) {
    case 'all':
    case 'indirect':
      return group.buckets;
    case 'fastFailover': {
      const live = groups.liveBucket(group);
      return live === undefined ? [] : [live];
    }
    case 'select': {
      const selected = selectedBucket(groups, group, words, mask);
      return selected === undefined ? [] : [selected];
    }
  }
}

/** The bucket of a select group: all packets of a connection get the same, shared out by weight. */
function selectedBucket(
  groups: Groups,
  group: Group,
  words: FlowWords,
  mask: FlowWords | undefined,
): GroupBucket | undefined {
  if (mask !== undefined) for (const index of CONNECTION_WORDS) mask[index] = 0xffffffff;
  let best: GroupBucket | undefined;
  let bestScore = -1;
  const basis = hashConnection(words);
  for (const [index, bucket] of group.buckets.entries()) {
    const { weight } = bucket.bucket;
    if (weight === 0 || !groups.isLive(bucket)) continue;
    // Highest random weight (RFC 2991), with the weights of OpenFlow: x^(1/w) of a uniform x.
    const uniform = (mix(basis ^ Math.imul(index + 1, 0x9e3779b1)) + 1) / 2 ** 32;
    const score = uniform ** (1 / weight);
    if (score > bestScore) [best, bestScore] = [bucket, score];
  }
  return best;
}

const ETHERNET_FIRST = WORD_OF.dlSrc;

/** What tells connections apart: addresses, protocol and ports. */
const CONNECTION_WORDS: readonly number[] = (
  ['nwSrc', 'nwDst', 'nwProto', 'tpSrc', 'tpDst', 'dlType', 'vlanTci'] as const
)
  .map((place) => WORD_OF[place])
  .concat([0, 1, 2, 3].flatMap((i) => [ETHERNET_FIRST + i, WORD_OF.ipv6Src + i, WORD_OF.ipv6Dst + i]));

function hashConnection(words: FlowWords): number {
  let hash = 0;
  for (const index of CONNECTION_WORDS) hash = mix(hash ^ words[index]!);
  return hash;
}
