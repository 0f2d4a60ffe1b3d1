import { UsageError } from '../util/errors.ts';

/** How {@link Backoff} grows. */
export interface BackoffOptions {
  /** The first delay. Default 250. */
  readonly minMs?: number;
  /** No delay is longer. Default 8000, as in Open vSwitch. */
  readonly maxMs?: number;
  /** Each delay is the one before times this. Default 2. */
  readonly factor?: number;
  /**
   * How much of a delay may be taken off at random, 0 to 1, so that peers cut off together do not come back
   * together. Default 0.25.
   */
  readonly jitter?: number;
  /** A number from 0 up to 1. Default `Math.random`. */
  readonly random?: () => number;
}

/** The delays between attempts: they grow from `minMs` to `maxMs` until something succeeds. */
export class Backoff {
  readonly minMs: number;
  readonly maxMs: number;
  readonly #factor: number;
  readonly #jitter: number;
  readonly #random: () => number;
  #delayMs: number;

  /** @throws UsageError `NET_BACKOFF_INVALID` when the options contradict each other. */
  constructor(options: BackoffOptions = {}) {
    const { minMs = 250, maxMs = 8000, factor = 2, jitter = 0.25, random = Math.random } = options;
    if (!(minMs > 0 && maxMs >= minMs && maxMs < Infinity && factor >= 1 && jitter >= 0 && jitter <= 1)) {
      throw new UsageError(
        'NET_BACKOFF_INVALID',
        'expected 0 < minMs <= maxMs, factor >= 1 and jitter from 0 to 1, ' +
          `got minMs ${minMs}, maxMs ${maxMs}, factor ${factor}, jitter ${jitter}`,
      );
    }
    this.minMs = minMs;
    this.maxMs = maxMs;
    this.#factor = factor;
    this.#jitter = jitter;
    this.#random = random;
    this.#delayMs = minMs;
  }

  /** The milliseconds to wait before the next attempt. */
  next(): number {
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(this.maxMs, delayMs * this.#factor);
    return Math.round(delayMs * (1 - this.#jitter * this.#random()));
  }

  /** Starts again from `minMs`. */
  reset(): void {
    this.#delayMs = this.minMs;
  }
}
