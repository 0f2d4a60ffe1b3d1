import type { WireView } from '../../wire/wire-view.ts';
import { isValidValue } from '../field-value.ts';
import type { TextField } from '../fields.ts';
import { type OxmEntry, readOxmEntry, readOxmHead } from './oxm-entry.ts';
import { demand } from './refusal.ts';
import { blamesLength } from './unknown-field.ts';

/** Refuses a set-field action whose OXM field, at `at`, cannot be written so. @throws Refusal */
export function checkSetField(wire: WireView, at: number, end: number): void {
  const { field, value, hasMask } = knownEntry(wire, at, end);
  demand(!hasMask, 'OFPBAC_BAD_SET_MASK', 'set_field takes no mask in OpenFlow 1.3');
  const isWritable = field.writable && field.name !== 'in_port_oxm';
  demand(isWritable, 'OFPBAC_BAD_SET_ARGUMENT', `${field.name} can be read, not written`);
  const isTag = field.name !== 'vlan_vid' || (value & VLAN_PRESENT) !== 0n;
  demand(isValidValue(field, value) && isTag, 'OFPBAC_BAD_SET_ARGUMENT', `${field.name} has no such value`);
}

/** As {@link checkSetField}, for reg_load2. @throws Refusal */
export function checkRegLoad2(wire: WireView, at: number, end: number): void {
  const { field } = knownEntry(wire, at, end);
  demand(field.writable, 'OFPBAC_BAD_SET_ARGUMENT', `${field.name} can be read, not written`);
}

const VLAN_PRESENT = 0x1000n;

function knownEntry(wire: WireView, at: number, end: number): OxmEntry & { readonly field: TextField } {
  const head = readOxmHead(wire, at, end);
  const { field, header, experimenter, width } = head;
  const length = width + (experimenter === 0 ? 0 : 4);
  const isMisfit = field === undefined && blamesLength(header, experimenter, length);
  demand(!isMisfit, 'OFPBAC_BAD_SET_LEN', 'the field has another length');
  demand(field !== undefined, 'OFPBAC_BAD_SET_TYPE', 'the switch has no such field');
  return { ...readOxmEntry(wire, head, end), field };
}
