import { fieldByOxm } from '../../ofp/text/fields.ts';
import { EthType } from '../../packet/ethernet.ts';
import { IpProtocol } from '../../packet/headers.ts';
import type { Walk } from '../actions/walk.ts';
import { CtState } from '../connections/conntrack.ts';
import { VLAN_PRESENT } from './extract.ts';
import { type FlowWords, WORD_OF, wordRun } from './layout.ts';

/** True when a packet has what a field is part of. */
export type Prerequisite = (walk: Walk) => boolean;

const NW_PROTO = wordRun('nwProto', 0, 8);
const TP_SRC = wordRun('tpSrc', 0, 16);
const TP_DST = wordRun('tpDst', 0, 16);
const CT_STATE = wordRun('ctState', 0, 8);
/** FLOW_NW_FRAG_LATER. */
const LATER_FRAGMENT = 2;
const RARP = 0x8035;
const NSH = 0x894f;
const NEIGHBOR_SOLICIT = 135;
const NEIGHBOR_ADVERT = 136;

const always: Prerequisite = () => true;

/** By what a field needs, as Open vSwitch asks it of a packet at the time of writing. */
const PREREQUISITES: Readonly<Record<string, Prerequisite>> = {
  arp: ({ packet: { words } }) => isType(words, EthType.ARP) || isType(words, RARP),
  ipv4: ({ packet: { words } }) => isType(words, EthType.IPV4),
  ipv6: ({ packet: { words } }) => isType(words, EthType.IPV6),
  ip: ({ packet: { words } }) => isIp(words),
  vlan: ({ packet: { words } }) => (words[WORD_OF.vlanTci]! & VLAN_PRESENT) !== 0,
  mpls: ({ packet: { words } }) => isMplsType(words[WORD_OF.dlType]!),
  nsh: ({ packet: { words } }) => isType(words, NSH),
  ct(walk) {
    walk.reads(CT_STATE);
    return (walk.packet.words[WORD_OF.ctState]! & VALID) !== 0;
  },
  tcp: (walk) => isIp(walk.packet.words) && carries(walk, IpProtocol.TCP) && !isLater(walk.packet.words),
  udp: (walk) => isIp(walk.packet.words) && carries(walk, IpProtocol.UDP) && !isLater(walk.packet.words),
  sctp: (walk) => isIp(walk.packet.words) && carries(walk, IpProtocol.SCTP) && !isLater(walk.packet.words),
  icmpv4: (walk) => isType(walk.packet.words, EthType.IPV4) && carries(walk, IpProtocol.ICMP),
  icmpv6: isIcmpv6,
  nd: (walk) => isNeighbor(walk, NEIGHBOR_SOLICIT) || isNeighbor(walk, NEIGHBOR_ADVERT),
  ndSolicit: (walk) => isNeighbor(walk, NEIGHBOR_SOLICIT),
  ndAdvert: (walk) => isNeighbor(walk, NEIGHBOR_ADVERT),
};

/** The bits of `ctState` of which one says that the packet has a connection, or might begin one. */
const VALID = CtState.NEW | CtState.ESTABLISHED | CtState.REPLY;

/** What a packet must be for a field to be read or written by an action: others are left as they are. */
export function prerequisiteOf(field: string): Prerequisite {
  return PREREQUISITES[fieldByOxm(field)?.needs ?? 'none'] ?? always;
}

/** True for the types of MPLS. */
export function isMplsType(ethType: number): boolean {
  return ethType === 0x8847 || ethType === 0x8848;
}

/** True for IPv4 and IPv6 packets. */
export function isIp(words: FlowWords): boolean {
  return isType(words, EthType.IPV4) || isType(words, EthType.IPV6);
}

function isType(words: FlowWords, ethType: number): boolean {
  return words[WORD_OF.dlType] === ethType;
}

/** True for fragments but the first, which have no header behind that of IP. */
export function isLater(words: FlowWords): boolean {
  return (words[WORD_OF.nwFrag]! & LATER_FRAGMENT) !== 0;
}

function carries(walk: Walk, protocol: number): boolean {
  walk.reads(NW_PROTO);
  return walk.packet.words[WORD_OF.nwProto] === protocol;
}

function isIcmpv6(walk: Walk): boolean {
  return isType(walk.packet.words, EthType.IPV6) && carries(walk, IpProtocol.ICMPV6);
}

function isNeighbor(walk: Walk, type: number): boolean {
  if (!isIcmpv6(walk)) return false;
  walk.reads(TP_SRC);
  walk.reads(TP_DST);
  const { words } = walk.packet;
  return words[WORD_OF.tpDst] === 0 && words[WORD_OF.tpSrc] === type;
}
