import type { FieldName } from '../oxm/fields.ts';
import { fieldByConstant, fieldByOxm, fieldByText, fieldTextNames, type TextField } from './fields.ts';
import type { Span } from './span.ts';
import { didYouMean } from './text-error.ts';

/** Some bits of a field, as actions name them. */
export interface Subfield {
  readonly field: TextField;
  /** The lowest bit, counted from the least significant. */
  readonly offset: number;
  readonly bits: number;
}

/**
 * Reads `NXM_NX_REG0[0..15]`, `NXM_NX_REG0[3]`, `NXM_NX_REG0[]` or the same with a field's plain name.
 * @throws TextError
 */
export function parseSubfield(span: Span): Subfield {
  const { text } = span;
  const parts = /^([^[-]*)(?:\[(?:(\d+)(?:\.\.(\d+))?)?\])?$/.exec(text);
  if (parts === null) {
    throw span.error(
      `expected a field like NXM_NX_REG0[], NXM_NX_REG0[5] or NXM_NX_REG0[0..15], got '${text}'`,
    );
  }
  const field = parseFieldName(span.slice(0, parts[1]!.length));
  if (parts[2] === undefined) return { field, offset: 0, bits: field.bits };
  const first = Number(parts[2]);
  const last = Number(parts[3] ?? parts[2]);
  if (last < first) throw span.error(`bit ${first} comes after bit ${last}`, parts[1]!.length);
  if (last >= field.bits)
    throw span.error(`${field.name} has ${field.bits} bits, not a bit ${last}`, parts[1]!.length);
  return { field, offset: first, bits: last - first + 1 };
}

/** Reads the name of a field in either form. @throws TextError */
export function parseFieldName(span: Span): TextField {
  const field = fieldByConstant(span.text.replace(/_W$/, '')) ?? fieldByText(span.text);
  if (field !== undefined) return field;
  throw span.error(`no field is called '${span.text}'${didYouMean(span.text, fieldTextNames())}`);
}

/** Writes bits of a field the way that {@link parseSubfield} reads them. */
export function formatSubfield({ field, offset, bits }: Subfield): string {
  return `${field.constant}${formatBitRange(field.bits, offset, bits)}`;
}

/** As {@link formatSubfield}, for a field by its OXM name; `<unknown>` for those that Open vSwitch does not know. */
export function formatOxmSubfield(oxm: string, offset: number, bits: number): string {
  const field = fieldByOxm(oxm);
  return field ? formatSubfield({ field, offset, bits }) : `<unknown>${formatBitRange(-1, offset, bits)}`;
}

/** The OXM field that an action of the extension names: the older form where there is one. */
export function actionOxm({ nxm, oxm }: TextField): FieldName | undefined {
  return nxm ?? oxm;
}

function formatBitRange(width: number, offset: number, bits: number): string {
  if (offset === 0 && bits === width) return '[]';
  return bits === 1 ? `[${offset}]` : `[${offset}..${offset + bits - 1}]`;
}
