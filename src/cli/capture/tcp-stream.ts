/** Bytes of one direction of a TCP connection that may wait for those before them. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/**
 * Puts the segments of one direction of a TCP connection in order: repeated bytes are left out, early ones wait for
 * those before them. Bytes that the capture lacks are given up when too much waits behind them.
 */
export class TcpStream {
  readonly #onBytes: (bytes: Buffer) => void;
  readonly #onGap: () => void;
  readonly #waiting = new Map<number, Buffer>();
  #waitingBytes = 0;
  /** The sequence number that comes next; undefined until the first segment. */
  #next: number | undefined;

  /** `onGap` is called before bytes that do not follow those before them. */
  constructor(onBytes: (bytes: Buffer) => void, onGap: () => void) {
    this.#onBytes = onBytes;
    this.#onGap = onGap;
  }

  /** The connection is opened, anew perhaps: its first byte is `sequence`. */
  open(sequence: number): void {
    if (this.#next === sequence) return;
    this.#waiting.clear();
    this.#waitingBytes = 0;
    this.#next = sequence;
  }

  take(sequence: number, payload: Buffer): void {
    if (payload.length === 0) return;
    this.#next ??= sequence;
    const ahead = (sequence - this.#next) | 0;
    if (ahead > 0) return this.#keep(sequence, payload);
    if (-ahead >= payload.length) return;
    this.#pass(payload.subarray(-ahead));
    this.#passWaiting();
  }

  #pass(bytes: Buffer): void {
    this.#next = (this.#next! + bytes.length) >>> 0;
    this.#onBytes(bytes);
  }

  #keep(sequence: number, payload: Buffer): void {
    const known = this.#waiting.get(sequence);
    if (known !== undefined && known.length >= payload.length) return;
    this.#waiting.set(sequence, payload);
    this.#waitingBytes += payload.length - (known?.length ?? 0);
    if (this.#waitingBytes <= MAX_WAITING_BYTES) return;
    this.#next = this.#nearest();
    this.#onGap();
    this.#passWaiting();
  }

  /** The sequence number of the first bytes that wait. */
  #nearest(): number {
    const next = this.#next!;
    const ahead = [...this.#waiting.keys()].map((sequence) => (sequence - next) | 0);
    return (next + ahead.reduce((least, one) => Math.min(least, one))) >>> 0;
  }

  #passWaiting(): void {
    for (let found = true; found; ) {
      found = false;
      for (const [sequence, payload] of this.#waiting) {
        const behind = (this.#next! - sequence) | 0;
        if (behind < 0) continue;
        this.#waiting.delete(sequence);
        this.#waitingBytes -= payload.length;
        if (behind >= payload.length) continue;
        this.#pass(payload.subarray(behind));
        found = true;
      }
    }
  }
}
