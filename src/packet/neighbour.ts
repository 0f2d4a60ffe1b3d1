import { writeIpv6 } from '../util/ip.ts';
import { writeMac } from '../util/mac.ts';
import { checksumSum, foldChecksum } from './checksum.ts';
import { EthType } from './ethernet.ts';
import { IpProtocol, write16, write32 } from './headers.ts';

/** A neighbour advertisement that nobody asked for (RFC 4861, 7.2.6): an address is at another place now. */
export interface UnsolicitedAdvertisement {
  /** The station's hardware address, which is also the frame's source. */
  readonly mac: string;
  /** The station's IPv6 address. */
  readonly target: string;
}

const IP = 14;
const ICMP = IP + 40;
const ICMP_SIZE = 32;
const ADVERTISEMENT = 136;
const OVERRIDE = 0x2000_0000;
const TARGET_LINK_LAYER = 2;
const ALL_NODES = 'ff02::1';
const ALL_NODES_MAC = '33:33:00:00:00:01';

/** Writes a whole frame, to all nodes. @throws WireError `MAC_INVALID`, `IP_INVALID` */
export function encodeUnsolicitedAdvertisement({ mac, target }: UnsolicitedAdvertisement): Uint8Array {
  const frame = new Uint8Array(ICMP + ICMP_SIZE);
  writeMac(frame, 0, ALL_NODES_MAC);
  writeMac(frame, 6, mac);
  write16(frame, 12, EthType.IPV6);
  frame[IP] = 0x60;
  write16(frame, IP + 4, ICMP_SIZE);
  frame[IP + 6] = IpProtocol.ICMPV6;
  // Whoever receives less knows that a router passed it on (RFC 4861, 7.1.2).
  frame[IP + 7] = 255;
  writeIpv6(frame, IP + 8, target);
  writeIpv6(frame, IP + 24, ALL_NODES);
  frame[ICMP] = ADVERTISEMENT;
  write32(frame, ICMP + 4, OVERRIDE);
  writeIpv6(frame, ICMP + 8, target);
  frame[ICMP + 24] = TARGET_LINK_LAYER;
  frame[ICMP + 25] = 1;
  writeMac(frame, ICMP + 26, mac);
  const pseudoHeader = checksumSum(frame, IP + 8, ICMP) + ICMP_SIZE + IpProtocol.ICMPV6;
  write16(frame, ICMP + 2, foldChecksum(checksumSum(frame, ICMP, frame.length, pseudoHeader)));
  return frame;
}
