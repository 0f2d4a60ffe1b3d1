import type { FlowSpec } from '../flow-spec.ts';
import type { WireView } from '../wire/wire-view.ts';
import { Writer } from '../wire/writer.ts';
import { encodeFlowEntry, hashFlow, isSameFlow } from './flow-entry.ts';

/** Bytes of an arena, as a power of two, and the room for one more entry in it. */
const ARENA_BITS = 20;
const ARENA_SIZE = 2 ** ARENA_BITS;
const ENTRY_SIZE = 64 * 1024;
const FIRST_SIZE = 4096;

/**
 * Finds encoded flows by table, priority and match: an open hash table over the entries. Texts as the keys of a `Map`
 * would cost several times as much to make as the comparison.
 */
export class FlowIndex {
  /** The entries, one behind the other. Several arenas, because one that grows to any size leaves twice that as garbage. */
  readonly #arenas: Writer[] = [];
  /** Where each entry begins: the number of its arena, and the offset in it as the lower bits. */
  readonly #places: number[] = [];
  readonly #hashes: number[] = [];
  /** Numbers of entries, counted from 1, or 0: by their hash, or in the next free place behind that. */
  #slots = new Int32Array(1024);

  /**
   * Encodes a flow and takes it; false when it is there already.
   * @throws WireError for a value that cannot be written
   */
  add(flow: FlowSpec): boolean {
    const arena = this.#arenaWithRoom();
    const start = encodeFlowEntry(arena, flow);
    const hash = hashFlow(arena, start);
    const slot = this.#slotOf(hash, arena, start);
    if (this.#slots[slot] !== 0) return false;
    this.#places.push((this.#arenas.length - 1) * ARENA_SIZE + start);
    this.#hashes.push(hash);
    this.#slots[slot] = this.#places.length;
    // Half of the slots stay free, so that few have to be looked at.
    if (this.#places.length * 2 > this.#slots.length) this.#grow();
    return true;
  }

  /** The number of the entry of the same flow as the one that is given, in the order in which they were added; or -1. */
  find(wire: WireView, start: number): number {
    return this.#slots[this.#slotOf(hashFlow(wire, start), wire, start)]! - 1;
  }

  /** The bytes that an entry lies in; {@link startOf} tells where. */
  wireOf(number: number): WireView {
    return this.#arenas[this.#places[number]! >>> ARENA_BITS]!;
  }

  startOf(number: number): number {
    return this.#places[number]! & (ARENA_SIZE - 1);
  }

  #arenaWithRoom(): Writer {
    const last = this.#arenas.at(-1);
    if (last !== undefined && last.offset + ENTRY_SIZE <= ARENA_SIZE) return last;
    // The first one grows, since most sets of flows are small.
    const arena = new Writer(last === undefined ? FIRST_SIZE : ARENA_SIZE);
    this.#arenas.push(arena);
    return arena;
  }

  /** The slot of the flow, or the free one where it would be. */
  #slotOf(hash: number, wire: WireView, start: number): number {
    const last = this.#slots.length - 1;
    for (let slot = hash & last; ; slot = (slot + 1) & last) {
      const number = this.#slots[slot]! - 1;
      if (number < 0) return slot;
      const isHere = this.#hashes[number] === hash;
      if (isHere && isSameFlow(this.wireOf(number), this.startOf(number), wire, start)) return slot;
    }
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 4);
    const last = this.#slots.length - 1;
    for (const [number, hash] of this.#hashes.entries()) {
      let slot = hash & last;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & last;
      this.#slots[slot] = number + 1;
    }
  }
}
