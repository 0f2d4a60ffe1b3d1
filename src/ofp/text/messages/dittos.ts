/** Tables that are as the one before them: a run of those is one line. */
export class Dittos {
  #first: number | undefined;
  #last = 0;

  add(table: number): void {
    this.#first ??= table;
    this.#last = table;
  }

  /** The line for the run that ends here; empty when there is none. */
  finish(): string {
    const first = this.#first;
    this.#first = undefined;
    if (first === undefined) return '';
    return first === this.#last
      ? `\n  table ${first}: ditto\n`
      : `\n  tables ${first}...${this.#last}: ditto\n`;
  }
}
