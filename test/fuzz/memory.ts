import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How much more memory may be in use after a run of the fuzzer than before it. */
export const MAX_GROWTH_BYTES = 16 * 1024 * 1024;

/** Bytes in use on and off the JavaScript heap, without garbage. */
export function usedMemory(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
