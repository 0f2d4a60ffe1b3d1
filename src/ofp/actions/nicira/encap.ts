import { badLength, need, type WireView } from '../../wire/wire-view.ts';
import type { Writer } from '../../wire/writer.ts';
import { type ActionCodec, actionCodec, type WithDefaults } from '../codec.ts';

/** NXAST_ENCAP: puts a header before the packet (ovs-actions(7)). */
export interface NxEncap {
  readonly type: 'nxEncap';
  /** Bytes of the header; 0 leaves it to the switch. */
  readonly hdrSize: number;
  /** What the packet then is: one of {@link PacketType}. */
  readonly newPktType: number;
  readonly properties: readonly EncapProperty[];
}

/** A {@link NxEncap} to be sent: size 0 and no properties unless given (ovs-actions(7)). */
export type NxEncapInit = WithDefaults<NxEncap, 'hdrSize' | 'properties'>;

/** NXAST_DECAP: takes the outermost header off the packet (ovs-actions(7)). */
export interface NxDecap {
  readonly type: 'nxDecap';
  /** What the packet then is; {@link PacketType}.USE_NEXT_PROTO leaves it to the header. */
  readonly newPktType: number;
}

/** What is in the header that {@link NxEncap} puts on (ovs-actions(7)). */
export type EncapProperty =
  /** The kind of metadata of a Network Service Header: 1 or 2 (RFC 8300). */
  | { readonly type: 'nshMdType'; readonly mdType: number }
  /** One variable metadata of a Network Service Header of kind 2. */
  | {
      readonly type: 'nshTlv';
      readonly tlvClass: number;
      readonly tlvType: number;
      readonly data: Uint8Array;
    }
  | {
      readonly type: 'unknown';
      readonly propClass: number;
      readonly code: number;
      /** All behind the property's header of 4 bytes. */
      readonly raw: Uint8Array;
    };

/** Packet types: a name space in the high 16 bits (1 for Ethernet types), a type in the low ones (OpenFlow 1.5.1, 7.2.3.11). */
export const PacketType = {
  ETHERNET: 0x00000000,
  /** Whatever the header that was taken off says. */
  USE_NEXT_PROTO: 0x0000fffe,
  IPV4: 0x00010800,
  IPV6: 0x000186dd,
  MPLS: 0x00018847,
  MPLS_MULTICAST: 0x00018848,
  NSH: 0x0001894f,
} as const;

const NSH_CLASS = 4;
const MD_TYPE = 1;
const TLV = 2;
const MD_TYPE_SIZE = 5;
const TLV_HEADER_SIZE = 8;
const PROPERTY_HEADER_SIZE = 4;
const PROPERTIES_OFFSET = 16;
const DECAP_SIZE = 16;

/** The codec of {@link NxEncap}. */
export const nxEncap: ActionCodec = actionCodec<NxEncap>({
  type: 'nxEncap',
  code: 46,
  size: PROPERTIES_OFFSET,
  fixed: false,
  decode: (wire, start, end) => ({
    type: 'nxEncap',
    hdrSize: wire.view.getUint16(start + 10),
    newPktType: wire.view.getUint32(start + 12),
    properties: decodeEncapProperties(wire, start + PROPERTIES_OFFSET, end),
  }),
  encode(writer, { hdrSize = 0, newPktType, properties = [] }) {
    writer.u16(hdrSize);
    writer.u32(newPktType);
    for (const property of properties) encodeEncapProperty(writer, property);
  },
});

/** The codec of {@link NxDecap}. One with properties, of which none is known, is left as it came. */
export const nxDecap: ActionCodec = actionCodec<NxDecap>({
  type: 'nxDecap',
  code: 47,
  size: DECAP_SIZE,
  fixed: false,
  decode: ({ view }, start, end) =>
    end - start === DECAP_SIZE ? { type: 'nxDecap', newPktType: view.getUint32(start + 12) } : undefined,
  encode(writer, { newPktType }) {
    writer.zeros(2);
    writer.u32(newPktType);
  },
});

function decodeEncapProperties(wire: WireView, start: number, end: number): EncapProperty[] {
  const properties: EncapProperty[] = [];
  for (let at = start; at < end; ) {
    need('an encap property', PROPERTY_HEADER_SIZE, at, end);
    const length = wire.view.getUint8(at + 3);
    const padded = (length + 7) & ~7;
    if (length < PROPERTY_HEADER_SIZE || padded > end - at) {
      throw badLength('encap property', length, PROPERTY_HEADER_SIZE, end - at);
    }
    properties.push(decodeEncapProperty(wire, at, length));
    at += padded;
  }
  return properties;
}

function decodeEncapProperty({ view, bytes }: WireView, start: number, length: number): EncapProperty {
  const propClass = view.getUint16(start);
  const code = view.getUint8(start + 2);
  if (propClass === NSH_CLASS && code === MD_TYPE && length === MD_TYPE_SIZE) {
    return { type: 'nshMdType', mdType: view.getUint8(start + 4) };
  }
  if (propClass === NSH_CLASS && code === TLV && length >= TLV_HEADER_SIZE) {
    const size = view.getUint8(start + 7);
    const data = bytes.subarray(start + TLV_HEADER_SIZE, start + TLV_HEADER_SIZE + size);
    if (length === TLV_HEADER_SIZE + ((size + 7) & ~7)) {
      return { type: 'nshTlv', tlvClass: view.getUint16(start + 4), tlvType: view.getUint8(start + 6), data };
    }
  }
  const raw = bytes.subarray(start + PROPERTY_HEADER_SIZE, start + length);
  return { type: 'unknown', propClass, code, raw };
}

function encodeEncapProperty(writer: Writer, property: EncapProperty): void {
  const start = writer.offset;
  writer.u16(property.type === 'unknown' ? property.propClass : NSH_CLASS);
  writer.u8(property.type === 'unknown' ? property.code : property.type === 'nshTlv' ? TLV : MD_TYPE);
  writer.u8(0);
  if (property.type === 'unknown') writer.raw(property.raw);
  else if (property.type === 'nshMdType') writer.u8(property.mdType);
  else {
    writer.u16(property.tlvClass);
    writer.u8(property.tlvType);
    writer.u8(property.data.length);
    writer.raw(property.data);
    writer.padTo8(start);
  }
  const length = writer.offset - start;
  if (length > 0xff) throw badLength('encap property', length, PROPERTY_HEADER_SIZE, 0xff);
  writer.bytes[start + 3] = length;
  writer.padTo8(start);
}
