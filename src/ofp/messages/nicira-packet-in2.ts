import Long from 'long';
import { readU64, type U64 } from '../../util/u64.ts';
import { Experimenter, type Match, type MatchInit } from '../oxm/fields.ts';
import { decodeOxmFields, encodeOxmFields } from '../oxm/match.ts';
import type { Enumerated } from '../wire/enumeration.ts';
import { exactBody, nestedBody, type UnknownProperty } from '../wire/property.ts';
import {
  bytesProperty,
  type PropertyRow,
  propertyTable,
  type UnknownProperties,
  u8Property,
  u32Property,
  u64Property,
} from '../wire/property-table.ts';
import { badLength, need, readLength, type WireView } from '../wire/wire-view.ts';
import { EXPERIMENTER_BODY, type ExperimenterCodec, experimenterCodec, type MessageBase } from './codec.ts';
import { NO_BUFFER, type PacketInReason, packetInReasons } from './packet-in.ts';

/** What NXT_PACKET_IN2 and NXT_RESUME say of a packet, with what they leave out filled in. */
interface ReceivedProperties {
  readonly data: Uint8Array;
  /** Bytes of the whole packet, of which `data` may be the beginning. */
  readonly totalLen: number;
  /** The switch's buffer that holds the packet; NO_BUFFER, as a rule. */
  readonly bufferId: number;
  readonly tableId: number;
  /** The cookie of the flow that sent it; all ones when there is none. */
  readonly cookie: Long;
  readonly reason: Enumerated<PacketInReason>;
  /** The pipeline fields, `inPort` among them. */
  readonly match: Match;
  /** What the flow's nxController2 said. */
  readonly userdata: Uint8Array | undefined;
  /** The switch's own record of where the packet paused, which goes back to it in {@link NxResume} as it came. */
  readonly continuation: Uint8Array | undefined;
  /** Properties that are not known here. */
  readonly unknown: readonly UnknownProperty[];
}

/** What is sent of a {@link ReceivedProperties}, in the order of the keys; what is left out has the default there. */
interface SentProperties extends UnknownProperties {
  readonly data?: Uint8Array;
  readonly totalLen?: number;
  readonly bufferId?: number;
  readonly tableId?: number;
  readonly cookie?: U64;
  readonly reason?: Enumerated<PacketInReason>;
  readonly match?: MatchInit;
  readonly userdata?: Uint8Array | undefined;
  readonly continuation?: Uint8Array | undefined;
}

/**
 * NXT_PACKET_IN2: a packet for the controller, in properties (nicira-ext.h). What came is decoded at first use, as of a
 * PacketIn, by accessors of the object's class; `toJSON` gives the properties that the message has, in their order.
 */
export interface NxPacketIn2 extends MessageBase<'nxPacketIn2'>, ReceivedProperties {
  toJSON(): NxPacketIn2Init;
}

/**
 * NXT_RESUME: lets a packet go on that nxController2 paused, with the fields and bytes that it now has (nicira-ext.h).
 */
export interface NxResume extends MessageBase<'nxResume'>, ReceivedProperties {
  toJSON(): NxResumeInit;
}

/** An {@link NxPacketIn2} to be sent (nicira-ext.h). */
export interface NxPacketIn2Init extends SentProperties {
  readonly type: 'nxPacketIn2';
  readonly xid?: number;
}

/** An {@link NxResume} to be sent; {@link resume} makes one of a packet-in (nicira-ext.h). */
export interface NxResumeInit extends SentProperties {
  readonly type: 'nxResume';
  readonly xid?: number;
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

const table = propertyTable<SentProperties>(
  bytesProperty('data', Property.PACKET),
  u32Property('totalLen', Property.FULL_LEN),
  u32Property('bufferId', Property.BUFFER_ID),
  u8Property('tableId', Property.TABLE_ID),
  u64Property('cookie', Property.COOKIE),
  reasonProperty(),
  metadataProperty(),
  bytesProperty('userdata', Property.USERDATA),
  { ...bytesProperty('continuation', Property.CONTINUATION), nested: true },
);

/** The codec of {@link NxPacketIn2}. */
export const nxPacketIn2: ExperimenterCodec = packetProperties('nxPacketIn2', 30);

/** The codec of {@link NxResume}. */
export const nxResume: ExperimenterCodec = packetProperties('nxResume', 28);

/**
 * Makes the message that lets a paused packet go on, with other fields or bytes where they are given (nicira-ext.h).
 */
export function resume(
  packetIn: NxPacketIn2,
  changes: Pick<NxResumeInit, 'data' | 'match'> = {},
): NxResumeInit {
  const { xid: _, totalLen: __, bufferId: ___, userdata: ____, ...properties } = packetIn.toJSON();
  return { ...properties, ...changes, type: 'nxResume' };
}

function packetProperties(type: 'nxPacketIn2' | 'nxResume', expType: number): ExperimenterCodec {
  type Received = NxPacketIn2 | NxResume;
  return experimenterCodec<Received, Received | NxPacketIn2Init | NxResumeInit>({
    type,
    experimenter: Experimenter.NICIRA,
    expType,
    size: EXPERIMENTER_BODY,
    decode: (wire, start, end, xid) =>
      new ReceivedPacket(wire, start + EXPERIMENTER_BODY, end, xid, type) as Received,
    encode: (writer, message) => table.encode(writer, 'toJSON' in message ? message.toJSON() : message),
  });
}

function reasonProperty(): PropertyRow {
  const row = u8Property('reason', Property.REASON);
  return {
    ...row,
    read: (wire, body, end) => packetInReasons.name(row.read(wire, body, end) as number),
    write: (writer, value) => writer.u8(packetInReasons.code(value as Enumerated<PacketInReason>)),
  };
}

function metadataProperty(): PropertyRow {
  return {
    name: 'match',
    code: Property.METADATA,
    read: decodeOxmFields,
    write: (writer, value) => encodeOxmFields(writer, value as MatchInit),
  };
}

const NONE: readonly UnknownProperty[] = [];

class ReceivedPacket implements ReceivedProperties {
  readonly type: 'nxPacketIn2' | 'nxResume';
  readonly xid: number;
  bufferId: number = NO_BUFFER;
  tableId = 0;
  reason: Enumerated<PacketInReason> = 'noMatch';
  unknown: readonly UnknownProperty[] = NONE;
  readonly #wire: WireView;
  readonly #start: number;
  readonly #end: number;
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
    this.#start = start;
    this.#end = end;
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
        if (this.unknown === NONE) this.unknown = [];
        (this.unknown as UnknownProperty[]).push({ type: 'unknown', code, raw: bytes.subarray(body, end) });
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
    const properties = table.decode(this.#wire, this.#start, this.#end);
    return { type: this.type, xid: this.xid, ...properties };
  }
}
