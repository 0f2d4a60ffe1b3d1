import { readIpv4, readIpv6, writeIpv4, writeIpv6 } from '../../util/ip.ts';
import { readMac, writeMac } from '../../util/mac.ts';
import { toBigInt, toLong, type U64 } from '../../util/u64.ts';
import { FIELDS, type FieldName } from './fields.ts';

/** A field's value, in any form that the codec takes, as one number. */
export function toBits(field: FieldName, value: unknown): bigint {
  switch (FIELDS[field].kind) {
    case 'number':
      return BigInt(value as number);
    case 'u64':
      return toBigInt(value as U64);
    case 'hex':
      return BigInt(value as string | bigint);
    case 'bytes':
      return bytesToBits(value as Uint8Array);
    case 'mac':
      return written(6, (bytes) => writeMac(bytes, 0, value as string));
    case 'ipv4':
      return written(4, (bytes) => writeIpv4(bytes, 0, value as string));
    case 'ipv6':
      return written(16, (bytes) => writeIpv6(bytes, 0, value as string));
  }
}

/** The value that decoding would give for a field with these bits. */
export function fromBits(field: FieldName, bits: bigint): unknown {
  const { kind, size } = FIELDS[field];
  switch (kind) {
    case 'number':
      return Number(bits);
    case 'u64':
      return toLong(bits);
    case 'hex':
      return `0x${bits.toString(16).padStart(size * 2, '0')}`;
    case 'bytes':
      return bitsToBytes(bits, byteLength(bits));
    default:
      return formatAddress(kind, bits);
  }
}

/** An address as its usual text. */
export function formatAddress(kind: 'mac' | 'ipv4' | 'ipv6', bits: bigint): string {
  if (kind === 'mac') return readMac(bitsToBytes(bits, 6), 0);
  return kind === 'ipv4' ? readIpv4(bitsToBytes(bits, 4), 0) : readIpv6(bitsToBytes(bits, 16), 0);
}

/** How many bytes a number takes; none for 0. */
export function byteLength(value: bigint): number {
  return value === 0n ? 0 : Math.ceil(value.toString(16).length / 2);
}

/** Bytes, the most significant first, as one number. */
export function bytesToBits(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** The lowest `size` bytes of a number, the most significant first. */
export function bitsToBytes(bits: bigint, size: number): Uint8Array {
  if (size === 0) return new Uint8Array();
  const digits = BigInt.asUintN(size * 8, bits).toString(16);
  return Buffer.from(digits.padStart(size * 2, '0'), 'hex');
}

function written(size: number, write: (bytes: Uint8Array) => void): bigint {
  const bytes = new Uint8Array(size);
  write(bytes);
  return bytesToBits(bytes);
}
