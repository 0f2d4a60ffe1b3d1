import { writeIpv4 } from '../util/ip.ts';
import { writeMac } from '../util/mac.ts';
import { EthType } from './ethernet.ts';
import { write16 } from './headers.ts';

/** What an ARP packet asks or tells (RFC 826). */
export const ArpOperation = { REQUEST: 1, REPLY: 2 } as const;

/** An ARP packet for IPv4 over Ethernet (RFC 826), with the frame's own addresses. */
export interface ArpFrame {
  readonly ethDst: string;
  /** The frame's source, and the sender's hardware address. */
  readonly arpSha: string;
  readonly arpSpa: string;
  readonly arpTha: string;
  readonly arpTpa: string;
  readonly operation: number;
}

const FRAME_SIZE = 42;
const ETHERNET = 1;

/** Writes a whole frame. @throws WireError `MAC_INVALID`, `IP_INVALID` */
export function encodeArp({ ethDst, arpSha, arpSpa, arpTha, arpTpa, operation }: ArpFrame): Uint8Array {
  const frame = new Uint8Array(FRAME_SIZE);
  writeMac(frame, 0, ethDst);
  writeMac(frame, 6, arpSha);
  write16(frame, 12, EthType.ARP);
  write16(frame, 14, ETHERNET);
  write16(frame, 16, EthType.IPV4);
  frame[18] = 6;
  frame[19] = 4;
  write16(frame, 20, operation);
  writeMac(frame, 22, arpSha);
  writeIpv4(frame, 28, arpSpa);
  writeMac(frame, 32, arpTha);
  writeIpv4(frame, 38, arpTpa);
  return frame;
}
