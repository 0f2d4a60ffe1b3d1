import type { QueueProperty } from '../ofp/messages/queue-config.ts';

/** A queue as a port is made with it (OpenFlow 1.3.5, 7.2.2). Its rates are told to controllers, and hold nothing back. */
export interface QueueInit {
  readonly queueId: number;
  /** Tenths of a percent of the port's speed. */
  readonly minRate?: number;
  /** Tenths of a percent of the port's speed. */
  readonly maxRate?: number;
}

/** A queue of a port, and what went through it. */
export interface PortQueue {
  readonly queueId: number;
  readonly properties: readonly QueueProperty[];
  readonly createdMs: number;
  txPackets: number;
  txBytes: number;
  txErrors: number;
}

/** The queue that packets of no other one go through, as on Linux. */
const DEFAULT_QUEUE = 0;

/** The queues of a port. */
export class Queues implements Iterable<PortQueue> {
  readonly #inits: readonly QueueInit[];
  readonly #queues: ReadonlyMap<number, PortQueue>;

  constructor(inits: readonly QueueInit[], createdMs: number) {
    this.#inits = inits;
    const queues = inits.map(({ queueId, minRate, maxRate }): [number, PortQueue] => {
      const properties: QueueProperty[] = [];
      if (minRate !== undefined) properties.push({ type: 'minRate', rate: minRate });
      if (maxRate !== undefined) properties.push({ type: 'maxRate', rate: maxRate });
      return [queueId, { queueId, properties, createdMs, txPackets: 0, txBytes: 0, txErrors: 0 }];
    });
    this.#queues = new Map(queues.sort(([a], [b]) => a - b));
  }

  /** The same queues, of which nothing has gone through any. */
  emptied(nowMs: number): Queues {
    return new Queues(this.#inits, nowMs);
  }

  get(queueId: number): PortQueue | undefined {
    return this.#queues.get(queueId);
  }

  [Symbol.iterator](): Iterator<PortQueue> {
    return this.#queues.values();
  }

  /** Counts a frame. @param queueId the queue that was asked for, if one was @param isSent false when the port took none */
  count(queueId: number | undefined, bytes: number, isSent: boolean): void {
    if (this.#queues.size === 0) return;
    const queue = this.#queues.get(queueId ?? DEFAULT_QUEUE) ?? this.#queues.get(DEFAULT_QUEUE);
    if (queue === undefined) return;
    if (!isSent) {
      queue.txErrors++;
      return;
    }
    queue.txPackets++;
    queue.txBytes += bytes;
  }
}
