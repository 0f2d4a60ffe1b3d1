import type { MatchInit } from '../ofp/oxm/fields.ts';
import { type FlowKey, PLACES, type Place } from '../ofp/text/flow-key.ts';
import { keyOfMatch } from '../ofp/text/match-key.ts';
import { emptyWords, type FlowWords, WORD_OF, wordRun, writeRun } from './layout.ts';

/** Which packets are taken: those whose words equal `value` in the bits that `mask` sets. Value bits outside the mask are 0. */
export interface FlowMatch {
  readonly value: FlowWords;
  readonly mask: FlowWords;
  /** The words that `mask` says anything of. */
  readonly indices: readonly number[];
}

/** A match's words. */
export function flowMatch(match: MatchInit): FlowMatch {
  return flowMatchOfKey(keyOfMatch(match));
}

/** The words of a match that is given by places. */
export function flowMatchOfKey(key: FlowKey): FlowMatch {
  const value = emptyWords();
  const mask = emptyWords();
  for (const place of Object.keys(PLACES) as Place[]) {
    if (!key.has(place)) continue;
    const run = wordRun(place, 0, wholeBits(place));
    writeRun(value, run, key.value(place));
    writeRun(mask, run, key.mask(place));
  }
  // Every packet here is an Ethernet frame: saying so would only make more kinds of masks.
  if (value[WORD_OF.packetType] === 0) mask[WORD_OF.packetType] = 0;
  const indices: number[] = [];
  for (const [index, word] of mask.entries()) if (word !== 0) indices.push(index);
  return { value, mask, indices };
}

/** Whole words, since masks may say more bits than a place has. */
function wholeBits(place: Place): number {
  return Math.ceil(PLACES[place] / 32) * 32;
}

/** True when the packet is one of those. */
export function takes({ value, mask, indices }: FlowMatch, words: FlowWords): boolean {
  for (const index of indices) if (((words[index]! ^ value[index]!) & mask[index]!) !== 0) return false;
  return true;
}

/** True when every packet of `narrow` is one of `wide` (the loose matching of OpenFlow 1.3.5, 6.4). */
export function covers(wide: FlowMatch, narrow: FlowMatch): boolean {
  for (const index of wide.indices) {
    const mask = wide.mask[index]!;
    if ((mask & ~narrow.mask[index]!) !== 0) return false;
    if (((wide.value[index]! ^ narrow.value[index]!) & mask) !== 0) return false;
  }
  return true;
}

/** True when both take the same packets. */
export function isSameMatch(a: FlowMatch, b: FlowMatch): boolean {
  return a.indices.length === b.indices.length && covers(a, b) && covers(b, a);
}

/** True when some packet could be one of both. */
export function overlaps(a: FlowMatch, b: FlowMatch): boolean {
  for (const index of a.indices) {
    if (((a.value[index]! ^ b.value[index]!) & a.mask[index]! & b.mask[index]!) !== 0) return false;
  }
  return true;
}
