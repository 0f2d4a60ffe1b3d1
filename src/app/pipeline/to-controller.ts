import { type ActionInit, MeterFlag, type MeterSpec } from '../../ofp/index.ts';
import type { Limit } from './tables.ts';

/**
 * The action that sends a frame to the controller, and the meter that lets so many of them through.
 * @param maxMeter the greatest meter that the switch can have; without one all frames go there
 */
export function toController(
  meterId: number,
  limit: Limit,
  maxMeter: number,
): { readonly action: ActionInit; readonly meters: readonly MeterSpec[] } {
  if (meterId > maxMeter) return { action: { type: 'nxController2' }, meters: [] };
  const meter = {
    meterId,
    flags: MeterFlag.PKTPS | MeterFlag.BURST,
    bands: [{ type: 'drop', ...limit }],
  } as const;
  return { action: { type: 'nxController2', meterId }, meters: [meter] };
}

/** The meter of a port. The low bits tell ports apart: only the reserved ones, as the bridge's own, have more. */
export function portMeter(first: number, ofport: number): number {
  return first + (ofport & 0xffff);
}
