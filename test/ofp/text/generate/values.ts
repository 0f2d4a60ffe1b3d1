import type { ValueKind } from '../../../../src/ofp/text/field-table.ts';
import type { TextField } from '../../../../src/ofp/text/fields.ts';
import { readIpv4, readIpv6 } from '../../../../src/util/ip.ts';
import { readMac } from '../../../../src/util/mac.ts';
import type { Random } from '../../../fuzz/random.ts';

/** Makes texts. */
type Make = (random: Random) => string;

/** One of these texts, or of those that they make. */
export function oneOf(random: Random, choices: readonly (string | Make)[]): string {
  const choice = random.pick(choices);
  return typeof choice === 'string' ? choice : choice(random);
}

/** A number of up to `bits` bits, often at an edge, in decimal or hexadecimal; wider ones than 64 bits in the latter. */
export function numberText(random: Random, bits: number): string {
  const value = numberOf(random, bits);
  return bits <= 64 && random.oneIn(2) ? value.toString() : `0x${value.toString(16)}`;
}

/** A number from `least` to `most`, in decimal. */
export function within(random: Random, least: number, most: number): string {
  return String(random.oneIn(4) ? random.pick([least, most]) : least + random.below(most - least + 1));
}

/** A port by number or name; seldom one that there cannot be. */
export function portText(random: Random): string {
  if (random.oneIn(40)) return random.pick(['0xff00', '65280', 'NOWHERE', '0x1ffffffff']);
  return oneOf(random, [...PORT_NAMES, (source) => within(source, 0, 0xfeff), '4294967294', '65534']);
}

const PORT_NAMES = ['LOCAL', 'in_port', 'TABLE', 'normal', 'FLOOD', 'ALL', 'CONTROLLER', 'NONE', 'ANY'];

/** A value of a field without a mask. */
export function valueText(random: Random, field: TextField): string {
  return VALUES[field.kind](random, field);
}

/** A value of a field, with a mask where the field takes one and chance wants it. */
export function maskedValueText(random: Random, field: TextField): string {
  const isPlain = !field.maskable || random.oneIn(2);
  const value = valueText(random, field);
  if (isPlain || value.includes('/') || UNMASKED.includes(field.kind)) return value;
  const masks: (string | Make)[] = [(source) => maskText(source, field)];
  if (field.kind === 'ipv4') masks.push((source) => within(source, 0, 32));
  if (field.kind === 'ipv6') masks.push((source) => within(source, 0, 128));
  return `${value}/${oneOf(random, masks)}`;
}

/** As {@link maskedValueText}, with a mask that leaves something of the value. */
export function writtenValueText(random: Random, field: TextField): string {
  return maskedValueText(random, field).replace(/\/(0x0|0|::|0\.0\.0\.0|00(:00){5})$/, '');
}

/** A field or some of its bits: `reg0[]`, `NXM_NX_REG0[3..10]`, `eth_src[40]`. */
export function subfieldText(random: Random, field: TextField, bits: number): string {
  const name = random.oneIn(2) ? field.constant : field.name;
  if (bits === field.bits) return `${name}${random.oneIn(2) ? '[]' : `[0..${bits - 1}]`}`;
  const start = random.below(field.bits - bits + 1);
  return bits === 1 && random.oneIn(2) ? `${name}[${start}]` : `${name}[${start}..${start + bits - 1}]`;
}

/** Open vSwitch takes an IPv6 mask that begins with a decimal digit for a prefix length. */
function maskText(random: Random, field: TextField): string {
  const mask = valueText(random, field);
  return field.kind === 'ipv6' ? mask.replace(/^\d/, 'f') : mask;
}

const UNMASKED: readonly ValueKind[] = ['port', 'frag', 'packetType'];
const FRAGMENTS = ['no', 'yes', 'first', 'later', 'not_later', 'LATER'];

const VALUES: Readonly<Record<ValueKind, (random: Random, field: TextField) => string>> = {
  decimal: (random, { bits }) => numberText(random, bits),
  hex: (random, { bits }) => numberText(random, random.oneIn(2) ? bits : Math.min(bits, 16)),
  mac: (random) => readMac(random.bytes(6), 0),
  ipv4: (random) => readIpv4(random.bytes(4), 0),
  ipv6: (random) =>
    random.oneIn(3) ? random.pick(['::', '::1', '2001:db8::1', '::1.2.3.4']) : readIpv6(random.bytes(16), 0),
  port: portText,
  frag: (random) => random.pick(FRAGMENTS),
  tunFlags: (random) => flagsText(random, ['oam'], 1),
  tcpFlags: (random) => flagsText(random, ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'ns'], 12),
  ctState: (random) => flagsText(random, ['new', 'est', 'rel', 'rpl', 'inv', 'trk', 'snat', 'dnat'], 8),
  packetType: (random) =>
    random.oneIn(3) ? '(0,0)' : `(1,${random.pick(['0x894f', '0x800', '0x86dd', '0x8847', '5'])})`,
};

/** Flags that must be set or not (`+syn-ack`), a list of those set (`syn|ack`), or a number with a mask. */
function flagsText(random: Random, names: readonly string[], bits: number): string {
  const chosen = names.filter(() => random.oneIn(3));
  if (chosen.length === 0) return `${numberText(random, bits)}/${numberText(random, bits)}`;
  if (random.oneIn(4)) return chosen.join('|');
  return chosen.map((name) => `${random.oneIn(3) ? '-' : '+'}${name}`).join('');
}

function numberOf(random: Random, bits: number): bigint {
  const all = (1n << BigInt(bits)) - 1n;
  switch (random.below(6)) {
    case 0:
      return 0n;
    case 1:
      return all;
    case 2:
      return 1n << BigInt(random.below(bits));
    case 3:
      return BigInt(random.below(256)) & all;
    default:
      return BigInt(`0x${random.bytes(Math.ceil(bits / 8)).toString('hex')}`) & all;
  }
}
