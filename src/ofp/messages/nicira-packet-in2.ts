import Long from 'long';
import { readU64, toLong, type U64 } from '../../util/u64.ts';
import { Experimenter, type Match, type MatchInit } from '../oxm/fields.ts';
import { decodeOxmFields, encodeOxmFields } from '../oxm/match.ts';
import type { Enumerated } from '../wire/enumeration.ts';
import {
  encodeNestedProperty,
  encodeProperty,
  encodeUnknownProperty,
  exactBody,
  nestedBody,
  type UnknownProperty,
} from '../wire/property.ts';
import { badLength, need, readLength, type WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';
import { EXPERIMENTER_BODY, type ExperimenterCodec, experimenterCodec, type MessageBase } from './codec.ts';
import { NO_BUFFER, type PacketInReason, packetInReasons } from './packet-in.ts';

interface PacketProperties<Value, M> {
  readonly data: Uint8Array;
  /** Bytes of the whole packet, of which `data` may be the beginning. */
  readonly totalLen: number;
  readonly bufferId: number;
  readonly tableId: number;
  /** The cookie of the flow that sent it; all ones when there is none. */
  readonly cookie: Value;
  readonly reason: Enumerated<PacketInReason>;
  /** The pipeline fields, `inPort` among them. */
  readonly match: M;
  /** What the flow's {@link NxController2} said. */
  readonly userdata: Uint8Array | undefined;
  /** The switch's own record of where the packet paused, which goes back to it in {@link NxResume} as it came. */
  readonly continuation: Uint8Array | undefined;
  /** Properties that are not known here. */
  readonly unknown: readonly UnknownProperty[];
}

/**
 * NXT_PACKET_IN2: a packet for the controller, in properties. When it was received, all but its numbers is decoded at
 * first use, as of a PacketIn: `toJSON` gives plain properties.
 */
export interface NxPacketIn2 extends MessageBase<'nxPacketIn2'>, PacketProperties<Long, Match> {
  toJSON(): Omit<NxPacketIn2, 'toJSON'>;
}

/** NXT_RESUME: lets a packet that {@link NxController2} paused go on, with the fields and bytes that it now has. */
export interface NxResume extends MessageBase<'nxResume'>, PacketProperties<Long, Match> {
  toJSON(): Omit<NxResume, 'toJSON'>;
}

interface PacketPropertiesInit extends Partial<PacketProperties<U64, MatchInit>> {
  readonly xid?: number;
  readonly data: Uint8Array;
}

/** An {@link NxPacketIn2} to be sent: no buffer, table 0, no cookie, for want of a match, and no fields unless given. */
export interface NxPacketIn2Init extends PacketPropertiesInit {
  readonly type: 'nxPacketIn2';
}

/** An {@link NxResume} to be sent. */
export interface NxResumeInit extends PacketPropertiesInit {
  readonly type: 'nxResume';
}

/** NXPINT_ property numbers. */
const Property = {
  PACKET: 0,
  FULL_LEN: 1,
  BUFFER_ID: 2,
  TABLE_ID: 3,
  COOKIE: 4,
  REASON: 5,
  METADATA: 6,
  USERDATA: 7,
  CONTINUATION: 8,
} as const;

/** The codec of {@link NxPacketIn2}. */
export const nxPacketIn2: ExperimenterCodec = packetProperties<NxPacketIn2, NxPacketIn2Init>(
  'nxPacketIn2',
  30,
);

/** The codec of {@link NxResume}. */
export const nxResume: ExperimenterCodec = packetProperties<NxResume, NxResumeInit>('nxResume', 28);

/** Makes the message that lets a paused packet go on, with other fields or bytes where they are given. */
export function resume(
  { data, totalLen, tableId, cookie, reason, match, continuation }: NxPacketIn2,
  changes: Partial<Pick<NxResumeInit, 'data' | 'match'>> = {},
): NxResumeInit {
  return { type: 'nxResume', data, totalLen, tableId, cookie, reason, match, continuation, ...changes };
}

function packetProperties<T extends NxPacketIn2 | NxResume, Init extends PacketPropertiesInit>(
  type: T['type'],
  expType: number,
): ExperimenterCodec {
  return experimenterCodec<T, Init>({
    type,
    experimenter: Experimenter.NICIRA,
    expType,
    size: EXPERIMENTER_BODY,
    decode: (wire, start, end, xid) =>
      new ReceivedPacket(wire, start + EXPERIMENTER_BODY, end, xid, type) as unknown as T,
    encode: encodePacket,
  });
}

/** Writes the properties in the order in which Open vSwitch does; one that has its default is left out as there. */
function encodePacket(writer: Writer, message: PacketPropertiesInit): void {
  const { data, bufferId = NO_BUFFER, tableId = 0, reason = 'noMatch', match = {} } = message;
  const { totalLen = data.length, userdata, continuation } = message;
  encodeProperty(writer, Property.PACKET, () => writer.raw(data));
  if (totalLen !== data.length) encodeProperty(writer, Property.FULL_LEN, () => writer.u32(totalLen));
  if (bufferId !== NO_BUFFER) encodeProperty(writer, Property.BUFFER_ID, () => writer.u32(bufferId));
  encodeProperty(writer, Property.TABLE_ID, () => writer.u8(tableId));
  const cookie = message.cookie === undefined ? Long.MAX_UNSIGNED_VALUE : toLong(message.cookie);
  if (!cookie.equals(Long.MAX_UNSIGNED_VALUE)) {
    encodeNestedProperty(writer, Property.COOKIE, () => writer.u64(cookie));
  }
  encodeProperty(writer, Property.REASON, () => writer.u8(packetInReasons.code(reason)));
  encodeProperty(writer, Property.METADATA, () => encodeOxmFields(writer, match));
  if (continuation !== undefined) {
    encodeNestedProperty(writer, Property.CONTINUATION, () => writer.raw(continuation));
  }
  if (userdata !== undefined) encodeProperty(writer, Property.USERDATA, () => writer.raw(userdata));
  for (const property of message.unknown ?? []) encodeUnknownProperty(writer, property);
}

const NONE: readonly UnknownProperty[] = [];

class ReceivedPacket {
  readonly type: 'nxPacketIn2' | 'nxResume';
  readonly xid: number;
  bufferId: number = NO_BUFFER;
  tableId = 0;
  reason: Enumerated<PacketInReason> = 'noMatch';
  unknown: readonly UnknownProperty[] = NONE;
  readonly #wire: WireView;
  /** Offsets; 0 for what is not there. */
  #cookie = 0;
  #data = 0;
  #dataEnd = 0;
  #metadata = 0;
  #metadataEnd = 0;
  #userdata = 0;
  #userdataEnd = 0;
  #continuation = 0;
  #continuationEnd = 0;
  #totalLen = -1;
  #match: Match | undefined;

  /** Finds every property, so that the accessors cannot run over the message. */
  constructor(wire: WireView, start: number, end: number, xid: number, type: 'nxPacketIn2' | 'nxResume') {
    this.type = type;
    this.xid = xid;
    this.#wire = wire;
    for (let at = start; at < end; ) {
      need('a property', 4, at, end);
      const length = readLength(wire, 'property', at + 2, 4, at, end);
      const padded = (length + 7) & ~7;
      if (padded > end - at) throw badLength('padded property', padded, 8, end - at);
      this.#take(wire.view.getUint16(at), at + 4, at + length);
      at += padded;
    }
  }

  #take(code: number, body: number, end: number): void {
    const { view, bytes } = this.#wire;
    switch (code) {
      case Property.PACKET:
        this.#data = body;
        this.#dataEnd = end;
        break;
      case Property.FULL_LEN:
        this.#totalLen = view.getUint32(exactBody('full_len', body, end, 4));
        break;
      case Property.BUFFER_ID:
        this.bufferId = view.getUint32(exactBody('buffer_id', body, end, 4));
        break;
      case Property.TABLE_ID:
        this.tableId = view.getUint8(exactBody('table_id', body, end, 1));
        break;
      case Property.COOKIE:
        this.#cookie = exactBody('cookie', body, end, 12) + 4;
        break;
      case Property.REASON:
        this.reason = packetInReasons.name(view.getUint8(exactBody('reason', body, end, 1)));
        break;
      case Property.METADATA:
        this.#metadata = body;
        this.#metadataEnd = end;
        break;
      case Property.USERDATA:
        this.#userdata = body;
        this.#userdataEnd = end;
        break;
      case Property.CONTINUATION:
        this.#continuation = nestedBody('continuation', body, end);
        this.#continuationEnd = end;
        break;
      default:
        this.unknown = [...this.unknown, { type: 'unknown', code, raw: bytes.subarray(body, end) }];
    }
  }

  get data(): Uint8Array {
    return this.#wire.bytes.subarray(this.#data, this.#dataEnd);
  }

  get totalLen(): number {
    return this.#totalLen < 0 ? this.#dataEnd - this.#data : this.#totalLen;
  }

  get cookie(): Long {
    return this.#cookie === 0 ? Long.MAX_UNSIGNED_VALUE : readU64(this.#wire.view, this.#cookie);
  }

  /** @throws WireError when the fields in it are malformed */
  get match(): Match {
    this.#match ??= decodeOxmFields(this.#wire, this.#metadata, this.#metadataEnd);
    return this.#match;
  }

  get userdata(): Uint8Array | undefined {
    if (this.#userdata === 0) return undefined;
    return this.#wire.bytes.subarray(this.#userdata, this.#userdataEnd);
  }

  get continuation(): Uint8Array | undefined {
    if (this.#continuation === 0) return undefined;
    return this.#wire.bytes.subarray(this.#continuation, this.#continuationEnd);
  }

  toJSON() {
    const { type, xid, data, totalLen, bufferId, tableId, cookie, reason, match } = this;
    const { userdata, continuation, unknown } = this;
    const numbers = { type, xid, totalLen, bufferId, tableId, cookie, reason };
    return { ...numbers, match, userdata, continuation, unknown, data };
  }
}
