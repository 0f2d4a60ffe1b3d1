import { type FlowWords, WORD_OF } from '../packet/layout.ts';
import type { Ledger } from '../tables/counted.ts';
import { type Counters, type Handling, handlingOf } from './handling.ts';
import { Handlings } from './handlings.ts';
import { Megaflows } from './megaflows.ts';
import type { Recording } from './recording.ts';

/** How many masks are tried for a packet before the tables themselves are no slower. */
const MAX_MASKS = 64;
/** Of the hash that says where a hint is. */
const HINT_BITS = 12;

/**
 * Remembers what became of packets by the bits that it depended on, so that those that are alike need no tables: a
 * megaflow cache. When it is full, what was not used since it was half full is forgotten. Packets are counted here, and
 * those who count them hear of it when they are asked.
 */
export class FlowCache implements Ledger {
  readonly #maxWalks: number;
  readonly #now: () => number;
  #version = -1;
  #young: Megaflows[] = [];
  /** Of those who are young. */
  #handlings = new Handlings();
  #old: Megaflows[] = [];
  #youngWalks = 0;
  /** True while there are packets that have been counted nowhere else. */
  #isDue = false;
  /** Which of several masks a packet with these addresses and ports had last. */
  readonly #hints = new Uint8Array(1 << HINT_BITS);

  /** @param maxWalks 0 to remember nothing */
  constructor(maxWalks: number, now: () => number) {
    this.#maxWalks = maxWalks;
    this.#now = now;
  }

  /** False when nothing is remembered whatever comes. */
  get isOn(): boolean {
    return this.#maxWalks > 0;
  }

  /**
   * What becomes of a packet, which is counted, if one like it was seen.
   * @param version changes whenever any of what is remembered may be wrong
   */
  hit(words: FlowWords, bytes: number, version: number): Handling | undefined {
    if (version !== this.#version) this.#forget(version);
    const young = this.#young;
    if (young.length === 1) return this.#hitIn(young[0]!, words, bytes) ?? this.#revive(words, bytes);
    return this.#search(young, words, bytes) ?? this.#revive(words, bytes);
  }

  /** Remembers what became of a packet. @param words of the packet as it came */
  add(words: FlowWords, recording: Recording, version: number): void {
    if (!this.isOn) return;
    if (version !== this.#version) this.#forget(version);
    this.#insert(this.#maskOf(recording.mask), words, handlingOf(recording), countersOf(recording));
  }

  settle(): void {
    if (!this.#isDue) return;
    this.#isDue = false;
    for (const each of this.#young) each.settle();
    for (const each of this.#old) each.settle();
  }

  #search(young: readonly Megaflows[], words: FlowWords, bytes: number): Handling | undefined {
    if (young.length === 0) return undefined;
    const slot = hintOf(words);
    const hint = this.#hints[slot]!;
    const handling = hint < young.length ? this.#hitIn(young[hint]!, words, bytes) : undefined;
    if (handling !== undefined) return handling;
    for (let i = 0; i < young.length; i++) {
      const found = i === hint ? undefined : this.#hitIn(young[i]!, words, bytes);
      if (found === undefined) continue;
      this.#hints[slot] = i;
      return found;
    }
    return undefined;
  }

  #hitIn(megaflows: Megaflows, words: FlowWords, bytes: number): Handling | undefined {
    const place = megaflows.find(words);
    if (place < 0) return undefined;
    this.#isDue = true;
    return megaflows.hit(place, bytes);
  }

  #maskOf(mask: FlowWords): Megaflows {
    const indices = [...mask.keys()].filter((index) => mask[index] !== 0);
    const masks = Int32Array.from(indices, (index) => mask[index]!);
    const key = `${indices} ${masks}`;
    const known = this.#young.find((each) => each.key === key);
    return known ?? new Megaflows(indices, masks, key, this.#handlings, this.#now);
  }

  #insert(mask: Megaflows, words: FlowWords, handling: Handling, counters: Counters): void {
    let target = mask;
    const isNew = !this.#young.includes(mask);
    if (this.#youngWalks * 2 >= this.#maxWalks || (isNew && this.#young.length >= MAX_MASKS)) {
      this.settle();
      this.#old = this.#young;
      this.#beginAnew();
      target = mask.emptied(this.#handlings);
    }
    if (!this.#young.includes(target)) this.#young.push(target);
    this.#youngWalks++;
    target.add(words, handling, counters);
  }

  #revive(words: FlowWords, bytes: number): Handling | undefined {
    for (const mask of this.#old) {
      const place = mask.find(words);
      if (place < 0) continue;
      const handling = this.#hitIn(mask, words, bytes)!;
      const target = this.#young.find(({ key }) => key === mask.key) ?? mask.emptied(this.#handlings);
      this.#insert(target, words, handling, mask.countersOf(place));
      return handling;
    }
    return undefined;
  }

  #forget(version: number): void {
    this.settle();
    this.#version = version;
    this.#old = [];
    this.#beginAnew();
  }

  #beginAnew(): void {
    this.#young = [];
    this.#handlings = new Handlings();
    this.#youngWalks = 0;
  }
}

/** Most lists are empty, and none of them grows any more. */
function countersOf({ flows, matched, missed, groups }: Recording): Counters {
  return { flows, matched, missed: orNone(missed), groups: orNone(groups) };
}

const NONE: readonly never[] = [];

function orNone<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NONE : list;
}

function hintOf(words: FlowWords): number {
  const ports = words[WORD_OF.tpSrc]! ^ (words[WORD_OF.tpDst]! << 16);
  const addresses = words[WORD_OF.dlDst + 1]! ^ words[WORD_OF.nwSrc]! ^ words[WORD_OF.nwDst]!;
  const hash = Math.imul(ports ^ addresses ^ words[WORD_OF.inPort]!, 0x9e3779b1);
  return hash >>> (32 - HINT_BITS);
}
