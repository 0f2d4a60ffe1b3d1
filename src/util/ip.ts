import { WireError } from './errors.ts';
import { writeMac } from './mac.ts';

/** Reads four bytes as dotted decimal. */
export function readIpv4(bytes: Uint8Array, offset: number): string {
  const head = DECIMAL_DOT[bytes[offset]!]! + DECIMAL_DOT[bytes[offset + 1]!]!;
  return head + (DECIMAL_DOT[bytes[offset + 2]!]! + DECIMAL[bytes[offset + 3]!]!);
}

/**
 * Writes dotted decimal as four bytes. Leading zeros are refused, since some readers take them for octal.
 * @throws WireError `IP_INVALID` when the text is anything else.
 */
export function writeIpv4(bytes: Uint8Array, offset: number, text: string): void {
  if (!scanIpv4(bytes, offset, text, 0)) throw invalidIp('an IPv4 address like 10.0.0.1', text);
}

/**
 * Reads sixteen bytes in the canonical form of RFC 5952. Addresses in `::ffff:0:0/96` and `::/96` end in dotted
 * decimal (`::ffff:10.0.0.1`, `::10.0.0.1`), as inet_ntop(3) and so Open vSwitch print them.
 */
export function readIpv6(bytes: Uint8Array, offset: number): string {
  const run = longestZeroRun(bytes, offset);
  const dotted =
    run.start === 0 && (run.length === 6 || (run.length === 5 && word(bytes, offset, 5) === 0xffff));
  const end = dotted ? 6 : 8;
  let text = '';
  for (let i = 0; i < end; i++) {
    if (i === run.start) {
      text += '::';
      i += run.length - 1;
      continue;
    }
    if (i > 0 && i !== run.start + run.length) text += ':';
    text += word(bytes, offset, i).toString(16);
  }
  if (!dotted) return text;
  return (text === '::' ? text : `${text}:`) + readIpv4(bytes, offset + 12);
}

/**
 * Writes an IPv6 address in any form of RFC 4291, 2.2 as sixteen bytes. Zones (`%eth0`) are refused: they mean
 * nothing outside this machine.
 * @throws WireError `IP_INVALID` when the text is anything else.
 */
export function writeIpv6(bytes: Uint8Array, offset: number, text: string): void {
  if (!scanIpv6(bytes, offset, text)) throw invalidIp('an IPv6 address like 2001:db8::1', text);
}

/** True for the texts that {@link writeIpv4} takes. */
export function isIpv4(text: string): boolean {
  return scanIpv4(SCRATCH, 0, text, 0);
}

/** True for the texts that {@link writeIpv6} takes. */
export function isIpv6(text: string): boolean {
  return scanIpv6(SCRATCH, 0, text);
}

/**
 * The mask of a prefix length, 0 to 32: 8 gives `255.0.0.0`.
 * @throws WireError `IP_INVALID` when the length is out of range.
 */
export function ipv4Mask(prefixLength: number): string {
  return readIpv4(prefixMask(prefixLength, 4), 0);
}

/**
 * The mask of a prefix length, 0 to 128: 32 gives `ffff:ffff::`.
 * @throws WireError `IP_INVALID` when the length is out of range.
 */
export function ipv6Mask(prefixLength: number): string {
  return readIpv6(prefixMask(prefixLength, 16), 0);
}

/** True for an address of a link alone (RFC 4291, 2.5.6), in its canonical form. */
export function isLinkLocalIpv6(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(address);
}

/**
 * The link-local address that a station derives from its MAC address (RFC 4291, appendix A).
 * @throws WireError `MAC_INVALID`
 */
export function linkLocalIpv6(mac: string): string {
  const bytes = new Uint8Array(16);
  writeMac(bytes, 10, mac);
  bytes.set([0xfe, 0x80]);
  bytes.set([bytes[10]! ^ 2, bytes[11]!, bytes[12]!, 0xff, 0xfe], 8);
  return readIpv6(bytes, 0);
}

/** An address with or without a mask, as {@link parseCidr} reads it. */
export interface Cidr {
  readonly family: 4 | 6;
  /** In canonical form, with the bits outside the mask as they were written. */
  readonly address: string;
  /** Absent when the text had none. */
  readonly mask?: string;
  /** Absent when the text had no mask, or one that is not a prefix. */
  readonly prefixLength?: number;
}

/**
 * Reads `10.0.0.1`, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `2001:db8::/32` or `2001:db8::/ffff:ffff::`. Masks may
 * have holes, which Open vSwitch allows.
 * @throws WireError `IP_INVALID` when the text is anything else.
 */
export function parseCidr(text: string): Cidr {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const family = host.includes(':') ? 6 : 4;
  const address = canonicalIp(family, host, text);
  if (slash < 0) return { family, address };
  const suffix = text.slice(slash + 1);
  if (/^\d{1,3}$/.test(suffix)) {
    const prefixLength = Number(suffix);
    if (prefixLength > (family === 4 ? 32 : 128)) throw invalidCidr(text);
    const mask = family === 4 ? ipv4Mask(prefixLength) : ipv6Mask(prefixLength);
    return { family, address, mask, prefixLength };
  }
  const mask = canonicalIp(family, suffix, text);
  const prefixLength = prefixLengthOf(family, mask);
  return prefixLength === undefined ? { family, address, mask } : { family, address, mask, prefixLength };
}

const DOT = 46;
const COLON = 58;
const ZERO = 48;
const DECIMAL = Array.from({ length: 256 }, (_, byte) => String(byte));
const DECIMAL_DOT = DECIMAL.map((text) => `${text}.`);
const SCRATCH = new Uint8Array(16);

function scanIpv4(bytes: Uint8Array, offset: number, text: string, from: number): boolean {
  let value = -1;
  let octets = 0;
  for (let i = from; i <= text.length; i++) {
    const code = i === text.length ? DOT : text.charCodeAt(i);
    if (code === DOT) {
      if (value < 0 || octets === 4) return false;
      bytes[offset + octets++] = value;
      value = -1;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || value === 0) return false;
    value = value < 0 ? digit : value * 10 + digit;
    if (value > 255) return false;
  }
  return octets === 4;
}

/** Writes the words as they come, then moves those after `::` to the end. */
function scanIpv6(bytes: Uint8Array, offset: number, text: string): boolean {
  let at = 0;
  let gap = -1;
  let i = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false;
    i = 1;
  }
  while (i < text.length) {
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return false;
      gap = at;
      if (++i === text.length) break;
    }
    if (at === 16) return false;
    const start = i;
    let value = 0;
    for (; i < text.length; i++) {
      const digit = hexDigit(text.charCodeAt(i));
      if (digit < 0) break;
      value = (value << 4) | digit;
    }
    if (i === start || i - start > 4) return false;
    if (text.charCodeAt(i) === DOT) {
      if (at > 12 || !scanIpv4(bytes, offset + at, text, start)) return false;
      at += 4;
      break;
    }
    bytes[offset + at] = value >> 8;
    bytes[offset + at + 1] = value & 0xff;
    at += 2;
    if (i === text.length) break;
    if (text.charCodeAt(i) !== COLON || ++i === text.length) return false;
  }
  if (gap < 0) return at === 16;
  if (at === 16) return false;
  bytes.copyWithin(offset + 16 - (at - gap), offset + gap, offset + at);
  bytes.fill(0, offset + gap, offset + 16 - (at - gap));
  return true;
}

/** The first of the longest runs of two or more zero words, which `::` stands for (RFC 5952, 4.2). */
function longestZeroRun(bytes: Uint8Array, offset: number): { start: number; length: number } {
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && word(bytes, offset, end) === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
    i = end;
  }
  return { start, length };
}

function word(bytes: Uint8Array, offset: number, index: number): number {
  return (bytes[offset + 2 * index]! << 8) | bytes[offset + 2 * index + 1]!;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}

function prefixMask(prefixLength: number, size: 4 | 16): Uint8Array {
  if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > size * 8) {
    throw invalidIp(`a prefix length from 0 to ${size * 8}`, String(prefixLength));
  }
  const mask = new Uint8Array(size);
  const whole = prefixLength >> 3;
  mask.fill(0xff, 0, whole);
  if (whole < size) mask[whole] = 0xff00 >> (prefixLength & 7);
  return mask;
}

function prefixLengthOf(family: 4 | 6, mask: string): number | undefined {
  const bytes = new Uint8Array(family === 4 ? 4 : 16);
  if (family === 4) writeIpv4(bytes, 0, mask);
  else writeIpv6(bytes, 0, mask);
  const partial = bytes.findIndex((byte) => byte !== 0xff);
  if (partial < 0) return bytes.length * 8;
  const ones = Math.clz32(~(bytes[partial]! << 24));
  const length = partial * 8 + ones;
  const expected = prefixMask(length, family === 4 ? 4 : 16);
  return bytes.every((byte, i) => byte === expected[i]) ? length : undefined;
}

function canonicalIp(family: 4 | 6, address: string, text: string): string {
  if (family === 4 ? !scanIpv4(SCRATCH, 0, address, 0) : !scanIpv6(SCRATCH, 0, address)) {
    throw invalidCidr(text);
  }
  return family === 4 ? readIpv4(SCRATCH, 0) : readIpv6(SCRATCH, 0);
}

function invalidCidr(text: string): WireError {
  return invalidIp('an address or a prefix like 10.0.0.0/8 or 2001:db8::/32', text);
}

function invalidIp(expected: string, text: string): WireError {
  return new WireError('IP_INVALID', `expected ${expected}, got '${text}'`);
}
