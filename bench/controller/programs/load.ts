import { FakeSwitch } from './fake-switch.ts';
import { ADDRESSES, packetIns } from './packets.ts';

/** How a controller is to be loaded with packet-ins. */
export interface LoadOrder {
  readonly port: number;
  readonly switches: number;
  /** Packet-ins of each switch that wait for their answer. */
  readonly window: number;
  /** How long answers are counted. */
  readonly durationMs: number;
}

/** What came in that time. */
export interface LoadResult {
  readonly answers: number;
  readonly flowMods: number;
  readonly elapsedMs: number;
}

/** After an answer to its last probe, a controller may have others on their way for this long. */
const SETTLE_MS = 200;
/** The compiler of a controller has work to do, too. */
const MIN_WARM_UP_MS = 300;

/**
 * Connects switches, waits until the controller answers the packets of each, and then keeps a window of packet-ins
 * of each waiting for their answers. Counting begins when each address has been seen twice.
 */
export async function load(order: LoadOrder, onBegun: () => void): Promise<LoadResult> {
  const { port, switches, window } = order;
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const all = Array.from({ length: switches }, (_, number) => {
    return new LoadedSwitch(port, number, (reason) => fail(new Error(reason)));
  });
  try {
    await Promise.race([Promise.all(all.map(({ isReady }) => isReady)), failed]);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const counted = countAnswers(all, order, onBegun);
    for (const one of all) one.send(window);
    return await Promise.race([counted, failed]);
  } finally {
    for (const one of all) one.close();
  }
}

function countAnswers(
  all: readonly LoadedSwitch[],
  { switches, durationMs }: LoadOrder,
  onBegun: () => void,
): Promise<LoadResult> {
  return new Promise((resolve) => {
    const warmUp = 2 * ADDRESSES * switches;
    const started = performance.now();
    let answers = 0;
    let flowMods = 0;
    let begun: number | undefined;
    const onAnswers = (one: LoadedSwitch, packetOuts: number, flows: number) => {
      answers += packetOuts;
      flowMods += flows;
      one.send(packetOuts);
      const now = performance.now();
      if (begun !== undefined) {
        const elapsedMs = now - begun;
        if (elapsedMs >= durationMs) resolve({ answers, flowMods, elapsedMs });
      } else if (answers >= warmUp && now - started >= MIN_WARM_UP_MS) {
        onBegun();
        begun = performance.now();
        answers = 0;
        flowMods = 0;
      }
    };
    for (const one of all) one.onAnswers = onAnswers;
  });
}

/** A fake switch that knows when the controller is ready for its packets. */
class LoadedSwitch {
  readonly isReady: Promise<void>;
  onAnswers: (one: LoadedSwitch, packetOuts: number, flowMods: number) => void = () => {};
  readonly #switch: FakeSwitch;
  readonly #packets: Buffer;
  readonly #size: number;
  #next = 0;

  constructor(port: number, number: number, onEnd: (reason: string) => void) {
    let setReady = () => {};
    this.isReady = new Promise((resolve) => {
      setReady = resolve;
    });
    this.#packets = packetIns(number);
    this.#size = this.#packets.length / ADDRESSES;
    this.#switch = new FakeSwitch(port, number, {
      onAnswers: (packetOuts, flowMods) => {
        setReady();
        this.onAnswers(this, packetOuts, flowMods);
      },
      // A probe: who asks for more before it takes packets drops it, and gets the next one.
      onAsked: () => this.send(1),
      onEnd,
    });
  }

  send(count: number): void {
    for (let left = count; left > 0; ) {
      const some = Math.min(left, ADDRESSES - this.#next);
      this.#switch.send(this.#packets.subarray(this.#next * this.#size, (this.#next + some) * this.#size));
      this.#next = (this.#next + some) % ADDRESSES;
      left -= some;
    }
  }

  close(): void {
    this.#switch.close();
  }
}
