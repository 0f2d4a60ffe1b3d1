import { readIpv6, writeIpv6 } from '../util/ip.ts';
import { readMac, writeMac } from '../util/mac.ts';
import { ABSENT, type FrameHeaders, write32 } from './headers.ts';
import { encodeIcmpv6, Icmpv6Type, type Ipv6Addresses } from './ipv6.ts';

/** A neighbour advertisement that nobody asked for (RFC 4861, 7.2.6): an address is at another place now. */
export interface UnsolicitedAdvertisement {
  /** The station's hardware address, which is also the frame's source. */
  readonly mac: string;
  /** The station's IPv6 address. */
  readonly target: string;
}

/** A question where an address is (RFC 4861, 4.3). */
export interface NeighbourSolicitation {
  /** Who asks, also the frame's source. */
  readonly mac: string;
  /** The address that is asked from. */
  readonly ipv6Src: string;
  /** The address that is looked for. */
  readonly target: string;
}

/** An answer to a {@link NeighbourSolicitation} (RFC 4861, 4.4). */
export interface NeighbourAdvertisement extends UnsolicitedAdvertisement {
  readonly ethDst: string;
  readonly ipv6Dst: string;
  /** Bits of {@link AdvertisementFlag}. */
  readonly flags: number;
}

/** Flags of advertisements (RFC 4861, 4.4). */
export const AdvertisementFlag = { SOLICITED: 0x4000_0000, OVERRIDE: 0x2000_0000 } as const;

/** Link-layer address options (RFC 4861, 4.6.1). */
const LinkLayerOption = { SOURCE: 1, TARGET: 2 } as const;

/** Type, code and checksum. */
const ICMP_HEADER = 4;
/** In the body behind these. */
const TARGET = 4;
const OPTION = TARGET + 16;
const SIZE = OPTION + 8;
/** Whoever receives less knows that a router passed it on (RFC 4861, 7.1). */
const HOP_LIMIT = 255;
const ALL_NODES = 'ff02::1';
const ALL_NODES_MAC = '33:33:00:00:00:01';

/** Writes a whole frame, to all nodes. @throws WireError `MAC_INVALID`, `IP_INVALID` */
export function encodeUnsolicitedAdvertisement({ mac, target }: UnsolicitedAdvertisement): Uint8Array {
  const flags = AdvertisementFlag.OVERRIDE;
  return encodeAdvertisement({ mac, target, flags, ethDst: ALL_NODES_MAC, ipv6Dst: ALL_NODES });
}

/** Writes a whole frame. @throws WireError `MAC_INVALID`, `IP_INVALID` */
export function encodeAdvertisement(advertisement: NeighbourAdvertisement): Uint8Array {
  const { mac, target, ethDst, ipv6Dst, flags } = advertisement;
  const addresses = { ethDst, ethSrc: mac, ipv6Src: target, ipv6Dst };
  return encodeNeighbour(Icmpv6Type.NEIGHBOR_ADVERTISEMENT, addresses, flags, target, LinkLayerOption.TARGET);
}

/** Writes a whole frame, to the group of those whose addresses end like the target. @throws WireError `MAC_INVALID`, `IP_INVALID` */
export function encodeSolicitation({ mac, ipv6Src, target }: NeighbourSolicitation): Uint8Array {
  const addresses = { ethSrc: mac, ipv6Src, ...solicitedGroup(target) };
  return encodeNeighbour(Icmpv6Type.NEIGHBOR_SOLICITATION, addresses, 0, target, LinkLayerOption.SOURCE);
}

function encodeNeighbour(
  icmpv6Type: number,
  addresses: Ipv6Addresses,
  flags: number,
  target: string,
  option: number,
): Uint8Array {
  const body = new Uint8Array(SIZE);
  write32(body, 0, flags);
  writeIpv6(body, TARGET, target);
  body[OPTION] = option;
  body[OPTION + 1] = 1;
  writeMac(body, OPTION + 2, addresses.ethSrc);
  return encodeIcmpv6({ ...addresses, icmpv6Type, hopLimit: HOP_LIMIT, body });
}

/** What a neighbour message says (RFC 4861, 4.3, 4.4). */
export interface NeighbourMessage {
  /** False for an advertisement. */
  readonly isSolicitation: boolean;
  readonly target: string;
  /** The hardware address of the sender of a solicitation, or of an advertisement's target, if it is told. */
  readonly mac: string | undefined;
}

/**
 * Reads a neighbour message.
 * @param headers of the frame, whose ICMPv6 type is one of the two
 * @returns undefined for what is to be dropped (RFC 4861, 7.1)
 */
export function readNeighbour(
  frame: Uint8Array,
  { l3, l4, end }: FrameHeaders,
): NeighbourMessage | undefined {
  if (l4 === ABSENT || frame[l3 + 7] !== HOP_LIMIT || end - l4 < ICMP_HEADER + OPTION) return undefined;
  const isSolicitation = frame[l4] === Icmpv6Type.NEIGHBOR_SOLICITATION;
  const wanted = isSolicitation ? LinkLayerOption.SOURCE : LinkLayerOption.TARGET;
  let mac: string | undefined;
  for (let at = l4 + ICMP_HEADER + OPTION; at < end; ) {
    const size = at + 1 < end ? frame[at + 1]! * 8 : 0;
    if (size === 0 || at + size > end) return undefined;
    if (frame[at] === wanted) mac = readMac(frame, at + 2);
    at += size;
  }
  return { isSolicitation, target: readIpv6(frame, l4 + ICMP_HEADER + TARGET), mac };
}

/** The group that a station joins for an address (RFC 4291, 2.7.1), and its hardware address (RFC 2464, 7). */
function solicitedGroup(target: string): { readonly ipv6Dst: string; readonly ethDst: string } {
  const bytes = new Uint8Array(16);
  writeIpv6(bytes, 0, target);
  const group = new Uint8Array(16);
  group.set([0xff, 0x02]);
  group.set([1, 0xff, ...bytes.subarray(13)], 11);
  const mac = new Uint8Array([0x33, 0x33, ...group.subarray(12)]);
  return { ipv6Dst: readIpv6(group, 0), ethDst: readMac(mac, 0) };
}
