import { EthType } from './ethernet.ts';

/** IP protocol numbers (IANA). */
export const IpProtocol = {
  HOP_BY_HOP: 0,
  ICMP: 1,
  IGMP: 2,
  TCP: 6,
  UDP: 17,
  ROUTING: 43,
  FRAGMENT: 44,
  AUTHENTICATION: 51,
  ICMPV6: 58,
  DESTINATION_OPTIONS: 60,
  SCTP: 132,
} as const;

/** No such header in the frame. */
export const ABSENT = -1;

/** Where the headers of a frame begin, in bytes from the beginning of the frame; {@link ABSENT} for those that are not there. */
export interface FrameHeaders {
  /** The type of what follows the outermost tag; 0x05ff for a frame with a length instead of a type (IEEE 802.3). */
  ethType: number;
  /** The TPID of the outermost tag. */
  tag: number;
  /** What follows the type: an MPLS label, an ARP or IP header. */
  l3: number;
  /** Of IP packets that carry a transport header: not of later fragments. */
  l4: number;
  /** The first IP protocol that is no extension header, or 0. */
  protocol: number;
  /** Where the IP packet ends; bytes behind it are the frame's padding. */
  end: number;
  /** Bit 0 for fragments, bit 1 for those that are not the first. */
  fragment: number;
}

/** Headers to be filled by {@link locateHeaders}. */
export function emptyHeaders(): FrameHeaders {
  return { ethType: 0, tag: ABSENT, l3: ABSENT, l4: ABSENT, protocol: 0, end: 0, fragment: 0 };
}

/** The type that stands for none (IEEE 802.3 frames with a length and no SNAP header). */
const NO_TYPE = 0x05ff;
const LEAST_TYPE = 0x0600;
const IPV6_HEADER_SIZE = 40;

/**
 * Finds the headers of a frame as far as they are whole; whatever is cut short or says wrong lengths is
 * {@link ABSENT}. Only the outermost tag is looked through, as Open vSwitch does by default.
 * @returns `found`, filled
 */
export function locateHeaders(frame: Uint8Array, found: FrameHeaders): FrameHeaders {
  found.tag = ABSENT;
  found.l3 = ABSENT;
  found.l4 = ABSENT;
  found.protocol = 0;
  found.fragment = 0;
  found.end = frame.length;
  found.ethType = 0;
  if (frame.length < 14) return found;
  let at = 12;
  const outermost = read16(frame, at);
  if ((outermost === EthType.VLAN || outermost === EthType.QINQ) && frame.length >= 18) {
    found.tag = at;
    at += 4;
  }
  found.ethType = read16(frame, at);
  found.l3 = at + 2;
  if (found.ethType < LEAST_TYPE) readSnap(frame, found);
  if (found.ethType === EthType.IPV4) locateIpv4(frame, found);
  else if (found.ethType === EthType.IPV6) locateIpv6(frame, found);
  return found;
}

function readSnap(frame: Uint8Array, found: FrameHeaders): void {
  const at = found.l3;
  const isSnap =
    frame.length >= at + 8 && read32(frame, at) >>> 8 === 0xaaaa03 && read16(frame, at + 3) === 0;
  const type = isSnap && frame[at + 5] === 0 ? read16(frame, at + 6) : 0;
  found.ethType = type >= LEAST_TYPE ? type : NO_TYPE;
  if (type >= LEAST_TYPE) found.l3 = at + 8;
}

function locateIpv4(frame: Uint8Array, found: FrameHeaders): void {
  const { l3 } = found;
  const available = frame.length - l3;
  const headerSize = available < 20 ? 0 : (frame[l3]! & 0xf) * 4;
  const total = available < 20 ? 0 : read16(frame, l3 + 2);
  if (available < 20 || headerSize < 20 || headerSize > total || total > available) {
    found.l3 = ABSENT;
    return;
  }
  found.end = l3 + total;
  found.protocol = frame[l3 + 9]!;
  const fragment = read16(frame, l3 + 6);
  if ((fragment & 0x3fff) !== 0) found.fragment = (fragment & 0x1fff) === 0 ? 1 : 3;
  if (found.fragment < 2) found.l4 = l3 + headerSize;
}

function locateIpv6(frame: Uint8Array, found: FrameHeaders): void {
  const { l3 } = found;
  const available = frame.length - l3;
  const payload = available < IPV6_HEADER_SIZE ? 0 : read16(frame, l3 + 4);
  if (available < IPV6_HEADER_SIZE || payload > available - IPV6_HEADER_SIZE) {
    found.l3 = ABSENT;
    return;
  }
  found.end = l3 + IPV6_HEADER_SIZE + payload;
  let at = l3 + IPV6_HEADER_SIZE;
  let next = frame[l3 + 6]!;
  while (isExtension(next) && at + 8 <= found.end) {
    if (next === IpProtocol.FRAGMENT) {
      // Where it is in the packet, and whether more come; nothing of both is no fragment (RFC 6946).
      const place = read16(frame, at + 2);
      if (place !== 0) found.fragment = (place & 0xfff8) === 0 ? 1 : 3;
      // What a later fragment begins with is not known: it is a fragment, as to Open vSwitch.
      if (found.fragment === 3) break;
      next = frame[at]!;
      at += 8;
      continue;
    }
    const size = next === IpProtocol.AUTHENTICATION ? (frame[at + 1]! + 2) * 4 : (frame[at + 1]! + 1) * 8;
    next = frame[at]!;
    at += size;
  }
  found.protocol = next;
  if (found.fragment < 2 && at <= found.end && !isExtension(next)) found.l4 = at;
}

function isExtension(protocol: number): boolean {
  return (
    protocol === IpProtocol.HOP_BY_HOP ||
    protocol === IpProtocol.ROUTING ||
    protocol === IpProtocol.FRAGMENT ||
    protocol === IpProtocol.AUTHENTICATION ||
    protocol === IpProtocol.DESTINATION_OPTIONS
  );
}

/** Reads 16 bits, most significant byte first. */
export function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Reads 32 bits, most significant byte first. */
export function read32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Writes 16 bits, most significant byte first. */
export function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Writes 32 bits, most significant byte first. */
export function write32(bytes: Uint8Array, at: number, value: number): void {
  write16(bytes, at, value >>> 16);
  write16(bytes, at + 2, value & 0xffff);
}
