import type { PacketIn } from '../messages/packet-in.ts';

/** How soon a packet-in is handled: all `urgent` ones before the `normal` ones, and those before the `bulk`. */
export type PacketInClass = 'urgent' | 'normal' | 'bulk';

/** The bounds of a {@link PacketInQueue}. */
export interface PacketInQueueOptions {
  /** Says how soon a packet-in is handled. Default: all are `normal`. */
  readonly classifyPacketIn?: (message: PacketIn) => PacketInClass;
  /** Packet-ins of one class that may wait; what comes beyond is dropped and counted. Default 4096. */
  readonly maxQueuedPacketIns?: number;
}

/** The order in which the classes are handled. */
const CLASSES: readonly PacketInClass[] = ['urgent', 'normal', 'bulk'];

/** Packet-ins that are handled at a time, before other switches and other messages have their turn again. */
const SLICE = 64;

/**
 * The packet-ins of one switch between reading and handling. Reading goes on while they wait, so that echo requests
 * and the replies that somebody waits for do not stand behind them, however many there are and however long their
 * handler takes.
 */
export class PacketInQueue {
  readonly #options: PacketInQueueOptions;
  readonly #handle: (message: PacketIn) => void;
  readonly #onHandled: () => void;
  readonly #queues: Readonly<Record<PacketInClass, Fifo>>;
  #scheduled = false;
  #dropped = 0;

  /** `onHandled` is called when a slice has been handled: what it caused can be sent. */
  constructor(options: PacketInQueueOptions, handle: (message: PacketIn) => void, onHandled: () => void) {
    this.#options = options;
    this.#handle = handle;
    this.#onHandled = onHandled;
    const limit = options.maxQueuedPacketIns ?? 4096;
    this.#queues = { urgent: new Fifo(limit), normal: new Fifo(limit), bulk: new Fifo(limit) };
  }

  /** Packet-ins that were dropped because too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  push(message: PacketIn): void {
    const name = this.#options.classifyPacketIn?.(message) ?? 'normal';
    if (!this.#queues[name].push(message)) this.#dropped++;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#handleSlice);
  }

  /** Drops what waits. */
  clear(): void {
    for (const name of CLASSES) this.#queues[name].clear();
  }

  readonly #handleSlice = (): void => {
    let left = SLICE;
    for (const name of CLASSES) {
      for (; left > 0; left--) {
        const message = this.#queues[name].shift();
        if (message === undefined) break;
        this.#handle(message);
      }
    }
    this.#scheduled = CLASSES.some((name) => this.#queues[name].length > 0);
    if (this.#scheduled) setImmediate(this.#handleSlice);
    this.#onHandled();
  };
}

/** First in, first out, in constant time: an array whose head moves, compacted when half of it has gone. */
class Fifo {
  readonly #limit: number;
  #items: PacketIn[] = [];
  #head = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** False when it is full. */
  push(item: PacketIn): boolean {
    if (this.length >= this.#limit) return false;
    this.#items.push(item);
    return true;
  }

  shift(): PacketIn | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head++]!;
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}

const COMPACT_AT = 1024;
