import { EventEmitter } from 'node:events';
import type * as typedEmitter from 'typed-emitter';

/** A handler that threw, or whose promise rejected. */
export interface HandlerFailure {
  /** The event that it handled. */
  readonly event: string;
  readonly error: unknown;
}

/** The event that every {@link GuardedEmitter} has. */
export type HandlerEvents = { handlerError: (failure: HandlerFailure) => void };

/**
 * An event emitter whose handlers cannot harm it, the other handlers, or the process. What a handler throws, and
 * what the promise of an async handler rejects with, becomes a `handlerError` event here or, when nobody
 * listens, at the `parent`; in the end, a warning of the process.
 */
export class GuardedEmitter<Events extends typedEmitter.EventMap> extends (EventEmitter as {
  new <E extends typedEmitter.EventMap>(): typedEmitter.default<E>;
})<Events> {
  readonly #parent: Reporter | undefined;

  constructor(parent?: Reporter) {
    super();
    this.#parent = parent;
  }

  override emit<K extends keyof Events>(event: K, ...args: Parameters<Events[K]>): boolean {
    const listeners = this.rawListeners(event);
    for (const listener of listeners) this.#call(String(event), listener, args);
    return listeners.length > 0;
  }

  /** Tells of a failed handler. */
  report(failure: HandlerFailure): void {
    const isHeard = failure.event !== 'handlerError' && this.listenerCount('handlerError') > 0;
    if (isHeard) this.emit('handlerError', ...([failure] as Parameters<Events['handlerError']>));
    else if (this.#parent !== undefined) this.#parent.report(failure);
    else process.emitWarning(toError(failure.error), { detail: `thrown by a handler of '${failure.event}'` });
  }

  #call(event: string, listener: (...args: never[]) => unknown, args: readonly unknown[]): void {
    try {
      const result = Reflect.apply(listener, this, args);
      if (isPromise(result)) result.then(undefined, (error) => this.report({ event, error }));
    } catch (error) {
      this.report({ event, error });
    }
  }
}

/** Where failures go that nobody at the emitter itself listens for. */
export interface Reporter {
  report(failure: HandlerFailure): void;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
