import type Long from 'long';
import { readU64, type U64 } from '../../util/u64.ts';
import type { Match, MatchInit } from '../oxm/fields.ts';
import { decodeMatch, encodeMatch, matchSize } from '../oxm/match.ts';
import { type Enumerated, enumeration } from '../wire/enumeration.ts';
import { need, type WireView } from '../wire/wire-view.ts';
import type { MessageBase, MessageCodec } from './codec.ts';

/** Why a packet comes to the controller: OFPR_ (OpenFlow 1.3.5, 7.4.1). */
export type PacketInReason = 'noMatch' | 'action' | 'invalidTtl' | 'actionSet' | 'group' | 'packetOut';

/** The numbers of {@link PacketInReason}; from `actionSet` on they are OpenFlow 1.4's. */
export const packetInReasons = enumeration<PacketInReason>('OFPR', {
  noMatch: 0,
  action: 1,
  invalidTtl: 2,
  actionSet: 3,
  group: 4,
  packetOut: 5,
});

/** OFP_NO_BUFFER: the message carries the packet itself (OpenFlow 1.3.5, 7.4.1). */
export const NO_BUFFER = 0xffffffff;

/**
 * OFPT_PACKET_IN (OpenFlow 1.3.5, 7.4.1): a packet for the controller. When it was received, `cookie`, `match` and `data`
 * are decoded at first use: they are accessors of the object's class, which `toJSON` turns into plain properties.
 */
export interface PacketIn extends MessageBase<'packetIn'> {
  /** The switch's buffer that holds the packet, or {@link NO_BUFFER}. */
  readonly bufferId: number;
  /** Bytes of the whole packet, of which `data` may be the beginning. */
  readonly totalLen: number;
  readonly reason: Enumerated<PacketInReason>;
  readonly tableId: number;
  /** The cookie of the flow that sent it; all ones when there is none. */
  readonly cookie: Long;
  /** The pipeline fields, `inPort` among them. */
  readonly match: Match;
  readonly data: Uint8Array;
}

/** A {@link PacketIn} to be sent, as software switches do (OpenFlow 1.3.5, 7.4.1). */
export interface PacketInInit {
  readonly type: 'packetIn';
  readonly xid?: number;
  readonly bufferId?: number;
  readonly totalLen?: number;
  readonly reason: Enumerated<PacketInReason>;
  readonly tableId: number;
  readonly cookie: U64;
  readonly match: MatchInit;
  readonly data: Uint8Array;
}

/** Where the match begins, behind the fixed part. */
const MATCH_OFFSET = 24;

/** The codec of {@link PacketIn}. */
export const packetIn: MessageCodec<PacketIn, PacketInInit> = {
  type: 'packetIn',
  code: 10,
  size: 34,
  decode: (wire, start, end, xid) => new ReceivedPacketIn(wire, start, end, xid),
  encode(writer, { bufferId = NO_BUFFER, totalLen, reason, tableId, cookie, match, data }) {
    writer.u32(bufferId);
    writer.u16(totalLen ?? data.length);
    writer.u8(packetInReasons.code(reason));
    writer.u8(tableId);
    writer.u64(cookie);
    encodeMatch(writer, match);
    writer.zeros(2);
    writer.raw(data);
  },
};

class ReceivedPacketIn implements PacketIn {
  readonly type = 'packetIn';
  readonly xid: number;
  readonly bufferId: number;
  readonly totalLen: number;
  readonly reason: Enumerated<PacketInReason>;
  readonly tableId: number;
  readonly #wire: WireView;
  readonly #start: number;
  readonly #end: number;
  readonly #dataOffset: number;
  #match: Match | undefined;

  /** Checks where match and data lie, so that the accessors cannot run over the message. */
  constructor(wire: WireView, start: number, end: number, xid: number) {
    const { view } = wire;
    this.xid = xid;
    this.bufferId = view.getUint32(start + 8);
    this.totalLen = view.getUint16(start + 12);
    this.reason = packetInReasons.name(view.getUint8(start + 14));
    this.tableId = view.getUint8(start + 15);
    const matchEnd = start + MATCH_OFFSET + matchSize(wire, start + MATCH_OFFSET, end);
    need('the padding behind the match', 2, matchEnd, end);
    this.#wire = wire;
    this.#start = start;
    this.#end = end;
    this.#dataOffset = matchEnd + 2;
  }

  get cookie(): Long {
    return readU64(this.#wire.view, this.#start + 16);
  }

  /** @throws WireError when the fields in it are malformed */
  get match(): Match {
    this.#match ??= decodeMatch(this.#wire, this.#start + MATCH_OFFSET, this.#end);
    return this.#match;
  }

  get data(): Uint8Array {
    return this.#wire.bytes.subarray(this.#dataOffset, this.#end);
  }

  toJSON(): PacketIn {
    const { type, xid, bufferId, totalLen, reason, tableId, cookie, match, data } = this;
    return { type, xid, bufferId, totalLen, reason, tableId, cookie, match, data };
  }
}
