import { setTimeout as delay } from 'node:timers/promises';
import { TimeoutError } from '../../src/util/errors.ts';

/** How {@link eventually} looks. */
export interface EventuallyOptions {
  /** What is waited for, for the error: `flows on br-int`. */
  readonly what?: string;
  /** Default 30000, which only a machine that is very busy needs. */
  readonly timeoutMs?: number;
  /** The pause between two looks. Default 20. */
  readonly intervalMs?: number;
}

/**
 * Looks at the world outside this process until `check` neither throws nor returns false, and returns what it
 * returned: for kernels and daemons that tell nobody when they are done.
 * @throws TimeoutError `LAB_WAIT_TIMEOUT` when `timeoutMs` have passed; the last thing thrown is its cause.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false>> {
  const { what = 'the condition', timeoutMs = 30_000, intervalMs = 20 } = options;
  const end = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const value = await check();
      if (value !== false) return value as Exclude<T, false>;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= end) {
      throw new TimeoutError('LAB_WAIT_TIMEOUT', `waited ${timeoutMs} ms in vain for ${what}`, { cause });
    }
    await delay(intervalMs);
  }
}
