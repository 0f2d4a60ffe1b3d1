import { encode } from 'galago/ofp';
import { FakeSwitch } from './fake-switch.ts';
import { packetIns } from './packets.ts';

/** How many switches are to connect at once. */
export interface StormOrder {
  readonly port: number;
  readonly connections: number;
}

/** What became of them. */
export interface StormResult {
  /** From the first connection asked for until the last switch had a packet answered. */
  readonly readyMs: number;
  /** Between an echo request of a switch that was there before and its reply, in that time. */
  readonly echoMs: readonly number[];
}

/** Switches that are connected, until they are let go. */
export interface Storm {
  readonly result: StormResult;
  release(): void;
}

/** An echo request leaves so often, whether or not the one before is answered. */
const ECHO_INTERVAL_MS = 2;

/** Connects switches all at once, and asks for echoes on another connection meanwhile. They stay connected. */
export async function storm({ port, connections }: StormOrder): Promise<Storm> {
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const packet = packetIns(0, 1);
  const open = (number: number) =>
    new ReadySwitch(port, number, packet, (reason) => fail(new Error(`switch ${number}: ${reason}`)));
  const witness = open(0);
  await Promise.race([witness.isReady, failed]);
  const begun = performance.now();
  const stopEchoes = witness.startEchoes();
  const all = Array.from({ length: connections }, (_, i) => open(i + 1));
  const release = () => {
    for (const one of [witness, ...all]) one.close();
  };
  try {
    await Promise.race([Promise.all(all.map(({ isReady }) => isReady)), failed]);
    const readyMs = performance.now() - begun;
    return { result: { readyMs, echoMs: await Promise.race([stopEchoes(), failed]) }, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** A fake switch that sends a packet when it has been greeted, and is ready when that is answered. */
class ReadySwitch {
  readonly isReady: Promise<void>;
  readonly #switch: FakeSwitch;
  /** When the requests that are not answered yet were due. */
  readonly #dueAt: number[] = [];
  #onEcho: (ms: number) => unknown = () => {};

  constructor(port: number, number: number, packet: Uint8Array, onEnd: (reason: string) => void) {
    let setReady = () => {};
    this.isReady = new Promise((resolve) => {
      setReady = resolve;
    });
    this.#switch = new FakeSwitch(port, number, {
      onAnswers: () => setReady(),
      onAsked: () => this.#switch.send(packet),
      onEchoReply: () => this.#onEcho(performance.now() - this.#dueAt.shift()!),
      onEnd,
    });
  }

  /** Sends echo requests until the function that it returns is called, which gives how long each took. */
  startEchoes(): () => Promise<readonly number[]> {
    const request = encode({ type: 'echoRequest', data: Buffer.alloc(0) });
    const taken: number[] = [];
    let due = performance.now();
    const send = () => {
      // A late timer owes all that were due by now: who waits in line is late, too.
      for (const now = performance.now(); due <= now; due += ECHO_INTERVAL_MS) {
        this.#dueAt.push(due);
        this.#switch.send(request);
      }
    };
    this.#onEcho = (ms) => taken.push(ms);
    send();
    const timer = setInterval(send, ECHO_INTERVAL_MS);
    return () => {
      clearInterval(timer);
      return new Promise((resolve) => {
        const look = () => {
          if (this.#dueAt.length === 0) resolve(taken);
        };
        this.#onEcho = (ms) => {
          taken.push(ms);
          look();
        };
        look();
      });
    };
  }

  close(): void {
    this.#switch.close();
  }
}
