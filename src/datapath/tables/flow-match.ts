import type { MatchInit } from '../../ofp/oxm/fields.ts';
import { type FlowKey, PLACES, type Place } from '../../ofp/text/flow-key.ts';
import { keyOfMatch } from '../../ofp/text/match-key.ts';
import { chunksOf, type FlowWords, WORD_OF } from '../packet/layout.ts';
import { presenceWord } from '../packet/tunnel-options.ts';

/** Which packets are taken: those whose words equal a value in the bits that its mask sets. */
export interface FlowMatch {
  /** The words that anything is said of, in their order. */
  readonly indices: readonly number[];
  /** Of each of `indices`; bits outside the mask are 0. */
  readonly values: FlowWords;
  readonly masks: FlowWords;
}

/** A match's words. */
export function flowMatch(match: MatchInit): FlowMatch {
  return flowMatchOfKey(keyOfMatch(match));
}

/** The words of a match that is given by places. */
export function flowMatchOfKey(key: FlowKey): FlowMatch {
  const indices: number[] = [];
  const values: number[] = [];
  const masks: number[] = [];
  for (const place of [...key.places()].sort((a, b) => WORD_OF[a] - WORD_OF[b])) {
    // Every packet here is an Ethernet frame: saying so would only make more kinds of masks.
    if (place === 'packetType' && key.value(place) === 0n) continue;
    const mask = chunksOf(key.mask(place), wholeBits(place));
    const value = chunksOf(key.value(place), wholeBits(place));
    const last = WORD_OF[place] + mask.length - 1;
    for (let i = mask.length - 1; i >= 0; i--) {
      if (mask[i] === 0) continue;
      indices.push(last - i);
      values.push(value[i]!);
      masks.push(mask[i]!);
    }
  }
  addOptions(key, indices, values, masks);
  return { indices, values: Uint32Array.from(values), masks: Uint32Array.from(masks) };
}

/** Adds the tunnel options, whose words come last. A packet that does not have one is not taken, whatever the mask. */
function addOptions({ tunnelOptions }: FlowKey, indices: number[], values: number[], masks: number[]): void {
  if (tunnelOptions.size === 0) return;
  const add = (index: number, value: number, mask: number) => {
    indices.push(index);
    values.push(value);
    masks.push(mask);
  };
  const numbers = [...tunnelOptions.keys()].sort((a, b) => a - b);
  for (const half of [1, 0]) {
    const own = numbers.filter((number) => number >>> 5 === half);
    const present = own.reduce((bits, number) => bits | (1 << (number & 31)), 0) >>> 0;
    if (present !== 0) add(presenceWord(half * 32), present, present);
  }
  for (const number of numbers) {
    const { value, mask } = tunnelOptions.get(number)!;
    const wanted = mask === undefined ? 0xffffffff : lastWord(mask);
    if (wanted !== 0) add(WORD_OF.tunOptions + number, (lastWord(value) & wanted) >>> 0, wanted);
  }
}

/** The number that up to 4 bytes are. */
function lastWord(bytes: Uint8Array): number {
  return bytes.subarray(-4).reduce((word, byte) => ((word << 8) | byte) >>> 0, 0);
}

/** Whole words, since masks may say more bits than a place has. */
function wholeBits(place: Place): number {
  return Math.ceil(PLACES[place] / 32) * 32;
}

/** True when the packet is one of those. */
export function takes({ indices, values, masks }: FlowMatch, words: FlowWords): boolean {
  return indices.every((index, i) => ((words[index]! ^ values[i]!) & masks[i]!) === 0);
}

/** True when every packet of `narrow` is one of `wide` (the loose matching of OpenFlow 1.3.5, 6.4). */
export function covers(wide: FlowMatch, narrow: FlowMatch): boolean {
  for (let i = 0, j = 0; i < wide.indices.length; i++) {
    while (narrow.indices[j]! < wide.indices[i]!) j++;
    if (narrow.indices[j] !== wide.indices[i]) return false;
    const mask = wide.masks[i]!;
    if ((mask & ~narrow.masks[j]!) !== 0) return false;
    if (((wide.values[i]! ^ narrow.values[j]!) & mask) !== 0) return false;
  }
  return true;
}

/** True when both take the same packets. */
export function isSameMatch(a: FlowMatch, b: FlowMatch): boolean {
  return a.indices.length === b.indices.length && covers(a, b) && covers(b, a);
}

/** True when some packet could be one of both. */
export function overlaps(a: FlowMatch, b: FlowMatch): boolean {
  for (let i = 0, j = 0; i < a.indices.length; i++) {
    while (b.indices[j]! < a.indices[i]!) j++;
    if (b.indices[j] !== a.indices[i]) continue;
    if (((a.values[i]! ^ b.values[j]!) & a.masks[i]! & b.masks[j]!) !== 0) return false;
  }
  return true;
}
