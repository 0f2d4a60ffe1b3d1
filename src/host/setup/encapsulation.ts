import { familyOf } from '../../util/tunnel-address.ts';

/** How frames are carried between hosts. */
export interface Encapsulation {
  /** Open vSwitch's name for it. */
  readonly type: 'vxlan' | 'geneve' | 'gre';
  /** What it adds to a packet over IPv4: outer IPv4 and tunnel headers, and the inner Ethernet header. */
  readonly overheadBytes: number;
  /** What a firewall has to let in. */
  readonly traffic: { readonly protocol: 'udp'; readonly port: number } | { readonly protocol: 'gre' };
}

/** Ethernet inside of IPv4 (20 bytes): UDP (8) and VXLAN or Geneve (8), or GRE with a key (8). */
export const ENCAPSULATIONS: Readonly<Record<Encapsulation['type'], Encapsulation>> = {
  vxlan: { type: 'vxlan', overheadBytes: 20 + 8 + 8 + 14, traffic: { protocol: 'udp', port: 4789 } },
  geneve: { type: 'geneve', overheadBytes: 20 + 8 + 8 + 14, traffic: { protocol: 'udp', port: 6081 } },
  gre: { type: 'gre', overheadBytes: 20 + 8 + 14, traffic: { protocol: 'gre' } },
};

/** What a tunnel that begins at an address adds to a packet, in bytes: an IPv6 header is 20 longer. */
export function overheadBytes({ overheadBytes: bytes }: Encapsulation, localIp: string | undefined): number {
  return localIp !== undefined && familyOf(localIp) === 6 ? bytes + 20 : bytes;
}

/** The encapsulation of that name, if there is one. */
export function encapsulationOf(name: string | undefined): Encapsulation | undefined {
  return name !== undefined && Object.hasOwn(ENCAPSULATIONS, name)
    ? ENCAPSULATIONS[name as Encapsulation['type']]
    : undefined;
}
