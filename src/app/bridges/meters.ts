import type { Switch } from '../../ofp/index.ts';
import { RemoteError } from '../../util/errors.ts';

/**
 * The greatest number that a meter of the switch can have (OpenFlow 1.3.5, 7.3.5.15); 0 when it has no meters, as
 * kernels before 4.15.
 * @throws as Switch.multipart
 */
export async function readMaxMeter(session: Switch): Promise<number> {
  try {
    return (await session.multipart('meterFeatures')).maxMeter;
  } catch (error) {
    if (error instanceof RemoteError) return 0;
    throw error;
  }
}
