import { EventEmitter } from 'node:events';
import type * as typedEmitter from 'typed-emitter';

/** An event emitter whose handlers cannot harm the process: what one throws or rejects with is led to one place. */
export abstract class SessionEmitter<
  Events extends typedEmitter.EventMap,
> extends (EventEmitter as unknown as {
  new <E extends typedEmitter.EventMap>(options: { captureRejections: boolean }): typedEmitter.default<E>;
})<Events> {
  constructor() {
    super({ captureRejections: true });
  }

  /** Emits an event. What a handler throws is its own failure, and not that of what it is told. */
  protected tell<E extends keyof Events>(event: E, ...payload: Parameters<Events[E]>): void {
    try {
      this.emit(event, ...payload);
    } catch (cause) {
      this.handlerFailed(String(event), cause, payload[0]);
    }
  }

  /** Hears that a handler has failed; `payload` is what it was told. Must not throw. */
  protected abstract handlerFailed(event: string, cause: unknown, payload: unknown): void;

  /** A handler rejected: Node's EventEmitter calls this because of `captureRejections`. */
  [Symbol.for('nodejs.rejection')](cause: unknown, event: string, payload: unknown): void {
    this.handlerFailed(event, cause, payload);
  }
}

/** What a handler failed with, in words. */
export function failureOf(event: string, cause: unknown): string {
  const reason = (cause as Partial<Error> | undefined)?.message ?? String(cause);
  return `a handler of '${event}' failed: ${reason}`;
}
