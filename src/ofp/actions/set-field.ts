import { WireError } from '../../util/errors.ts';
import type { FieldName, InitOf, UnknownFieldName, ValueOf } from '../oxm/fields.ts';
import { decodeOxm, encodeOxm } from '../oxm/oxm.ts';
import { type ActionCodec, actionCodec } from './codec.ts';

/** OFPAT_SET_FIELD (OpenFlow 1.3.5, 7.2.5): writes one field. The mask is OpenFlow 1.5's, which Open vSwitch takes over 1.3 too. */
export type SetField =
  | {
      [N in FieldName]: {
        readonly type: 'setField';
        readonly field: N;
        readonly value: ValueOf<N>;
        readonly mask?: ValueOf<N>;
      };
    }[FieldName]
  | {
      readonly type: 'setField';
      readonly field: UnknownFieldName;
      readonly value: Uint8Array;
      readonly mask?: never;
    };

/** A {@link SetField} to be sent. */
export type SetFieldInit =
  | {
      [N in FieldName]: {
        readonly type: 'setField';
        readonly field: N;
        readonly value: InitOf<N>;
        readonly mask?: InitOf<N>;
      };
    }[FieldName]
  | {
      readonly type: 'setField';
      readonly field: UnknownFieldName;
      readonly value: Uint8Array;
      readonly mask?: never;
    };

/** Makes the action that writes `value` into a field. */
export function setField<N extends FieldName>(field: N, value: InitOf<N>): SetFieldInit {
  return { type: 'setField', field, value } as SetFieldInit;
}

/** The codec of {@link SetField}. */
export const setFieldAction: ActionCodec = actionCodec<SetField>({
  type: 'setField',
  code: 25,
  size: 8,
  fixed: false,
  decode(wire, start, end) {
    let action: SetField | undefined;
    const next = decodeOxm(wire, start + 4, end, (field, value, mask) => {
      action = (
        mask === undefined ? { type: 'setField', field, value } : { type: 'setField', field, value, mask }
      ) as SetField;
    });
    if (end - next < 8 && action !== undefined) return action;
    throw new WireError(
      'OFP_BAD_LENGTH',
      `set-field of ${end - start} bytes has ${end - next} behind its field`,
    );
  },
  encode: (writer, { field, value, mask }) => encodeOxm(writer, field, value, mask),
});
