import { readIpv4, writeIpv4 } from '../util/ip.ts';
import { readMac, writeMac } from '../util/mac.ts';
import { EthType } from './ethernet.ts';
import { type FrameHeaders, read16, read32, write16 } from './headers.ts';

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

/** What an ARP packet says. */
export type ArpMessage = Omit<ArpFrame, 'ethDst'>;

/**
 * Reads an ARP packet.
 * @param headers of the frame, whose type is that of ARP
 * @returns undefined for one that is cut off, or not for IPv4 over Ethernet
 */
export function readArp(frame: Uint8Array, { l3 }: Pick<FrameHeaders, 'l3'>): ArpMessage | undefined {
  if (frame.length < l3 + ARP_SIZE || read16(frame, l3) !== ETHERNET) return undefined;
  if (read32(frame, l3 + 2) !== IPV4_OVER_ETHERNET) return undefined;
  return {
    operation: read16(frame, l3 + 6),
    arpSha: readMac(frame, l3 + 8),
    arpSpa: readIpv4(frame, l3 + 14),
    arpTha: readMac(frame, l3 + 18),
    arpTpa: readIpv4(frame, l3 + 24),
  };
}

const ARP_SIZE = 28;
/** The type of the network's addresses, and the sizes of both. */
const IPV4_OVER_ETHERNET = 0x0800_0604;
