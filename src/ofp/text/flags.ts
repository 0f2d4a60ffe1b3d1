import { parseBits } from './numbers.ts';
import type { Span } from './span.ts';

/** Names of single bits, from the lowest on; a bit without a name has `undefined`. */
export type BitNames = readonly (string | undefined)[];

/** Bits of the field `ct_state`. */
export const CT_STATE_BITS: BitNames = ['new', 'est', 'rel', 'rpl', 'inv', 'trk', 'snat', 'dnat'];

/** Bits of the field `tcp_flags`. */
export const TCP_FLAG_BITS: BitNames = [
  'fin',
  'syn',
  'rst',
  'psh',
  'ack',
  'urg',
  'ece',
  'cwr',
  'ns',
  '[200]',
  '[400]',
  '[800]',
];

/** Bits of the field `tun_flags`; a match can only use the first. */
export const TUN_FLAG_BITS: BitNames = ['oam', 'df', 'csum', 'key'];

/** The names of the bits that are set, then what is left of them as a number; `0` when none is. */
export function formatBits(bits: number, names: BitNames, separator: string): string {
  if (bits === 0) return '0';
  const words: string[] = [];
  let rest = bits >>> 0;
  names.forEach((name, bit) => {
    if (name === undefined || ((bits >>> bit) & 1) === 0) return;
    words.push(name);
    rest = (rest & ~(1 << bit)) >>> 0;
  });
  if (rest !== 0) words.push(`0x${rest.toString(16)}`);
  return words.join(separator);
}

/** `syn|ack` when the mask is `allBits`, else `+syn-ack` for the bits that it has. */
export function formatMaskedBits(value: number, mask: number, allBits: number, names: BitNames): string {
  if (mask === allBits) return formatBits(value, names, '|');
  if (mask === 0) return '0/0';
  let text = '';
  for (let bit = 0; bit < 32; bit++) {
    if (((mask >>> bit) & 1) === 0) continue;
    text += `${((value >>> bit) & 1) === 1 ? '+' : '-'}${names[bit] ?? '[Unknown]'}`;
  }
  return text;
}

/** Bits and which of them count; an exact value has a mask of all 32. */
export interface MaskedBits {
  readonly value: number;
  readonly mask: number;
}

/**
 * Reads `+syn-ack`, `syn|ack`, `0x12` or `0x2/0x12`.
 * @param allowed the bits that may be used
 * @throws TextError
 */
export function parseMaskedBits(span: Span, names: BitNames, allowed: number, what: string): MaskedBits {
  const numbers = /^\d[^/]*\/\d/.test(span.text) ? span.split('/') : undefined;
  if (numbers !== undefined) {
    return { value: flagBits(numbers[0], allowed, what), mask: flagBits(numbers[1], allowed, what) };
  }
  return /^[+-]/.test(span.text)
    ? parseSigned(span, names, allowed, what)
    : parsePlain(span, names, allowed, what);
}

function parseSigned(span: Span, names: BitNames, allowed: number, what: string): MaskedBits {
  let value = 0;
  let mask = 0;
  for (const { 0: word, index } of span.text.matchAll(/[+-][^+-]*/g)) {
    const bit = flagBit(span.slice(index + 1, index + word.length), names, allowed, what);
    if ((mask & bit) !== 0) throw span.error(`${what} has '${word.slice(1)}' twice`, index + 1);
    mask |= bit;
    if (word.startsWith('+')) value |= bit;
  }
  return { value, mask };
}

function parsePlain(span: Span, names: BitNames, allowed: number, what: string): MaskedBits {
  let value = 0;
  for (const word of span.words('|')) {
    value |= /^\d/.test(word.text) ? flagBits(word, allowed, what) : flagBit(word, names, allowed, what);
  }
  return { value, mask: 0xffffffff };
}

function flagBits(word: Span, allowed: number, what: string): number {
  const bits = Number(parseBits(word, 32, what));
  if ((bits & ~allowed) === 0) return bits;
  throw word.error(`${what} has no bits beyond 0x${allowed.toString(16)}`);
}

function flagBit(word: Span, names: BitNames, allowed: number, what: string): number {
  const bit = names.indexOf(word.text);
  if (bit >= 0 && ((allowed >>> bit) & 1) === 1) return 1 << bit;
  const usable = names.filter((name, index) => name !== undefined && ((allowed >>> index) & 1) === 1);
  throw word.error(`${what} has no flag '${word.text}', expected ${usable.join(', ')}`);
}
