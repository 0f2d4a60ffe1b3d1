import type { Place } from '../../ofp/text/flow-key.ts';
import { adjustChecksum, crc32c } from '../../packet/checksum.ts';
import { EthType } from '../../packet/ethernet.ts';
import { ABSENT, type FrameHeaders, IpProtocol, read16, write16, write32 } from '../../packet/headers.ts';
import {
  hasTransport,
  isNeighborDiscovery,
  linkAddressOption,
  SOURCE_LINK_ADDRESS,
  TARGET_LINK_ADDRESS,
} from './extract.ts';
import { type FlowWords, WORD_OF } from './layout.ts';

type Store = (frame: Uint8Array, headers: FrameHeaders, words: FlowWords) => void;

/** How a place's words go back into the frame, with the checksums that cover it. Places without a row are not in the frame. */
const STORES: Partial<Record<Place, Store>> = {
  dlSrc: (frame, _headers, words) => storeMac(frame, 6, words, WORD_OF.dlSrc),
  dlDst: (frame, _headers, words) => storeMac(frame, 0, words, WORD_OF.dlDst),
  mplsLabel: storeLabel,
  mplsTc: storeLabel,
  mplsBos: storeLabel,
  mplsTtl: storeLabel,
  nwSrc: (frame, headers, words) => storeAddress(frame, headers, words[WORD_OF.nwSrc]!, 12),
  nwDst: (frame, headers, words) => storeAddress(frame, headers, words[WORD_OF.nwDst]!, 16),
  ipv6Src: (frame, headers, words) => storeIpv6(frame, headers, words, WORD_OF.ipv6Src, 8),
  ipv6Dst: (frame, headers, words) => storeIpv6(frame, headers, words, WORD_OF.ipv6Dst, 24),
  ipv6Label: storeIpv6Head,
  nwTos: storeTos,
  nwTtl: storeTtl,
  /** Of ARP only, which is written as a whole. */
  nwProto() {},
  arpSha: (frame, headers, words) =>
    storeLinkAddress(frame, headers, words, WORD_OF.arpSha, SOURCE_LINK_ADDRESS),
  arpTha: (frame, headers, words) =>
    storeLinkAddress(frame, headers, words, WORD_OF.arpTha, TARGET_LINK_ADDRESS),
  tpSrc: storeTransport,
  tpDst: storeTransport,
  ndTarget(frame, headers, words) {
    if (isNeighborDiscovery(frame, headers))
      putWords(frame, headers.l4 + 8, words, WORD_OF.ndTarget, 4, headers.l4 + 2);
  },
  ndReserved(frame, headers, words) {
    if (isNeighborDiscovery(frame, headers))
      putWords(frame, headers.l4 + 4, words, WORD_OF.ndReserved, 1, headers.l4 + 2);
  },
  tcpFlags(frame, headers, words) {
    const { l4, end } = headers;
    if (!isNeighborDiscovery(frame, headers) || l4 + 32 > end) return;
    put16(frame, l4 + 24, (words[WORD_OF.tcpFlags]! << 8) | frame[l4 + 25]!, l4 + 2);
    // An address that was written before there was an option for it goes into this one.
    for (const [word, type] of LINK_ADDRESSES)
      if ((words[word]! | words[word + 1]!) !== 0) storeLinkAddress(frame, headers, words, word, type);
  },
};

/** Writes the words of a place back into the frame, where it has the header for it. */
export function storePlace(place: Place, frame: Uint8Array, headers: FrameHeaders, words: FlowWords): void {
  if (NEEDS_PROTOCOL.has(place)) {
    // Without a protocol, or with an operation that ARP does not know, Open vSwitch takes the header for broken.
    if (words[WORD_OF.nwProto] === 0) return;
    if (isArp(headers.ethType)) return storeArp(frame, headers, words);
  }
  STORES[place]?.(frame, headers, words);
}

/** Places of the headers behind those of the link, but for labels. */
const NEEDS_PROTOCOL: ReadonlySet<Place> = new Set<Place>([
  'nwSrc',
  'nwDst',
  'ipv6Src',
  'ipv6Dst',
  'ipv6Label',
  'nwTos',
  'nwTtl',
  'nwProto',
  'arpSha',
  'arpTha',
  'tpSrc',
  'tpDst',
  'ndTarget',
  'ndReserved',
  'tcpFlags',
]);

/** Writes all of an ARP packet that can be written: what could not be while it had no operation is made up for. */
function storeArp(frame: Uint8Array, { l3 }: FrameHeaders, words: FlowWords): void {
  if (l3 === ABSENT || frame.length < l3 + 28) return;
  const operation = words[WORD_OF.nwProto]!;
  write16(frame, l3 + 6, operation === 0xff ? 0xffff : operation);
  storeMac(frame, l3 + 8, words, WORD_OF.arpSha);
  write32(frame, l3 + 14, words[WORD_OF.nwSrc]!);
  storeMac(frame, l3 + 18, words, WORD_OF.arpTha);
  write32(frame, l3 + 24, words[WORD_OF.nwDst]!);
}

/** True for places that are part of the frame, other than the VLAN tag, which may have to be made first. */
export function isInFrame(place: Place): boolean {
  return STORES[place] !== undefined;
}

const LINK_ADDRESSES = [
  [WORD_OF.arpSha, SOURCE_LINK_ADDRESS],
  [WORD_OF.arpTha, TARGET_LINK_ADDRESS],
] as const;

/** RARP is read, but nothing is written into it, as in Open vSwitch. */
function isArp(ethType: number): boolean {
  return ethType === EthType.ARP;
}

function storeMac(frame: Uint8Array, at: number, words: FlowWords, word: number): void {
  write16(frame, at, words[word]!);
  write32(frame, at + 2, words[word + 1]!);
}

function storeLabel(frame: Uint8Array, { l3 }: FrameHeaders, words: FlowWords): void {
  if (l3 === ABSENT || frame.length < l3 + 4) return;
  const bits = (words[WORD_OF.mplsTc]! << 9) | (words[WORD_OF.mplsBos]! << 8) | words[WORD_OF.mplsTtl]!;
  write32(frame, l3, (words[WORD_OF.mplsLabel]! << 12) | bits);
}

/** Writes 16 bits and mends the checksum at `checksum`. */
function put16(frame: Uint8Array, at: number, value: number, checksum: number): void {
  const before = read16(frame, at);
  write16(frame, at, value);
  write16(frame, checksum, adjustChecksum(read16(frame, checksum), before, value));
}

function putWords(
  frame: Uint8Array,
  at: number,
  words: FlowWords,
  word: number,
  count: number,
  checksum: number,
): void {
  for (let i = 0; i < count; i++) {
    put16(frame, at + i * 4, words[word + i]! >>> 16, checksum);
    put16(frame, at + i * 4 + 2, words[word + i]! & 0xffff, checksum);
  }
}

/** Where the checksum is that covers the transport header and, but for ICMP, the addresses. */
function transportChecksum(frame: Uint8Array, headers: FrameHeaders): number {
  if (!hasTransport(headers)) return ABSENT;
  const { l4, protocol } = headers;
  switch (protocol) {
    case IpProtocol.TCP:
      return l4 + 16;
    case IpProtocol.UDP:
      // 0 says that the sender made none.
      return read16(frame, l4 + 6) === 0 ? ABSENT : l4 + 6;
    case IpProtocol.ICMPV6:
    case IpProtocol.ICMP:
    case IpProtocol.IGMP:
      return l4 + 2;
    default:
      return ABSENT;
  }
}

/** Mends the transport checksum for 16 bits of the pseudo header, or of the transport header itself. */
function mend(frame: Uint8Array, headers: FrameHeaders, before: number, after: number): void {
  const at = transportChecksum(frame, headers);
  if (at === ABSENT) return;
  const checksum = adjustChecksum(read16(frame, at), before, after);
  write16(frame, at, checksum === 0 && headers.protocol === IpProtocol.UDP ? 0xffff : checksum);
}

function storeAddress(frame: Uint8Array, headers: FrameHeaders, address: number, inIpv4: number): void {
  const { ethType, l3, protocol } = headers;
  if (l3 === ABSENT || ethType !== EthType.IPV4) return;
  const hasPseudoHeader = protocol === IpProtocol.TCP || protocol === IpProtocol.UDP;
  for (const [at, half] of [
    [l3 + inIpv4, address >>> 16],
    [l3 + inIpv4 + 2, address & 0xffff],
  ] as const) {
    if (hasPseudoHeader) mend(frame, headers, read16(frame, at), half);
    put16(frame, at, half, l3 + 10);
  }
}

function storeIpv6(
  frame: Uint8Array,
  headers: FrameHeaders,
  words: FlowWords,
  word: number,
  offset: number,
): void {
  const { ethType, l3 } = headers;
  if (ethType !== EthType.IPV6 || l3 === ABSENT) return;
  for (let i = 0; i < 8; i++) {
    const at = l3 + offset + i * 2;
    const half = i % 2 === 0 ? words[word + (i >>> 1)]! >>> 16 : words[word + (i >>> 1)]! & 0xffff;
    mend(frame, headers, read16(frame, at), half);
    write16(frame, at, half);
  }
}

function storeIpv6Head(frame: Uint8Array, { ethType, l3 }: FrameHeaders, words: FlowWords): void {
  if (ethType !== EthType.IPV6 || l3 === ABSENT) return;
  write32(frame, l3, 0x6000_0000 + (words[WORD_OF.nwTos]! << 20) + words[WORD_OF.ipv6Label]!);
}

function storeTos(frame: Uint8Array, headers: FrameHeaders, words: FlowWords): void {
  const { ethType, l3 } = headers;
  if (ethType === EthType.IPV6) return storeIpv6Head(frame, headers, words);
  if (ethType !== EthType.IPV4 || l3 === ABSENT) return;
  put16(frame, l3, (frame[l3]! << 8) | words[WORD_OF.nwTos]!, l3 + 10);
}

function storeTtl(frame: Uint8Array, { ethType, l3 }: FrameHeaders, words: FlowWords): void {
  if (l3 === ABSENT) return;
  if (ethType === EthType.IPV6) frame[l3 + 7] = words[WORD_OF.nwTtl]!;
  else if (ethType === EthType.IPV4)
    put16(frame, l3 + 8, (words[WORD_OF.nwTtl]! << 8) | frame[l3 + 9]!, l3 + 10);
}

function storeLinkAddress(
  frame: Uint8Array,
  headers: FrameHeaders,
  words: FlowWords,
  word: number,
  option: number,
): void {
  if (!isNeighborDiscovery(frame, headers)) return;
  const at = linkAddressOption(frame, headers, option);
  if (at === ABSENT) return;
  put16(frame, at + 2, words[word]!, headers.l4 + 2);
  putWords(frame, at + 4, words, word + 1, 1, headers.l4 + 2);
}

function storeTransport(frame: Uint8Array, headers: FrameHeaders, words: FlowWords): void {
  if (!hasTransport(headers)) return;
  const { l4, end, protocol } = headers;
  const source = words[WORD_OF.tpSrc]!;
  const target = words[WORD_OF.tpDst]!;
  if (protocol === IpProtocol.SCTP) return storeSctp(frame, l4, end, source, target);
  if (protocol === IpProtocol.TCP || protocol === IpProtocol.UDP) {
    mend(frame, headers, read16(frame, l4), source);
    write16(frame, l4, source);
    mend(frame, headers, read16(frame, l4 + 2), target);
    write16(frame, l4 + 2, target);
  } else if (protocol !== IpProtocol.IGMP) put16(frame, l4, ((source & 0xff) << 8) | (target & 0xff), l4 + 2);
}

/** Keeps a checksum wrong that was wrong before: only the difference that the ports make goes in. */
function storeSctp(frame: Uint8Array, l4: number, end: number, source: number, target: number): void {
  const was = new DataView(frame.buffer, frame.byteOffset + l4 + 8, 4);
  const before = was.getUint32(0, true);
  was.setUint32(0, 0);
  const right = crc32c(frame, l4, end);
  write16(frame, l4, source);
  write16(frame, l4 + 2, target);
  was.setUint32(0, (before ^ right ^ crc32c(frame, l4, end)) >>> 0, true);
}
