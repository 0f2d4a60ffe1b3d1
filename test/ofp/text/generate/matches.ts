import type { TextPrerequisite } from '../../../../src/ofp/text/field-table.ts';
import { fieldByText, TEXT_FIELDS, type TextField } from '../../../../src/ofp/text/fields.ts';
import type { Random } from '../../../fuzz/random.ts';
import { maskedValueText, subfieldText } from './values.ts';

/** Words that make packets be what fields need. */
export const KINDS: Readonly<Record<TextPrerequisite, readonly string[]>> = {
  none: ['', 'eth', 'ip', 'tcp', 'in_port=1', 'dl_type=0x1234'],
  ethernet: ['', 'eth'],
  vlan: ['dl_vlan=5', 'vlan_tci=0x1000/0x1000', 'vlan_vid=0x1000/0x1000', 'vlan_tci=0x1003,ip'],
  mpls: ['mpls', 'mplsm', 'dl_type=0x8847'],
  ipv4: ['ip', 'ipv4', 'tcp', 'dl_type=0x0800', 'packet_type=(1,0x800)'],
  ipv6: ['ipv6', 'ip6', 'udp6', 'eth_type=0x86dd'],
  ip: ['ip', 'ipv6', 'sctp', 'tcp6'],
  arp: ['arp', 'rarp', 'dl_type=0x0806'],
  tcp: ['tcp', 'tcp6', 'ip,nw_proto=6'],
  udp: ['udp', 'udp6', 'ipv6,ip_proto=17'],
  sctp: ['sctp', 'sctp6', 'dl_type=0x800,nw_proto=132'],
  icmpv4: ['icmp', 'ip,nw_proto=1'],
  icmpv6: ['icmp6', 'ipv6,nw_proto=58'],
  nd: ['icmp6,icmp_type=135', 'icmp6,icmp_type=136,icmp_code=0'],
  ndSolicit: ['icmp6,icmp_type=135,icmp_code=0', 'icmp6,icmpv6_type=135'],
  ndAdvert: ['icmp6,icmp_type=136,icmp_code=0', 'icmp6,icmpv6_type=136'],
  nsh: ['dl_type=0x894f', 'packet_type=(1,0x894f)', 'eth,dl_type=0x894f,nsh_mdtype=1'],
  ct: ['ct_state=+trk+est,ip', 'ct_state=+trk-inv,ipv6,ct_nw_proto=6', 'ct_state=+new+trk,tcp'],
};

const OTHER_NAMES = [
  'tp_src',
  'tp_dst',
  'dl_src',
  'dl_dst',
  'dl_type',
  'nw_src',
  'nw_dst',
  'ip_proto',
  'tunnel_id',
];

/** A match of fields of one kind of packets, seldom of others too. */
export function matchText(random: Random): string {
  const base = random.pick(TEXT_FIELDS);
  const near = TEXT_FIELDS.filter(
    ({ needs }) => needs === base.needs || needs === 'none' || needs === 'ethernet',
  );
  const words = [random.pick(KINDS[base.needs])];
  const fields = new Set([base]);
  for (let more = random.below(4); more > 0; more--)
    fields.add(random.pick(random.oneIn(8) ? TEXT_FIELDS : near));
  for (const field of fields) words.push(fieldWord(random, field));
  if (random.oneIn(10)) words.push(random.pick(Object.values(KINDS).flat()));
  return words.filter((word) => word !== '').join(',');
}

/** A match of one field, and of what it needs. */
export function matchOf(random: Random, field: TextField): string {
  const needs = random.pick(KINDS[field.needs]);
  const word = `${field.name}=${maskedValueText(random, field)}`;
  return needs === '' ? word : `${needs},${word}`;
}

function fieldWord(random: Random, field: TextField): string {
  if (random.oneIn(12)) return bitsWord(random, field);
  const name = random.oneIn(8) ? random.pick(OTHER_NAMES) : field.name;
  if (field.name.startsWith('tun_metadata') && random.oneIn(4)) return field.name;
  return `${name}=${random.oneIn(30) ? '*' : maskedValueText(random, fieldByText(name)!)}`;
}

/** Some bits of a field: `reg0[3..5]=2`. */
function bitsWord(random: Random, field: TextField): string {
  // Some bits of a port would make one that there cannot be, which Open vSwitch then takes for ANY.
  const isPort = field.kind === 'port' && field.bytes === 4;
  const bits = isPort ? field.bits : 1 + random.below(Math.min(field.bits, 16));
  return `${subfieldText(random, field, bits)}=${random.below(isPort ? 99 : 2 ** bits)}`;
}
