import { ClosedError } from '../../util/errors.ts';
import type { Message } from '../message.ts';
import type { FlowMonitorRequestInit, FlowUpdate } from '../multipart/flow-monitor.ts';
import type { Conversation } from './conversation.ts';

/** What {@link Switch.flowMonitor} tells: an update, or that some were left out because the switch could not keep up. */
export type FlowMonitorEvent = FlowUpdate | { readonly type: 'paused' | 'resumed' };

/** Updates that wait for their reader at most. */
const MAX_WAITING = 65_536;

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
    if (this.#readers.size === 0) return false;
    if (message.type === 'onfFlowMonitorPaused') return this.#tell([{ type: 'paused' }]);
    if (message.type === 'onfFlowMonitorResumed') return this.#tell([{ type: 'resumed' }]);
    if (message.type !== 'multipartReply' || message.multipartType !== 'onfFlowMonitor') return false;
    return this.#tell(message.body);
  }

  /** Ends every monitor. */
  end(error: ClosedError): void {
    for (const reader of this.#readers) reader.end(error);
  }

  async *follow(
    request: Omit<FlowMonitorRequestInit, 'monitorId'>,
    cancel: (monitorId: number) => void,
  ): AsyncGenerator<FlowMonitorEvent, void> {
    const monitorId = this.#nextId++;
    const reader = new Reader();
    this.#readers.add(reader);
    try {
      reader.push(await this.#conversation.multipart('onfFlowMonitor', [{ ...request, monitorId }]));
      yield* reader;
    } finally {
      this.#readers.delete(reader);
      cancel(monitorId);
    }
  }

  #tell(events: readonly FlowMonitorEvent[]): true {
    for (const reader of this.#readers) reader.push(events);
    return true;
  }
}

class Reader implements AsyncIterable<FlowMonitorEvent> {
  #waiting: FlowMonitorEvent[] = [];
  #error: ClosedError | undefined;
  #wake: (() => void) | undefined;

  push(events: readonly FlowMonitorEvent[]): void {
    if (this.#waiting.length + events.length > MAX_WAITING) {
      return this.end(
        new ClosedError('OFP_MONITOR_OVERFLOW', `over ${MAX_WAITING} flow updates wait to be read`),
      );
    }
    for (const event of events) this.#waiting.push(event);
    this.#wake?.();
  }

  end(error: ClosedError): void {
    this.#error ??= error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FlowMonitorEvent, void> {
    for (;;) {
      const events = this.#waiting;
      this.#waiting = [];
      yield* events;
      if (this.#waiting.length > 0) continue;
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
