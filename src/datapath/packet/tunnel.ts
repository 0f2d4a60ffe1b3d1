import { isIpv4, readIpv4, readIpv6, writeIpv4, writeIpv6 } from '../../util/ip.ts';
import { type FlowWords, WORD_OF } from './layout.ts';
import type { TlvTable } from './tlv-table.ts';
import { type GeneveOption, readOptions, writeOptions } from './tunnel-options.ts';

/** What a frame has around it on its way through a tunnel: `tunnelId`, `tunIpv4Src` and `tunIpv4Dst` or those of IPv6. */
export interface Tunnel {
  /** Up to 32 bits. */
  readonly key: number;
  /** An IPv4 or IPv6 address, as is `dst`. */
  readonly src: string;
  readonly dst: string;
  /** Those of Geneve, which the fields `tun_metadata0` to `63` stand for. Default none. */
  readonly options?: readonly GeneveOption[];
}

const IPV4_SIZE = 4;
const IPV6_SIZE = 16;

/**
 * The tunnel that a packet is to go through, as its fields say: an IPv4 destination stands before one of IPv6.
 * @param src where the tunnel begins, which is the port's and not the packet's to say
 * @returns undefined when there is no destination, or the packet came to it: such packets go nowhere
 */
export function outwardTunnel(words: FlowWords, src: string, table: TlvTable): Tunnel | undefined {
  const dst = readAddress(words, WORD_OF.tunDst, WORD_OF.tunIpv6Dst);
  if (dst === undefined || dst === src) return undefined;
  const tunnel = { key: words[WORD_OF.tunId + 1]!, src, dst };
  const options = readOptions(words, table);
  return options.length === 0 ? tunnel : { ...tunnel, options };
}

/** Says of a packet that it came through a tunnel. @returns false when its options do not let it in */
export function writeTunnel(
  words: FlowWords,
  { key, src, dst, options = [] }: Tunnel,
  table: TlvTable,
): boolean {
  words[WORD_OF.tunId + 1] = key;
  writeAddress(words, src, WORD_OF.tunSrc, WORD_OF.tunIpv6Src);
  writeAddress(words, dst, WORD_OF.tunDst, WORD_OF.tunIpv6Dst);
  return writeOptions(words, options, table);
}

function readAddress(words: FlowWords, ipv4: number, ipv6: number): string | undefined {
  if (words[ipv4] !== 0) return readIpv4(bytesOf(words, ipv4, IPV4_SIZE), 0);
  const bytes = bytesOf(words, ipv6, IPV6_SIZE);
  return bytes.some((byte) => byte !== 0) ? readIpv6(bytes, 0) : undefined;
}

function bytesOf(words: FlowWords, word: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < size; at += 4) view.setUint32(at, words[word + at / 4]!);
  return bytes;
}

function writeAddress(words: FlowWords, address: string, ipv4: number, ipv6: number): void {
  const bytes = new Uint8Array(IPV6_SIZE);
  const isShort = isIpv4(address);
  if (isShort) writeIpv4(bytes, 0, address);
  else writeIpv6(bytes, 0, address);
  const view = new DataView(bytes.buffer);
  const [word, size] = isShort ? [ipv4, IPV4_SIZE] : [ipv6, IPV6_SIZE];
  for (let at = 0; at < size; at += 4) words[word + at / 4] = view.getUint32(at);
}
