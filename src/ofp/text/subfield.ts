import { FIELDS, type FieldName } from '../oxm/fields.ts';
import type { Subfield } from '../oxm/subfield.ts';
import { fieldByConstant, fieldByOxm, fieldByText, fieldTextNames, type TextField } from './fields.ts';
import type { Span } from './span.ts';
import { didYouMean } from './text-error.ts';

/** Some bits of a field, as actions name them. */
export interface TextSubfield {
  readonly field: TextField;
  /** The lowest bit, counted from the least significant. */
  readonly offset: number;
  readonly bits: number;
}

/**
 * Reads `NXM_NX_REG0[0..15]`, `NXM_NX_REG0[3]`, `NXM_NX_REG0[]` or the same with a field's plain name.
 * @throws TextError
 */
export function parseSubfield(span: Span): TextSubfield {
  const { text } = span;
  const parts = /^([^[-]*)(?:\[(?:(\d+)(?:\.\.(\d+))?)?\])?$/.exec(text);
  if (parts === null) {
    throw span.error(
      `expected a field like NXM_NX_REG0[], NXM_NX_REG0[5] or NXM_NX_REG0[0..15], got '${text}'`,
      span.sizeOf(/^[^[-]*(\[(\d+(\.(\.\d*)?)?)?\]?)?/),
    );
  }
  const field = parseFieldName(span.slice(0, parts[1]!.length));
  if (parts[2] === undefined) return { field, offset: 0, bits: field.bits };
  const first = Number(parts[2]);
  const last = Number(parts[3] ?? parts[2]);
  const firstAt = parts[1]!.length + 1;
  if (last < first) throw span.error(`bit ${first} comes after bit ${last}`, firstAt);
  if (last >= field.bits) {
    const lastAt = parts[3] === undefined ? firstAt : text.length - 1 - parts[3].length;
    throw span.error(`${field.name} has ${field.bits} bits, not a bit ${last}`, lastAt);
  }
  return { field, offset: first, bits: last - first + 1 };
}

/** Reads the name of a field in either form. @throws TextError */
export function parseFieldName(span: Span): TextField {
  const field = fieldByConstant(span.text.replace(/_W$/, '')) ?? fieldByText(span.text);
  if (field !== undefined) return field;
  throw span.error(`no field is called '${span.text}'${didYouMean(span.text, fieldTextNames())}`);
}

/** Reads a subfield into the form that actions have it in. @throws TextError */
export function parseReference(span: Span): Subfield {
  const { field, offset, bits } = parseSubfield(span);
  return { field: actionOxm(field, span), start: offset, bits };
}

/**
 * As {@link parseReference}, for the actions that have four bytes for a field's header.
 * @throws TextError for fields whose header takes eight
 */
export function parseShortReference(span: Span): Subfield {
  const reference = parseReference(span);
  if (FIELDS[reference.field as FieldName].experimenter === 0) return reference;
  throw span.error(`this action cannot name ${span.text}: experimenter fields do not fit`);
}

/** Refuses more bits than actions can name that count them in six. @throws TextError */
export function checkCount(span: Span, { bits }: Subfield): void {
  if (bits > MAX_COUNT)
    throw span.error(`this action takes up to ${MAX_COUNT} bits, ${span.text} has ${bits}`);
}

const MAX_COUNT = 64;

/** Writes bits of a field the way that {@link parseSubfield} reads them; `<unknown>` for fields Open vSwitch does not know. */
export function formatSubfield({ field, start, bits }: Subfield): string {
  const known = fieldByOxm(field);
  return `${known?.constant ?? '<unknown>'}${formatBitRange(known?.bits ?? -1, start, bits)}`;
}

/** The OXM field that the extension's actions use for a field: the older form where there is one. @throws TextError */
export function actionOxm({ nxm, oxm, name }: TextField, span: Span): FieldName {
  const field = nxm ?? oxm;
  if (field !== undefined) return field;
  throw span.error(`${name} has no OXM field, so no action can name it`);
}

function formatBitRange(width: number, offset: number, bits: number): string {
  if (offset === 0 && bits === width) return '[]';
  return bits === 1 ? `[${offset}]` : `[${offset}..${offset + bits - 1}]`;
}
