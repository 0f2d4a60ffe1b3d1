import type { Switch } from '../../ofp/index.ts';
import { RemoteError } from '../../util/errors.ts';
import { LAST_METER } from '../pipeline/tables.ts';

/**
 * Whether a switch has the meters that may be needed (OpenFlow 1.3.5, 7.3.5.15): kernels before 4.15 have none, and
 * the userspace datapath before Open vSwitch 2.14 too few.
 * @throws as Switch.multipart
 */
export async function hasMeters(session: Switch): Promise<boolean> {
  try {
    return (await session.multipart('meterFeatures')).maxMeter >= LAST_METER;
  } catch (error) {
    if (error instanceof RemoteError) return false;
    throw error;
  }
}
