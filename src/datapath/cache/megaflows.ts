import { FIRST_HASH, finish, mixIn } from '../packet/hash.ts';
import type { FlowWords } from '../packet/layout.ts';
import { type Counters, credit, type Handling } from './handling.ts';
import type { Handlings } from './handlings.ts';

/** What a record has before its words, and where: what was counted, when the last came, and the number of its handling. */
const BEFORE_WORDS = 5;
const PACKETS = 0;
const BYTES = 1;
/** A number of 64 bits. */
const USED_MS = 2;
const HANDLING = 4;
/** Well under what 32 bits count: there is room for another packet. */
const MOST_BYTES = 2 ** 30;
/** The handling of a place without a record. */
const EMPTY = -1;
const LEAST_PLACES = 16;

/**
 * Kinds of packets that are told apart by the same bits: a hash table of records in one flat array. All that most
 * packets need is in their record, for with many kinds, what a packet costs is what memory has to be waited for.
 */
export class Megaflows {
  readonly key: string;
  readonly #indices: readonly number[];
  readonly #masks: Int32Array;
  readonly #handlings: Handlings;
  readonly #now: () => number;
  /** The words that are looked for, under the mask. */
  readonly #wanted: Int32Array;
  /** How many words a record has: an even number. */
  readonly #size: number;
  /** A power of two of records, never more than half of them in use. */
  #places = LEAST_PLACES;
  #records: Int32Array;
  /** The same in words of 64 bits. */
  #wide: Float64Array;
  #counters = noCounters(LEAST_PLACES);
  /** The places of records with packets that their counters have not heard of. */
  #due: number[] = [];
  #length = 0;

  /** @param masks of the words at `indices` */
  constructor(
    indices: readonly number[],
    masks: Int32Array,
    key: string,
    handlings: Handlings,
    now: () => number,
  ) {
    this.key = key;
    this.#indices = indices;
    this.#masks = masks;
    this.#handlings = handlings;
    this.#now = now;
    this.#wanted = new Int32Array(indices.length);
    this.#size = Math.ceil((BEFORE_WORDS + indices.length) / 2) * 2;
    this.#records = new Int32Array(LEAST_PLACES * this.#size).fill(EMPTY);
    this.#wide = new Float64Array(this.#records.buffer);
  }

  /** The same mask without kinds. */
  emptied(handlings: Handlings): Megaflows {
    return new Megaflows(this.#indices, this.#masks, this.key, handlings, this.#now);
  }

  /** The place of the record for a packet, or -1. */
  find(words: FlowWords): number {
    const wanted = this.#wanted;
    const size = this.#size;
    const records = this.#records;
    const last = this.#places - 1;
    for (let place = this.#hash(words) & last; ; place = (place + 1) & last) {
      let at = place * size;
      if (records[at + HANDLING]! < 0) return -1;
      at += BEFORE_WORDS;
      let i = 0;
      while (i < wanted.length && records[at] === wanted[i]) {
        at++;
        i++;
      }
      if (i === wanted.length) return place;
    }
  }

  /** Counts a packet of the kind at a place. @returns what is done with it */
  hit(place: number, bytes: number): Handling {
    const records = this.#records;
    const at = place * this.#size;
    if (records[at + PACKETS] === 0) this.#due.push(place);
    else if (records[at + BYTES]! > MOST_BYTES) this.#settleOne(place);
    records[at + PACKETS]!++;
    records[at + BYTES]! += bytes;
    this.#wide[(at + USED_MS) / 2] = this.#now();
    return this.#handlings.get(records[at + HANDLING]!);
  }

  /** Who counts the packets of the kind at a place. */
  countersOf(place: number): Counters {
    return this.#counters[place]!;
  }

  /** Adds a kind that is not there. */
  add(words: FlowWords, handling: Handling, counters: Counters): void {
    this.#length++;
    if (this.#length * 2 > this.#places) this.#grow();
    const place = this.#freePlace(this.#hash(words));
    const at = place * this.#size;
    this.#records[at + HANDLING] = this.#handlings.numberOf(handling);
    this.#records[at + PACKETS] = 0;
    this.#records[at + BYTES] = 0;
    this.#records.set(this.#wanted, at + BEFORE_WORDS);
    this.#counters[place] = counters;
  }

  /** Tells all counters of the packets that they have not heard of. */
  settle(): void {
    for (const place of this.#due) this.#settleOne(place);
    this.#due = [];
  }

  #settleOne(place: number): void {
    const records = this.#records;
    const at = place * this.#size;
    const usedMs = this.#wide[(at + USED_MS) / 2]!;
    credit(this.#counters[place]!, records[at + PACKETS]!, records[at + BYTES]!, usedMs);
    records[at + PACKETS] = 0;
    records[at + BYTES] = 0;
  }

  /** Notes the words under the mask. @returns FNV-1a over them, with the bits mixed once more */
  #hash(words: FlowWords): number {
    const indices = this.#indices;
    const masks = this.#masks;
    const wanted = this.#wanted;
    let hash = FIRST_HASH;
    for (let i = 0; i < wanted.length; i++) {
      const word = words[indices[i]!]! & masks[i]!;
      wanted[i] = word;
      hash = mixIn(hash, word);
    }
    return finish(hash);
  }

  #freePlace(hash: number): number {
    const last = this.#places - 1;
    let place = hash & last;
    while (this.#records[place * this.#size + HANDLING]! >= 0) place = (place + 1) & last;
    return place;
  }

  #grow(): void {
    // What is due is known by its place.
    this.settle();
    const [records, counters, places] = [this.#records, this.#counters, this.#places];
    const size = this.#size;
    this.#places = places * 2;
    this.#records = new Int32Array(records.length * 2).fill(EMPTY);
    this.#wide = new Float64Array(this.#records.buffer);
    this.#counters = noCounters(this.#places);
    for (let start = 0, old = 0; old < places; old++, start += size) {
      if (records[start + HANDLING]! < 0) continue;
      let hash = FIRST_HASH;
      const end = start + BEFORE_WORDS + this.#indices.length;
      for (let at = start + BEFORE_WORDS; at < end; at++) hash = mixIn(hash, records[at]!);
      const place = this.#freePlace(finish(hash));
      this.#records.set(records.subarray(start, start + size), place * size);
      this.#counters[place] = counters[old];
    }
  }
}

/** Whole from the beginning: an array that is filled here and there would become a slow dictionary. */
function noCounters(places: number): (Counters | undefined)[] {
  return new Array(places).fill(undefined);
}
