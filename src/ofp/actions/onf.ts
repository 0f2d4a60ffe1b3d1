import { type ActionCodec, actionCodec } from './codec.ts';
import { decodeFieldCopy, encodeFieldCopy, type FieldCopy } from './field-copy.ts';

/** ONF extension 320: copies a field, as OpenFlow 1.5's OFPAT_COPY_FIELD does (EXT-320). */
export interface OnfCopyField extends FieldCopy {
  readonly type: 'onfCopyField';
}

/** The actions of the ONF's extensions, under experimenter 0x4f4e4600 (EXT-320). */
export type OnfAction = OnfCopyField;

/** An {@link OnfAction} to be sent (EXT-320). */
export type OnfActionInit = OnfAction;

/** Where the bit counts begin: the header of 10 bytes and 2 bytes of padding. */
const COUNTS_OFFSET = 12;

/** The codecs of {@link OnfAction}. */
export const onfActions: readonly ActionCodec[] = [
  actionCodec<OnfCopyField>({
    type: 'onfCopyField',
    code: 3200,
    size: 32,
    fixed: false,
    decode: (wire, start, end) => ({
      type: 'onfCopyField',
      ...decodeFieldCopy(wire, start + COUNTS_OFFSET, start + COUNTS_OFFSET + 8, end),
    }),
    encode(writer, action) {
      writer.zeros(2);
      encodeFieldCopy(writer, action, 2);
    },
  }),
];
