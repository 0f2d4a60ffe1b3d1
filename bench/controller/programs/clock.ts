/** Milliseconds on the clock that all processes share: CLOCK_MONOTONIC. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
