import type { TextField } from '../../../src/ofp/text/fields.ts';
import { CLAIMED_FIELDS } from './random-fields.ts';

/** A kind of packets, as a flow asks for it, and the fields that only such packets have. */
export interface Kind {
  readonly text: string;
  readonly own: readonly TextField[];
  /** How a learnt flow asks for it. */
  readonly learnt: readonly string[];
}

function kind(text: string, needs: readonly string[] = [], learnt: readonly string[] = []): Kind {
  return { text, learnt, own: CLAIMED_FIELDS.filter((field) => needs.includes(field.needs)) };
}

function ip(version: 4 | 6, protocol?: number): string[] {
  const type = version === 4 ? 'eth_type=0x800' : 'eth_type=0x86dd';
  return protocol === undefined ? [type] : [type, `nw_proto=${protocol}`];
}

const IPV4 = ['ip', 'ipv4'];
const IPV6 = ['ip', 'ipv6'];

export const KINDS: readonly Kind[] = [
  kind(''),
  kind(''),
  kind('dl_type=0x88cc', [], ['eth_type=0x88cc']),
  kind('vlan_vid=0x1000/0x1000', ['vlan'], ['vlan_tci=0x1000/0x1000']),
  kind('ip', IPV4, ip(4)),
  kind('ip', IPV4, ip(4)),
  kind('ipv6', IPV6, ip(6)),
  kind('tcp', [...IPV4, 'tcp'], ip(4, 6)),
  kind('udp', [...IPV4, 'udp'], ip(4, 17)),
  kind('sctp', [...IPV4, 'sctp'], ip(4, 132)),
  kind('icmp', [...IPV4, 'icmpv4'], ip(4, 1)),
  kind('tcp6', [...IPV6, 'tcp'], ip(6, 6)),
  kind('udp6', [...IPV6, 'udp'], ip(6, 17)),
  kind('sctp6', [...IPV6, 'sctp'], ip(6, 132)),
  kind('icmp6', [...IPV6, 'icmpv6'], ip(6, 58)),
  kind(
    'icmp6,icmp_type=135,icmp_code=0',
    [...IPV6, 'nd', 'ndSolicit'],
    [...ip(6, 58), 'icmpv6_type=135', 'icmpv6_code=0'],
  ),
  kind(
    'icmp6,icmp_type=136,icmp_code=0',
    [...IPV6, 'nd', 'ndAdvert'],
    [...ip(6, 58), 'icmpv6_type=136', 'icmpv6_code=0'],
  ),
  kind('arp', ['arp'], ['eth_type=0x806']),
  kind('rarp', ['arp'], ['eth_type=0x8035']),
  kind('mpls', ['mpls'], ['eth_type=0x8847']),
  kind('mpls', ['mpls'], ['eth_type=0x8847']),
  kind('mpls', ['mpls'], ['eth_type=0x8847']),
  // These packets have not been tracked: what is learnt of them and read is nothing.
  kind('ct_state=+trk+new,ct_nw_proto=6,ip', [...IPV4, 'ct']),
  kind('ct_state=+trk+new,ct_nw_proto=6,ipv6', [...IPV6, 'ct']),
];

const common = (needs: string) => CLAIMED_FIELDS.filter((field) => field.needs === needs);

/** Fields that every packet has: of the link, and what only travels with it. */
export const LINK: readonly TextField[] = common('ethernet').filter(({ name }) => name !== 'eth_type');
export const CARRIED: readonly TextField[] = common('none');
export const COMMON: readonly TextField[] = [...CARRIED, ...common('ethernet')];
/** The few of those that packets are told apart by all the time. */
export const USUAL: readonly TextField[] = CARRIED.filter(({ name }) =>
  /^(in_port|metadata|reg[012]|xreg0|tun_id|tun_dst|pkt_mark)$/.test(name),
);
