import Long from 'long';
import { WireError } from './errors.ts';

/** What is taken wherever an unsigned 64-bit value is asked for; what was decoded is always an unsigned `Long`. */
export type U64 = Long | bigint | number;

/** Reads eight bytes, most significant first. */
export function readU64(view: DataView, offset: number): Long {
  const high = view.getInt32(offset);
  const low = view.getInt32(offset + 4);
  // Nothing can change a Long, and 0 is what most cookies and counters of a big table are.
  if ((high | low) === 0) return Long.UZERO;
  const slot = (low ^ high) & (RECENT - 1);
  const recent = recentLongs[slot]!;
  if (recent.low === low && recent.high === high) return recent;
  const value = new Long(low, high, true);
  recentLongs[slot] = value;
  return value;
}

/**
 * Values that were read lately, by their last bits: cookies, tunnel ids and metadata are the same in many flows, and a
 * list of flows whose equal values are one object is less for the garbage collector to carry along.
 */
const RECENT = 256;
const recentLongs: Long[] = new Array<Long>(RECENT).fill(Long.UZERO);

/**
 * Writes eight bytes, most significant first.
 * @throws WireError `U64_RANGE` when the value is negative, over 2^64-1, or a number that is no safe integer.
 */
export function writeU64(view: DataView, offset: number, value: U64): void {
  if (typeof value === 'number') {
    const low = value >>> 0;
    // Nearly all numbers are below 2^32, and need no division.
    if (low !== value && (!Number.isSafeInteger(value) || value < 0)) throw outOfRange(value);
    view.setUint32(offset, low === value ? 0 : value / 0x1_0000_0000);
    view.setUint32(offset + 4, low);
  } else if (typeof value === 'bigint') {
    if (value < 0n || value > MAX_U64) throw outOfRange(value);
    view.setBigUint64(offset, value);
  } else {
    requireLong(value);
    view.setInt32(offset, value.high);
    view.setInt32(offset + 4, value.low);
  }
}

/** The value as an unsigned `Long`. @throws WireError `U64_RANGE` as {@link writeU64}. */
export function toLong(value: U64): Long {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) throw outOfRange(value);
    return new Long(value | 0, (value / 0x1_0000_0000) | 0, true);
  }
  if (typeof value === 'bigint') {
    if (value < 0n || value > MAX_U64) throw outOfRange(value);
    return new Long(Number(value & 0xffff_ffffn) | 0, Number(value >> 32n) | 0, true);
  }
  requireLong(value);
  return value.unsigned ? value : value.toUnsigned();
}

/** The value as a `bigint`, for arithmetic and for keys of a `Map`. @throws WireError `U64_RANGE` as {@link writeU64} */
export function toBigInt(value: U64): bigint {
  const { high, low } = toLong(value);
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/** Refuses what is no `Long`, whatever TypeScript was told of it, and a negative one. */
function requireLong(value: Long): void {
  const isLong = typeof value?.low === 'number' && typeof value.high === 'number';
  if (!isLong || (!value.unsigned && value.high < 0)) throw outOfRange(value);
}

function outOfRange(value: unknown): WireError {
  return new WireError(
    'U64_RANGE',
    `expected an integer from 0 to 2^64-1 (numbers: to 2^53-1), got ${value}`,
  );
}
