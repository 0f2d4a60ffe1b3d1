import { untilSignal } from '../until-signal.ts';
import type { PatientOutput } from './output.ts';

/**
 * Runs what goes on until it is ended: by SIGINT or SIGTERM, or because nobody reads what it writes any more. Neither is
 * a failure; `work` ends when its signal is aborted, with an error or without.
 */
export async function watch(
  output: PatientOutput,
  work: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const ending = new AbortController();
  void untilSignal().then(() => ending.abort());
  const signal = AbortSignal.any([ending.signal, output.gone]);
  try {
    await work(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
