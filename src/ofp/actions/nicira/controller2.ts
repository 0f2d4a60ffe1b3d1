import { type PacketInReason, packetInReasons } from '../../messages/packet-in.ts';
import type { Enumerated } from '../../wire/enumeration.ts';
import {
  decodeProperties,
  encodeProperty,
  encodeUnknownProperty,
  exactBody,
  type UnknownProperty,
} from '../../wire/property.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { type ActionCodec, actionCodec } from '../codec.ts';

/**
 * NXAST_CONTROLLER2: sends the packet to a controller, with more to say than an output to the controller port has
 * (ovs-actions(7)). What is left out has Open vSwitch's default.
 */
export interface NxController2 {
  readonly type: 'nxController2';
  /** Bytes of the packet to send; all of it unless given. */
  readonly maxLen?: number;
  /** Which controller connection, by the id that it set; 0 unless given. */
  readonly controllerId?: number;
  /** The reason that the packet-in will name; `action` unless given. */
  readonly reason?: Enumerated<PacketInReason>;
  /** Bytes that come back in the packet-in (NXT_PACKET_IN2 only). */
  readonly userdata?: Uint8Array;
  /** Freezes the packet's way through the tables, to be resumed by NXT_RESUME. */
  readonly pause?: boolean;
  /** The meter that limits these packet-ins, without touching what else happens to the packet. */
  readonly meterId?: number;
  /** Properties that are not known here. */
  readonly unknown?: readonly UnknownProperty[];
}

/** NXAC2PT_ property numbers. 16-bit values are followed by two bytes of padding that their length counts. */
const Property = { MAX_LEN: 0, CONTROLLER_ID: 1, REASON: 2, USERDATA: 3, PAUSE: 4, METER_ID: 5 } as const;

/** Where the properties begin: the header of 10 bytes and 6 bytes of padding. */
const PROPERTIES_OFFSET = 16;

/** The codec of {@link NxController2}. */
export const nxController2: ActionCodec = actionCodec<NxController2>({
  type: 'nxController2',
  code: 37,
  size: PROPERTIES_OFFSET,
  fixed: false,
  decode(wire, start, end) {
    const action: Writable<NxController2> = { type: 'nxController2' };
    const unknown: UnknownProperty[] = [];
    decodeProperties(wire, start + PROPERTIES_OFFSET, end, (code, body, bodyEnd) => {
      if (!readProperty(wire, code, body, bodyEnd, action)) {
        unknown.push({ type: 'unknown', code, raw: wire.bytes.subarray(body, bodyEnd) });
      }
    });
    return unknown.length === 0 ? action : { ...action, unknown };
  },
  encode(writer, { maxLen, controllerId, reason, userdata, pause, meterId, unknown }) {
    writer.zeros(6);
    if (maxLen !== undefined) encodeProperty(writer, Property.MAX_LEN, () => writer.u32(maxLen * 0x1_0000));
    if (controllerId !== undefined)
      encodeProperty(writer, Property.CONTROLLER_ID, () => writer.u32(controllerId * 0x1_0000));
    if (reason !== undefined)
      encodeProperty(writer, Property.REASON, () => writer.u8(packetInReasons.code(reason)));
    if (userdata !== undefined) encodeProperty(writer, Property.USERDATA, () => writer.raw(userdata));
    if (pause) encodeProperty(writer, Property.PAUSE, () => {});
    if (meterId !== undefined) encodeProperty(writer, Property.METER_ID, () => writer.u32(meterId));
    for (const property of unknown ?? []) encodeUnknownProperty(writer, property);
  },
});

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Puts a property into the action; false when it is none that is known. */
function readProperty(
  { bytes, view }: WireView,
  code: number,
  body: number,
  end: number,
  action: Writable<NxController2>,
): boolean {
  switch (code) {
    case Property.MAX_LEN:
      action.maxLen = view.getUint16(exactBody('max_len', body, end, 4));
      return true;
    case Property.CONTROLLER_ID:
      action.controllerId = view.getUint16(exactBody('controller_id', body, end, 4));
      return true;
    case Property.REASON:
      action.reason = packetInReasons.name(view.getUint8(exactBody('reason', body, end, 1)));
      return true;
    case Property.USERDATA:
      action.userdata = bytes.subarray(body, end);
      return true;
    case Property.PAUSE:
      action.pause = exactBody('pause', body, end, 0) > 0;
      return true;
    case Property.METER_ID:
      action.meterId = view.getUint32(exactBody('meter_id', body, end, 4));
      return true;
    default:
      return false;
  }
}
