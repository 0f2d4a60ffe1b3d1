import type { FlowSpec, MatchInit } from '../../ofp/index.ts';
import { DhcpPort, EthType, IpProtocol } from '../../packet/index.ts';
import { isIpv4, linkLocalIpv6 } from '../../util/ip.ts';
import type { Addresses } from './intent.ts';
import { goto } from './part.ts';
import { Priority, Table } from './tables.ts';

/** What all flows of an endpoint have in common. */
type Own = Pick<FlowSpec, 'cookie'>;

const NO_MAC = '00:00:00:00:00:00';
const UNSPECIFIED = '::';
const UNSPECIFIED_IPV4 = '0.0.0.0';
const DHCP_DISCOVERY: MatchInit = {
  ethType: EthType.IPV4,
  ipProto: IpProtocol.UDP,
  ipv4Src: UNSPECIFIED_IPV4,
  udpSrc: 68,
  udpDst: 67,
};
/** ICMPv6 types (RFC 4861, 4). */
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
const NEIGHBOUR_TYPES = [NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT];
/** What routers alone send: advertisements and redirects. */
const ROUTER_TYPES = [134, 137];
/** What a station sends before it has an address: router solicitations (RFC 4861, 4.1) and reports (RFC 3590). */
const UNADDRESSED_ICMPV6 = [131, 133, 143];
/** What DHCP servers alone send: to the ports of clients (RFC 2131, 4.1; RFC 8415, 7.2). */
const TO_DHCP_CLIENTS: readonly MatchInit[] = [
  { ethType: EthType.IPV4, ipProto: IpProtocol.UDP, udpDst: DhcpPort.CLIENT },
  { ethType: EthType.IPV6, ipProto: IpProtocol.UDP, udpDst: 546 },
];
/** Behind a first tag, a second one hides what a frame says from Open vSwitch, but not from its receiver. */
const SECOND_TAGS = [EthType.VLAN, EthType.QINQ];

/**
 * Port security: the frames of a port pass as long as they come from the addresses of its endpoint, and all others
 * are dropped, and counted, by flows of the port. Link-local addresses are the MAC's own (RFC 4291,
 * appendix A). Whoever has IP addresses of its own is no router and no DHCP server. Where only the MAC is known, every
 * IP address is taken to be the endpoint's.
 */
export function guardFlows(own: Own, ofport: number, addresses: Addresses): FlowSpec[] {
  const { mac } = addresses;
  const inPort = { inPort: ofport };
  const guard = (match: MatchInit, next: number): FlowSpec => ({
    ...own,
    tableId: Table.GUARD,
    priority: Priority.ABOVE,
    match: { ...inPort, ethSrc: mac, ...match },
    instructions: [goto(next)],
  });
  const drop = (match: MatchInit, priority: number): FlowSpec => ({
    ...own,
    tableId: Table.GUARD,
    priority,
    match: { ...inPort, ...match },
  });
  return [
    drop({}, Priority.NORMAL),
    ...(isAny(addresses) ? anySources(guard, drop, mac) : ownSources(guard, drop, addresses)),
    ...neighbourFlows(own, ofport, addresses),
  ];
}

/** Nothing is known of its IP addresses, and nobody gives it any; or it speaks for others. */
function isAny({ ips, isDynamic, isRouter }: Addresses): boolean {
  return isRouter === true || (ips.length === 0 && isDynamic !== true);
}

type Guard = (match: MatchInit, next: number) => FlowSpec;
type Drop = (match: MatchInit, priority: number) => FlowSpec;

function ownSources(guard: Guard, drop: Drop, addresses: Addresses): FlowSpec[] {
  const { mac, ips } = addresses;
  const v4 = ips.filter(isIpv4);
  const v6 = ownIpv6(addresses);
  const arp = { ethType: EthType.ARP, arpSha: mac };
  return [
    ...v4.flatMap((ip) => [
      guard({ ...arp, arpSpa: ip }, Table.LEARN),
      // A probe has no sender yet, and is for an address of its own (RFC 5227, 2.1.1).
      guard({ ...arp, arpSpa: UNSPECIFIED_IPV4, arpTpa: ip }, Table.LEARN),
      guard({ ethType: EthType.IPV4, ipv4Src: ip }, Table.LEARN),
    ]),
    guard(DHCP_DISCOVERY, Table.LEARN),
    ...v6.flatMap((ip) => [
      guard({ ethType: EthType.IPV6, ipv6Src: ip }, Table.GUARD_ND),
      // The same for IPv6 (RFC 4862, 5.4.2).
      guard({ ...unaddressed(NEIGHBOUR_SOLICITATION), icmpv6Code: 0, ipv6NdTarget: ip }, Table.GUARD_ND),
    ]),
    ...UNADDRESSED_ICMPV6.map((icmpv6Type) => guard(unaddressed(icmpv6Type), Table.GUARD_ND)),
    ...TO_DHCP_CLIENTS.map((match) => drop(match, Priority.HIGH)),
  ];
}

function ownIpv6({ mac, ips }: Addresses): string[] {
  return [...ips.filter((ip) => !isIpv4(ip)), linkLocalIpv6(mac)];
}

function unaddressed(icmpv6Type: number): MatchInit {
  return { ethType: EthType.IPV6, ipProto: IpProtocol.ICMPV6, ipv6Src: UNSPECIFIED, icmpv6Type };
}

function anySources(guard: Guard, drop: Drop, mac: string): FlowSpec[] {
  const arp: MatchInit = { ethType: EthType.ARP };
  return [
    guard({}, Table.LEARN),
    ...SECOND_TAGS.map((ethType) => drop({ ethType }, Priority.HIGH)),
    drop(arp, Priority.HIGH),
    { ...guard({ ...arp, arpSha: mac }, Table.LEARN), priority: Priority.HIGHER },
    { ...guard({ ethType: EthType.IPV6 }, Table.GUARD_ND), priority: Priority.HIGH },
  ];
}

/** What neighbour messages say inside of themselves (RFC 4861, 4.3 and 4.4). */
function neighbourFlows(own: Own, ofport: number, addresses: Addresses): FlowSpec[] {
  const { mac } = addresses;
  const neighbour = (icmpv6Type: number, priority: number, match: MatchInit, passes = true): FlowSpec => ({
    ...own,
    tableId: Table.GUARD_ND,
    priority,
    match: { inPort: ofport, ethType: EthType.IPV6, ipProto: IpProtocol.ICMPV6, icmpv6Type, ...match },
    ...(passes && { instructions: [goto(Table.LEARN)] }),
  });
  const targets: MatchInit[] = isAny(addresses)
    ? [{}]
    : ownIpv6(addresses).map((ipv6NdTarget) => ({ ipv6NdTarget }));
  const linkLayers = [NO_MAC, mac];
  const first = { icmpv6Code: 0 };
  const unreadable = { ...first, ipv6NdTarget: UNSPECIFIED };
  return [
    ...[...NEIGHBOUR_TYPES, ...(isAny(addresses) ? [] : ROUTER_TYPES)].map((type) =>
      neighbour(type, Priority.NORMAL, {}, false),
    ),
    // Open vSwitch reads nothing in a message that says a link-layer address twice, but receivers take the first.
    ...NEIGHBOUR_TYPES.map((type) => neighbour(type, Priority.HIGH, unreadable, false)),
    ...linkLayers.map((ipv6NdSll) =>
      neighbour(NEIGHBOUR_SOLICITATION, Priority.ABOVE, { ...first, ipv6NdSll }),
    ),
    ...targets.flatMap((target) =>
      linkLayers.map((ipv6NdTll) =>
        neighbour(NEIGHBOUR_ADVERTISEMENT, Priority.ABOVE, { ...first, ...target, ipv6NdTll }),
      ),
    ),
  ];
}
