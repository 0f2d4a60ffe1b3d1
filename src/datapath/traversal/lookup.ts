import { ConfigFlag } from '../../ofp/messages/switch-config.ts';
import { type FlowWords, WORD_OF } from '../packet/layout.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Flow } from '../tables/flow.ts';

/**
 * The flow of a table that takes a packet, by what is to be seen of fragments: as long as they are handled in the
 * normal way the first one has no ports, as the later ones.
 * @param mask gets the bits of the packet that this depended on
 */
export function findFlow(
  { tables, fragments }: Pipeline,
  words: FlowWords,
  tableId: number,
  mask: FlowWords | undefined,
): Flow | undefined {
  if (words[WORD_OF.nwFrag] === 0 || fragments !== ConfigFlag.FRAG_NORMAL)
    return tables.lookup(tableId, words, mask);
  const src = words[WORD_OF.tpSrc]!;
  const dst = words[WORD_OF.tpDst]!;
  words[WORD_OF.tpSrc] = 0;
  words[WORD_OF.tpDst] = 0;
  const flow = tables.lookup(tableId, words, mask);
  words[WORD_OF.tpSrc] = src;
  words[WORD_OF.tpDst] = dst;
  return flow;
}
