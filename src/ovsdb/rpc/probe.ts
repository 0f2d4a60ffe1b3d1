import { systemTimer } from '../../util/timer.ts';

/** When an {@link InactivityProbe} speaks up, and by which clock. */
export interface ProbeOptions {
  /** Silence of the peer before it is probed, and again before it is given up. 0: never. Default 5000. */
  readonly probeIntervalMs?: number;
  /** Milliseconds of a clock that never goes back. Default `performance.now`. */
  readonly now?: () => number;
  /** Runs the callback once after a delay; the result cancels it. Default: `setTimeout`, unreferenced. */
  readonly setTimer?: (callback: () => void, delayMs: number) => () => void;
}

/** What an {@link InactivityProbe} does. */
export interface ProbeActions {
  /** Asks the peer for a sign of life. */
  readonly probe: () => void;
  /** Gives the peer up, which has been silent for so long. */
  readonly expire: (idleMs: number) => void;
}

/**
 * Finds out that a peer is gone although its connection stands, as Open vSwitch does: after an interval of
 * silence it is probed, after a second one it is given up. The one timer is only set again when it fires, so
 * that received bytes cost no more than a look at the clock.
 */
export class InactivityProbe {
  readonly #intervalMs: number;
  readonly #now: () => number;
  readonly #setTimer: (callback: () => void, delayMs: number) => () => void;
  readonly #actions: ProbeActions;
  #lastReceived: number;
  #isProbed = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: ProbeOptions, actions: ProbeActions) {
    this.#intervalMs = options.probeIntervalMs ?? 5000;
    this.#now = options.now ?? (() => performance.now());
    this.#setTimer = options.setTimer ?? systemTimer;
    this.#actions = actions;
    this.#lastReceived = this.#now();
    if (this.#intervalMs > 0) this.#wait(this.#intervalMs);
  }

  /** How long nothing has come. */
  get idleMs(): number {
    return this.#now() - this.#lastReceived;
  }

  /** Notes that something came. */
  received(): void {
    this.#lastReceived = this.#now();
    this.#isProbed = false;
  }

  /** Ends the watch. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #wait(delayMs: number): void {
    this.#cancelTimer = this.#setTimer(() => this.#check(), delayMs);
  }

  #check(): void {
    if (this.#isProbed) return this.#expireUnlessRead();
    const { idleMs } = this;
    if (idleMs < this.#intervalMs) return this.#wait(this.#intervalMs - idleMs);
    this.#isProbed = true;
    this.#wait(this.#intervalMs);
    this.#actions.probe();
  }

  /** When this process itself was stuck, the answer may be there, unread: timers run before sockets are read. */
  #expireUnlessRead(): void {
    const immediate = setImmediate(() => {
      if (this.#isProbed) this.#actions.expire(Math.round(this.idleMs));
      else this.#wait(this.#intervalMs);
    });
    this.#cancelTimer = () => clearImmediate(immediate);
  }
}
