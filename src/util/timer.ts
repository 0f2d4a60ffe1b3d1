/** Runs the callback once after a delay; what it returns cancels it. Injected, so that tests need not wait. */
export type SetTimer = (callback: () => void, delayMs: number) => () => void;

/** The system's timer. It does not keep the process alive: what it serves is a connection, which does. */
export const systemTimer: SetTimer = (callback, delayMs) => {
  const timer = setTimeout(callback, delayMs).unref();
  return () => clearTimeout(timer);
};
