import { WireError } from '../../util/errors.ts';
import { suggest } from '../../util/suggest.ts';
import type { Field } from './field.ts';
import { FIELDS, OxmClass } from './fields.ts';

/** A field with its name and what the wire needs of it, worked out once. */
export interface OxmField extends Field {
  readonly name: string;
  /** Its place among all fields. */
  readonly index: number;
  /** The header without mask, as a signed 32-bit number: class, field, length. */
  readonly header: number;
  /** The header with mask, likewise. */
  readonly maskedHeader: number;
  /** The last nine bits of the header, mask bit and length: what is left to compare when the field is found. */
  readonly plainForm: number;
  /** The same with mask; -1, which no header has, where none may be. */
  readonly maskedForm: number;
  /** Bytes that stand before the value: 8 in class 0xffff, else 4. */
  readonly headerSize: number;
}

/** The bits of a header that {@link OxmField.plainForm} is. */
export const FORM = 0x1ff;

const byName = new Map<string, OxmField>();
/** The fields of the four classes that nearly all are of, by {@link slotOf}: one look-up in one flat array. */
const byHeader = new Array<OxmField | undefined>(4 * 128).fill(undefined);
/** The others by field number, under the class, or under the experimenter id for class 0xffff. */
const byClass = new Map<number, OxmField[]>();
const byExperimenter = new Map<number, OxmField[]>();

for (const [name, row] of Object.entries<Field>(FIELDS)) {
  const oxm = describeField(name, byName.size, row);
  byName.set(name, oxm);
  const isExperimenter = row.oxmClass === OxmClass.EXPERIMENTER;
  if (isExperimenter) add(rowsOf(byExperimenter, row.experimenter), row.field, oxm);
  else if (slotOf(oxm.header) >= 0) add(byHeader, slotOf(oxm.header), oxm);
  else add(rowsOf(byClass, row.oxmClass), row.field, oxm);
}

/** One literal for all fields, and small integers only, so that the engine takes them for objects of one class. */
function describeField(name: string, index: number, row: Field): OxmField {
  const extra = row.oxmClass === OxmClass.EXPERIMENTER ? 4 : 0;
  const head = (row.oxmClass << 16) | (row.field << 9);
  const header = head | (row.size + extra);
  const maskedHeader = head | 0x100 | (row.size * 2 + extra);
  return {
    name,
    index,
    header,
    maskedHeader,
    plainForm: header & FORM,
    maskedForm: row.size === 0 || row.maskability === 'exact' ? -1 : maskedHeader & FORM,
    headerSize: 4 + extra,
    kind: row.kind,
    size: row.size,
    bits: row.bits,
    oxmClass: row.oxmClass,
    experimenter: row.experimenter,
    field: row.field,
    maskability: row.maskability,
    needs: row.needs,
  };
}

function rowsOf(index: Map<number, OxmField[]>, key: number): OxmField[] {
  const rows = index.get(key) ?? [];
  index.set(key, rows);
  return rows;
}

function add(rows: (OxmField | undefined)[], place: number, oxm: OxmField): void {
  if (rows[place] !== undefined) throw new Error(`${oxm.name} and ${rows[place].name} share an OXM number`);
  rows[place] = oxm;
}

/** Where {@link byHeader} has the field of a header: for classes 0, 1, 0x8000 and 0x8001; negative for others. */
function slotOf(header: number): number {
  return (header & 0x7ffe_0000) === 0 ? ((header >>> 23) & 0x100) | ((header >>> 9) & 0xff) : -1;
}

/**
 * Finds a field by name.
 * @throws WireError `OFP_UNKNOWN_FIELD`, with the nearest name
 */
export function fieldByName(name: string): OxmField {
  const oxm = byName.get(name);
  if (oxm !== undefined) return oxm;
  throw unknownField(name);
}

/** The error for a name that no field has. */
export function unknownField(name: string): WireError {
  const near = suggest(name, [...byName.keys()]);
  return new WireError(
    'OFP_UNKNOWN_FIELD',
    `no field is called '${name}'${near ? `; did you mean '${near}'?` : ''}`,
  );
}

/** How many fields there are. */
export const FIELD_COUNT = byName.size;

/** Finds a field by name, or nothing. */
export function findField(name: string): OxmField | undefined {
  return byName.get(name);
}

/**
 * Finds fields by names that come in the same order over and over, as the keys of matches do: the field that came behind
 * the one before last time is most likely the one, which is told by one comparison, a third of a look-up.
 */
export class FieldTrail {
  /** By the index of the field before, and for the first one. */
  readonly #followers: (OxmField | undefined)[] = new Array(byName.size + 1).fill(undefined);

  /** The field of this name, or nothing; `previous` is the index of the one before, {@link FIELD_COUNT} for the first. */
  find(previous: number, name: string): OxmField | undefined {
    const likely = this.#followers[previous];
    if (likely !== undefined && likely.name === name) return likely;
    const found = byName.get(name);
    if (found !== undefined) this.#followers[previous] = found;
    return found;
  }
}

/** Finds the field of a header without its mask bit and length, or nothing when it is not in the table. */
export function fieldByNumber(oxmClass: number, number: number, experimenter: number): OxmField | undefined {
  return fieldByHeader((oxmClass << 16) | (number << 9), experimenter);
}

/** As {@link fieldByNumber}, for the header as it is on the wire. */
export function fieldByHeader(header: number, experimenter: number): OxmField | undefined {
  const slot = slotOf(header);
  if (slot >= 0) return byHeader[slot];
  const oxmClass = header >>> 16;
  const rows = oxmClass === OxmClass.EXPERIMENTER ? byExperimenter.get(experimenter) : byClass.get(oxmClass);
  return rows?.[(header >>> 9) & 0x7f];
}
