import type { NxPacketIn2 } from '../messages/nicira-packet-in2.ts';
import type { PacketIn } from '../messages/packet-in.ts';
import { Fifo } from './fifo.ts';

/** A packet-in in either of the forms that a session tells apart (OpenFlow 1.3.5, 7.4.1). */
export type AnyPacketIn = PacketIn | NxPacketIn2;

/**
 * How soon a packet-in is handled: all `urgent` ones before the `normal` ones, and those before the `bulk` (OpenFlow
 * 1.3.5, 7.4.1).
 */
export type PacketInClass = 'urgent' | 'normal' | 'bulk';

/** The bounds of a {@link PacketInQueue} (OpenFlow 1.3.5, 7.4.1). */
export interface PacketInQueueOptions {
  /**
   * Says how soon a packet-in is handled. Default: all are `normal`. It sees every one, also those that are dropped,
   * and has to be quick; what it throws ends the session.
   */
  readonly classifyPacketIn?: (message: AnyPacketIn) => PacketInClass;
  /** Packet-ins of one class that may wait; what comes beyond is dropped and counted. Default 4096. */
  readonly maxQueuedPacketIns?: number;
  /** Milliseconds of a clock that never goes back. Default `performance.now`. */
  readonly now?: () => number;
}

/**
 * How long packet-ins are handled at a time, before other switches and other messages have their turn again. What can be
 * read in one turn takes less, so that a flood cannot keep this process from handling either.
 */
const SLICE_MS = 10;
/**
 * So many packet-ins are handled between two looks at the clock, each of which may cost as much as a packet-in's head;
 * fewer where those before took so long that the slice has no room for as many.
 */
const MAX_UNTIMED = 8;

/**
 * The packet-ins of one switch between reading and handling. Reading goes on while they wait, so that echo requests
 * and the replies that somebody waits for do not stand behind them, however many there are and however long their
 * handler takes.
 */
export class PacketInQueue {
  readonly #classify: (message: AnyPacketIn) => PacketInClass;
  readonly #handle: (message: AnyPacketIn) => void;
  readonly #onHandled: () => void;
  readonly #now: () => number;
  readonly #queues: Readonly<Record<PacketInClass, Fifo<AnyPacketIn>>>;
  #state: 'held' | 'idle' | 'scheduled' = 'held';
  #dropped = 0;

  /** `onHandled` is called when a slice has been handled: what it caused can be sent. */
  constructor(options: PacketInQueueOptions, handle: (message: AnyPacketIn) => void, onHandled: () => void) {
    const { classifyPacketIn = () => 'normal', maxQueuedPacketIns: limit = 4096, now } = options;
    this.#classify = classifyPacketIn;
    this.#now = now ?? (() => performance.now());
    this.#handle = handle;
    this.#onHandled = onHandled;
    this.#queues = { urgent: new Fifo(limit), normal: new Fifo(limit), bulk: new Fifo(limit) };
  }

  /** Packet-ins that wait. */
  get length(): number {
    const { urgent, normal, bulk } = this.#queues;
    return urgent.length + normal.length + bulk.length;
  }

  /** Packet-ins that were dropped because too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Begins to hand on, in the next turn; packet-ins that came before have waited for it. */
  start(): void {
    this.#goOn();
  }

  push(message: AnyPacketIn): void {
    if (!this.#queues[this.#classify(message)].push(message)) this.#dropped++;
    if (this.#state === 'idle') this.#goOn();
  }

  /** Drops what waits. */
  clear(): void {
    for (const queue of Object.values(this.#queues)) queue.clear();
  }

  #goOn(): void {
    this.#state = this.length > 0 ? 'scheduled' : 'idle';
    if (this.#state === 'scheduled') setImmediate(this.#handleSlice);
  }

  readonly #handleSlice = (): void => {
    const start = this.#now();
    let handled = 0;
    let look = 1;
    for (let message = this.#next(); message !== undefined; message = this.#next()) {
      this.#handle(message);
      if (++handled < look) continue;
      const elapsed = this.#now() - start;
      if (elapsed >= SLICE_MS) break;
      look += Math.min(MAX_UNTIMED, Math.ceil((handled * (SLICE_MS - elapsed)) / elapsed));
    }
    this.#goOn();
    this.#onHandled();
  };

  #next(): AnyPacketIn | undefined {
    const { urgent, normal, bulk } = this.#queues;
    return urgent.shift() ?? normal.shift() ?? bulk.shift();
  }
}
