/** How deep resubmits to the same table or an earlier one, and groups, may lie in each other, as in Open vSwitch. */
const MAX_DEPTH = 64;
/** How many resubmits and goto-tables one packet may take, as in Open vSwitch. */
const MAX_RESUBMITS = 4096;
/** How deep anything may lie in each other: what the stack surely holds. */
const MAX_NESTING = 512;

/** How far one packet has gone, of what it may go before it counts as one that runs in circles. */
export class WayLimits {
  #depth = 0;
  #resubmits: number;
  #nesting = 0;
  #isTooDeep = false;

  /** @param resubmits what the way begins with: -1 where its first lookup is no resubmit */
  constructor(resubmits: number) {
    this.#resubmits = resubmits;
  }

  /** True once the packet has gone too far: it then goes nowhere at all. */
  get isTooDeep(): boolean {
    return this.#isTooDeep;
  }

  /** Counts a lookup. */
  countLookup(): void {
    this.#resubmits++;
  }

  /** False once the packet has taken all that it may. */
  mayGoOn(): boolean {
    if (this.#depth >= MAX_DEPTH || this.#resubmits >= MAX_RESUBMITS) this.#isTooDeep = true;
    return !this.#isTooDeep;
  }

  /** Runs what lies within something else. @param isDeeper whether it could run in circles */
  nest(isDeeper: boolean, run: () => void): void {
    if (this.#nesting >= MAX_NESTING) {
      this.#isTooDeep = true;
      return;
    }
    if (isDeeper) this.#depth++;
    this.#nesting++;
    run();
    this.#nesting--;
    if (isDeeper) this.#depth--;
  }
}
