import { readIpv4, readIpv6 } from '../../util/ip.ts';
import type { CapturedPacket } from './format.ts';

/** A TCP segment (RFC 9293, 3.1). */
export interface TcpSegment {
  readonly srcAddress: string;
  readonly srcPort: number;
  readonly dstAddress: string;
  readonly dstPort: number;
  readonly sequence: number;
  readonly isSyn: boolean;
  readonly payload: Buffer;
}

/** How far the network header is behind the beginning, by LINKTYPE_ number, and where an EtherType stands that tags may follow. */
const LINKS: Readonly<Record<number, { readonly size: number; readonly typeAt?: number }>> = {
  0: { size: 4 },
  1: { size: 14, typeAt: 12 },
  12: { size: 0 },
  101: { size: 0 },
  108: { size: 4 },
  113: { size: 16, typeAt: 14 },
  276: { size: 20 },
};

const VLAN_TYPES = [0x8100, 0x88a8, 0x9100];
const TCP = 6;
/** Extension headers of IPv6 that have the usual form: hop-by-hop, routing, destination options. */
const IPV6_EXTENSIONS = [0, 43, 60];
const SYN = 0x02;

/** Finds the TCP segment in a packet; undefined when there is none, or only a fragment of one. */
export function findTcpSegment({ linkType, bytes }: CapturedPacket): TcpSegment | undefined {
  const link = LINKS[linkType];
  if (link === undefined || bytes.length < link.size) return undefined;
  let at = link.size;
  if (link.typeAt !== undefined) {
    let type = bytes.readUInt16BE(link.typeAt);
    for (; VLAN_TYPES.includes(type) && at + 4 <= bytes.length; at += 4) type = bytes.readUInt16BE(at + 2);
    if (type !== 0x0800 && type !== 0x86dd) return undefined;
  }
  const version = at < bytes.length ? bytes[at]! >> 4 : 0;
  if (version === 4) return inIpv4(bytes, at);
  return version === 6 ? inIpv6(bytes, at) : undefined;
}

function inIpv4(bytes: Buffer, at: number): TcpSegment | undefined {
  if (bytes.length < at + 20 || bytes[at + 9] !== TCP) return undefined;
  const headerSize = (bytes[at]! & 0x0f) * 4;
  const isFragment = (bytes.readUInt16BE(at + 6) & 0x3fff) !== 0;
  if (isFragment || headerSize < 20) return undefined;
  const packet = withoutPadding(bytes, at, bytes.readUInt16BE(at + 2));
  return inTcp(packet, at + headerSize, readIpv4(bytes, at + 12), readIpv4(bytes, at + 16));
}

function inIpv6(bytes: Buffer, at: number): TcpSegment | undefined {
  if (bytes.length < at + 40) return undefined;
  const packet = withoutPadding(bytes, at + 40, bytes.readUInt16BE(at + 4));
  let next = bytes[at + 6]!;
  let header = at + 40;
  while (IPV6_EXTENSIONS.includes(next) && header + 2 <= packet.length) {
    next = packet[header]!;
    header += (packet[header + 1]! + 1) * 8;
  }
  return next === TCP ? inTcp(packet, header, readIpv6(bytes, at + 8), readIpv6(bytes, at + 24)) : undefined;
}

/** Leaves out what stands behind an IP packet. Cards that cut packets themselves are given them with a length of 0. */
function withoutPadding(bytes: Buffer, start: number, length: number): Buffer {
  return length === 0 ? bytes : bytes.subarray(0, start + length);
}

function inTcp(bytes: Buffer, at: number, srcAddress: string, dstAddress: string): TcpSegment | undefined {
  if (bytes.length < at + 20) return undefined;
  const dataOffset = (bytes[at + 12]! >> 4) * 4;
  const flags = bytes[at + 13]!;
  if (dataOffset < 20) return undefined;
  return {
    srcAddress,
    srcPort: bytes.readUInt16BE(at),
    dstAddress,
    dstPort: bytes.readUInt16BE(at + 2),
    sequence: bytes.readUInt32BE(at + 4),
    isSyn: (flags & SYN) !== 0,
    payload: bytes.subarray(at + dataOffset),
  };
}
