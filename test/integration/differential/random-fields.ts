import { hasPlace, optionNumber } from '../../../src/datapath/packet/layout.ts';
import { TEXT_FIELDS, type TextField } from '../../../src/ofp/text/fields.ts';
import type { Random } from '../../fuzz/random.ts';
import { POOLS } from './random-frames.ts';

/** Makes a piece of text. */
export type Make = (random: Random) => string;

export const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** One of these, as it is. */
export function of(items: readonly (string | number)[]): Make {
  return (random) => String(random.pick(items));
}

/** The fields that the switch has a place for, which are those that it claims to match. */
export const CLAIMED_FIELDS: readonly TextField[] = TEXT_FIELDS.filter(
  // Tunnel options are nothing but errors where none is mapped: they have a test of their own.
  ({ oxm }) => oxm !== undefined && hasPlace(oxm) && optionNumber(oxm) === undefined,
);

/** What values are taken from, where any number would hardly ever be met. */
const VALUES: Readonly<Record<string, readonly (string | number)[]>> = {
  packet_type: ['(0,0)'],
  recirc_id: [0],
  conj_id: [0, 0, 1, 2],
  actset_output: [1, 2, 'ANY', 'unset'],
  vlan_tci: [0, 0x1000, 0x1001, 0x1064, 0xf007, 1, 0x3007],
  vlan_vid: [0, 0x1000, 0x1001, 0x1007, 0x1064, 0x1fff],
  dl_vlan: POOLS.vlan,
  nw_tos: POOLS.tos.map((tos) => tos & 0xfc),
  ip_dscp: POOLS.tos.map((tos) => tos >> 2),
  nw_ttl: POOLS.ttl,
  nw_proto: [1, 6, 17, 58, 132],
  mpls_ttl: POOLS.ttl,
  mpls_label: POOLS.label,
  ipv6_label: POOLS.label,
  ip_frag: ['no', 'yes', 'first', 'later', 'not_later'],
  tcp_src: POOLS.port,
  tcp_dst: POOLS.port,
  udp_src: POOLS.port,
  udp_dst: POOLS.port,
  sctp_src: POOLS.port,
  sctp_dst: POOLS.port,
  arp_op: [1, 2, 3],
  icmp_type: [0, 3, 8],
  icmp_code: [0, 1],
  icmpv6_type: [128, 129, 135, 136],
  icmpv6_code: [0, 1],
  nd_target: ['fd00::99', 'fd00::98', ...POOLS.ipv6],
  nd_options_type: [1, 2],
  nsh_mdtype: [1, 2],
  nsh_np: [1, 2, 3],
  nsh_ttl: POOLS.ttl.map((ttl) => ttl & 63),
  in_port: POOLS.inPort,
  in_port_oxm: POOLS.inPort,
  ct_nw_proto: [1, 6, 17],
  metadata: ['0x0', '0x1', '0x5', '0xa', '0xf'],
};

/** A value of the field, in the syntax that matches and `set_field` have for it. */
export function randomValue(random: Random, { name, kind, bits }: TextField): string {
  const values = VALUES[name];
  if (values !== undefined) return String(random.pick(values));
  switch (kind) {
    case 'mac':
      return random.pick(POOLS.mac);
    case 'ipv4':
      return random.pick(name.startsWith('tun_') ? POOLS.tunnel4 : POOLS.ipv4);
    case 'ipv6':
      return random.pick(name.startsWith('tun_') ? POOLS.tunnel6 : POOLS.ipv6);
    case 'tcpFlags':
      return random.pick(['+syn-ack', '-fin', '+rst', '+syn', '0x012/0x0ff', '-urg']);
    case 'tunFlags':
      return random.pick(['+oam', '-oam', '0', '1']);
    case 'ctState':
      return random.pick(['+trk', '-trk', '+trk+new', '-trk-est', '+inv']);
    default:
      return hex(random.oneIn(8) ? wideNumber(random, bits) : random.below(Math.min(2 ** bits, 4)));
  }
}

function wideNumber(random: Random, bits: number): bigint {
  let value = 0n;
  for (let at = 0; at < bits; at += 32) value = (value << 32n) | BigInt(random.u32());
  return value & ((1n << BigInt(bits)) - 1n);
}

const MASKS: Readonly<Record<string, readonly string[]>> = {
  mac: ['ff:ff:ff:ff:ff:ff', '01:00:00:00:00:00', 'ff:ff:00:00:00:01', '00:00:00:00:00:03'],
  ipv4: ['255.255.255.0', '255.0.0.0', '0.0.0.3', '255.255.0.255', '24', '31'],
  ipv6: ['64', '16', '127', '::f', 'ff00::ff'],
};
const NAMED: ReadonlySet<string> = new Set(['frag', 'tcpFlags', 'tunFlags', 'ctState', 'port', 'packetType']);

/** What is said of a field in a match. */
export function randomMatch(random: Random, field: TextField): string {
  const { name, kind, bits, maskable } = field;
  const head = `${name}=${randomValue(random, field)}`;
  if (!maskable || NAMED.has(kind) || !random.oneIn(3)) return head;
  const masks = MASKS[kind];
  if (masks !== undefined) return `${head}/${random.pick(masks)}`;
  const narrow = hex(random.u32() >>> (32 - Math.min(bits, 3)));
  return `${head}/${random.oneIn(4) ? hex(wideNumber(random, bits)) : narrow}`;
}

/** As what kind of packet the fields of a name are those that there may be a place for: `regs` with its bits. */
export function placeOf({ name, place }: TextField): string {
  const register = /^(x*)reg(\d+)$/.exec(name);
  return register === null ? String(place) : `register${Number(register[2]) << register[1]!.length}`;
}

/** False for the one field that Open vSwitch 3.1 reads as 0 on little-endian machines, also to write a part of it. */
export function isReadable({ name }: TextField): boolean {
  return name !== 'nd_options_type';
}

/** An action that writes a field, whole or in part. */
export function randomWrite(random: Random, field: TextField): string {
  if (random.oneIn(2) || !isReadable(field)) return `set_field:${randomValue(random, field)}->${field.name}`;
  const [start, length] = randomBits(random, field.bits, 64);
  return `load:${hex(wideNumber(random, length))}->${constantOf(random, field)}[${start}..${start + length - 1}]`;
}

/** An action that copies some bits of one field into another. */
export function randomMove(random: Random, source: TextField, target: TextField): string {
  const [start, length] = randomBits(random, source.bits, target.bits);
  const at = random.below(target.bits - length + 1);
  const bits = (first: number) => `[${first}..${first + length - 1}]`;
  return `move:${constantOf(random, source)}${bits(start)}->${constantOf(random, target)}${bits(at)}`;
}

/** The field, or some bits of it, as actions name them. */
export function randomReference(random: Random, field: TextField, most = field.bits): string {
  const [start, length] = randomBits(random, field.bits, most);
  return `${constantOf(random, field)}[${start}..${start + length - 1}]`;
}

function randomBits(random: Random, bits: number, most: number): [start: number, length: number] {
  const length = bits <= most && random.oneIn(2) ? bits : 1 + random.below(Math.min(bits, most));
  return [random.below(bits - length + 1), length];
}

/** The old form where there is one: the new one is what `set_field` uses. */
function constantOf(random: Random, field: TextField): string {
  return random.oneIn(8) ? field.name : field.constant;
}
