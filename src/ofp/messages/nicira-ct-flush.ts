import { isIpv4, readIpv4, readIpv6, writeIpv4, writeIpv6 } from '../../util/ip.ts';
import { Experimenter } from '../oxm/fields.ts';
import {
  decodeProperties,
  encodeNestedProperty,
  encodeProperty,
  encodeUnknownProperty,
  exactBody,
  nestedBody,
  type UnknownProperty,
} from '../wire/property.ts';
import type { WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';
import { type ExperimenterCodec, experimenterCodec, type MessageBase } from './codec.ts';

/** NXT_CT_FLUSH_ZONE: forgets the connections of a zone. */
export interface NxCtFlushZone extends MessageBase<'nxCtFlushZone'> {
  readonly zoneId: number;
}

/** NXT_CT_FLUSH: forgets the connections that are all of what is said. */
export interface NxCtFlush extends MessageBase<'nxCtFlush'> {
  /** The IP protocol; 0 for any. */
  readonly ipProto: number;
  /** The addresses and ports of the first packet, and of the answer. */
  readonly orig?: CtTuple;
  readonly reply?: CtTuple;
  readonly zoneId?: number;
  /** Properties that are not known here. */
  readonly unknown?: readonly UnknownProperty[];
}

/** One direction of a connection; what is left out may be anything. */
export interface CtTuple {
  /** An IPv4 or IPv6 address. */
  readonly src?: string;
  readonly dst?: string;
  /** Of ICMP and ICMPv6 only. */
  readonly icmpId?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  /** Of the other protocols. */
  readonly srcPort?: number;
  readonly dstPort?: number;
  /** Properties that are not known here. */
  readonly unknown?: readonly UnknownProperty[];
}

/** NXT_CT_ property numbers. */
const Property = { ORIG_TUPLE: 0, REPLY_TUPLE: 1, ZONE_ID: 2 } as const;

/** NXT_CT_TUPLE_ property numbers, with the sizes of their values, in the order in which Open vSwitch sends them. */
const TUPLE: readonly { readonly name: Exclude<keyof CtTuple, 'unknown'>; code: number; size: 1 | 4 | 16 }[] =
  [
    { name: 'src', code: 0, size: 16 },
    { name: 'dst', code: 1, size: 16 },
    { name: 'icmpId', code: 4, size: 4 },
    { name: 'icmpType', code: 5, size: 1 },
    { name: 'icmpCode', code: 6, size: 1 },
    { name: 'srcPort', code: 2, size: 4 },
    { name: 'dstPort', code: 3, size: 4 },
  ];

const PROPERTIES_OFFSET = 24;

/** The codec of {@link NxCtFlushZone}. */
export const nxCtFlushZone: ExperimenterCodec = experimenterCodec<NxCtFlushZone>({
  type: 'nxCtFlushZone',
  experimenter: Experimenter.NICIRA,
  expType: 29,
  size: 24,
  decode: ({ view }, start, _end, xid) => ({
    type: 'nxCtFlushZone',
    xid,
    zoneId: view.getUint16(start + 22),
  }),
  encode(writer, { zoneId }) {
    writer.zeros(6);
    writer.u16(zoneId);
  },
});

/** The codec of {@link NxCtFlush}. */
export const nxCtFlush: ExperimenterCodec = experimenterCodec<NxCtFlush>({
  type: 'nxCtFlush',
  experimenter: Experimenter.NICIRA,
  expType: 32,
  size: PROPERTIES_OFFSET,
  decode(wire, start, end, xid) {
    const flush: { -readonly [K in keyof NxCtFlush]: NxCtFlush[K] } = {
      type: 'nxCtFlush',
      xid,
      ipProto: wire.view.getUint8(start + 16),
    };
    const unknown: UnknownProperty[] = [];
    decodeProperties(wire, start + PROPERTIES_OFFSET, end, (code, body, bodyEnd) => {
      if (code === Property.ORIG_TUPLE)
        flush.orig = decodeTuple(wire, nestedBody('orig', body, bodyEnd), bodyEnd);
      else if (code === Property.REPLY_TUPLE)
        flush.reply = decodeTuple(wire, nestedBody('reply', body, bodyEnd), bodyEnd);
      else if (code === Property.ZONE_ID)
        flush.zoneId = wire.view.getUint16(exactBody('zone_id', body, bodyEnd, 4));
      else unknown.push({ type: 'unknown', code, raw: wire.bytes.subarray(body, bodyEnd) });
    });
    return unknown.length === 0 ? flush : { ...flush, unknown };
  },
  encode(writer, { ipProto, orig, reply, zoneId, unknown = [] }) {
    writer.u8(ipProto);
    writer.zeros(7);
    if (orig !== undefined)
      encodeNestedProperty(writer, Property.ORIG_TUPLE, () => encodeTuple(writer, orig));
    if (reply !== undefined)
      encodeNestedProperty(writer, Property.REPLY_TUPLE, () => encodeTuple(writer, reply));
    if (zoneId !== undefined) {
      encodeProperty(writer, Property.ZONE_ID, () => {
        writer.u16(zoneId);
        writer.zeros(2);
      });
    }
    for (const property of unknown) encodeUnknownProperty(writer, property);
  },
});

function decodeTuple(wire: WireView, start: number, end: number): CtTuple {
  const tuple: Record<string, unknown> = {};
  const unknown: UnknownProperty[] = [];
  decodeProperties(wire, start, end, (code, body, bodyEnd) => {
    const row = TUPLE.find((candidate) => candidate.code === code);
    if (row === undefined) unknown.push({ type: 'unknown', code, raw: wire.bytes.subarray(body, bodyEnd) });
    else tuple[row.name] = readPart(wire, exactBody(row.name, body, bodyEnd, row.size), row.size);
  });
  if (unknown.length > 0) tuple.unknown = unknown;
  return tuple as CtTuple;
}

function encodeTuple(writer: Writer, tuple: CtTuple): void {
  for (const { name, code, size } of TUPLE) {
    const value = tuple[name];
    if (value !== undefined) encodeProperty(writer, code, () => writePart(writer, value, size));
  }
  for (const property of tuple.unknown ?? []) encodeUnknownProperty(writer, property);
}

function readPart(wire: WireView, at: number, size: 1 | 4 | 16): string | number {
  if (size === 1) return wire.view.getUint8(at);
  if (size === 4) return wire.view.getUint16(at);
  return isMapped(wire, at) ? readIpv4(wire.bytes, at + 12) : readIpv6(wire.bytes, at);
}

function writePart(writer: Writer, value: string | number, size: 1 | 4 | 16): void {
  writer.zeros(size);
  const at = writer.offset - size;
  if (size === 1) writer.view.setUint8(at, value as number);
  else if (size === 4) writer.view.setUint16(at, value as number);
  else if (isIpv4(value as string)) {
    writer.view.setUint16(at + 10, 0xffff);
    writeIpv4(writer.bytes, at + 12, value as string);
  } else writeIpv6(writer.bytes, at, value as string);
}

/** True for `::ffff:0:0/96`, the form of IPv4 addresses here. */
function isMapped({ view }: WireView, at: number): boolean {
  return view.getUint32(at) === 0 && view.getUint32(at + 4) === 0 && view.getUint32(at + 8) === 0xffff;
}
