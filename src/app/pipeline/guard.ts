import type { FlowSpec, MatchInit } from '../../ofp/index.ts';
import { EthType, IpProtocol } from '../../packet/index.ts';
import { isIpv4, linkLocalIpv6 } from '../../util/ip.ts';
import type { Addresses } from './intent.ts';
import { goto } from './part.ts';
import { Priority, Table } from './tables.ts';

/** What all flows of an endpoint have in common. */
type Own = Pick<FlowSpec, 'cookie'>;

const NO_MAC = '00:00:00:00:00:00';
const UNSPECIFIED = '::';
const DHCP_DISCOVERY: MatchInit = {
  ethType: EthType.IPV4,
  ipProto: IpProtocol.UDP,
  ipv4Src: '0.0.0.0',
  udpSrc: 68,
  udpDst: 67,
};
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** What a station sends before it has an address: solicitations (RFC 4861, 4.1 and 4.3) and reports (RFC 3590). */
const UNADDRESSED_ICMPV6 = [131, 133, NEIGHBOUR_SOLICITATION, 143];

/**
 * Port security: the frames of a port pass as long as they come from the addresses of its endpoint, and all others
 * are dropped, and counted, by one flow for each port and table. Link-local addresses are the MAC's own (RFC 4291,
 * appendix A). Where only the MAC is known, every IP address is taken to be the endpoint's.
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
  return [
    { ...own, tableId: Table.GUARD, priority: Priority.NORMAL, match: inPort },
    ...(isAny(addresses) ? anySources(guard, own, inPort, mac) : ownSources(guard, addresses)),
    ...neighbourFlows(own, ofport, addresses),
  ];
}

/** Nothing is known of its IP addresses, and nobody gives it any; or it speaks for others. */
function isAny({ ips, isDynamic, isRouter }: Addresses): boolean {
  return isRouter === true || (ips.length === 0 && isDynamic !== true);
}

type Guard = (match: MatchInit, next: number) => FlowSpec;

function ownSources(guard: Guard, { mac, ips }: Addresses): FlowSpec[] {
  const v4 = ips.filter(isIpv4);
  const v6 = [...ips.filter((ip) => !isIpv4(ip)), linkLocalIpv6(mac)];
  return [
    // A probe has no sender yet (RFC 5227, 2.1.1).
    ...['0.0.0.0', ...v4].map((arpSpa) => guard({ ethType: EthType.ARP, arpSha: mac, arpSpa }, Table.LEARN)),
    ...v4.map((ipv4Src) => guard({ ethType: EthType.IPV4, ipv4Src }, Table.LEARN)),
    guard(DHCP_DISCOVERY, Table.LEARN),
    ...v6.map((ipv6Src) => guard({ ethType: EthType.IPV6, ipv6Src }, Table.GUARD_ND)),
    ...UNADDRESSED_ICMPV6.map((icmpv6Type) => guard(unaddressed(icmpv6Type), Table.GUARD_ND)),
  ];
}

function unaddressed(icmpv6Type: number): MatchInit {
  return { ethType: EthType.IPV6, ipProto: IpProtocol.ICMPV6, ipv6Src: UNSPECIFIED, icmpv6Type };
}

function anySources(guard: Guard, own: Own, inPort: MatchInit, mac: string): FlowSpec[] {
  const arp: MatchInit = { ethType: EthType.ARP };
  return [
    guard({}, Table.LEARN),
    { ...own, tableId: Table.GUARD, priority: Priority.HIGH, match: { ...inPort, ...arp } },
    { ...guard({ ...arp, arpSha: mac }, Table.LEARN), priority: Priority.HIGHER },
    { ...guard({ ethType: EthType.IPV6 }, Table.GUARD_ND), priority: Priority.HIGH },
  ];
}

/** What neighbour messages say inside of themselves (RFC 4861, 4.3 and 4.4). */
function neighbourFlows(own: Own, ofport: number, addresses: Addresses): FlowSpec[] {
  const { mac, ips } = addresses;
  const neighbour = (icmpv6Type: number, priority: number, match: MatchInit, passes = true): FlowSpec => ({
    ...own,
    tableId: Table.GUARD_ND,
    priority,
    match: { inPort: ofport, ethType: EthType.IPV6, ipProto: IpProtocol.ICMPV6, icmpv6Type, ...match },
    ...(passes && { instructions: [goto(Table.LEARN)] }),
  });
  const v6 = [...ips.filter((ip) => !isIpv4(ip)), linkLocalIpv6(mac)];
  const targets: MatchInit[] = isAny(addresses) ? [{}] : v6.map((ipv6NdTarget) => ({ ipv6NdTarget }));
  const linkLayers = [NO_MAC, mac];
  const first = { icmpv6Code: 0 };
  return [
    neighbour(NEIGHBOUR_SOLICITATION, Priority.NORMAL, {}, false),
    neighbour(NEIGHBOUR_ADVERTISEMENT, Priority.NORMAL, {}, false),
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
