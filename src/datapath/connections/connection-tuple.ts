import { checksumSum, foldChecksum } from '../../packet/checksum.ts';
import { EthType } from '../../packet/ethernet.ts';
import { ABSENT, type FrameHeaders, IpProtocol, read16, read32 } from '../../packet/headers.ts';

/** What tells connections of one zone apart, as one direction has it. */
export interface Tuple {
  readonly protocol: number;
  /** One word of IPv4, four of IPv6. */
  readonly src: readonly number[];
  readonly dst: readonly number[];
  /** Of ICMP, the type of message. Of protocols without ports, 0. */
  readonly srcPort: number;
  /** Of ICMP, the type of the answer. */
  readonly dstPort: number;
  /** The identifier of ICMP. */
  readonly id: number;
}

const IPV4_HEADER_SIZE = 20;
const TCP_HEADER_SIZE = 20;
const PORTS_SIZE = 8;
const ICMP_SIZE = 8;

/** Types of ICMP that begin connections, and their answers (RFC 792). */
const ICMP_ANSWERS: ReadonlyMap<number, number> = new Map([
  [8, 0],
  [13, 14],
  [15, 16],
]);
/** The same of ICMPv6 (RFC 4443). */
const ICMPV6_ANSWERS: ReadonlyMap<number, number> = new Map([[128, 129]]);

/**
 * Reads a packet's tuple.
 * @returns undefined for what belongs to no connection: no IP packet, a fragment, a wrong checksum, port 0, a header
 * that is cut short, ICMP but for requests and their answers
 */
export function readTuple(frame: Uint8Array, headers: FrameHeaders): Tuple | undefined {
  const { ethType, l3, l4, protocol, fragment } = headers;
  const isIpv6 = ethType === EthType.IPV6;
  if (l3 === ABSENT || l4 === ABSENT || fragment !== 0) return undefined;
  if (!isIpv6 && !hasGoodHead(frame, headers)) return undefined;
  const [src, dst] = isIpv6
    ? [words(frame, l3 + 8, 4), words(frame, l3 + 24, 4)]
    : [words(frame, l3 + 12, 1), words(frame, l3 + 16, 1)];
  const tuple = { protocol, src, dst, srcPort: 0, dstPort: 0, id: 0 };
  switch (protocol) {
    case IpProtocol.TCP:
    case IpProtocol.UDP:
      return withPorts(tuple, frame, headers);
    case IpProtocol.ICMP:
      return isIpv6 ? tuple : withTypes(tuple, frame, headers, ICMP_ANSWERS);
    case IpProtocol.ICMPV6:
      return isIpv6 ? withTypes(tuple, frame, headers, ICMPV6_ANSWERS) : tuple;
    default:
      return tuple;
  }
}

/** The tuple of the other direction. */
export function reversed({ protocol, src, dst, srcPort, dstPort, id }: Tuple): Tuple {
  return { protocol, src: dst, dst: src, srcPort: dstPort, dstPort: srcPort, id };
}

/** A tuple as a key. */
export function keyOf(zone: number, { protocol, src, dst, srcPort, dstPort, id }: Tuple): string {
  return `${zone} ${protocol} ${src} ${srcPort} ${dst} ${dstPort} ${id}`;
}

/** True for ICMP in IPv4 and ICMPv6 in IPv6. */
export function isIcmp({ protocol, src }: Tuple): boolean {
  return protocol === (src.length > 1 ? IpProtocol.ICMPV6 : IpProtocol.ICMP);
}

/** True when the packet may be the first of a connection, TCP apart. */
export function isRequest(tuple: Tuple): boolean {
  const requests = tuple.src.length > 1 ? ICMPV6_ANSWERS : ICMP_ANSWERS;
  return !isIcmp(tuple) || requests.has(tuple.srcPort);
}

function words(frame: Uint8Array, at: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => read32(frame, at + i * 4) >>> 0);
}

function hasGoodHead(frame: Uint8Array, { ethType, l3, end }: FrameHeaders): boolean {
  const size = (frame[l3]! & 15) * 4;
  const isWhole = ethType === EthType.IPV4 && size >= IPV4_HEADER_SIZE && l3 + size <= end;
  return isWhole && foldChecksum(checksumSum(frame, l3, l3 + size)) === 0;
}

function withPorts(tuple: Tuple, frame: Uint8Array, headers: FrameHeaders): Tuple | undefined {
  const { l4, end, protocol } = headers;
  const size = end - l4;
  if (size < (protocol === IpProtocol.TCP ? TCP_HEADER_SIZE : PORTS_SIZE)) return undefined;
  if (protocol === IpProtocol.TCP) {
    const own = (frame[l4 + 12]! >>> 4) * 4;
    if (own < TCP_HEADER_SIZE || own > size) return undefined;
  } else {
    const own = read16(frame, l4 + 4);
    if (own < PORTS_SIZE || own > size) return undefined;
  }
  const [srcPort, dstPort] = [read16(frame, l4), read16(frame, l4 + 2)];
  const isUnchecked = protocol === IpProtocol.UDP && tuple.src.length === 1 && read16(frame, l4 + 6) === 0;
  if (srcPort === 0 || dstPort === 0 || !(isUnchecked || hasGoodChecksum(tuple, frame, headers)))
    return undefined;
  return { ...tuple, srcPort, dstPort };
}

function withTypes(
  tuple: Tuple,
  frame: Uint8Array,
  headers: FrameHeaders,
  answers: ReadonlyMap<number, number>,
): Tuple | undefined {
  const { l4, end } = headers;
  if (end - l4 < ICMP_SIZE || frame[l4 + 1] !== 0 || !hasGoodChecksum(tuple, frame, headers))
    return undefined;
  const type = frame[l4]!;
  const id = read16(frame, l4 + 4);
  const answer = answers.get(type);
  if (answer !== undefined) return { ...tuple, srcPort: type, dstPort: answer, id };
  for (const [request, each] of answers)
    if (each === type) return { ...tuple, srcPort: type, dstPort: request, id };
  return undefined;
}

function hasGoodChecksum(tuple: Tuple, frame: Uint8Array, { l4, end, protocol }: FrameHeaders): boolean {
  let pseudo = 0;
  if (protocol !== IpProtocol.ICMP) {
    pseudo = protocol + end - l4;
    for (const word of [...tuple.src, ...tuple.dst]) pseudo += (word >>> 16) + (word & 0xffff);
  }
  return foldChecksum(checksumSum(frame, l4, end, pseudo)) === 0;
}
