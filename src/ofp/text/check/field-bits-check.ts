import type { Subfield } from '../../oxm/subfield.ts';
import { fieldByOxm } from '../fields.ts';
import { meets } from '../packet-kind.ts';
import type { PacketState } from './packet-state.ts';
import { demand } from './refusal.ts';

/**
 * Refuses bits that are not there, or, with `state`, bits of a field that such packets have not.
 * @throws Refusal
 */
export function checkSource({ field: name, start, bits }: Subfield, state?: PacketState): void {
  const field = fieldByOxm(name);
  demand(field !== undefined, 'OFPBAC_BAD_SET_TYPE', `the switch has no field ${name}`);
  demand(bits !== 0, 'OFPBAC_BAD_SET_LEN', `no bits of ${field.name} are named`);
  demand(
    start + bits <= field.bits,
    'OFPBAC_BAD_SET_LEN',
    `${field.name} has ${field.bits} bits, and bits up to ${start + bits - 1} are named`,
  );
  demand(
    state === undefined || meets(state.key, field.needs),
    'OFPBAC_MATCH_INCONSISTENT',
    `${field.name} needs packets of the kind '${field.needs}', and the match does not say so`,
  );
}

/** As {@link checkSource}, for bits that are written. @throws Refusal */
export function checkTarget(target: Subfield, state?: PacketState): void {
  checkSource(target, state);
  demand(
    fieldByOxm(target.field)!.writable,
    'OFPBAC_BAD_SET_ARGUMENT',
    `${target.field} can be read, not written`,
  );
}
