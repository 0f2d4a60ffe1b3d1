import { WireError } from '../../util/errors.ts';
import { badLength, need, readLength, type WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';
import { FIELD_COUNT, FieldTrail } from './field-index.ts';
import type { Match, MatchInit } from './fields.ts';
import { decodeOxm, emptyOxm, encodeField, encodeOxm } from './oxm.ts';

/** OFPMT_OXM, the one match type of OpenFlow 1.3 (OpenFlow 1.3.5, 7.2.3.1). */
const OXM_MATCH_TYPE = 1;

/**
 * How many bytes the match at `start` takes with its padding.
 * @throws WireError `OFP_BAD_LENGTH`, `OFP_BAD_MATCH_TYPE`
 */
export function matchSize(wire: WireView, start: number, end: number): number {
  need('a match', 4, start, end);
  const type = wire.view.getUint16(start);
  if (type !== OXM_MATCH_TYPE)
    throw new WireError('OFP_BAD_MATCH_TYPE', `match type is 1 (OXM), got ${type}`);
  const length = readLength(wire, 'match', start + 2, 4, start, end);
  const padded = (length + 7) & ~7;
  if (padded > end - start) throw badLength('padded match', padded, 8, end - start);
  return padded;
}

/** Decodes an ofp_match (OpenFlow 1.3.5, 7.2.3); {@link matchSize} tells where it ends. */
export function decodeMatch(wire: WireView, start: number, end: number): Match {
  const size = matchSize(wire, start, end);
  const length = wire.view.getUint16(start + 2);
  return decodeOxmFields(wire, start + 4, Math.min(start + length, start + size));
}

/** Decodes OXM fields up to `end`, without a header around them. @throws WireError `OFP_DUPLICATE_FIELD` */
export function decodeOxmFields(wire: WireView, start: number, end: number): Match {
  const match: Record<string, unknown> = {};
  const entry = emptyOxm();
  decodes++;
  for (let at = start; at < end; ) {
    at = decodeOxm(wire, at, end, entry);
    const { name, field, value, mask } = entry;
    if (field === undefined ? Object.hasOwn(match, name) : lastDecode[field.index] === decodes) {
      throw new WireError('OFP_DUPLICATE_FIELD', `${name} is in the match twice`);
    }
    if (field !== undefined) lastDecode[field.index] = decodes;
    storeField(match, name, mask === undefined ? value : { value, mask });
  }
  return match as Match;
}

/** The matches decoded so far, and the last of them in which each field was: how a second one of its kind is seen. */
let decodes = 0;
const lastDecode = new Float64Array(FIELD_COUNT);

/**
 * `match[name] = value`. A store to a name that stands in the source costs a third of one to a name in a variable, so
 * that those which most matches have are spelt out.
 */
function storeField(match: Record<string, unknown>, name: string, value: unknown): void {
  switch (name) {
    case 'inPort':
      match.inPort = value;
      break;
    case 'metadata':
      match.metadata = value;
      break;
    case 'tunnelId':
      match.tunnelId = value;
      break;
    case 'ethDst':
      match.ethDst = value;
      break;
    case 'ethSrc':
      match.ethSrc = value;
      break;
    case 'ethType':
      match.ethType = value;
      break;
    case 'vlanVid':
      match.vlanVid = value;
      break;
    case 'ipProto':
      match.ipProto = value;
      break;
    case 'ipv4Src':
      match.ipv4Src = value;
      break;
    case 'ipv4Dst':
      match.ipv4Dst = value;
      break;
    case 'arpOp':
      match.arpOp = value;
      break;
    case 'reg0':
      match.reg0 = value;
      break;
    case 'ctState':
      match.ctState = value;
      break;
    default:
      match[name] = value;
  }
}

/** Encodes an ofp_match with its padding. */
export function encodeMatch(writer: Writer, match: MatchInit): void {
  const start = writer.reserve(4);
  encodeOxmFields(writer, match);
  writer.patchHeader(start, OXM_MATCH_TYPE);
  writer.padTo8(start);
}

/** Encodes OXM fields one behind the other, in the order of the object's keys. */
export function encodeOxmFields(writer: Writer, match: MatchInit): void {
  let previous = FIELD_COUNT;
  for (const name in match) {
    const init = (match as Record<string, unknown>)[name];
    if (init === undefined) continue;
    const oxm = trail.find(previous, name);
    if (oxm === undefined) encodeOxm(writer, name, init);
    else {
      encodeField(writer, oxm, init);
      previous = oxm.index;
    }
  }
}

const trail = new FieldTrail();

/**
 * Decodes an nx_match: OXM fields of `size` bytes, and padding, without a header.
 * @returns the match, and where its padding ends
 * @throws WireError `OFP_BAD_LENGTH` and those of {@link decodeOxmFields}
 */
export function decodeNxMatch(
  wire: WireView,
  start: number,
  size: number,
  end: number,
): { readonly match: Match; readonly end: number } {
  const padded = (size + 7) & ~7;
  if (padded > end - start) throw badLength('padded nx_match', padded, 0, end - start);
  return { match: decodeOxmFields(wire, start, start + size), end: start + padded };
}

/** Encodes an nx_match with its padding. @returns its size without the padding */
export function encodeNxMatch(writer: Writer, match: MatchInit): number {
  const start = writer.offset;
  encodeOxmFields(writer, match);
  const size = writer.offset - start;
  writer.padTo8(start);
  return size;
}
