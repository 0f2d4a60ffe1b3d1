/** Holds counts back that belong to many, until one of them is asked for. */
export interface Ledger {
  /** Hands everything on that is held back. */
  settle(): void;
}

/** What counts by itself alone. */
export const NO_LEDGER: Ledger = { settle() {} };

/** Counts the packets and bytes that go through it: exact whenever it is asked, however late a ledger hands them on. */
export class Counted {
  readonly #ledger: Ledger;
  #packets = 0;
  #bytes = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get packets(): number {
    this.#ledger.settle();
    return this.#packets;
  }

  get bytes(): number {
    this.#ledger.settle();
    return this.#bytes;
  }

  count(packets: number, bytes: number): void {
    this.#packets += packets;
    this.#bytes += bytes;
  }
}
