import { bytesToBits } from '../../oxm/field-bits.ts';
import type { FlowKey } from '../flow-key.ts';
import type { PacketBytes, PacketRange } from './bytes.ts';
import { readTransport } from './transport.ts';

const IPV4_SIZE = 20;
const IPV6_SIZE = 40;
const ARP_SIZE = 28;
/** Bits of `nw_frag`: a fragment, and one that is not the first. */
const FRAGMENT = 1;
const LATER = 2;

/** What an IP header says beside its addresses. */
interface IpHeader {
  readonly protocol: number;
  readonly tos: number;
  readonly ttl: number;
  readonly fragment: number;
}

const NONE: IpHeader = { protocol: 0, tos: 0, ttl: 0, fragment: 0 };

function setIp(key: FlowKey, { protocol, tos, ttl, fragment }: IpHeader): void {
  key.setExact('nwProto', protocol);
  key.setExact('nwTos', tos);
  key.setExact('nwTtl', ttl);
  key.setExact('nwFrag', fragment);
}

/** Reads an IPv4 header and what follows it; gives where that lies, undefined when the header is none. */
export function readIpv4(packet: PacketBytes, key: FlowKey): PacketRange | undefined {
  key.setExact('nwSrc', 0);
  key.setExact('nwDst', 0);
  setIp(key, NONE);
  if (packet.size < IPV4_SIZE) return undefined;
  const headerSize = (packet.u8(0) & 0xf) * 4;
  const totalSize = packet.u16(2);
  if (headerSize < IPV4_SIZE || packet.size < headerSize) return undefined;
  if (totalSize > packet.size || headerSize > totalSize) return undefined;
  key.setExact('nwSrc', packet.u32(12));
  key.setExact('nwDst', packet.u32(16));
  const offset = packet.u16(6);
  const isLater = (offset & 0x1fff) !== 0;
  const fragment = (offset & 0x3fff) === 0 ? 0 : FRAGMENT | (isLater ? LATER : 0);
  setIp(key, { protocol: packet.u8(9), tos: packet.u8(1), ttl: packet.u8(8), fragment });
  packet.truncate(totalSize);
  packet.skip(headerSize);
  const { rest } = packet;
  readTransport(packet, key);
  return rest;
}

/** As {@link readIpv4}, for IPv6 with its extension headers. */
export function readIpv6(packet: PacketBytes, key: FlowKey): PacketRange | undefined {
  for (const place of ['ipv6Src', 'ipv6Dst', 'ipv6Label'] as const) key.setExact(place, 0);
  setIp(key, NONE);
  if (packet.size < IPV6_SIZE) return undefined;
  const payloadSize = packet.u16(4);
  if (payloadSize + IPV6_SIZE > packet.size) return undefined;
  key.setExact('ipv6Src', bytesToBits(packet.slice(8, 24)));
  key.setExact('ipv6Dst', bytesToBits(packet.slice(24, 40)));
  const first = packet.u32(0);
  const [next, ttl] = [packet.u8(6), packet.u8(7)];
  packet.skip(IPV6_SIZE);
  packet.truncate(payloadSize);
  const inner = skipExtensions(packet, next);
  if (inner === undefined) return undefined;
  key.setExact('ipv6Label', first & 0xfffff);
  setIp(key, { ...inner, tos: (first >>> 20) & 0xff, ttl });
  const { rest } = packet;
  readTransport(packet, key);
  return rest;
}

const Extension = { HOP_BY_HOP: 0, ROUTING: 43, FRAGMENT: 44, AUTHENTICATION: 51, DESTINATION: 60 } as const;
const EXTENSIONS: readonly number[] = Object.values(Extension);

/** Passes over extension headers; undefined when one of them is cut short. */
function skipExtensions(
  packet: PacketBytes,
  first: number,
): { readonly protocol: number; readonly fragment: number } | undefined {
  let protocol = first;
  let fragment = 0;
  while (EXTENSIONS.includes(protocol)) {
    if (packet.size < 8) return undefined;
    if (protocol === Extension.FRAGMENT) {
      const offset = packet.u16(2);
      protocol = packet.u8(0);
      packet.skip(8);
      if (offset === 0) continue;
      fragment |= FRAGMENT;
      if ((offset & 0xfff8) !== 0) return { protocol: Extension.FRAGMENT, fragment: fragment | LATER };
      continue;
    }
    const size = protocol === Extension.AUTHENTICATION ? (packet.u8(1) + 2) * 4 : (packet.u8(1) + 1) * 8;
    protocol = packet.u8(0);
    if (packet.size < size) return undefined;
    packet.skip(size);
  }
  return { protocol, fragment };
}

/** Reads ARP or RARP for IPv4 over Ethernet. */
export function readArp(packet: PacketBytes, key: FlowKey): void {
  const isArp =
    packet.size >= ARP_SIZE &&
    packet.u16(0) === 1 &&
    packet.u16(2) === 0x0800 &&
    packet.u8(4) === 6 &&
    packet.u8(5) === 4;
  const operation = isArp ? packet.u16(6) : 0;
  key.setExact('nwProto', operation <= 0xff ? operation : 0);
  key.setExact('arpSha', isArp ? bytesToBits(packet.slice(8, 14)) : 0n);
  key.setExact('nwSrc', isArp ? packet.u32(14) : 0);
  key.setExact('arpTha', isArp ? bytesToBits(packet.slice(18, 24)) : 0n);
  key.setExact('nwDst', isArp ? packet.u32(24) : 0);
}
