import type { FieldName } from '../../ofp/oxm/fields.ts';
import { FIELDS } from '../../ofp/oxm/fields.ts';
import type { Subfield } from '../../ofp/oxm/subfield.ts';
import { fieldByOxm } from '../../ofp/text/fields.ts';
import { PLACES, type Place } from '../../ofp/text/flow-key.ts';
import { fieldRun } from '../../ofp/text/match-key.ts';

/**
 * All that can be matched of a packet, its own fields and what travels with it, as 32-bit words: each place of the
 * packet has words of its own, the most significant first. {@link WORD_OF} tells where.
 */
export type FlowWords = Uint32Array;

/** Where each place begins. A copy of what has the same names: filled one by one, it would be a slow dictionary. */
export const WORD_OF: { readonly [P in Place]: number } = { ...PLACES };

/** How many words a packet takes. */
const WORD_COUNT: number = layOut(WORD_OF);

function layOut(wordOf: { [P in Place]: number }): number {
  let next = 0;
  for (const [place, bits] of Object.entries(PLACES)) {
    wordOf[place as Place] = next;
    next += Math.ceil(bits / 32);
  }
  return next;
}

/** Neighbouring bits of a packet's words: `start` counts from the least significant bit of `place`. */
export interface WordRun {
  readonly place: Place;
  readonly start: number;
  readonly bits: number;
  /** The place's least significant word. */
  readonly lowest: number;
}

/** Some bits of a place. */
export function wordRun(place: Place, start: number, bits: number): WordRun {
  return { place, start, bits, lowest: WORD_OF[place] + ((PLACES[place] + 31) >>> 5) - 1 };
}

/** How many fields there are for tunnel options, `tunMetadata0` being the first. */
export const OPTION_COUNT = 64;
/** How long an option is that a packet has a place for. */
export const OPTION_BITS = 32;
const OPTION_NAME = /^tunMetadata(\d+)$/;

/** The number of `tunMetadata5`; undefined for other fields. */
export function optionNumber(field: string): number | undefined {
  const digits = OPTION_NAME.exec(field)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

const runs = new Map<string, WordRun>();
for (const name of Object.keys(FIELDS)) {
  const field = fieldByOxm(name);
  if (field?.place === undefined) continue;
  const { place, shift, bits } = fieldRun(field);
  runs.set(name, wordRun(place, shift, bits));
}
for (let index = 0; index < OPTION_COUNT; index++) {
  const start = (OPTION_COUNT - 1 - index) * OPTION_BITS;
  runs.set(`tunMetadata${index}`, wordRun('tunOptions', start, OPTION_BITS));
}
// Actions name the bits of the whole byte, though the last two are not the field's.
runs.set('nxmIpTos', wordRun('nwTos', 0, 8));

/**
 * Where a field is in a packet's words. Fields that share a place (`reg0` and `xreg0`, `tcpSrc` and `udpSrc`) overlap.
 * {@link hasPlace} tells beforehand whether it is anywhere.
 */
export function runOf(field: string): WordRun {
  const run = runs.get(field);
  if (run !== undefined) return run;
  throw new Error(`bug: the software switch has no place for the field '${field}'`);
}

/** Where part of a field is. */
export function subrunOf(field: string, start: number, bits: number): WordRun {
  const run = runOf(field);
  return wordRun(run.place, run.start + start, bits);
}

/** True when the switch has a place for the field. */
export function hasPlace(field: string): field is FieldName {
  return runs.has(field);
}

/** Reads some bits of a field as actions do: the ECN is no part of `nxmIpTos`. */
export function readPart(words: FlowWords, { field, start, bits }: Subfield): bigint {
  const value = readRun(words, subrunOf(field, start, bits));
  return field === 'nxmIpTos' ? value & (0xfcn >> BigInt(start)) : value;
}

/** True for what travels with a packet and is no part of its frame. */
export function isBesideFrame(place: Place): boolean {
  return WORD_OF[place] < WORD_OF.dlSrc;
}

/** Words with every bit zero. */
export function emptyWords(): FlowWords {
  return new Uint32Array(WORD_COUNT);
}

/** Reads up to 32 bits. */
export function readBits(words: FlowWords, { lowest, start }: WordRun, offset: number, bits: number): number {
  const bit = start + offset;
  const low = lowest - (bit >>> 5);
  const shift = bit & 31;
  const mask = bits === 32 ? 0xffffffff : (1 << bits) - 1;
  let value = words[low]! >>> shift;
  if (shift + bits > 32) value |= words[low - 1]! << (32 - shift);
  return (value & mask) >>> 0;
}

/** Writes up to 32 bits. */
export function writeBits(
  words: FlowWords,
  { lowest, start }: WordRun,
  offset: number,
  bits: number,
  value: number,
): void {
  const bit = start + offset;
  const low = lowest - (bit >>> 5);
  const shift = bit & 31;
  const mask = bits === 32 ? 0xffffffff : (1 << bits) - 1;
  words[low] = (words[low]! & ~(mask << shift)) | ((value & mask) << shift);
  if (shift + bits <= 32) return;
  const above = 32 - shift;
  words[low - 1] = (words[low - 1]! & ~(mask >>> above)) | ((value & mask) >>> above);
}

/** Sets every bit of a run. */
export function markRun(words: FlowWords, run: WordRun): void {
  for (let at = 0; at < run.bits; at += 32)
    writeBits(words, run, at, Math.min(32, run.bits - at), 0xffffffff);
}

/** Copies as many bits as `from` has. */
export function copyBits(source: FlowWords, from: WordRun, target: FlowWords, to: WordRun): void {
  // The source may be the target's own words, so that overlapping runs are read before they are written.
  const words = source === target ? source.slice() : source;
  for (let at = 0; at < from.bits; at += 32) {
    const bits = Math.min(32, from.bits - at);
    writeBits(target, to, at, bits, readBits(words, from, at, bits));
  }
}

/** A value and which of its bits count, in the form of {@link chunksOf}. */
export interface MaskedChunks {
  readonly value: readonly number[];
  readonly mask: readonly number[];
}

/** A number as so many of 32 bits each, the least significant first. */
export function chunksOf(value: bigint, bits: number): readonly number[] {
  const chunks: number[] = [];
  for (let at = 0; at < bits; at += 32) chunks.push(Number((value >> BigInt(at)) & 0xffffffffn));
  return chunks;
}

/** Writes a number into the low bits of a run, zeros into the rest. */
export function writeRun(words: FlowWords, run: WordRun, value: bigint): void {
  writeChunks(words, run, chunksOf(value, run.bits));
}

/** As {@link writeRun}, of a number in the form of {@link chunksOf}. */
export function writeChunks(words: FlowWords, run: WordRun, chunks: readonly number[]): void {
  for (let i = 0; i < chunks.length; i++)
    writeBits(words, run, i * 32, Math.min(32, run.bits - i * 32), chunks[i]!);
}

/** Reads a run of any length. */
export function readRun(words: FlowWords, run: WordRun): bigint {
  let value = 0n;
  for (let at = 0; at < run.bits; at += 32) {
    value |= BigInt(readBits(words, run, at, Math.min(32, run.bits - at))) << BigInt(at);
  }
  return value;
}
