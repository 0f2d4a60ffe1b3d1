import { FIELDS, type FieldName, OxmClass } from '../oxm/fields.ts';
import { type Row, SECTIONS, type TextPrerequisite, type ValueKind } from './field-table.ts';
import type { Place } from './flow-key.ts';

/** A field as ovs-ofctl knows it (ovs-fields(7)). */
export interface TextField {
  /** The name that is written. */
  readonly name: string;
  readonly kind: ValueKind;
  /** Significant bits of the value; it takes `bytes` bytes. */
  readonly bits: number;
  readonly bytes: number;
  readonly maskable: boolean;
  /** Whether actions may write it. */
  readonly writable: boolean;
  readonly needs: TextPrerequisite;
  /** Where in a packet it is: `bits` bits of `place` from `shift` on. */
  readonly place: Place | undefined;
  readonly shift: number;
  /** The OXM field that OpenFlow 1.3 matches and set-field use; undefined when there is none. */
  readonly oxm: FieldName | undefined;
  /** The older form that the extension's actions prefer, where there is one. */
  readonly nxm: FieldName | undefined;
  /** The name of `nxm`, or else of `oxm`, in capitals: as in `NXM_OF_ETH_SRC[]`. */
  readonly constant: string;
}

const byText = new Map<string, TextField>();
const byOxm = new Map<string, TextField>();
const byConstant = new Map<string, TextField>();

/** Every field that Open vSwitch 3.1 knows, in its order. */
export const TEXT_FIELDS: readonly TextField[] = SECTIONS.flatMap(([needs, rows]) =>
  rows.map((row) => added(row, needs)),
);

/** Finds a field by the name or alias that matches and `set_field` use. */
export function fieldByText(name: string): TextField | undefined {
  return byText.get(name);
}

/** The names and aliases of all fields. */
export function fieldTextNames(): Iterable<string> {
  return byText.keys();
}

/** Finds the field that an OXM field is; undefined for those that Open vSwitch 3.1 does not know. */
export function fieldByOxm(name: string): TextField | undefined {
  return byOxm.get(name);
}

/** The OXM fields that Open vSwitch 3.1 knows. */
export function knownOxmFields(): Iterable<string> {
  return byOxm.keys();
}

/** A field that must be there; for the tables of this directory. */
export function textField(name: string): TextField {
  const field = byText.get(name);
  if (field === undefined) throw new Error(`no field is called ${name}`);
  return field;
}

/** Finds a field by the name in capitals that subfields use: `NXM_OF_ETH_SRC` or `OXM_OF_ETH_SRC`. */
export function fieldByConstant(constant: string): TextField | undefined {
  return byConstant.get(constant);
}

function wireSize(bits: number): number {
  if (bits <= 8) return 1;
  if (bits <= 16) return 2;
  return bits <= 32 ? 4 : bits / 8;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The specification's name of an OXM field, from ours: its class gives the prefix, and a few names differ. */
function constantName(name: FieldName): string {
  const { oxmClass, experimenter } = FIELDS[name];
  const words = name
    .replace(/^(nxm|onf)(?=[A-Z])/, '')
    .replace(/(?<=[a-z0-9])([A-Z])/g, '_$1')
    .toUpperCase();
  switch (oxmClass) {
    case OxmClass.NXM_0:
      return `NXM_OF_${words}`;
    case OxmClass.NXM_1:
      return `NXM_NX_${words}`;
    case OxmClass.ERICSSON:
      return `ERICOXM_OF_ICMPV6_${words}`;
    case OxmClass.PACKET_REGS:
      return `OXM_OF_PKT_${words.slice(1)}`;
    case OxmClass.EXPERIMENTER:
      if (name.startsWith('onf')) return `ONFOXM_ET_${words}`;
      return experimenter === FIELDS.nshFlags.experimenter
        ? `NXOXM_${words}`
        : `NXOXM_ET_${words.replace(/^TUN_/, '')}`;
    default:
      return `OXM_OF_${words}`;
  }
}

/** Makes a field of a row, and enters it under all of its names. */
function added([name, kind, bits, place, options]: Row, needs: TextPrerequisite): TextField {
  const oxm = options.oxm === null ? undefined : (options.oxm ?? (camelCase(name) as FieldName));
  if (oxm !== undefined && !(oxm in FIELDS)) throw new Error(`${name} has no OXM field ${oxm}`);
  const known = options.nxm ?? oxm;
  const field: TextField = {
    name,
    kind,
    bits,
    bytes: options.bytes ?? wireSize(bits),
    maskable: options.maskable ?? true,
    writable: options.writable ?? true,
    needs,
    place,
    shift: options.shift ?? 0,
    oxm,
    nxm: options.nxm,
    constant: known === undefined ? name : constantName(known),
  };
  for (const text of [name, options.alias]) if (text !== undefined) byText.set(text, field);
  for (const same of [oxm, options.nxm, ...(options.also ?? [])]) {
    if (same === undefined) continue;
    byOxm.set(same, field);
    byConstant.set(constantName(same), field);
  }
  return field;
}
