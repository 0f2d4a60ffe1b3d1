import type { FlowSpec, MatchInit } from '../../ofp/index.ts';
import { EthType } from '../../packet/index.ts';
import { isIpv4 } from '../../util/ip.ts';
import type { Addresses } from './intent.ts';
import { GROUP_BIT, HEAR_ONLY, inPodFrom } from './part.ts';
import { ADVERTISEMENT, SOLICITATION, UNTAGGED } from './serve.ts';
import { FROM_TUNNEL, Priority, Table } from './tables.ts';

/**
 * What an endpoint here has is taken from no other host: frames from its MAC address, and ARP and neighbour messages
 * that have its IP addresses elsewhere, are dropped. Those that tell of a second owner are looked at before: they are
 * what everybody hears; a connection's frames say nothing more.
 */
export function claimFlows(own: Pick<FlowSpec, 'cookie'>, key: number, { mac, ips }: Addresses): FlowSpec[] {
  const metadata = inPodFrom(FROM_TUNNEL + key);
  const claim = (match: MatchInit): FlowSpec => ({
    ...own,
    tableId: Table.LEARN,
    priority: Priority.HIGHER,
    match: { metadata, ...match },
    instructions: HEAR_ONLY,
  });
  const ofIp = (ip: string) =>
    isIpv4(ip)
      ? [claim({ ...UNTAGGED, ethType: EthType.ARP, arpSpa: ip })]
      : [
          claim({ ...UNTAGGED, ...ADVERTISEMENT, ipv6NdTarget: ip }),
          claim({ ...UNTAGGED, ...SOLICITATION, ipv6Src: ip }),
        ];
  return [
    { ...own, tableId: Table.LEARN, priority: Priority.HIGH, match: { metadata, ethSrc: mac } },
    claim({ ethSrc: mac, ethDst: GROUP_BIT }),
    ...ips.flatMap(ofIp),
  ];
}
