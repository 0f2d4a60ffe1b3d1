import { decodeShortOxmHeader } from '../../oxm/oxm.ts';
import { readRange, type Subfield, writeRange, writeShortReference } from '../../oxm/subfield.ts';
import type { WireView } from '../../wire/wire-view.ts';
import type { Writer } from '../../wire/writer.ts';
import type { Action, ActionInit } from '../action.ts';
import { type ActionCodec, actionCodec } from '../codec.ts';

/** NXAST_CT: hands the packet to the connection tracker (ovs-actions(7)). */
export interface NxCt {
  readonly type: 'nxCt';
  /** Bits of {@link CtFlag}. */
  readonly flags: number;
  /** The zone, or 16 bits of a field that have it. */
  readonly zone: number | Subfield;
  /** The table where the packet goes on, with its connection's state; without one, only a copy is tracked. */
  readonly recircTable?: number;
  /** The well-known port of the protocol whose related connections are found too (21 for FTP); 0 for none. */
  readonly alg: number;
  /** What is done to the connection: NAT, and `ctMark` and `ctLabel` set. */
  readonly actions: readonly Action[];
}

/** A {@link NxCt} to be sent: no flags, zone 0, no protocol, no actions unless given (ovs-actions(7)). */
export interface NxCtInit {
  readonly type: 'nxCt';
  readonly flags?: number;
  readonly zone?: number | Subfield;
  readonly recircTable?: number;
  readonly alg?: number;
  readonly actions?: readonly ActionInit[];
}

/** NX_CT_F_ bits (ovs-actions(7)). */
export const CtFlag = {
  /** Keeps the connection, which otherwise is only looked up. */
  COMMIT: 1 << 0,
  /** Replaces a connection of the other direction; with COMMIT only. */
  FORCE: 1 << 1,
} as const;

/** NX_CT_RECIRC_NONE. */
const NO_TABLE = 0xff;
const ACTIONS_OFFSET = 24;

/** The codec of {@link NxCt}. */
export const nxCt: ActionCodec = actionCodec<NxCt>({
  type: 'nxCt',
  code: 35,
  size: ACTIONS_OFFSET,
  fixed: false,
  decode(wire, start, end, nested) {
    const recircTable = wire.view.getUint8(start + 18);
    const flags = wire.view.getUint16(start + 10);
    const zone = decodeZone(wire, start);
    const alg = wire.view.getUint16(start + 22);
    const actions = nested.decode(wire, start + ACTIONS_OFFSET, end);
    if (recircTable === NO_TABLE) return { type: 'nxCt', flags, zone, alg, actions };
    return { type: 'nxCt', flags, zone, recircTable, alg, actions };
  },
  encode(writer, { flags = 0, zone = 0, recircTable = NO_TABLE, alg = 0, actions = [] }, nested) {
    writer.u16(flags);
    encodeZone(writer, zone);
    writer.u8(recircTable);
    writer.zeros(3);
    writer.u16(alg);
    nested.encode(writer, actions);
  },
});

/** The zone's field header is zero where the zone is a number. */
function decodeZone(wire: WireView, start: number): number | Subfield {
  if (wire.view.getUint32(start + 12) === 0) return wire.view.getUint16(start + 16);
  return readRange(wire, start + 16, decodeShortOxmHeader(wire, start + 12));
}

function encodeZone(writer: Writer, zone: number | Subfield): void {
  if (typeof zone === 'number') {
    writer.zeros(4);
    return writer.u16(zone);
  }
  writeShortReference(writer, zone);
  writeRange(writer, zone);
}
