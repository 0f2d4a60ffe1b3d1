import type { WireView } from '../../wire/wire-view.ts';
import { readOxmHead } from '../check/oxm-entry.ts';
import { readProperties } from '../check/properties.ts';
import { demand } from '../check/refusal.ts';
import { TEXT_FIELDS } from '../fields.ts';
import { KNOWN_ACTION_TYPES } from './groups.ts';

/** Some actions and the fields that set-field may write, as bitmaps: by OFPAT_ number, and by the order of fields. */
export interface ActionFeatures {
  readonly actions: number;
  readonly fields: bigint;
}

/** What flows in a table may do, or the one for packets that no flow takes. */
export interface InstructionFeatures {
  /** Bit n is table n. */
  readonly next: bigint;
  /** Bits 1 << OFPIT_. */
  readonly instructions: number;
  readonly write: ActionFeatures;
  readonly apply: ActionFeatures;
}

/** One table's features; the fields as bitmaps by their order. */
export interface TableFeature {
  readonly tableId: number;
  readonly name: string;
  readonly metadataMatch: bigint;
  readonly metadataWrite: bigint;
  readonly maxEntries: number;
  readonly hit: InstructionFeatures;
  readonly miss: InstructionFeatures;
  readonly match: bigint;
  readonly mask: bigint;
  readonly wildcard: bigint;
}

const HEADER_SIZE = 64;
const ALL_TABLES = 0xff;

/** OFPTFPT_ numbers; each has another one more for packets that no flow takes, but for the two about matches. */
const Property = {
  INSTRUCTIONS: 0,
  NEXT: 2,
  WRITE: 4,
  APPLY: 6,
  MATCH: 8,
  WILDCARDS: 10,
  WRITE_FIELDS: 12,
  APPLY_FIELDS: 14,
};
const REQUIRED: readonly number[] = Object.values(Property);

/** Reads one table's features. @throws Refusal */
export function readTableFeature(
  wire: WireView,
  at: number,
  end: number,
): TableFeature & { readonly end: number } {
  const { view, bytes } = wire;
  const length = end - at < HEADER_SIZE ? 0 : view.getUint16(at);
  const fits = length >= HEADER_SIZE && length % 8 === 0 && length <= end - at;
  demand(fits, 'OFPBPC_BAD_LEN', 'no length of the features of a table');
  const tableId = view.getUint8(at + 2);
  demand(tableId !== ALL_TABLES, 'OFPTFFC_BAD_TABLE', 'no table has the number 255');
  const values = readValues(wire, at + HEADER_SIZE, at + length);
  const mask = values.masked;
  const match = values.match | mask;
  const name = bytes.subarray(at + 8, at + 39);
  return {
    tableId,
    name: Buffer.from(name.subarray(0, name.includes(0) ? name.indexOf(0) : name.length)).toString('utf8'),
    metadataMatch: view.getBigUint64(at + 40),
    metadataWrite: view.getBigUint64(at + 48),
    maxEntries: view.getUint32(at + 60),
    hit: values.hit,
    miss: values.miss,
    match,
    mask,
    wildcard: (values.wildcards | mask) & match,
    end: at + length,
  };
}

interface Values {
  readonly hit: InstructionFeatures;
  readonly miss: InstructionFeatures;
  readonly match: bigint;
  readonly masked: bigint;
  readonly wildcards: bigint;
}

function readValues(wire: WireView, start: number, end: number): Values {
  const seen = new Map<number, bigint>();
  let masked = 0n;
  readProperties(wire, start, end, (type, body, bodyEnd) => {
    demand(!seen.has(type) || type >= 32, 'OFPTFFC_BAD_FEATURES', `property ${type} is there twice`);
    const read = readValue(wire, type & ~1, body, bodyEnd);
    if (type === Property.MATCH) masked = read.masked;
    else demand(read.masked === 0n, 'OFPBMC_BAD_MASK', 'only what is matched may be masked');
    seen.set(type, read.exact);
  });
  const isWhole = REQUIRED.every((type) => seen.has(type));
  demand(isWhole, 'OFPTFFC_BAD_FEATURES', 'a table has not all the properties that it needs');
  const features = (miss: 0 | 1): InstructionFeatures => {
    const value = (type: number) => seen.get(type + miss) ?? seen.get(type)!;
    return {
      next: value(Property.NEXT),
      instructions: Number(value(Property.INSTRUCTIONS)),
      write: { actions: Number(value(Property.WRITE)), fields: value(Property.WRITE_FIELDS) },
      apply: { actions: Number(value(Property.APPLY)), fields: value(Property.APPLY_FIELDS) },
    };
  };
  return {
    hit: features(0),
    miss: features(1),
    match: seen.get(Property.MATCH)!,
    masked,
    wildcards: seen.get(Property.WILDCARDS)!,
  };
}

interface Read {
  readonly exact: bigint;
  readonly masked: bigint;
}

function readValue(wire: WireView, type: number, body: number, end: number): Read {
  switch (type) {
    case Property.INSTRUCTIONS:
      return { exact: readIds(wire, body, end) & 0x7en, masked: 0n };
    case Property.NEXT:
      return { exact: readNext(wire, body, end), masked: 0n };
    case Property.WRITE:
    case Property.APPLY:
      return { exact: readIds(wire, body, end) & KNOWN_ACTION_TYPES, masked: 0n };
    case Property.MATCH:
    case Property.WILDCARDS:
    case Property.WRITE_FIELDS:
    case Property.APPLY_FIELDS:
      return readFieldList(wire, body, end);
    default:
      return { exact: 0n, masked: 0n };
  }
}

/** The numbers of instructions or actions, each in a header of its own, as a bitmap. */
function readIds({ view }: WireView, start: number, end: number): bigint {
  let bits = 0n;
  for (let at = start; at < end; ) {
    const length = end - at < 4 ? 0 : view.getUint16(at + 2);
    demand(length >= 4 && length <= end - at, 'OFPBPC_BAD_LEN', 'no length of an instruction or action');
    const type = view.getUint16(at);
    if (type < 32) bits |= 1n << BigInt(type);
    at += length;
  }
  return bits;
}

function readNext({ bytes }: WireView, start: number, end: number): bigint {
  let bits = 0n;
  for (const table of bytes.subarray(start, end)) {
    demand(table !== ALL_TABLES, 'OFPBPC_BAD_VALUE', 'no table has the number 255');
    bits |= 1n << BigInt(table);
  }
  return bits;
}

function readFieldList(wire: WireView, start: number, end: number): Read {
  let [exact, masked] = [0n, 0n];
  for (let at = start; at < end; ) {
    const { field, hasMask, payload } = readOxmHead(wire, at, end);
    const bit = field === undefined ? 0n : 1n << BigInt(TEXT_FIELDS.indexOf(field));
    if (hasMask) masked |= bit;
    else exact |= bit;
    at = payload;
  }
  return { exact, masked };
}
