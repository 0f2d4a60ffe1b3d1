import { ClosedError, type GalagoError, RemoteError } from '../../util/errors.ts';
import type { Message } from '../message.ts';
import type { FlowMonitorRequestInit, FlowUpdate } from '../multipart/flow-monitor.ts';
import type { Conversation } from './conversation.ts';
import { Fifo } from './fifo.ts';
import type { RequestOptions } from './requests.ts';

/**
 * What {@link Switch.flowMonitor} tells: an update, or that the switch has fallen behind (`paused`) and caught up
 * (`resumed`) (nicira-ext.h). In between it tells of deleted flows alone, and then of the others as they have become.
 */
export type FlowMonitorEvent = FlowUpdate | { readonly type: 'paused' | 'resumed' };

/** Which flows {@link Switch.flowMonitor} follows, and what it tells of them (nicira-ext.h). */
export type FlowMonitorFilter = Omit<FlowMonitorRequestInit, 'monitorId'>;

/**
 * How {@link Switch.flowMonitor} is read; `timeoutMs` is for the beginning, `signal` ends it at any time
 * (nicira-ext.h).
 */
export interface FlowMonitorOptions extends RequestOptions {
  /** Updates that may wait to be read; one more ends the monitor. Default 65536. */
  readonly maxWaitingUpdates?: number;
}

/**
 * Follows the changes to a switch's flows (ONF extension 187). Updates do not say which monitor they belong to, so
 * that every reader of a session hears of all.
 */
export class FlowMonitors {
  readonly #conversation: Conversation;
  readonly #readers = new Set<Reader>();
  #nextId = 1;

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  /** Takes a message if it belongs to a monitor; false when it does not. */
  take(message: Message): boolean {
    const events = this.#readers.size === 0 ? undefined : eventsOf(message);
    if (events === undefined) return false;
    for (const reader of this.#readers) reader.push(events);
    return true;
  }

  /** Ends every monitor. */
  end(error: GalagoError): void {
    for (const reader of this.#readers) reader.end(error);
  }

  /** The flows that are there already, if they were asked for, then the updates. */
  async *follow(
    filter: FlowMonitorFilter,
    options: FlowMonitorOptions = {},
  ): AsyncGenerator<FlowMonitorEvent, void> {
    const monitorId = this.#nextId++;
    const reader = new Reader(options);
    this.#readers.add(reader);
    let refused = false;
    try {
      yield* this.#conversation.entries('onfFlowMonitor', [{ ...filter, monitorId }], options);
      yield* reader;
    } catch (error) {
      refused = error instanceof RemoteError;
      throw error;
    } finally {
      reader.close();
      if (refused) this.#readers.delete(reader);
      else void this.#cancel(monitorId, reader);
    }
  }

  /** The reader stays until the switch has obeyed: updates that are on their way are nobody else's. */
  async #cancel(monitorId: number, reader: Reader): Promise<void> {
    try {
      await this.#conversation.sendAll([{ type: 'onfFlowMonitorCancel', monitorId }]);
    } catch {
      // The session has ended, and the monitor with it.
    }
    this.#readers.delete(reader);
  }
}

function eventsOf(message: Message): readonly FlowMonitorEvent[] | undefined {
  switch (message.type) {
    case 'onfFlowMonitorPaused':
      return [{ type: 'paused' }];
    case 'onfFlowMonitorResumed':
      return [{ type: 'resumed' }];
    case 'multipartReply':
      return message.multipartType === 'onfFlowMonitor' ? message.body : undefined;
    default:
      return undefined;
  }
}

/** The updates between the switch and one who reads them. */
class Reader implements AsyncIterable<FlowMonitorEvent> {
  readonly #limit: number;
  readonly #waiting: Fifo<FlowMonitorEvent>;
  readonly #signal: AbortSignal | undefined;
  #error: GalagoError | undefined;
  #wake: (() => void) | undefined;

  constructor({ maxWaitingUpdates = 65_536, signal }: FlowMonitorOptions) {
    this.#limit = maxWaitingUpdates;
    this.#waiting = new Fifo(maxWaitingUpdates);
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
  }

  push(events: readonly FlowMonitorEvent[]): void {
    for (const event of events) {
      if (this.#error !== undefined) return;
      if (!this.#waiting.push(event)) this.end(this.#overflow());
    }
    this.#wake?.();
  }

  /** No more will come: what waits is still read, and then the error. */
  end(error: GalagoError): void {
    this.#error ??= error;
    this.#wake?.();
  }

  /** Nobody reads any more. */
  close(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.end(new ClosedError('OFP_ABORTED', 'the flow monitor was left'));
    this.#waiting.clear();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FlowMonitorEvent, void> {
    for (;;) {
      const event = this.#waiting.shift();
      if (event !== undefined) yield event;
      else if (this.#error !== undefined) throw this.#error;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  readonly #abort = (): void => {
    const cause = this.#signal?.reason;
    this.end(new ClosedError('OFP_ABORTED', 'the flow monitor was given up', { cause }));
  };

  #overflow(): ClosedError {
    return new ClosedError('OFP_MONITOR_OVERFLOW', `over ${this.#limit} flow updates wait to be read`);
  }
}
