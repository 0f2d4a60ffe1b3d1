import type { Flow } from './flow.ts';
import type { FlowTable } from './flow-tables.ts';
import type { Group, GroupBucket } from './groups.ts';
import type { FlowWords } from './layout.ts';
import type { Effect, Recording } from './recording.ts';

/** What happens to every packet of a kind, worked out once. */
export interface CachedWalk {
  readonly effects: readonly Effect[];
  /** The ports that such packets leave through as they came, when nothing else happens to them. */
  readonly ports: readonly number[] | undefined;
  readonly flows: readonly Flow[];
  /** The table of each of `flows`. */
  readonly matched: readonly FlowTable[];
  /** Tables in which no flow took the packet. */
  readonly missed: readonly FlowTable[];
  readonly groups: readonly (Group | GroupBucket)[];
}

/** Kinds that a cache tells apart by the same bits. */
class Mask {
  readonly key: string;
  readonly #indices: readonly number[];
  readonly #masks: Uint32Array;
  /** The place of a walk by its hash, or -1; a power of two, never more than half full. */
  #slots = new Int32Array(16).fill(-1);
  /** The words of each walk, one behind the other. */
  #keys: Uint32Array;
  readonly #walks: CachedWalk[] = [];

  /** @param masks of the words at `indices` */
  constructor(indices: readonly number[], masks: Uint32Array, key: string) {
    this.key = key;
    this.#indices = indices;
    this.#masks = masks;
    this.#keys = new Uint32Array(8 * indices.length);
  }

  /** The same mask without walks. */
  emptied(): Mask {
    return new Mask(this.#indices, this.#masks, this.key);
  }

  find(words: FlowWords): CachedWalk | undefined {
    const slots = this.#slots;
    const last = slots.length - 1;
    for (let slot = this.#hash(words) & last; ; slot = (slot + 1) & last) {
      const place = slots[slot]!;
      if (place < 0) return undefined;
      if (this.#isAt(place, words)) return this.#walks[place];
    }
  }

  /** Adds a kind that is not there. */
  add(words: FlowWords, walk: CachedWalk): void {
    const indices = this.#indices;
    const place = this.#walks.length;
    if ((place + 1) * 2 > this.#slots.length) this.#grow();
    if ((place + 1) * indices.length > this.#keys.length) {
      const keys = new Uint32Array(this.#keys.length * 2);
      keys.set(this.#keys);
      this.#keys = keys;
    }
    for (const [i, index] of indices.entries())
      this.#keys[place * indices.length + i] = words[index]! & this.#masks[i]!;
    this.#walks.push(walk);
    this.#put(this.#hash(words), place);
  }

  /** FNV-1a over whole words, with the bits mixed once more. */
  #hash(words: FlowWords): number {
    const indices = this.#indices;
    const masks = this.#masks;
    let hash = 0x811c9dc5;
    for (let i = 0; i < indices.length; i++) {
      hash = Math.imul(hash ^ (words[indices[i]!]! & masks[i]!), 0x01000193);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0x85ebca6b);
    return hash ^ (hash >>> 13);
  }

  #isAt(place: number, words: FlowWords): boolean {
    const indices = this.#indices;
    const masks = this.#masks;
    const keys = this.#keys;
    const start = place * indices.length;
    for (let i = 0; i < indices.length; i++)
      if (((words[indices[i]!]! ^ keys[start + i]!) & masks[i]!) !== 0) return false;
    return true;
  }

  #put(hash: number, place: number): void {
    const last = this.#slots.length - 1;
    let slot = hash & last;
    while (this.#slots[slot]! >= 0) slot = (slot + 1) & last;
    this.#slots[slot] = place;
  }

  #grow(): void {
    const { length } = this.#indices;
    const words = new Uint32Array(this.#indices.at(-1)! + 1);
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    for (let place = 0; place < this.#walks.length; place++) {
      for (const [i, index] of this.#indices.entries()) words[index] = this.#keys[place * length + i]!;
      this.#put(this.#hash(words), place);
    }
  }
}

/** How many masks are tried for a packet before the tables themselves are no slower. */
const MAX_MASKS = 64;

/**
 * Remembers what became of packets by the bits that it depended on, so that those that are alike need no tables: a
 * megaflow cache. When it is full, what was not used since it was half full is forgotten.
 */
export class FlowCache {
  readonly #maxWalks: number;
  #version = -1;
  #young: Mask[] = [];
  #old: Mask[] = [];
  #youngWalks = 0;

  /** @param maxWalks 0 to remember nothing */
  constructor(maxWalks: number) {
    this.#maxWalks = maxWalks;
  }

  /**
   * What becomes of a packet, if one like it was seen.
   * @param version changes whenever any of what is remembered may be wrong
   */
  find(words: FlowWords, version: number): CachedWalk | undefined {
    if (version !== this.#version) this.#forget(version);
    const young = this.#young;
    for (let i = 0; i < young.length; i++) {
      const walk = young[i]!.find(words);
      if (walk !== undefined) return walk;
    }
    return this.#old.length === 0 ? undefined : this.#revive(words);
  }

  /** Remembers what became of a packet. @param words of the packet as it came */
  add(words: FlowWords, recording: Recording, version: number): void {
    if (this.#maxWalks === 0) return;
    if (version !== this.#version) this.#forget(version);
    this.#insert(this.#maskOf(recording.mask), words, {
      effects: recording.effects,
      ports: plainPorts(recording.effects),
      flows: recording.flows,
      matched: recording.matched,
      missed: recording.missed,
      groups: recording.groups,
    });
  }

  #maskOf(mask: FlowWords): Mask {
    const indices = [...mask.keys()].filter((index) => mask[index] !== 0);
    const masks = Uint32Array.from(indices, (index) => mask[index]!);
    const key = `${indices} ${masks}`;
    return this.#young.find((each) => each.key === key) ?? new Mask(indices, masks, key);
  }

  #insert(mask: Mask, words: FlowWords, walk: CachedWalk): void {
    let target = mask;
    if (this.#youngWalks * 2 >= this.#maxWalks || this.#young.length >= MAX_MASKS) {
      this.#old = this.#young;
      this.#young = [];
      this.#youngWalks = 0;
      target = mask.emptied();
    }
    if (!this.#young.includes(target)) this.#young.push(target);
    target.add(words, walk);
    this.#youngWalks++;
  }

  #revive(words: FlowWords): CachedWalk | undefined {
    for (const mask of this.#old) {
      const walk = mask.find(words);
      if (walk === undefined) continue;
      this.#insert(this.#young.find(({ key }) => key === mask.key) ?? mask.emptied(), words, walk);
      return walk;
    }
    return undefined;
  }

  #forget(version: number): void {
    this.#version = version;
    this.#young = [];
    this.#old = [];
    this.#youngWalks = 0;
  }
}

function plainPorts(effects: readonly Effect[]): readonly number[] | undefined {
  const ports: number[] = [];
  for (const effect of effects) {
    if (effect.type !== 'output' || !effect.isPlain) return undefined;
    ports.push(effect.port);
  }
  return ports;
}
