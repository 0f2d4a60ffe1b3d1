import type { Switch } from '../../ofp/index.ts';
import { RemoteError } from '../../util/errors.ts';

/** Whether a switch has meters (OpenFlow 1.3.5, 7.3.5.15): kernels before 4.15 do not. @throws as Switch.multipart */
export async function hasMeters(session: Switch): Promise<boolean> {
  try {
    return (await session.multipart('meterFeatures')).maxMeter > 0;
  } catch (error) {
    if (error instanceof RemoteError) return false;
    throw error;
  }
}
