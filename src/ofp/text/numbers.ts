import { toBigInt, type U64 } from '../../util/u64.ts';
import type { Span } from './span.ts';

/** `0` or `0x…`, as C's `%#x` writes it. */
export function hex(value: number | bigint): string {
  return value === 0 || value === 0n ? '0' : `0x${value.toString(16)}`;
}

/** `0x…` of at least `digits` digits. */
export function paddedHex(value: number | bigint, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

/** A counter in decimal; `?` for all ones, which says that the switch does not keep it. */
export function counter(value: U64): string {
  const count = toBigInt(value);
  return count === ALL_ONES_64 ? '?' : count.toString();
}

/** Seconds and nanoseconds: `2s`, `1.090s`, `0.000000001s`: milliseconds when those are exact. */
export function duration(sec: number, nsec: number): string {
  if (nsec === 0) return `${sec}s`;
  const msec = nsec / 1_000_000;
  if (Number.isInteger(msec)) return `${sec}.${String(msec).padStart(3, '0')}s`;
  return `${sec}.${String(nsec).padStart(9, '0').replace(/0+$/, '')}s`;
}

/** Bytes as `01.02.ff`. */
export function dottedHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('.');
}

/** What may still become a number. */
const NUMBER_SO_FAR = /^\s*[+-]?(0x[0-9a-f]*|0[0-7]*|\d*)/i;

/**
 * Reads a number as C's strtoull does: `10`, `0x1f`, `017`, and `-1` for all ones.
 * @param bits how many the number may have
 * @throws TextError
 */
export function parseBits(span: Span, bits: number, what: string): bigint {
  const { text } = span;
  const parts = /^\s*([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)$/i.exec(text);
  if (parts === null) throw span.error(`${what} is a number, got '${text}'`, span.sizeOf(NUMBER_SO_FAR));
  const digits = parts[2]!;
  const magnitude = BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = parts[1] === '-' ? BigInt.asUintN(64, -magnitude) : magnitude;
  if (magnitude >> 64n === 0n && value >> BigInt(bits) === 0n) return value;
  throw span.error(`${what} has at most ${bits} bits, got ${text}`);
}

/** As {@link parseBits}, for up to 32 bits: of 32, `-1` is all ones; narrower ones are not negative. @throws TextError */
export function parseNumber(span: Span, bits: number, what: string): number {
  if (!span.text.trimStart().startsWith('-')) return Number(parseBits(span, bits, what));
  if (bits < 32) throw span.error(`${what} is not negative, got ${span.text}`);
  return Number(BigInt.asUintN(32, parseBits(span, 64, what)));
}

/** Reads hexadecimal bytes: pairs of digits with dots or white space between them. @throws TextError */
export function parseHexBytes(span: Span, what: string): Uint8Array {
  const bytes: number[] = [];
  const { text } = span;
  for (let at = 0; ; at += 2) {
    while (at < text.length && /[\s.]/.test(text[at]!)) at++;
    if (at >= text.length) return Uint8Array.from(bytes);
    const pair = text.slice(at, at + 2);
    if (!/^[0-9a-f]{2}$/i.test(pair)) throw span.error(`${what} is pairs of hexadecimal digits`, at);
    bytes.push(Number.parseInt(pair, 16));
  }
}

const ALL_ONES_64 = 0xffff_ffff_ffff_ffffn;
