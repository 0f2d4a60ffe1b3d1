import { EthType } from '../../packet/ethernet.ts';
import { ABSENT, type FrameHeaders, IpProtocol, read16, read32 } from '../../packet/headers.ts';
import { type FlowWords, WORD_OF } from './layout.ts';

const MPLS = 0x8847;
const MPLS_MULTICAST = 0x8848;
const RARP = 0x8035;
/** The bit of a TCI that says that there is a tag. */
export const VLAN_PRESENT = 0x1000;

/** Reads a frame's own fields into `words`, where they are 0; what is beside the frame is left as it is. */
export function extractFields(frame: Uint8Array, headers: FrameHeaders, words: FlowWords): void {
  if (frame.length < 14) return;
  copyMac(frame, 0, words, WORD_OF.dlDst);
  copyMac(frame, 6, words, WORD_OF.dlSrc);
  if (headers.tag !== ABSENT) words[WORD_OF.vlanTci] = read16(frame, headers.tag + 2) | VLAN_PRESENT;
  readPayload(frame, headers, words);
}

/** Reads what follows the tags anew. */
export function extractPayload(frame: Uint8Array, headers: FrameHeaders, words: FlowWords): void {
  words.fill(0, WORD_OF.mplsLabel);
  readPayload(frame, headers, words);
}

function readPayload(frame: Uint8Array, headers: FrameHeaders, words: FlowWords): void {
  words[WORD_OF.dlType] = headers.ethType;
  if (headers.l3 === ABSENT) return;
  switch (headers.ethType) {
    case EthType.IPV4:
      extractIpv4(frame, headers, words);
      break;
    case EthType.IPV6:
      extractIpv6(frame, headers, words);
      break;
    case EthType.ARP:
    case RARP:
      extractArp(frame, headers.l3, words);
      break;
    case MPLS:
    case MPLS_MULTICAST:
      extractMpls(frame, headers.l3, words);
  }
}

function copyMac(frame: Uint8Array, at: number, words: FlowWords, word: number): void {
  words[word] = read16(frame, at);
  words[word + 1] = read32(frame, at + 2);
}

function copyIpv6(frame: Uint8Array, at: number, words: FlowWords, word: number): void {
  for (let i = 0; i < 4; i++) words[word + i] = read32(frame, at + i * 4);
}

function extractIpv4(frame: Uint8Array, headers: FrameHeaders, words: FlowWords): void {
  const { l3 } = headers;
  words[WORD_OF.nwTos] = frame[l3 + 1]!;
  words[WORD_OF.nwTtl] = frame[l3 + 8]!;
  words[WORD_OF.nwProto] = headers.protocol;
  words[WORD_OF.nwFrag] = headers.fragment;
  words[WORD_OF.nwSrc] = read32(frame, l3 + 12);
  words[WORD_OF.nwDst] = read32(frame, l3 + 16);
  if (headers.l4 !== ABSENT) extractTransport(frame, headers, words);
}

function extractIpv6(frame: Uint8Array, headers: FrameHeaders, words: FlowWords): void {
  const { l3 } = headers;
  const first = read32(frame, l3);
  words[WORD_OF.nwTos] = (first >>> 20) & 0xff;
  words[WORD_OF.ipv6Label] = first & 0xfffff;
  words[WORD_OF.nwTtl] = frame[l3 + 7]!;
  words[WORD_OF.nwProto] = headers.protocol;
  words[WORD_OF.nwFrag] = headers.fragment;
  copyIpv6(frame, l3 + 8, words, WORD_OF.ipv6Src);
  copyIpv6(frame, l3 + 24, words, WORD_OF.ipv6Dst);
  if (headers.l4 !== ABSENT) extractTransport(frame, headers, words);
}

function extractArp(frame: Uint8Array, l3: number, words: FlowWords): void {
  const isEthernetIpv4 =
    frame.length >= l3 + 28 && read32(frame, l3) === 0x0001_0800 && read16(frame, l3 + 4) === 0x0604;
  if (!isEthernetIpv4) return;
  const operation = read16(frame, l3 + 6);
  words[WORD_OF.nwProto] = operation <= 0xff ? operation : 0;
  copyMac(frame, l3 + 8, words, WORD_OF.arpSha);
  words[WORD_OF.nwSrc] = read32(frame, l3 + 14);
  copyMac(frame, l3 + 18, words, WORD_OF.arpTha);
  words[WORD_OF.nwDst] = read32(frame, l3 + 24);
}

/** Takes a label, as the 32 bits that it has in a packet, for the outermost one. */
export function writeLabel(words: FlowWords, entry: number): void {
  words[WORD_OF.mplsLabel] = entry >>> 12;
  words[WORD_OF.mplsTc] = (entry >>> 9) & 7;
  words[WORD_OF.mplsBos] = (entry >>> 8) & 1;
  words[WORD_OF.mplsTtl] = entry & 0xff;
}

function extractMpls(frame: Uint8Array, l3: number, words: FlowWords): void {
  if (frame.length < l3 + 4) return;
  const entry = read32(frame, l3);
  writeLabel(words, entry);
  if ((entry & 0x100) !== 0 || frame.length < l3 + 8) return;
  const second = read32(frame, l3 + 4);
  words[WORD_OF.mplsLse1] = second;
  if ((second & 0x100) === 0 && frame.length >= l3 + 12) words[WORD_OF.mplsLse2] = read32(frame, l3 + 8);
}

/** The least size of a transport header for its fields to be read. */
const LEAST_SIZE: Readonly<Record<number, number>> = {
  [IpProtocol.TCP]: 20,
  [IpProtocol.UDP]: 8,
  [IpProtocol.SCTP]: 12,
  [IpProtocol.ICMP]: 8,
  [IpProtocol.IGMP]: 8,
  [IpProtocol.ICMPV6]: 4,
};

/** True when the transport header is whole enough for its fields to be read, and so to be written. */
export function hasTransport({ l4, end, protocol, ethType }: FrameHeaders): boolean {
  const least = LEAST_SIZE[protocol];
  if (l4 === ABSENT || least === undefined || end - l4 < least) return false;
  if (protocol === IpProtocol.ICMPV6) return ethType === EthType.IPV6;
  return ethType === EthType.IPV4 || (protocol !== IpProtocol.ICMP && protocol !== IpProtocol.IGMP);
}

function extractTransport(frame: Uint8Array, headers: FrameHeaders, words: FlowWords): void {
  if (!hasTransport(headers)) return;
  const { l4, protocol } = headers;
  if (protocol === IpProtocol.TCP || protocol === IpProtocol.UDP || protocol === IpProtocol.SCTP) {
    words[WORD_OF.tpSrc] = read16(frame, l4);
    words[WORD_OF.tpDst] = read16(frame, l4 + 2);
    if (protocol === IpProtocol.TCP) words[WORD_OF.tcpFlags] = read16(frame, l4 + 12) & 0xfff;
    return;
  }
  words[WORD_OF.tpSrc] = frame[l4]!;
  words[WORD_OF.tpDst] = frame[l4 + 1]!;
  if (isNeighborDiscovery(frame, headers)) extractNeighbor(frame, headers, words);
}

/** Types of neighbour discovery's options (RFC 4861, 4.6). */
export const SOURCE_LINK_ADDRESS = 1;
export const TARGET_LINK_ADDRESS = 2;

/** True for neighbour solicitations and advertisements with their target (RFC 4861, 4.3 and 4.4). */
export function isNeighborDiscovery(frame: Uint8Array, { l4, end, protocol }: FrameHeaders): boolean {
  if (protocol !== IpProtocol.ICMPV6 || end - l4 < 24) return false;
  return (frame[l4] === 135 || frame[l4] === 136) && frame[l4 + 1] === 0;
}

/** Where the option with the source's (1) or target's (2) link address is, or {@link ABSENT} (RFC 4861, 4.6.1). */
export function linkAddressOption(frame: Uint8Array, { l4, end }: FrameHeaders, type: number): number {
  for (let at = l4 + 24; at + 8 <= end && frame[at + 1]! !== 0; at += frame[at + 1]! * 8) {
    if (frame[at + 1] === 1 && frame[at] === type) return at;
  }
  return ABSENT;
}

function extractNeighbor(frame: Uint8Array, headers: FrameHeaders, words: FlowWords): void {
  const { l4 } = headers;
  words[WORD_OF.ndReserved] = read32(frame, l4 + 4);
  copyIpv6(frame, l4 + 8, words, WORD_OF.ndTarget);
  const source = linkAddressOption(frame, headers, SOURCE_LINK_ADDRESS);
  const target = linkAddressOption(frame, headers, TARGET_LINK_ADDRESS);
  if (source !== ABSENT) copyMac(frame, source + 2, words, WORD_OF.arpSha);
  if (target !== ABSENT) copyMac(frame, target + 2, words, WORD_OF.arpTha);
  if (source !== ABSENT || target !== ABSENT) words[WORD_OF.tcpFlags] = frame[l4 + 24]!;
}
