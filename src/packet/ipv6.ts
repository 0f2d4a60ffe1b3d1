import { writeIpv6 } from '../util/ip.ts';
import { writeMac } from '../util/mac.ts';
import { checksumSum, foldChecksum } from './checksum.ts';
import { EthType } from './ethernet.ts';
import { IpProtocol, write16 } from './headers.ts';

/** The addresses of a frame that carries IPv6. */
export interface Ipv6Addresses {
  readonly ethDst: string;
  readonly ethSrc: string;
  readonly ipv6Src: string;
  readonly ipv6Dst: string;
}

/** An ICMPv6 message: what is behind its checksum is `body` (RFC 4443, 2.1). */
export interface Icmpv6Message extends Ipv6Addresses {
  readonly icmpv6Type: number;
  readonly hopLimit: number;
  readonly body: Uint8Array;
}

/** An ICMPv6 echo request or reply (RFC 4443, 4). */
export interface Icmpv6Echo extends Ipv6Addresses {
  /** {@link Icmpv6Type}. */
  readonly icmpv6Type: number;
  /** What tells one sender's requests from another's; 16 bits, as is `sequence`. */
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** ICMPv6 types (RFC 4443, RFC 4861). */
export const Icmpv6Type = {
  ECHO_REQUEST: 128,
  ECHO_REPLY: 129,
  NEIGHBOR_SOLICITATION: 135,
  NEIGHBOR_ADVERTISEMENT: 136,
} as const;

const IP = 14;
const ICMP = IP + 40;
const BODY = 4;
const HOP_LIMIT = 64;

/** Writes a whole frame. @throws WireError `MAC_INVALID`, `IP_INVALID` */
export function encodeIcmpv6(message: Icmpv6Message): Uint8Array {
  const { body } = message;
  const size = BODY + body.length;
  const frame = new Uint8Array(ICMP + size);
  writeMac(frame, 0, message.ethDst);
  writeMac(frame, 6, message.ethSrc);
  write16(frame, 12, EthType.IPV6);
  frame[IP] = 0x60;
  write16(frame, IP + 4, size);
  frame[IP + 6] = IpProtocol.ICMPV6;
  frame[IP + 7] = message.hopLimit;
  writeIpv6(frame, IP + 8, message.ipv6Src);
  writeIpv6(frame, IP + 24, message.ipv6Dst);
  frame[ICMP] = message.icmpv6Type;
  frame.set(body, ICMP + BODY);
  const pseudoHeader = checksumSum(frame, IP + 8, ICMP) + size + IpProtocol.ICMPV6;
  write16(frame, ICMP + 2, foldChecksum(checksumSum(frame, ICMP, frame.length, pseudoHeader)));
  return frame;
}

/** Writes a whole frame. @throws WireError `MAC_INVALID`, `IP_INVALID` */
export function encodeIcmpv6Echo({ identifier, sequence, data, ...message }: Icmpv6Echo): Uint8Array {
  const body = new Uint8Array(4 + data.length);
  write16(body, 0, identifier);
  write16(body, 2, sequence);
  body.set(data, 4);
  return encodeIcmpv6({ ...message, hopLimit: HOP_LIMIT, body });
}
