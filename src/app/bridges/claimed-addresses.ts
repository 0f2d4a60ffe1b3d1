import { readArp } from '../../packet/arp.ts';
import { EthType, readSource } from '../../packet/ethernet.ts';
import { emptyHeaders, IpProtocol, locateHeaders } from '../../packet/headers.ts';
import { Icmpv6Type } from '../../packet/ipv6.ts';
import { readNeighbour } from '../../packet/neighbour.ts';
import { readIpv6 } from '../../util/ip.ts';

/** The addresses that a frame says are its sender's, that of IP before the one of its source; none of one cut off. */
export function claimedAddresses(frame: Uint8Array): readonly string[] {
  const source = readSource(frame);
  return source === undefined ? [] : [...claimedIp(frame), source];
}

function claimedIp(frame: Uint8Array): readonly string[] {
  const headers = locateHeaders(frame, emptyHeaders());
  const { ethType, l3, l4, protocol } = headers;
  if (ethType === EthType.ARP) return [readArp(frame, headers)?.arpSpa ?? []].flat();
  if (ethType !== EthType.IPV6 || protocol !== IpProtocol.ICMPV6 || l4 < 0) return [];
  if (frame[l4] === Icmpv6Type.NEIGHBOR_SOLICITATION) return [readIpv6(frame, l3 + IPV6_SRC)];
  if (frame[l4] !== Icmpv6Type.NEIGHBOR_ADVERTISEMENT) return [];
  return [readNeighbour(frame, headers)?.target ?? []].flat();
}

/** Where the source is in an IPv6 header (RFC 8200, 3). */
const IPV6_SRC = 8;
