import { RemoteError } from '../../util/errors.ts';
import type { NxController2 } from '../actions/nicira/controller2.ts';
import type { MeterSpec } from '../flow-spec.ts';
import { MeterFlag } from '../messages/meter-mod.ts';
import type { MeterConfig } from '../multipart/meter.ts';
import { MeterNo } from '../ports.ts';
import type { RequestOptions } from './requests.ts';
import type { Switch } from './switch.ts';

/** How many packets a switch may send to its controllers (OpenFlow 1.3.5, 7.3.4.4). */
export interface PacketInLimit {
  readonly packetsPerSecond: number;
  /** Packets that may come at once after a silence. Default: those of one second. */
  readonly burst?: number;
  /**
   * The meter that counts them. Default OFPM_CONTROLLER (OpenFlow 1.3.5, 7.3.4.4): all packet-ins but those whose flow
   * names a meter of its own with {@link toController}.
   */
  readonly meterId?: number;
}

/** The meter of a limit, for {@link Switch.reconcile} (OpenFlow 1.3.5, 7.3.4.4). */
export function packetInMeter({ packetsPerSecond: rate, burst = rate, meterId }: PacketInLimit): MeterSpec {
  return {
    meterId: meterId ?? MeterNo.CONTROLLER,
    flags: MeterFlag.PKTPS | MeterFlag.BURST,
    bands: [{ type: 'drop', rate, burstSize: burst }],
  };
}

/**
 * Sends the packet to the controller, as an output to the controller port does, but within the limit of the meter
 * `meterId` when that is given: what is over it goes nowhere, and whatever else the flow does with the packet is done
 * all the same (OpenFlow 1.3.5, 7.3.4.4). This is an Open vSwitch extension.
 */
export function toController(options: Omit<NxController2, 'type'> = {}): NxController2 {
  return { ...options, type: 'nxController2' };
}

/**
 * Limits packet-ins in the datapath, where those that are too many cost next to nothing (OpenFlow 1.3.5, 7.3.4.4). A
 * meter that is as it should be is not touched, so that this may be called as often as one likes; another one with its
 * id is changed.
 * @throws RemoteError when the switch has no meters, or not this one
 */
export async function limitPacketIns(
  session: Pick<Switch, 'multipart' | 'apply'>,
  limit: PacketInLimit,
  options?: RequestOptions,
): Promise<void> {
  const meter = packetInMeter(limit);
  const present = await readMeter(session, meter.meterId, options);
  const state = (meters: readonly MeterSpec[]) => ({ flows: [], groups: [], meters });
  await session.apply(state(present), state([meter]), options);
}

async function readMeter(
  session: Pick<Switch, 'multipart'>,
  meterId: number,
  options?: RequestOptions,
): Promise<readonly MeterConfig[]> {
  try {
    return await session.multipart('meterConfig', { meterId }, options);
  } catch (error) {
    if (error instanceof RemoteError && error.code === 'OFPMMFC_UNKNOWN_METER') return [];
    throw error;
  }
}
