import type { MessageBase, MessageCodec } from './codec.ts';

/** OFPT_TABLE_MOD (OpenFlow 1.3.5, 7.3.3). */
export interface TableMod extends MessageBase<'tableMod'> {
  /** A table, or 0xff for all. */
  readonly tableId: number;
  /** Bits OFPTC_: deprecated in 1.3, reserved. */
  readonly config: number;
}

/** The codec of {@link TableMod}. */
export const tableMod: MessageCodec<TableMod> = {
  type: 'tableMod',
  code: 17,
  size: 16,
  decode: ({ view }, start, _end, xid) => ({
    type: 'tableMod',
    xid,
    tableId: view.getUint8(start + 8),
    config: view.getUint32(start + 12),
  }),
  encode(writer, { tableId, config }) {
    writer.u8(tableId);
    writer.zeros(3);
    writer.u32(config);
  },
};
