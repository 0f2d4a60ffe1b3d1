import type { WireView } from '../../wire/wire-view.ts';
import { demand } from './refusal.ts';

/** Takes a property's number and where its body lies; for an experimenter's, also whose it is. */
export type OnProperty = (
  type: number,
  body: number,
  end: number,
  experimenter: number,
  expType: number,
) => void;

/** The number from which on properties are experimenters', usually. */
const EXPERIMENTER = 0xffff;

/**
 * Walks the properties between `start` and `end` as Open vSwitch does.
 * @param firstExperimenter the number from which on they are experimenters'
 * @throws Refusal `OFPBPC_BAD_LEN`, `OFPBPC_BAD_EXPERIMENTER`
 */
export function readProperties(
  { view }: WireView,
  start: number,
  end: number,
  onProperty: OnProperty,
  firstExperimenter: number = EXPERIMENTER,
): void {
  for (let at = start; at < end; ) {
    const length = end - at < 4 ? 0 : view.getUint16(at + 2);
    const next = at + ((length + 7) & ~7);
    demand(length >= 4 && next <= end, 'OFPBPC_BAD_LEN', 'no length of a property');
    const type = view.getUint16(at);
    if (type < firstExperimenter) onProperty(type, at + 4, at + length, 0, 0);
    else {
      demand(length >= 12, 'OFPBPC_BAD_LEN', 'a property of an experimenter has 12 bytes');
      const experimenter = view.getUint32(at + 4);
      demand(experimenter !== 0, 'OFPBPC_BAD_EXPERIMENTER', 'no experimenter has the number 0');
      onProperty(type, at + 12, at + length, experimenter, view.getUint32(at + 8));
    }
    at = next;
  }
}

/** Refuses a property whose body has under `size` bytes; returns where it begins. @throws Refusal */
export function propertyBody(body: number, end: number, size: number): number {
  demand(end - body >= size, 'OFPBPC_BAD_LEN', `a property has under ${size} bytes`);
  return body;
}

/** As {@link propertyBody}, for properties that have neither more. @throws Refusal */
export function exactProperty(body: number, end: number, size: number): number {
  demand(end - body === size, 'OFPBPC_BAD_LEN', `a property has not ${size} bytes`);
  return body;
}
