import type { TextPrerequisite } from './field-table.ts';
import type { FlowKey } from './flow-key.ts';

/** EtherTypes that fields depend on. */
export const EthType = {
  IPV4: 0x0800,
  ARP: 0x0806,
  RARP: 0x8035,
  VLAN: 0x8100,
  VLAN_SERVICE: 0x88a8,
  IPV6: 0x86dd,
  MPLS: 0x8847,
  MPLS_MULTICAST: 0x8848,
  NSH: 0x894f,
} as const;

/** IP protocols that fields depend on. */
export const IpProto = { ICMP: 1, IGMP: 2, TCP: 6, UDP: 17, ICMPV6: 58, SCTP: 132 } as const;

/** ICMPv6 types of neighbour discovery (RFC 4861). */
export const NeighborType = { SOLICIT: 135, ADVERT: 136 } as const;

/** The packet type of a bare EtherType: its namespace, shifted. */
const ETHERTYPE_NAMESPACE = 1;

/** The EtherType: of the Ethernet frame, or of what the packet type says it begins with. */
export function etherTypeOf(key: FlowKey): number {
  const packetType = key.number('packetType');
  if (packetType === 0) return key.number('dlType');
  return packetType >>> 16 === ETHERTYPE_NAMESPACE ? packetType & 0xffff : 0;
}

/** True for Ethernet frames, which a packet is unless the key says otherwise. */
export function isEthernet(key: FlowKey): boolean {
  return key.value('packetType') === 0n;
}

/** True for IPv4 and IPv6. */
export function isIp(key: FlowKey): boolean {
  const type = etherTypeOf(key);
  return type === EthType.IPV4 || type === EthType.IPV6;
}

/** True for ARP and RARP. */
export function isArp(key: FlowKey): boolean {
  const type = etherTypeOf(key);
  return type === EthType.ARP || type === EthType.RARP;
}

/** True for both MPLS EtherTypes. */
export function isMpls(type: number): boolean {
  return type === EthType.MPLS || type === EthType.MPLS_MULTICAST;
}

/** True for neighbour solicitations and advertisements. */
export function isNeighborDiscovery(key: FlowKey): boolean {
  if (!HOLDS.icmpv6(key) || key.value('tpDst') !== 0n) return false;
  const type = key.number('tpSrc');
  return type === NeighborType.SOLICIT || type === NeighborType.ADVERT;
}

/** Bits of `ct_state` any of which says that the connection is tracked and valid: new, est, rel, rpl, snat, dnat. */
const CT_VALID = 0xcfn;
const CT_INVALID = 0x10n;
const CT_TRACKED = 0x20n;
const FRAGMENT_LATER = 2n;

const HOLDS: Readonly<Record<TextPrerequisite, (key: FlowKey) => boolean>> = {
  none: () => true,
  ethernet: isEthernet,
  vlan: (key) => isEthernet(key) && (key.value('vlanTci') & 0x1000n) !== 0n,
  mpls: (key) => isMpls(etherTypeOf(key)),
  ipv4: (key) => etherTypeOf(key) === EthType.IPV4,
  ipv6: (key) => etherTypeOf(key) === EthType.IPV6,
  ip: isIp,
  arp: isArp,
  tcp: (key) => isTransport(key, IpProto.TCP),
  udp: (key) => isTransport(key, IpProto.UDP),
  sctp: (key) => isTransport(key, IpProto.SCTP),
  icmpv4: (key) => etherTypeOf(key) === EthType.IPV4 && key.number('nwProto') === IpProto.ICMP,
  icmpv6: (key) => etherTypeOf(key) === EthType.IPV6 && key.number('nwProto') === IpProto.ICMPV6,
  nd: isNeighborDiscovery,
  ndSolicit: (key) => isNeighborDiscovery(key) && key.number('tpSrc') === NeighborType.SOLICIT,
  ndAdvert: (key) => isNeighborDiscovery(key) && key.number('tpSrc') === NeighborType.ADVERT,
  nsh: (key) => etherTypeOf(key) === EthType.NSH,
  ct: isTracked,
};

/** True when the packets that a key describes are of the kind that a field needs. */
export function meets(key: FlowKey, needs: TextPrerequisite): boolean {
  return HOLDS[needs](key);
}

/** True when the key says that the packet belongs to a valid connection. */
export function isTracked(key: FlowKey): boolean {
  const state = key.value('ctState');
  if ((state & CT_VALID) !== 0n) return true;
  return (state & CT_TRACKED) !== 0n && (key.mask('ctState') & ~state & CT_INVALID) !== 0n;
}

function isTransport(key: FlowKey, protocol: number): boolean {
  return isIp(key) && key.number('nwProto') === protocol && (key.value('nwFrag') & FRAGMENT_LATER) === 0n;
}
