import { Backoff } from '../../net/index.ts';
import { ClosedError } from '../../util/errors.ts';
import { OvsdbError } from '../rpc/remote-error.ts';

/** How {@link withRetries} goes about it. */
export interface RetryPolicy {
  /** How often to try again. */
  readonly retries: number;
  /** The delays between the attempts. Default: 10 ms to 1 s. */
  readonly backoff: Backoff | undefined;
  readonly signal: AbortSignal | undefined;
  readonly setTimer: ((callback: () => void, delayMs: number) => () => void) | undefined;
}

/**
 * Makes attempts until one succeeds, fails for good, or the retries are used up. Only errors after which nothing
 * was changed, and which time may cure, are worth another attempt: a `wait` that somebody else's change has made
 * fail, a server that has just ceased to lead.
 * @throws ClosedError `OVSDB_CALL_ABORTED`, and what the last attempt threw.
 */
export async function withRetries<T>(attempt: () => Promise<T>, policy: RetryPolicy): Promise<T> {
  const backoff = policy.backoff ?? new Backoff({ minMs: 10, maxMs: 1000 });
  for (let left = policy.retries; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left <= 0 || !isTransient(error)) throw error;
      await pause(backoff.next(), policy);
    }
  }
}

/** True for an error after which nothing was changed, and which time may cure. */
export function isTransient(error: unknown): boolean {
  return error instanceof OvsdbError && TRANSIENT.has(error.error);
}

const TRANSIENT: ReadonlySet<string> = new Set(['timed out', 'not leader']);

function pause(delayMs: number, { signal, setTimer = systemTimer }: RetryPolicy): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      cancel();
      const message = 'transact was aborted before its next attempt';
      reject(new ClosedError('OVSDB_CALL_ABORTED', message, { cause: signal?.reason }));
    };
    const cancel = setTimer(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function systemTimer(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}
