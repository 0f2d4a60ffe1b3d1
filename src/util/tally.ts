/** Counts how many want each of many things, and forgets what nobody wants any more. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** One more wants it, or one less. @returns false when nobody does any more */
  add(id: string, change: 1 | -1): boolean {
    const count = (this.#counts.get(id) ?? 0) + change;
    if (count > 0) this.#counts.set(id, count);
    else this.#counts.delete(id);
    return count > 0;
  }
}
