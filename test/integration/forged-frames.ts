import { encodeUdp } from '../../src/packet/index.ts';
import { writeIpv6 } from '../../src/util/ip.ts';

/** Who says to be the sender of a frame. */
export interface Sender {
  readonly mac: string;
  readonly ip: string;
}

/** Bytes from hexadecimal digits, between which there may be blanks and colons. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/[ :]/g, ''), 'hex'));
}

/** The hexadecimal digits of an IPv6 address. */
export function hexIpv6(ip: string): string {
  const bytes = Buffer.alloc(16);
  writeIpv6(bytes, 0, ip);
  return bytes.toString('hex');
}

/** A UDP packet for everybody. */
export function udp({ mac, ip }: Sender, udpSrc = 1000, udpDst = 1000): Uint8Array {
  const to = { ethDst: 'ff:ff:ff:ff:ff:ff', ipv4Dst: '255.255.255.255' };
  return encodeUdp({ ...to, ethSrc: mac, ipv4Src: ip, udpSrc, udpDst, data: new Uint8Array() });
}

/** An IPv6 packet for all nodes of the link, without a checksum; its body in hexadecimal digits. */
export function ipv6({ mac, ip }: Sender, nextHeader: number, body: string): Uint8Array {
  const { length } = hex(body);
  const [size, next] = [length.toString(16).padStart(4, '0'), nextHeader.toString(16).padStart(2, '0')];
  const head = `60000000 ${size} ${next} ff ${hexIpv6(ip)} ${hexIpv6('ff02::1')}`;
  return hex(`333300000001 ${mac} 86dd ${head} ${body}`);
}

/** An ICMPv6 message for all nodes of the link; what follows the checksum in hexadecimal digits. */
export function icmpv6(from: Sender, type: number, body: string): Uint8Array {
  return ipv6(from, 58, `${type.toString(16)} 00 0000 ${body}`);
}

/** The frame with tags of these Ethernet types that say nothing but a priority (IEEE 802.1Q, 9.3). */
export function withTags(frame: Uint8Array, ...types: readonly number[]): Uint8Array {
  const tags = hex(types.map((type) => `${type.toString(16)} 0000`).join(''));
  return Buffer.concat([frame.subarray(0, 12), tags, frame.subarray(12)]);
}
