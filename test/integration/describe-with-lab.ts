import { describe, jest } from '@jest/globals';
import { missingRequirements, type OptionalCommand } from '../lab/index.ts';

/**
 * Describes tests that need real hosts. Where the lab cannot run they are skipped, and the reason, which ends the
 * title, is printed at the end of the run; with `GALAGO_REQUIRE_INTEGRATION=1` the run fails then.
 *
 * Every test and hook of the file has three minutes: nothing takes that long but on a machine that is very busy.
 */
export function describeWithLab(name: string, body: () => void, more: readonly OptionalCommand[] = []): void {
  jest.setTimeout(180_000);
  const missing = missingRequirements(more);
  if (missing.length === 0) describe(name, body);
  else describe.skip(`${name} (skipped: ${missing.join(', ')})`, body);
}
