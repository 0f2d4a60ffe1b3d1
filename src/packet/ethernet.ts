import { WireError } from '../util/errors.ts';
import { readMac } from '../util/mac.ts';

/** The head of an Ethernet frame (IEEE 802.3, 3.1.1, with the tags of IEEE 802.1Q, 9.3). */
export interface EthernetHeader {
  readonly ethDst: string;
  readonly ethSrc: string;
  /** The type of what follows the tags. */
  readonly ethType: number;
  /** The id in the outermost tag; undefined when the frame has none. */
  readonly vlanId: number | undefined;
  /** Where the payload begins, in bytes from the beginning of the frame. */
  readonly payloadOffset: number;
}

/** Ethernet types by the name of what they announce (IEEE 802 numbers). */
export const EthType = {
  IPV4: 0x0800,
  ARP: 0x0806,
  VLAN: 0x8100,
  IPV6: 0x86dd,
  QINQ: 0x88a8,
  LLDP: 0x88cc,
} as const;

const HEADER_SIZE = 14;
const SOURCE = 6;
const MAC_SIZE = 6;
const TAG_SIZE = 4;

/**
 * Reads the head of a frame.
 * @throws WireError `PACKET_TRUNCATED`
 */
export function decodeEthernet(frame: Uint8Array): EthernetHeader {
  need(frame, HEADER_SIZE);
  let typeOffset = 12;
  let vlanId: number | undefined;
  for (let type = readType(frame, typeOffset); isTag(type); type = readType(frame, typeOffset)) {
    need(frame, typeOffset + 2 + TAG_SIZE);
    vlanId ??= readType(frame, typeOffset + 2) & 0xfff;
    typeOffset += TAG_SIZE;
  }
  return {
    ethDst: readMac(frame, 0),
    ethSrc: readMac(frame, SOURCE),
    ethType: readType(frame, typeOffset),
    vlanId,
    payloadOffset: typeOffset + 2,
  };
}

/** The source of a frame, which may be cut off behind it (IEEE 802.3, 3.1.1); undefined when it is before. */
export function readSource(frame: Uint8Array): string | undefined {
  return frame.length < SOURCE + MAC_SIZE ? undefined : readMac(frame, SOURCE);
}

/**
 * True for the addresses that a bridge consumes and never forwards: 01:80:c2:00:00:00 to :0f (IEEE 802.1Q, 8.6.3).
 */
export function isLinkLocalGroup(mac: string): boolean {
  return mac.startsWith('01:80:c2:00:00:0');
}

function isTag(type: number): boolean {
  return type === EthType.VLAN || type === EthType.QINQ;
}

function readType(frame: Uint8Array, offset: number): number {
  return (frame[offset]! << 8) | frame[offset + 1]!;
}

function need(frame: Uint8Array, size: number): void {
  if (frame.length >= size) return;
  throw new WireError(
    'PACKET_TRUNCATED',
    `an Ethernet frame of ${frame.length} bytes, expected at least ${size}`,
  );
}
