import type { WireView } from '../../wire/wire-view.ts';
import { exactMask, isValidValue } from '../field-value.ts';
import { FlowKey } from '../flow-key.ts';
import { fitsOptionSpace, saysField, setField } from '../match-key.ts';
import { meets } from '../packet-kind.ts';
import { type OxmEntry, readOxmEntry, readOxmHead } from './oxm-entry.ts';
import { demand } from './refusal.ts';

/** How a match is read: `loose` passes over unknown fields and prerequisites, for what a switch sends. */
export interface MatchOptions {
  readonly loose?: boolean;
  /** Only fields that a packet-out may say: those of the pipeline. */
  readonly pipelineOnly?: boolean;
  /** Which fields `tun_metadata0` to `63` stand for a tunnel option, by number. Default all. */
  readonly isMapped?: (index: number) => boolean;
  /** Takes the cookie that a match of Open vSwitch's extension may have. */
  readonly onCookie?: (cookie: bigint, mask: bigint) => void;
}

/** A match and where what follows it begins. */
export interface LocatedKey {
  readonly key: FlowKey;
  readonly end: number;
}

const OXM_TYPE = 1;
/** OFPMT_STANDARD of OpenFlow 1.1, which Open vSwitch still takes. */
const STANDARD_TYPE = 0;
const HEADER_SIZE = 4;

/** Reads an ofp_match as Open vSwitch does. @throws Refusal */
export function readMatch(
  wire: WireView,
  start: number,
  end: number,
  options: MatchOptions = {},
): LocatedKey {
  demand(end - start >= HEADER_SIZE, 'OFPBMC_BAD_LEN', 'a match has a header of 4 bytes');
  const length = wire.view.getUint16(start + 2);
  const type = wire.view.getUint16(start);
  const isStandard = type === STANDARD_TYPE && options.loose !== true;
  demand(!isStandard, 'OFPBMC_BAD_LEN', 'the standard match of OpenFlow 1.1 is not read');
  const isCut = length < HEADER_SIZE;
  demand(!isCut || options.loose !== true, 'OFPBMC_BAD_LEN', 'a match is shorter than its header');
  demand(type === OXM_TYPE, 'OFPBMC_BAD_TYPE', 'a match is of type 1 (OXM)');
  demand(!isCut, 'OFPBMC_BAD_LEN', 'a match is shorter than its header');
  const next = start + padded(length);
  demand(next <= end, 'OFPBMC_BAD_LEN', 'a match is longer than what it stands in');
  return { key: readFields(wire, start + HEADER_SIZE, start + length, options), end: next };
}

/** Reads an nx_match of `size` bytes and its padding. @throws Refusal */
export function readNxMatch(
  wire: WireView,
  start: number,
  size: number,
  end: number,
  options: MatchOptions = {},
): LocatedKey {
  const next = start + padded(size);
  demand(next <= end, 'OFPBMC_BAD_LEN', 'a match is longer than what it stands in');
  return { key: readFields(wire, start, start + size, options), end: next };
}

/** Reads the OXM fields that fill `start` to `end`. @throws Refusal */
export function readFields(wire: WireView, start: number, end: number, options: MatchOptions = {}): FlowKey {
  const key = new FlowKey();
  let hasCookie = false;
  for (let at = start; at < end; ) {
    const entry = readOxmEntry(wire, readOxmHead(wire, at, end), end);
    at = entry.next;
    if (isCookie(entry) && options.onCookie !== undefined) {
      demand(!hasCookie, 'OFPBMC_DUP_FIELD', 'the cookie is there twice');
      hasCookie = true;
      options.onCookie(entry.value, entry.hasMask ? entry.mask : ALL_ONES);
    } else if (entry.field !== undefined || options.loose !== true) {
      addEntry(key, entry, options);
    }
  }
  return key;
}

const ALL_ONES = (1n << 64n) - 1n;
/** NXM_NX_COOKIE, without mask and with one: a field of matches in the extension's own messages only. */
const COOKIE_HEADERS = [0x00013c08, 0x00013d10];

function isCookie({ header }: OxmEntry): boolean {
  return COOKIE_HEADERS.includes(header);
}

function addEntry(key: FlowKey, { field, value, mask }: OxmEntry, options: MatchOptions): void {
  demand(field !== undefined, 'OFPBMC_BAD_FIELD', 'the switch has no such field');
  demandMapped(field.name, options);
  const isExact = mask === exactMask(field);
  demand(field.maskable || isExact || mask === 0n, 'OFPBMC_BAD_MASK', `${field.name} takes no mask`);
  demand(isValidValue(field, value), 'OFPBMC_BAD_VALUE', `${field.name} has no such value`);
  demand(
    options.loose || meets(key, field.needs),
    'OFPBMC_BAD_PREREQ',
    `${field.name} needs '${field.needs}'`,
  );
  demand(!saysField(key, field), 'OFPBMC_DUP_FIELD', `${field.name} is there twice`);
  demand(
    !options.pipelineOnly || isPipelineField(field.name),
    'OFPBRC_PIPELINE_FIELDS_ONLY',
    `${field.name} is part of the packet itself`,
  );
  setField(key, field, value, mask);
  demand(fitsOptionSpace(key), 'OFPBMC_BAD_VALUE', 'the tunnel options are too long together');
  if (field.needs !== 'none' && !key.has('packetType')) key.setExact('packetType', 0);
}

const OPTION = /^tun_metadata(\d+)$/;

function demandMapped(name: string, { isMapped }: MatchOptions): void {
  const index = isMapped === undefined ? undefined : OPTION.exec(name)?.[1];
  const isThere = index === undefined || isMapped?.(Number(index)) === true;
  demand(isThere, 'NXFMFC_INVALID_TLV_FIELD', `no tunnel option is mapped to ${name}`);
}

const PIPELINE = /^(tun_(?!tos|ttl)|metadata$|in_port|x{0,2}reg\d|packet_type$)/;

/** True for fields that travel with a packet without being part of it. */
function isPipelineField(name: string): boolean {
  return PIPELINE.test(name);
}

function padded(length: number): number {
  return (length + 7) & ~7;
}
