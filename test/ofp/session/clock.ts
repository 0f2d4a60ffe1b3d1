import type { SetTimer } from '../../../src/util/timer.ts';

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

/** A clock that goes on only when a test says so. */
export class FakeClock {
  readonly #timers = new Set<Timer>();
  #nowMs = 0;

  readonly setTimer: SetTimer = (run, delayMs) => {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** The time, as `now` of what takes a clock. */
  readonly now = (): number => this.#nowMs;

  /** Timers that are armed. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Runs the timers that are due in the next `ms`, in their order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) {
      this.#timers.delete(timer);
      this.#nowMs = timer.atMs;
      timer.run();
    }
    this.#nowMs = endMs;
  }

  #next(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= endMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
    }
    return next;
  }
}
