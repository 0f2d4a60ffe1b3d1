import { type ActionName, actionCodes } from '../actions/action.ts';
import { type InstructionName, instructionCodes } from '../instruction.ts';
import type { FieldName, UnknownFieldName } from '../oxm/fields.ts';
import { decodeOxmHeader, encodeOxmHeader } from '../oxm/oxm.ts';
import { type Enumerated, type Enumeration, enumeration } from '../wire/enumeration.ts';
import {
  decodeProperties,
  encodeProperty,
  encodeUnknownProperty,
  type UnknownProperty,
} from '../wire/property.ts';
import { need, readLength, type WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';

/**
 * An instruction or action as such: its name or number, or, of an experimenter, all behind type and length (OpenFlow
 * 1.3.5, 7.3.5.5.2).
 */
export type FeatureId<Name extends string> =
  | Enumerated<Name>
  | { readonly code: number; readonly raw: Uint8Array };

/** A field as such (OpenFlow 1.3.5, 7.3.5.5.2). */
export interface FeatureField {
  readonly field: FieldName | UnknownFieldName;
  /** Set when the table may mask it; in the property `match` only. */
  readonly masked?: boolean;
  /** Bytes, of fields of variable size where it is not their greatest. */
  readonly size?: number;
}

/**
 * OFPTFPT_ of instructions (OpenFlow 1.3.5, 7.3.5.5.2). The names that end in `Miss` are for the flow of priority 0
 * that takes every packet.
 */
export type InstructionFeature = 'instructions' | 'instructionsMiss';

/** OFPTFPT_ of the tables that goto-table may name (OpenFlow 1.3.5, 7.3.5.5.2). */
export type NextTablesFeature = 'nextTables' | 'nextTablesMiss';

/** OFPTFPT_ of actions (OpenFlow 1.3.5, 7.3.5.5.2). */
export type ActionFeature = 'writeActions' | 'writeActionsMiss' | 'applyActions' | 'applyActionsMiss';

/** OFPTFPT_ of fields: to match, to leave out of a match, and to set (OpenFlow 1.3.5, 7.3.5.5.2). */
export type FieldFeature =
  | 'match'
  | 'wildcards'
  | 'writeSetfield'
  | 'writeSetfieldMiss'
  | 'applySetfield'
  | 'applySetfieldMiss';

/** One property of a table (OpenFlow 1.3.5, 7.3.5.5.2). An experimenter's is an {@link UnknownProperty}, 0xfffe or 0xffff. */
export type TableFeature =
  | { readonly type: InstructionFeature; readonly instructions: readonly FeatureId<InstructionName>[] }
  | { readonly type: NextTablesFeature; readonly tables: readonly number[] }
  | { readonly type: ActionFeature; readonly actions: readonly FeatureId<ActionName>[] }
  | { readonly type: FieldFeature; readonly fields: readonly FeatureField[] }
  | UnknownProperty;

type Known = Exclude<TableFeature, UnknownProperty>['type'];

const features = enumeration<Known>('OFPTFPT', {
  instructions: 0,
  instructionsMiss: 1,
  nextTables: 2,
  nextTablesMiss: 3,
  writeActions: 4,
  writeActionsMiss: 5,
  applyActions: 6,
  applyActionsMiss: 7,
  match: 8,
  wildcards: 10,
  writeSetfield: 12,
  writeSetfieldMiss: 13,
  applySetfield: 14,
  applySetfieldMiss: 15,
});

const ID_SIZE = 4;

/** Decodes the properties that fill `start` to `end`. @throws WireError `OFP_BAD_LENGTH`, `OFP_TRUNCATED` */
export function decodeTableFeatures(wire: WireView, start: number, end: number): TableFeature[] {
  const found: TableFeature[] = [];
  decodeProperties(wire, start, end, (code, body, bodyEnd) =>
    found.push(decodeFeature(wire, code, body, bodyEnd)),
  );
  return found;
}

/** Encodes properties in the order given. */
export function encodeTableFeatures(writer: Writer, properties: readonly TableFeature[]): void {
  for (const property of properties) {
    if (property.type === 'unknown') encodeUnknownProperty(writer, property);
    else encodeProperty(writer, features.code(property.type), () => encodeFeature(writer, property));
  }
}

function decodeFeature(wire: WireView, code: number, start: number, end: number): TableFeature {
  const type = features.name(code);
  switch (type) {
    case 'instructions':
    case 'instructionsMiss':
      return { type, instructions: decodeIds(wire, start, end, instructionCodes) };
    case 'nextTables':
    case 'nextTablesMiss':
      return { type, tables: [...wire.bytes.subarray(start, end)] };
    case 'writeActions':
    case 'writeActionsMiss':
    case 'applyActions':
    case 'applyActionsMiss':
      return { type, actions: decodeIds(wire, start, end, actionCodes) };
    case 'match':
    case 'wildcards':
    case 'writeSetfield':
    case 'writeSetfieldMiss':
    case 'applySetfield':
    case 'applySetfieldMiss':
      return { type, fields: decodeFields(wire, start, end) };
    default:
      return { type: 'unknown', code, raw: wire.bytes.subarray(start, end) };
  }
}

function encodeFeature(writer: Writer, feature: Exclude<TableFeature, UnknownProperty>): void {
  if ('instructions' in feature) encodeIds(writer, feature.instructions, instructionCodes);
  else if ('actions' in feature) encodeIds(writer, feature.actions, actionCodes);
  else if ('tables' in feature) writer.raw(Uint8Array.from(feature.tables));
  else {
    for (const { field, masked = false, size } of feature.fields) {
      encodeOxmHeader(writer, field, size === undefined ? { masked } : { masked, valueSize: size });
    }
  }
}

function decodeIds<Name extends string>(
  wire: WireView,
  start: number,
  end: number,
  codes: Enumeration<Name>,
): FeatureId<Name>[] {
  const ids: FeatureId<Name>[] = [];
  for (let at = start; at < end; ) {
    need('an instruction or action', ID_SIZE, at, end);
    const code = wire.view.getUint16(at);
    const length = readLength(wire, 'instruction or action', at + 2, ID_SIZE, at, end);
    ids.push(
      length === ID_SIZE ? codes.name(code) : { code, raw: wire.bytes.subarray(at + ID_SIZE, at + length) },
    );
    at += length;
  }
  return ids;
}

function encodeIds<Name extends string>(
  writer: Writer,
  ids: readonly FeatureId<Name>[],
  codes: Enumeration<Name>,
): void {
  for (const id of ids) {
    const start = writer.offset;
    writer.u16(typeof id === 'object' ? id.code : codes.code(id));
    writer.u16(0);
    if (typeof id === 'object') writer.raw(id.raw);
    writer.patchLength(start);
  }
}

function decodeFields(wire: WireView, start: number, end: number): FeatureField[] {
  const fields: FeatureField[] = [];
  for (let at = start; at < end; ) {
    const { name, masked, valueSize, size } = decodeOxmHeader(wire, at, end, true);
    const found: { -readonly [K in keyof FeatureField]: FeatureField[K] } = {
      field: name as FieldName | UnknownFieldName,
    };
    if (masked) found.masked = true;
    if (valueSize !== undefined) found.size = valueSize;
    fields.push(found);
    at += size;
  }
  return fields;
}
