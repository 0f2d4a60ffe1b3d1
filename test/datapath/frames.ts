import { checksumSum, crc32c, foldChecksum } from '../../src/packet/checksum.ts';
import { writeIpv4, writeIpv6 } from '../../src/util/ip.ts';
import { writeMac } from '../../src/util/mac.ts';

/** Bytes from hexadecimal digits; spaces are for people. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

export interface FrameInit {
  readonly dst?: string;
  readonly src?: string;
  /** Numbers of VLANs, the outermost first. */
  readonly vlans?: readonly number[];
}

/** An Ethernet frame. */
export function ethernet(type: number, payload: Uint8Array, init: FrameInit = {}): Buffer {
  const { dst = '02:00:00:00:00:02', src = '02:00:00:00:00:01', vlans = [] } = init;
  const head = Buffer.alloc(14 + vlans.length * 4);
  writeMac(head, 0, dst);
  writeMac(head, 6, src);
  let at = 12;
  for (const vlan of vlans) {
    head.writeUInt16BE(0x8100, at);
    head.writeUInt16BE(vlan, at + 2);
    at += 4;
  }
  head.writeUInt16BE(type, at);
  return Buffer.concat([head, payload]);
}

export interface Ipv4Init {
  readonly src?: string;
  readonly dst?: string;
  readonly ttl?: number;
  readonly tos?: number;
  /** Flags and offset. */
  readonly fragment?: number;
}

/** An IPv4 packet with its checksums. */
export function ipv4(protocol: number, payload: Uint8Array, init: Ipv4Init = {}): Buffer {
  const head = Buffer.alloc(20);
  head[0] = 0x45;
  head[1] = init.tos ?? 0;
  head.writeUInt16BE(20 + payload.length, 2);
  head.writeUInt16BE(init.fragment ?? 0, 6);
  head[8] = init.ttl ?? 64;
  head[9] = protocol;
  writeIpv4(head, 12, init.src ?? '10.0.0.1');
  writeIpv4(head, 16, init.dst ?? '10.0.0.2');
  head.writeUInt16BE(foldChecksum(checksumSum(head, 0, 20)), 10);
  const pseudo = Buffer.concat([head.subarray(12, 20), Buffer.from([0, protocol, 0, 0])]);
  pseudo.writeUInt16BE(payload.length, 10);
  return Buffer.concat([head, withChecksum(protocol, payload, pseudo)]);
}

/** An IPv6 packet with its checksums. */
export function ipv6(protocol: number, payload: Uint8Array, src = 'fd00::1', dst = 'fd00::2'): Buffer {
  const head = Buffer.alloc(40);
  head.writeUInt32BE(0x6000_0000, 0);
  head.writeUInt16BE(payload.length, 4);
  head[6] = protocol;
  head[7] = 64;
  writeIpv6(head, 8, src);
  writeIpv6(head, 24, dst);
  const pseudo = Buffer.concat([head.subarray(8), Buffer.alloc(8)]);
  pseudo.writeUInt32BE(payload.length, 32);
  pseudo[39] = protocol;
  return Buffer.concat([head, withChecksum(protocol, payload, pseudo)]);
}

/** Where each protocol has its checksum. */
const CHECKSUMS: Readonly<Record<number, number>> = { 1: 2, 6: 16, 17: 6, 58: 2 };

function withChecksum(protocol: number, payload: Uint8Array, pseudo: Uint8Array): Buffer {
  const bytes = Buffer.from(payload);
  if (protocol === 132) {
    bytes.writeUInt32LE(0, 8);
    bytes.writeUInt32LE(crc32c(bytes, 0, bytes.length), 8);
  }
  const at = CHECKSUMS[protocol];
  if (at === undefined || bytes.length < at + 2) return bytes;
  bytes.writeUInt16BE(0, at);
  const start = protocol === 1 ? 0 : checksumSum(pseudo, 0, pseudo.length);
  bytes.writeUInt16BE(foldChecksum(checksumSum(bytes, 0, bytes.length, start)), at);
  return bytes;
}

/** A frame again, with the checksums that its headers should have: equal to the frame when all of them are right. */
export function rechecked(frame: Uint8Array): Buffer {
  const bytes = Buffer.from(frame);
  const l3 = bytes.readUInt16BE(12) === 0x8100 ? 18 : 14;
  const type = bytes.readUInt16BE(l3 - 2);
  const head = bytes.subarray(0, l3);
  const ip = bytes.subarray(l3);
  if (type === 0x86dd) {
    const pseudo = Buffer.concat([ip.subarray(8, 40), Buffer.alloc(8)]);
    pseudo.writeUInt32BE(ip.length - 40, 32);
    pseudo[39] = ip[6]!;
    return Buffer.concat([head, ip.subarray(0, 40), withChecksum(ip[6]!, ip.subarray(40), pseudo)]);
  }
  if (type !== 0x0800) return bytes;
  ip.writeUInt16BE(0, 10);
  ip.writeUInt16BE(foldChecksum(checksumSum(ip, 0, 20)), 10);
  const pseudo = Buffer.concat([ip.subarray(12, 20), Buffer.from([0, ip[9]!, 0, 0])]);
  pseudo.writeUInt16BE(ip.length - 20, 10);
  return Buffer.concat([head, ip.subarray(0, 20), withChecksum(ip[9]!, ip.subarray(20), pseudo)]);
}

/** A transport header that begins with two ports, filled up with `size` bytes in all. */
export function ports(src: number, dst: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt16BE(src, 0);
  bytes.writeUInt16BE(dst, 2);
  return bytes;
}

/** A TCP segment of 4 bytes of data. */
export function tcp(src: number, dst: number, flags = 2): Buffer {
  const bytes = ports(src, dst, 24);
  bytes.writeUInt16BE(0x5000 | flags, 12);
  return bytes;
}

/** A UDP datagram of 5 bytes of data. */
export function udp(src: number, dst: number): Buffer {
  const bytes = ports(src, dst, 13);
  bytes.writeUInt16BE(13, 4);
  bytes.write('hello', 8);
  return bytes;
}

/** The most usual frame of these tests: UDP in IPv4. */
export function udpFrame(init: FrameInit & Ipv4Init & { sport?: number; dport?: number } = {}): Buffer {
  const { src: _src, dst: _dst, ...ip } = init;
  return ethernet(0x0800, ipv4(17, udp(init.sport ?? 1000, init.dport ?? 2000), ip), {
    vlans: init.vlans ?? [],
  });
}

/** A neighbour solicitation or advertisement (135, 136) with a link address option of a type. */
export function neighbor(type: number, option: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes[0] = type;
  writeIpv6(bytes, 8, 'fd00::99');
  bytes[24] = option;
  bytes[25] = 1;
  writeMac(bytes, 26, '02:00:00:00:00:77');
  return bytes;
}
