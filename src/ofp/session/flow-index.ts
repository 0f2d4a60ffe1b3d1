import type { WireView } from '../wire/wire-view.ts';
import { Writer } from '../wire/writer.ts';
import { hashFlow, isSameFlow } from './flow-entry.ts';

/**
 * Finds encoded flows by table, priority and match: an open hash table over one arena of entries. Texts as the keys of a
 * `Map` would cost several times as much to make as the comparison.
 */
export class FlowIndex {
  /** The entries, one behind the other. */
  readonly arena = new Writer(64 * 1024);
  /** Where each entry begins. */
  readonly #starts: number[] = [];
  readonly #hashes: number[] = [];
  /** Numbers of entries, counted from 1, or 0: by their hash, or in the next free place behind that. */
  #slots = new Int32Array(1024);

  /** Takes the entry that was encoded last, which begins at `start`; false when its flow is there already. */
  add(start: number): boolean {
    const hash = hashFlow(this.arena, start);
    const slot = this.#slotOf(hash, this.arena, start);
    if (this.#slots[slot] !== 0) return false;
    this.#starts.push(start);
    this.#hashes.push(hash);
    this.#slots[slot] = this.#starts.length;
    // Half of the slots stay free, so that few have to be looked at.
    if (this.#starts.length * 2 > this.#slots.length) this.#grow();
    return true;
  }

  /** The number of the entry of the same flow as the one that is given, in the order in which they were added; or -1. */
  find(wire: WireView, start: number): number {
    return this.#slots[this.#slotOf(hashFlow(wire, start), wire, start)]! - 1;
  }

  /** Where an entry begins in {@link arena}. */
  startOf(number: number): number {
    return this.#starts[number]!;
  }

  /** The slot of the flow, or the free one where it would be. */
  #slotOf(hash: number, wire: WireView, start: number): number {
    const last = this.#slots.length - 1;
    for (let slot = hash & last; ; slot = (slot + 1) & last) {
      const number = this.#slots[slot]! - 1;
      if (number < 0) return slot;
      if (this.#hashes[number] === hash && isSameFlow(this.arena, this.#starts[number]!, wire, start))
        return slot;
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
