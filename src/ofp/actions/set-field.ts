import { WireError } from '../../util/errors.ts';
import { FIELD_COUNT, FieldTrail } from '../oxm/field-index.ts';
import type { FieldName, InitOf, UnknownFieldName, ValueOf } from '../oxm/fields.ts';
import { decodeOxm, emptyOxm, encodeOxm, encodeParts } from '../oxm/oxm.ts';
import type { WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';
import { type ActionCodec, actionCodec } from './codec.ts';

/**
 * An action of the type `Type` that writes a value into a field, in the bits that `mask` sets where there is one
 * (OpenFlow 1.3.5, 7.2.5).
 */
export type FieldWrite<Type extends string> =
  | {
      [N in FieldName]: {
        readonly type: Type;
        readonly field: N;
        readonly value: ValueOf<N>;
        readonly mask?: ValueOf<N>;
      };
    }[FieldName]
  | UnknownFieldWrite<Type>;

/** A {@link FieldWrite} to be sent (OpenFlow 1.3.5, 7.2.5). */
export type FieldWriteInit<Type extends string> =
  | {
      [N in FieldName]: {
        readonly type: Type;
        readonly field: N;
        readonly value: InitOf<N>;
        readonly mask?: InitOf<N>;
      };
    }[FieldName]
  | UnknownFieldWrite<Type>;

interface UnknownFieldWrite<Type extends string> {
  readonly type: Type;
  readonly field: UnknownFieldName;
  readonly value: Uint8Array;
  readonly mask?: never;
}

/** OFPAT_SET_FIELD (OpenFlow 1.3.5, 7.2.5): writes one field. The mask is OpenFlow 1.5's, which Open vSwitch takes over 1.3 too. */
export type SetField = FieldWrite<'setField'>;

/** A {@link SetField} to be sent (OpenFlow 1.3.5, 7.2.5). */
export type SetFieldInit = FieldWriteInit<'setField'>;

/** Makes the action that writes `value` into a field (OpenFlow 1.3.5, 7.2.5). */
export function setField<N extends FieldName>(field: N, value: InitOf<N>): SetFieldInit {
  return { type: 'setField', field, value } as SetFieldInit;
}

/** OFPAT_SET_FIELD. */
const SET_FIELD = 25;

/** The codec of {@link SetField}. */
export const setFieldAction: ActionCodec = actionCodec<SetField>({
  type: 'setField',
  code: SET_FIELD,
  size: 8,
  fixed: false,
  decode: (wire, start, end) => decodeFieldWrite('setField', wire, start + 4, end),
  encode: (writer, { field, value, mask }) => encodeOxm(writer, field, value, mask),
});

/** Bytes before the field: type and length. */
const HEADER_SIZE = 4;
const trail = new FieldTrail();
let previous = FIELD_COUNT;

/** Writes all of a set-field, without the look-ups and the call through the table, which cost as much as the writing. */
export function encodeSetField(writer: Writer, { field, value, mask }: SetFieldInit): void {
  const start = writer.reserve(HEADER_SIZE);
  const oxm = trail.find(previous, field);
  if (oxm === undefined) encodeOxm(writer, field, value, mask);
  else {
    previous = oxm.index;
    encodeParts(writer, oxm, value, mask);
  }
  writer.padTo8(start);
  writer.patchHeader(start, SET_FIELD);
}

/**
 * Reads the one OXM field that fills `start` to `end` but for its padding.
 * @throws WireError `OFP_BAD_LENGTH`, `OFP_TRUNCATED`
 */
export function decodeFieldWrite<Type extends string>(
  type: Type,
  wire: WireView,
  start: number,
  end: number,
): FieldWrite<Type> {
  const entry = emptyOxm();
  const next = decodeOxm(wire, start, end, entry);
  const { name: field, value, mask } = entry;
  if (end - next < 8) {
    return (mask === undefined ? { type, field, value } : { type, field, value, mask }) as FieldWrite<Type>;
  }
  throw new WireError('OFP_BAD_LENGTH', `${type} has ${end - next} bytes behind its field, expected under 8`);
}
