import { FIELDS, type FieldName } from '../../oxm/fields.ts';
import { knownOxmFields } from '../fields.ts';

// Open vSwitch 3.1 looks for an action's field in a hash table, and on its way compares the length with that of every
// field in the same bucket. Which error a field that it does not know gets depends on those neighbours.

/** Buckets that the table has for as many fields. */
const BUCKETS = 128;
/** The bits of a header's length that are left out of its hash. */
const LENGTH_BITS = 0x7f;

const lengthsByBucket = new Map<number, Set<number>>();
for (const name of knownOxmFields()) {
  const { oxmClass, field, size, bits, experimenter } = FIELDS[name as FieldName];
  const length = (size === 0 ? bits / 8 : size) + (experimenter === 0 ? 0 : 4);
  const bucket = bucketOf(oxmClass * 0x1_0000 + (field << 9) + length, experimenter);
  lengthsByBucket.set(bucket, (lengthsByBucket.get(bucket) ?? new Set()).add(length));
}

/** True when Open vSwitch blames the length of a field in an action that it does not know, or not so long. */
export function blamesLength(header: number, experimenter: number, length: number): boolean {
  const lengths = lengthsByBucket.get(bucketOf(header, experimenter));
  return length > 0 && lengths !== undefined && [...lengths].some((known) => known !== length);
}

function bucketOf(header: number, experimenter: number): number {
  const hash = add(add(0, experimenter), (header & ~(LENGTH_BITS | 0x100)) >>> 0);
  return finish(hash ^ 8) % BUCKETS;
}

/** MurmurHash3's step and finish for 32 bits. */
function add(hash: number, data: number): number {
  const mixed = data === 0 ? 0 : Math.imul(rotate(Math.imul(data, 0xcc9e2d51), 15), 0x1b873593);
  return (Math.imul(rotate(hash ^ mixed, 13), 5) + 0xe6546b64) >>> 0;
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
