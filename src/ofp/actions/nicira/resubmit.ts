import { readPort16, writePort16 } from '../../port16.ts';
import { PortNo } from '../../ports.ts';
import { type ActionCodec, actionCodec, type WithDefaults } from '../codec.ts';

/**
 * NXAST_RESUBMIT: looks the packet up again in this table as if it had come from `inPort`, and comes back
 * (ovs-actions(7)).
 */
export interface NxResubmit {
  readonly type: 'nxResubmit';
  readonly inPort: number;
}

/**
 * NXAST_RESUBMIT_TABLE; NXAST_RESUBMIT_TABLE_CT looks it up with the addresses of its connection's first packet
 * (ovs-actions(7)).
 */
export interface NxResubmitTable {
  readonly type: 'nxResubmitTable' | 'nxResubmitTableCt';
  /** OFPP_IN_PORT leaves the port as it is. */
  readonly inPort: number;
  /** A table, or {@link CURRENT_TABLE}. */
  readonly tableId: number;
}

/** A {@link NxResubmitTable} to be sent: the port as it is, and this table again, unless given (ovs-actions(7)). */
export type NxResubmitTableInit = WithDefaults<NxResubmitTable, 'inPort' | 'tableId'>;

/** The table that the packet is in (ovs-actions(7)). */
export const CURRENT_TABLE = 0xff;

/** The codecs of {@link NxResubmit} and {@link NxResubmitTable}. */
export const nxResubmitActions: readonly ActionCodec[] = [
  actionCodec<NxResubmit>({
    type: 'nxResubmit',
    code: 1,
    size: 16,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'nxResubmit', inPort: readPort16(view, start + 10) }),
    encode(writer, { inPort }) {
      writePort16(writer, inPort);
      writer.zeros(4);
    },
  }),
  resubmitTable('nxResubmitTable', 14),
  resubmitTable('nxResubmitTableCt', 44),
];

function resubmitTable(type: NxResubmitTable['type'], code: number): ActionCodec {
  return actionCodec<NxResubmitTable>({
    type,
    code,
    size: 16,
    fixed: true,
    decode: ({ view }, start) => ({
      type,
      inPort: readPort16(view, start + 10),
      tableId: view.getUint8(start + 12),
    }),
    encode(writer, { inPort = PortNo.IN_PORT, tableId = CURRENT_TABLE }) {
      writePort16(writer, inPort);
      writer.u8(tableId);
      writer.zeros(3);
    },
  });
}
