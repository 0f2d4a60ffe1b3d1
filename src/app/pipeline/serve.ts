import {
  type ActionInit,
  type FieldName,
  type FlowSpec,
  type MatchInit,
  output,
  PortNo,
  setField,
} from '../../ofp/index.ts';
import { DhcpPort, EthType, IpProtocol } from '../../packet/index.ts';
import { isIpv4 } from '../../util/ip.ts';
import type { Addresses } from './intent.ts';
import { apply, goto, inPod, inPodFrom, type Part } from './part.ts';
import { DHCP_LIMIT, FIRST_PORT_METER, Priority, Table } from './tables.ts';
import { portMeter, toController } from './to-controller.ts';

/** What all flows of a station have in common. */
type Own = Pick<FlowSpec, 'cookie'>;

const ARP_REQUEST = 1;
const ARP_REPLY = 2;
/** What asks for an address, and what tells it (RFC 4861, 4.3 and 4.4). */
export const SOLICITATION = {
  ethType: EthType.IPV6,
  ipProto: IpProtocol.ICMPV6,
  icmpv6Type: 135,
  icmpv6Code: 0,
};
export const ADVERTISEMENT = { ...SOLICITATION, icmpv6Type: 136 };
/** The option with the target's address at the link (RFC 4861, 4.6.1). */
const TARGET_LINK_LAYER = 2;
/** Solicited, and overriding what is known (RFC 4861, 4.4). */
const SOLICITED_OVERRIDE = 0x6000_0000;
/** A tag makes another network of the pod, in which the station need not be. */
export const UNTAGGED: MatchInit = { vlanVid: 0 };

/**
 * Answers for a station's addresses, given to whoever in the pod asks from here: ARP in one step (RFC 826),
 * neighbour discovery in two, because Open vSwitch reads the fields of an advertisement only in another table.
 * What the station asks for itself, to find out whether others have its address, goes on.
 * @param ofport where the station is, when it is here.
 */
export function serveFlows(
  own: Own,
  key: number,
  ofport: number | undefined,
  station: Addresses,
): FlowSpec[] {
  return station.ips.flatMap((ip) => {
    const question: MatchInit = isIpv4(ip)
      ? { ...UNTAGGED, ethType: EthType.ARP, arpOp: ARP_REQUEST, arpTpa: ip }
      : { ...UNTAGGED, ...SOLICITATION, ipv6NdTarget: ip };
    const answers = isIpv4(ip)
      ? [arpReply(own, key, question, station.mac, ip)]
      : advertisement(own, key, question, station.mac, ip);
    if (ofport === undefined) return answers;
    const ownQuestion: FlowSpec = {
      ...own,
      tableId: Table.SERVE,
      priority: Priority.ABOVE,
      match: { inPort: ofport, metadata: inPod(key), ...question },
      instructions: [goto(Table.POLICY)],
    };
    return [...answers, ownQuestion];
  });
}

const DHCP: MatchInit = {
  ...UNTAGGED,
  ethType: EthType.IPV4,
  ipProto: IpProtocol.UDP,
  udpSrc: DhcpPort.CLIENT,
  udpDst: DhcpPort.SERVER,
};

/** Has the controller deal with what a port says to DHCP servers, and nobody else hear it. */
export function dhcpPart(own: Own, key: number, ofport: number, maxMeter: number): Part {
  const { action, meters } = toController(portMeter(FIRST_PORT_METER, ofport), DHCP_LIMIT, maxMeter);
  const flow: FlowSpec = {
    ...own,
    tableId: Table.SERVE,
    priority: Priority.ABOVE,
    match: { inPort: ofport, metadata: inPod(key), ...DHCP },
    instructions: [apply(action)],
  };
  return { flows: [flow], groups: [], meters };
}

/** Solicitations without a source ask whether anybody has the address (RFC 4862, 5.4.3): its owner shall say so. */
export function duplicateDetection(own: Own): FlowSpec {
  return {
    ...own,
    tableId: Table.SERVE,
    priority: Priority.HIGH,
    match: { ...SOLICITATION, ipv6Src: '::' },
    instructions: [goto(Table.POLICY)],
  };
}

function arpReply(own: Own, key: number, question: MatchInit, mac: string, ip: string): FlowSpec {
  return {
    ...own,
    tableId: Table.SERVE,
    priority: Priority.NORMAL,
    match: { metadata: inPodFrom(key), ...question },
    instructions: [
      apply(
        copy('ethSrc', 'ethDst', 48),
        setField('ethSrc', mac),
        setField('arpOp', ARP_REPLY),
        copy('arpSha', 'arpTha', 48),
        setField('arpSha', mac),
        copy('arpSpa', 'arpTpa', 32),
        setField('arpSpa', ip),
        output(PortNo.IN_PORT),
      ),
    ],
  };
}

function advertisement(own: Own, key: number, question: MatchInit, mac: string, ip: string): FlowSpec[] {
  const metadata = inPodFrom(key);
  return [
    {
      ...own,
      tableId: Table.SERVE,
      priority: Priority.NORMAL,
      match: { metadata, ...question },
      instructions: [
        apply(
          setField('icmpv6Type', ADVERTISEMENT.icmpv6Type),
          setField('ndOptionsType', TARGET_LINK_LAYER),
          setField('ndReserved', SOLICITED_OVERRIDE),
        ),
        goto(Table.ND_REPLY),
      ],
    },
    {
      ...own,
      tableId: Table.ND_REPLY,
      priority: Priority.NORMAL,
      match: { metadata, ...ADVERTISEMENT, ipv6NdTarget: ip },
      instructions: [
        apply(
          copy('ethSrc', 'ethDst', 48),
          setField('ethSrc', mac),
          copy('ipv6Src', 'ipv6Dst', 128),
          setField('ipv6Src', ip),
          setField('ipv6NdTll', mac),
          output(PortNo.IN_PORT),
        ),
      ],
    },
  ];
}

function copy(from: FieldName, to: FieldName, bits: number): ActionInit {
  return { type: 'nxRegMove', src: { field: from, start: 0, bits }, dst: { field: to, start: 0, bits } };
}
