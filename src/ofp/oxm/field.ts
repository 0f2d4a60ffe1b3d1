import type Long from 'long';
import type { U64 } from '../../util/u64.ts';

/**
 * How a field's value looks in TypeScript: `number` up to 32 bits, `u64` an unsigned `Long`, `mac`, `ipv4` and `ipv6`
 * their usual text, `hex` wider registers as `0x` and all their digits, `bytes` fields of variable size (OpenFlow
 * 1.3.5, 7.2.3).
 */
export type FieldKind = 'number' | 'u64' | 'mac' | 'ipv4' | 'ipv6' | 'hex' | 'bytes';

/** What decoding gives, by kind. */
interface DecodedValues {
  number: number;
  u64: Long;
  mac: string;
  ipv4: string;
  ipv6: string;
  hex: string;
  bytes: Uint8Array;
}

/** What encoding takes, by kind. */
interface TakenValues {
  number: number;
  u64: U64;
  mac: string;
  ipv4: string;
  ipv6: string;
  hex: string | bigint;
  bytes: Uint8Array;
}

/** Whether a match may mask the field: `exact` fields come with a value only (OpenFlow 1.3.5, 7.2.3). */
export type Maskability = 'exact' | 'maskable';

/**
 * What a packet must be for a field to mean anything (OpenFlow 1.3.5, 7.2.3.6, and the same for the extensions).
 * `docs/openflow.md` and the checks before sending read these by name.
 */
export type Prerequisite =
  | 'none'
  | 'inPort'
  | 'vlan'
  | 'ip'
  | 'ipv4'
  | 'ipv6'
  | 'arp'
  | 'tcp'
  | 'udp'
  | 'sctp'
  | 'icmpv4'
  | 'icmpv6'
  | 'nd'
  | 'ndSolicit'
  | 'ndAdvert'
  | 'mpls'
  | 'pbb'
  | 'ct'
  | 'nsh';

/**
 * One row of the OXM table: everything that the codec, the text form and the docs need to know of a field (OpenFlow
 * 1.3.5, 7.2.3).
 */
export interface Field<K extends FieldKind = FieldKind, M extends Maskability = Maskability> {
  readonly oxmClass: number;
  /** The experimenter id that follows the header of class 0xffff, else 0. */
  readonly experimenter: number;
  readonly field: number;
  readonly kind: K;
  /** Significant bits; the value takes `size` bytes. */
  readonly bits: number;
  /** Bytes of the value; 0 for fields of variable size. */
  readonly size: number;
  readonly maskability: M;
  readonly needs: Prerequisite;
}

/**
 * A value under a mask: a packet's field matches when it equals `value` in the bits that `mask` sets (OpenFlow 1.3.5,
 * 7.2.3).
 */
export interface Masked<V> {
  readonly value: V;
  readonly mask: V;
}

/** The value that decoding gives for a field. */
export type FieldValue<F> = F extends Field<infer K, Maskability> ? DecodedValues[K] : never;

/** The value that encoding takes for a field. */
export type FieldInit<F> = F extends Field<infer K, Maskability> ? TakenValues[K] : never;

/** Makes a row; the size follows from the bits (rounded up to the sizes that fields have on the wire). */
export function field<K extends FieldKind, M extends Maskability>(
  oxmClass: number,
  number: number,
  kind: K,
  bits: number,
  maskability: M,
  needs: Prerequisite = 'none',
  size: number = wireSize(bits),
): Field<K, M> {
  return { oxmClass, experimenter: 0, field: number, kind, bits, size, maskability, needs };
}

/** Makes a row of class 0xffff, whose number counts within an experimenter's own numbers (OpenFlow 1.3.5, 7.2.3.8). */
export function experimenterField<K extends FieldKind, M extends Maskability>(
  experimenter: number,
  number: number,
  kind: K,
  bits: number,
  maskability: M,
  needs: Prerequisite = 'none',
): Field<K, M> {
  return { ...field(0xffff, number, kind, bits, maskability, needs), experimenter };
}

function wireSize(bits: number): number {
  if (bits <= 8) return 1;
  if (bits <= 16) return 2;
  if (bits <= 32) return 4;
  return Math.ceil(bits / 8);
}
