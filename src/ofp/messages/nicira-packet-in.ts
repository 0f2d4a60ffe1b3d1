import type Long from 'long';
import { readU64, type U64 } from '../../util/u64.ts';
import { Experimenter, type Match, type MatchInit } from '../oxm/fields.ts';
import { decodeNxMatch, encodeNxMatch } from '../oxm/match.ts';
import type { Enumerated } from '../wire/enumeration.ts';
import { need } from '../wire/wire-view.ts';
import { type ExperimenterCodec, experimenterCodec, type MessageBase } from './codec.ts';
import { NO_BUFFER, type PacketInReason, packetInReasons } from './packet-in.ts';

/** NXT_PACKET_IN: a packet for the controller, with the packet's fields in NXM (nicira-ext.h). */
export interface NxPacketIn extends MessageBase<'nxPacketIn'> {
  readonly bufferId: number;
  /** Bytes of the whole packet, of which `data` may be the beginning. */
  readonly totalLen: number;
  readonly reason: Enumerated<PacketInReason>;
  readonly tableId: number;
  /** The cookie of the flow that sent it; all ones when there is none. */
  readonly cookie: Long;
  /** The pipeline fields, `nxmInPort` among them. */
  readonly match: Match;
  readonly data: Uint8Array;
}

/** An {@link NxPacketIn} to be sent, as software switches do (nicira-ext.h). */
export interface NxPacketInInit {
  readonly type: 'nxPacketIn';
  readonly xid?: number;
  readonly bufferId?: number;
  readonly totalLen?: number;
  readonly reason: Enumerated<PacketInReason>;
  readonly tableId: number;
  readonly cookie: U64;
  readonly match: MatchInit;
  readonly data: Uint8Array;
}

const MATCH_OFFSET = 40;

/** The codec of {@link NxPacketIn}. */
export const nxPacketIn: ExperimenterCodec = experimenterCodec<NxPacketIn, NxPacketInInit>({
  type: 'nxPacketIn',
  experimenter: Experimenter.NICIRA,
  expType: 17,
  size: MATCH_OFFSET + 2,
  decode(wire, start, end, xid) {
    const { view, bytes } = wire;
    const found = decodeNxMatch(wire, start + MATCH_OFFSET, view.getUint16(start + 32), end);
    need('the padding behind the match', 2, found.end, end);
    return {
      type: 'nxPacketIn',
      xid,
      bufferId: view.getUint32(start + 16),
      totalLen: view.getUint16(start + 20),
      reason: packetInReasons.name(view.getUint8(start + 22)),
      tableId: view.getUint8(start + 23),
      cookie: readU64(view, start + 24),
      match: found.match,
      data: bytes.subarray(found.end + 2, end),
    };
  },
  encode(writer, { bufferId = NO_BUFFER, totalLen, reason, tableId, cookie, match, data }) {
    writer.u32(bufferId);
    writer.u16(totalLen ?? data.length);
    writer.u8(packetInReasons.code(reason));
    writer.u8(tableId);
    writer.u64(cookie);
    const matchSizeAt = writer.offset;
    writer.zeros(8);
    const size = encodeNxMatch(writer, match);
    writer.view.setUint16(matchSizeAt, size);
    writer.zeros(2);
    writer.raw(data);
  },
});
