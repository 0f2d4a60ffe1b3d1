import type { MessageBase, MessageCodec } from './codec.ts';

/** OFPT_EXPERIMENTER (OpenFlow 1.3.5, 7.5.4) of a kind that is not known here: its body as it came. */
export interface ExperimenterMessage extends MessageBase<'experimenter'> {
  readonly experimenter: number;
  readonly expType: number;
  readonly data: Uint8Array;
}

/** The codec of {@link ExperimenterMessage}. */
export const experimenter: MessageCodec<ExperimenterMessage> = {
  type: 'experimenter',
  code: 4,
  size: 16,
  decode: ({ view, bytes }, start, end, xid) => ({
    type: 'experimenter',
    xid,
    experimenter: view.getUint32(start + 8),
    expType: view.getUint32(start + 12),
    data: bytes.subarray(start + 16, end),
  }),
  encode(writer, message) {
    writer.u32(message.experimenter);
    writer.u32(message.expType);
    writer.raw(message.data);
  },
};
