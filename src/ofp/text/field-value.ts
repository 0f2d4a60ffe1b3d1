import { isIpv4, isIpv6, writeIpv4, writeIpv6 } from '../../util/ip.ts';
import { writeMac } from '../../util/mac.ts';
import { bytesToBits, formatAddress } from '../oxm/field-bits.ts';
import type { ValueKind } from './field-table.ts';
import type { TextField } from './fields.ts';
import {
  type BitNames,
  CT_STATE_BITS,
  formatMaskedBits,
  parseMaskedBits,
  TCP_FLAG_BITS,
  TUN_FLAG_BITS,
} from './flags.ts';
import { allOnes } from './flow-key.ts';
import { findPort, formatPort, isSupportedPort, portFrom16, portTo16 } from './names.ts';
import { hex, parseBits, parseNumber } from './numbers.ts';
import type { Span } from './span.ts';

/** A value and which of its bits count, all ones of the field's bytes for an exact one. */
export interface MaskedValue {
  readonly value: bigint;
  readonly mask: bigint;
}

/** All ones of a field's bytes: the mask of an exact value. */
export function exactMask(field: TextField): bigint {
  return allOnes(field.bytes * 8);
}

/**
 * Reads a field's value as ovs-ofctl does, with its mask where the text has one; `*` is any value.
 * @throws TextError
 */
export function parseFieldValue(field: TextField, span: Span): MaskedValue {
  if (span.text === '*') return { value: 0n, mask: 0n };
  const parsed = PARSERS[field.kind](field, span);
  if (field.maskable || parsed.mask === 0n || parsed.mask === exactMask(field)) return parsed;
  throw span.error(`${field.name} takes no mask`, span.sizeOf(/^[^/]*/));
}

/** As {@link parseFieldValue}, for places that take no mask. @throws TextError */
export function parseExactValue(field: TextField, span: Span): bigint {
  const { value, mask } = parseFieldValue(field, span);
  if (mask === exactMask(field)) return value;
  throw span.error(`${field.name} takes no mask here`, span.sizeOf(/^[^/]*/));
}

/** Writes a field's value as ovs-ofctl does outside of matches: in `set_field` and `learn`. */
export function formatFieldValue(field: TextField, value: bigint, mask: bigint = exactMask(field)): string {
  if (mask === 0n) return 'ANY';
  return FORMATTERS[field.kind](field, value, mask, mask === exactMask(field));
}

/** An address with its mask: as a prefix length where it is one. */
export function formatMaskedAddress(kind: 'mac' | 'ipv4' | 'ipv6', value: bigint, mask: bigint): string {
  const bits = { mac: 48, ipv4: 32, ipv6: 128 }[kind];
  const address = formatAddress(kind, value);
  if (mask === allOnes(bits)) return address;
  const holes = allOnes(bits) ^ mask;
  const isPrefix = kind !== 'mac' && (holes & (holes + 1n)) === 0n;
  return `${address}/${isPrefix ? bits - holes.toString(2).replace(/^0$/, '').length : formatAddress(kind, mask)}`;
}

/** A packet type: `eth`, or namespace and type. */
export function formatPacketType(value: bigint): string {
  if (value === 0n) return 'eth';
  const part = (number: bigint) => (number > 9n ? hex(number) : number.toString());
  return `packet_type=(${part(value >> 16n)},${part(value & 0xffffn)})`;
}

/** What `ip_frag` may be called: the first that fits is the one written. */
const FRAGMENTS = [
  { name: 'no', mask: 3n, value: 0n },
  { name: 'first', mask: 3n, value: 1n },
  { name: 'later', mask: 3n, value: 3n },
  { name: 'no', mask: 1n, value: 0n },
  { name: 'yes', mask: 1n, value: 1n },
  { name: 'not_later', mask: 2n, value: 0n },
  { name: 'later', mask: 2n, value: 2n },
];

/** The name of a kind of fragment, `<error>` for what cannot be. */
export function formatFragment(value: bigint, mask: bigint): string {
  const known = FRAGMENTS.find(
    (fragment) => fragment.mask === (mask & 3n) && fragment.value === (value & mask & 3n),
  );
  return known?.name ?? '<error>';
}

/** Bits that a value may have, for fields that have fewer of them than their bytes. */
const VALUE_BITS: Readonly<Record<string, bigint>> = {
  nw_tos: 0xfcn,
  ip_dscp: 0x3fn,
  nw_ecn: 3n,
  ip_frag: 3n,
  tcp_flags: 0xfffn,
  arp_op: 0xffn,
  dl_vlan: 0xfffn,
  vlan_vid: 0x1fffn,
  vlan_pcp: 7n,
  dl_vlan_pcp: 7n,
  ipv6_label: 0xfffffn,
  mpls_label: 0xfffffn,
  mpls_tc: 7n,
  mpls_bos: 1n,
  tun_flags: 1n,
  ct_state: 0xffn,
  nsh_spi: 0xffffffn,
};

/** True for values that a field can have. */
export function isValidValue({ name }: TextField, value: bigint): boolean {
  switch (name) {
    case 'in_port_oxm':
    case 'actset_output':
      return isSupportedPort(Number(value));
    case 'nsh_ttl':
      return value <= 63n;
    case 'nsh_mdtype':
      return value === 1n || value === 2n;
    default:
      return VALUE_BITS[name] === undefined || (value & ~VALUE_BITS[name]) === 0n;
  }
}

type Parse = (field: TextField, span: Span) => MaskedValue;

const PARSERS: Readonly<Record<ValueKind, Parse>> = {
  decimal: parseInteger,
  hex: parseInteger,
  mac: parseMac,
  ipv4: parseIp,
  ipv6: parseIp,
  port: parsePortValue,
  frag: parseFragment,
  tunFlags: (field, span) => parseFlagValue(field, span, TUN_FLAG_BITS, 0x1),
  tcpFlags: (field, span) => parseFlagValue(field, span, TCP_FLAG_BITS, 0xfff),
  ctState: (field, span) => parseFlagValue(field, span, CT_STATE_BITS, 0xff),
  packetType: parsePacketType,
};

type Format = (field: TextField, value: bigint, mask: bigint, isExact: boolean) => string;

const formatInteger: Format = (field, value, mask, isExact) => {
  const text = field.kind === 'hex' ? hex(value) : value.toString();
  return isExact ? text : `${text}/${hex(mask)}`;
};
const formatIp: Format = ({ kind }, value, mask) => formatMaskedAddress(kind as 'ipv4', value, mask);

const FORMATTERS: Readonly<Record<ValueKind, Format>> = {
  decimal: formatInteger,
  hex: formatInteger,
  mac: formatIp,
  ipv4: formatIp,
  ipv6: formatIp,
  port: (field, value, mask, isExact) => {
    if (!isExact) return formatInteger(field, value, mask, false);
    return formatPort(field.bytes === 2 ? portFrom16(Number(value)) : Number(value));
  },
  frag: (_field, value, mask) => formatFragment(value, mask),
  tunFlags: (_field, value, mask) => formatMaskedBits(Number(value), Number(mask & 1n), 1, TUN_FLAG_BITS),
  tcpFlags: (_field, value, mask) =>
    formatMaskedBits(Number(value), Number(mask & 0xfffn), 0xfff, TCP_FLAG_BITS),
  ctState: (_field, value, mask) => formatMaskedBits(Number(value), Number(mask), 0xffff, CT_STATE_BITS),
  packetType: (_field, value) => formatPacketType(value),
};

function parseInteger(field: TextField, span: Span): MaskedValue {
  const [value, mask] = span.split('/') ?? [span, undefined];
  return {
    value: parseWide(field, value),
    mask: mask === undefined ? exactMask(field) : parseWide(field, mask),
  };
}

/** Reads a number of a field's bytes; hexadecimal ones may be wider than 64 bits. @throws TextError */
export function parseWide(field: TextField, span: Span): bigint {
  const digits = /^0x([0-9a-f\s]*)$/i.exec(span.text)?.[1]?.replace(/\s/g, '');
  if (digits === undefined) return parseBits(span, Math.min(64, field.bytes * 8), field.name);
  const value = digits === '' ? 0n : BigInt(`0x${digits}`);
  if (value <= exactMask(field)) return value;
  throw span.error(`${field.name} has ${field.bytes} bytes, got more`);
}

function parseMac(field: TextField, span: Span): MaskedValue {
  const [value, mask] = span.split('/') ?? [span, undefined];
  return { value: macBits(value), mask: mask === undefined ? exactMask(field) : macBits(mask) };
}

/** What may still become an address. */
const MAC_SO_FAR = /^([\da-f]{1,2}(:|$)){0,5}([\da-f]{1,2}$)?/i;
const IPV4_SO_FAR = /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.|$)){0,4}/;
const IPV6_SO_FAR = /^([\da-f]{0,4}(:|$))*/i;

function macBits(span: Span): bigint {
  const pairs = span.text.split(':');
  if (pairs.length !== 6 || !pairs.every((pair) => /^[0-9a-f]{1,2}$/i.test(pair))) {
    throw span.error(
      `expected an Ethernet address like 52:54:00:12:34:56, got '${span.text}'`,
      span.sizeOf(MAC_SO_FAR),
    );
  }
  const bytes = new Uint8Array(6);
  writeMac(bytes, 0, pairs.map((pair) => pair.padStart(2, '0')).join(':'));
  return bytesToBits(bytes);
}

function parseIp(field: TextField, span: Span): MaskedValue {
  const [value, mask] = span.split('/') ?? [span, undefined];
  return {
    value: ipBits(field, value),
    mask: mask === undefined ? exactMask(field) : prefixBits(field, mask),
  };
}

function ipBits(field: TextField, span: Span): bigint {
  const { text } = span;
  const bytes = new Uint8Array(field.bytes);
  if (field.kind === 'ipv4' && isIpv4(text)) writeIpv4(bytes, 0, text);
  else if (field.kind === 'ipv6' && isIpv6(text)) writeIpv6(bytes, 0, text);
  else if (field.kind === 'ipv4')
    throw span.error(`${field.name} is an IPv4 address, got '${text}'`, span.sizeOf(IPV4_SO_FAR));
  else throw span.error(`${field.name} is an IPv6 address, got '${text}'`, span.sizeOf(IPV6_SO_FAR));
  return bytesToBits(bytes);
}

function prefixBits(field: TextField, span: Span): bigint {
  if (!/^\d+$/.test(span.text)) return ipBits(field, span);
  const length = Number(span.text);
  if (length > field.bits) throw span.error(`${field.name} has prefixes up to /${field.bits}`);
  return (allOnes(length) << BigInt(field.bits - length)) & exactMask(field);
}

function parsePortValue(field: TextField, span: Span): MaskedValue {
  const port = findPort(span.text);
  if (port === undefined)
    throw span.error(`${field.name} is a port, by number or reserved name, got '${span.text}'`);
  return { value: BigInt(field.bytes === 2 ? portTo16(port)! : port), mask: exactMask(field) };
}

function parseFragment(field: TextField, span: Span): MaskedValue {
  const name = span.text.toLowerCase();
  const known = FRAGMENTS.find((fragment) => fragment.name === name);
  if (known !== undefined) return { value: known.value, mask: known.mask | 0xfcn };
  const names = [...new Set(FRAGMENTS.map((fragment) => fragment.name))].join(', ');
  throw span.error(`${field.name} is one of ${names}, got '${span.text}'`);
}

function parseFlagValue(field: TextField, span: Span, names: BitNames, allowed: number): MaskedValue {
  const { value, mask } = parseMaskedBits(span, names, allowed, field.name);
  return { value: BigInt(value), mask: BigInt(mask) & exactMask(field) };
}

function parsePacketType(field: TextField, span: Span): MaskedValue {
  const parts = /^\(([^,]*),([^)]*)\)$/.exec(span.text);
  if (parts === null) throw span.error(`${field.name} is written (namespace,type), got '${span.text}'`);
  const comma = 1 + parts[1]!.length;
  const namespace = parseNumber(span.slice(1, comma), 16, 'the namespace');
  const type = parseNumber(span.slice(comma + 1, span.text.length - 1), 16, 'the type');
  return { value: BigInt(namespace * 0x1_0000 + type), mask: exactMask(field) };
}
