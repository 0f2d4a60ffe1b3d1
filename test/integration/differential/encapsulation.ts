import type { Tunnel } from '../../../src/datapath/packet/tunnel.ts';
import { readIpv4, readIpv6 } from '../../../src/util/ip.ts';
import { ethernet, ipv4 } from '../../datapath/frames.ts';

/** What a tunnel is made of (RFC 7348, RFC 8926, RFC 2890). */
export type Encapsulation = 'vxlan' | 'geneve' | 'gre';

/** Bits of the key. */
const KEY_BITS: Readonly<Record<Encapsulation, number>> = { vxlan: 24, geneve: 24, gre: 32 };
const UDP_PORTS = { vxlan: 4789, geneve: 6081 } as const;
const UDP = 17;
const GRE = 47;
const UDP_SIZE = 8;
const SOURCE_PORT = 49_152;
/** Transparent Ethernet bridging. */
const ETHERNET = 0x6558;
/** Of GRE: there is a key. */
const HAS_KEY = 0x2000;
/** Of VXLAN: the key means something. */
const HAS_VNI = 0x0800_0000;

/** What left through a tunnel port, for a comparison: where to, by which key, and the frame. */
export function describeTunnelled(encapsulation: Encapsulation, frame: Uint8Array, tunnel: Tunnel): string {
  const key = tunnel.key % 2 ** KEY_BITS[encapsulation];
  return `${tunnel.dst} ${key} ${Buffer.from(frame).toString('hex')}`;
}

/** The frame of the underlay that carries a frame through a tunnel over IPv4. @param ethDst where tunnels end */
export function encapsulated(
  encapsulation: Encapsulation,
  frame: Uint8Array,
  { key, src, dst }: Tunnel,
  ethDst: string,
): Buffer {
  const header = Buffer.alloc(8);
  if (encapsulation === 'gre') {
    header.writeUInt16BE(HAS_KEY, 0);
    header.writeUInt16BE(ETHERNET, 2);
    header.writeUInt32BE(key, 4);
    return ethernet(0x0800, ipv4(GRE, Buffer.concat([header, frame]), { src, dst }), { dst: ethDst });
  }
  header.writeUInt32BE(encapsulation === 'vxlan' ? HAS_VNI : ETHERNET, 0);
  header.writeUInt32BE((key << 8) >>> 0, 4);
  const udp = Buffer.alloc(UDP_SIZE);
  udp.writeUInt16BE(SOURCE_PORT, 0);
  udp.writeUInt16BE(UDP_PORTS[encapsulation], 2);
  udp.writeUInt16BE(UDP_SIZE + header.length + frame.length, 4);
  return ethernet(0x0800, ipv4(UDP, Buffer.concat([udp, header, frame]), { src, dst }), { dst: ethDst });
}

/** What a frame of the underlay carries, in the words of {@link describeTunnelled}. */
export function decapsulated(outer: Buffer): readonly [Encapsulation, string] {
  const isIpv4 = outer.readUInt16BE(12) === 0x0800;
  const dst = isIpv4 ? readIpv4(outer, 30) : readIpv6(outer, 38);
  const protocol = outer[isIpv4 ? 23 : 20];
  const payload = outer.subarray(isIpv4 ? 34 : 54);
  if (protocol === GRE) return ['gre', `${dst} ${payload.readUInt32BE(4)} ${payload.toString('hex', 8)}`];
  const encapsulation = payload.readUInt16BE(2) === UDP_PORTS.vxlan ? 'vxlan' : 'geneve';
  const header = payload.subarray(UDP_SIZE);
  return [encapsulation, `${dst} ${header.readUInt32BE(4) >>> 8} ${header.toString('hex', 8)}`];
}
