import { writeIpv4 } from '../util/ip.ts';
import { writeMac } from '../util/mac.ts';
import { checksumSum, foldChecksum } from './checksum.ts';
import { EthType } from './ethernet.ts';
import { IpProtocol, write16 } from './headers.ts';

/** The addresses of a frame that carries IPv4. */
interface Ipv4Addresses {
  readonly ethDst: string;
  readonly ethSrc: string;
  readonly ipv4Src: string;
  readonly ipv4Dst: string;
}

/** An echo request or reply (RFC 792). */
export interface Icmpv4Echo extends Ipv4Addresses {
  /** {@link Icmpv4Type}. */
  readonly icmpv4Type: number;
  /** What tells one sender's requests from another's; 16 bits, as is `sequence`. */
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** A UDP datagram (RFC 768). */
export interface UdpDatagram extends Ipv4Addresses {
  readonly udpSrc: number;
  readonly udpDst: number;
  readonly data: Uint8Array;
}

/** ICMP types (RFC 792). */
export const Icmpv4Type = { ECHO_REPLY: 0, ECHO_REQUEST: 8 } as const;

const IP = 14;
const IP_SIZE = 20;
const L4 = IP + IP_SIZE;
const HEADER_SIZE = 8;
const TTL = 64;

/** Writes a whole frame. @throws WireError `MAC_INVALID`, `IP_INVALID` */
export function encodeIcmpv4Echo(echo: Icmpv4Echo): Uint8Array {
  const { icmpv4Type, identifier, sequence, data, ...addresses } = echo;
  const frame = ipv4Frame(addresses, IpProtocol.ICMP, data);
  frame[L4] = icmpv4Type;
  write16(frame, L4 + 4, identifier);
  write16(frame, L4 + 6, sequence);
  write16(frame, L4 + 2, foldChecksum(checksumSum(frame, L4, frame.length)));
  return frame;
}

/** Writes a whole frame. @throws WireError `MAC_INVALID`, `IP_INVALID` */
export function encodeUdp({ udpSrc, udpDst, data, ...addresses }: UdpDatagram): Uint8Array {
  const frame = ipv4Frame(addresses, IpProtocol.UDP, data);
  const size = HEADER_SIZE + data.length;
  write16(frame, L4, udpSrc);
  write16(frame, L4 + 2, udpDst);
  write16(frame, L4 + 4, size);
  const pseudoHeader = checksumSum(frame, IP + 12, L4) + IpProtocol.UDP + size;
  // 0 would say that there is none.
  write16(frame, L4 + 6, foldChecksum(checksumSum(frame, L4, frame.length, pseudoHeader)) || 0xffff);
  return frame;
}

/** A frame up to and with its IPv4 header; the 8 bytes of the header after it are left at 0. */
function ipv4Frame(addresses: Ipv4Addresses, protocol: number, data: Uint8Array): Uint8Array {
  const frame = new Uint8Array(L4 + HEADER_SIZE + data.length);
  writeMac(frame, 0, addresses.ethDst);
  writeMac(frame, 6, addresses.ethSrc);
  write16(frame, 12, EthType.IPV4);
  frame[IP] = 0x45;
  write16(frame, IP + 2, frame.length - IP);
  frame[IP + 8] = TTL;
  frame[IP + 9] = protocol;
  writeIpv4(frame, IP + 12, addresses.ipv4Src);
  writeIpv4(frame, IP + 16, addresses.ipv4Dst);
  write16(frame, IP + 10, foldChecksum(checksumSum(frame, IP, L4)));
  frame.set(data, L4 + HEADER_SIZE);
  return frame;
}
