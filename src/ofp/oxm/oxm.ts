import { WireError } from '../../util/errors.ts';
import { ipv4Mask, ipv6Mask, isIpv4 } from '../../util/ip.ts';
import { badLength, need, type WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';
import type { Masked } from './field.ts';
import { FORM, fieldByHeader, fieldByName, findField, type OxmField, unknownField } from './field-index.ts';
import { OxmClass } from './fields.ts';
import { readValue, writeValue } from './value.ts';

/** A field that {@link decodeOxm} has read: one object for many fields, because making them costs more than reading. */
export interface DecodedOxm {
  /** The field's name, or `unknown:…`. */
  name: string;
  /** Its row in the table, unless it is unknown. */
  field: OxmField | undefined;
  value: unknown;
  /** Undefined where the wire has none. */
  mask: unknown;
}

/** Makes what {@link decodeOxm} writes to. */
export function emptyOxm(): DecodedOxm {
  return { name: '', field: undefined, value: undefined, mask: undefined };
}

/**
 * Reads the OXM field at `start` (OpenFlow 1.3.5, 7.2.3.2) into `to`. Fields that are not in the table, and lengths or
 * masks that the table does not foresee, become `unknown:…` with their payload.
 * @returns where the next one begins
 * @throws WireError `OFP_TRUNCATED`, `OFP_BAD_LENGTH`
 */
export function decodeOxm(wire: WireView, start: number, end: number, to: DecodedOxm): number {
  need('an OXM header', 4, start, end);
  const header = wire.view.getInt32(start);
  const next = start + 4 + (header & 0xff);
  if (next > end) throw badLength('OXM payload', header & 0xff, 0, end - start - 4);
  let payload = start + 4;
  let experimenter = 0;
  if (header >>> 16 === OxmClass.EXPERIMENTER) {
    need('an OXM experimenter id', 4, payload, next);
    experimenter = wire.view.getUint32(payload);
    payload += 4;
  }
  const oxm = fieldByHeader(header, experimenter);
  const form = header & FORM;
  to.mask = undefined;
  if (oxm === undefined) unknownOxm(wire, start, payload, next, to);
  else if (form === oxm.plainForm) {
    to.name = oxm.name;
    to.field = oxm;
    to.value = readValue(wire, payload, oxm.size, oxm);
  } else decodeOtherForm(wire, start, payload, next, oxm, to);
  return next;
}

/** Reads a field with a mask, or of variable size, or in a form that the table does not foresee. */
function decodeOtherForm(
  wire: WireView,
  start: number,
  payload: number,
  next: number,
  oxm: OxmField,
  to: DecodedOxm,
): void {
  const header = wire.view.getInt32(start);
  const size = next - payload;
  const masked = isMasked(oxm, header);
  const isShort = oxm.size === 0 && (header & 0x100) === 0 && size <= oxm.bits / 8;
  if (!masked && !isShort) return unknownOxm(wire, start, payload, next, to);
  to.name = oxm.name;
  to.field = oxm;
  const valueSize = masked ? size >>> 1 : size;
  to.value = readValue(wire, payload, valueSize, oxm);
  if (masked) to.mask = readValue(wire, payload + valueSize, valueSize, oxm);
}

function unknownOxm(wire: WireView, start: number, payload: number, next: number, to: DecodedOxm): void {
  const header = wire.view.getUint32(start);
  const oxmClass = header >>> 16;
  const experimenter = oxmClass === OxmClass.EXPERIMENTER ? wire.view.getUint32(start + 4) : 0;
  to.name = unknownName(header, oxmClass, experimenter);
  to.field = undefined;
  to.value = wire.bytes.subarray(payload, next);
}

/**
 * Writes one OXM field, whose value may hold a mask.
 * @throws WireError when the name or the value is none
 */
export function encodeOxmInit(writer: Writer, name: string, init: unknown): void {
  const oxm = findField(name);
  if (oxm === undefined) encodeUnknown(writer, name, init as Uint8Array);
  else encodeField(writer, oxm, init);
}

/** As {@link encodeOxmInit}, where the field has been found already. */
export function encodeField(writer: Writer, oxm: OxmField, init: unknown): void {
  // A value alone, as most are, costs neither the search for a mask in it nor the two results of `splitMask`.
  if (oxm.size !== 0 && isWhole(oxm, init)) return encodeExact(writer, oxm, init);
  const { value, mask } = splitMask(oxm.name, init);
  encodeParts(writer, oxm, value, mask);
}

/** Writes one OXM field. @throws WireError when the name or the value is none */
export function encodeOxm(writer: Writer, name: string, value: unknown, mask?: unknown): void {
  const oxm = findField(name);
  if (oxm === undefined) encodeUnknown(writer, name, value as Uint8Array);
  else encodeParts(writer, oxm, value, mask);
}

/** As {@link encodeOxm}, where the field has been found already. */
export function encodeParts(writer: Writer, oxm: OxmField, value: unknown, mask: unknown): void {
  if (oxm.size === 0) encodeVariable(writer, oxm, value as Uint8Array, mask as Uint8Array | undefined);
  else if (mask === undefined) encodeExact(writer, oxm, value);
  else encodeMasked(writer, oxm, value, mask);
}

/** True for what is surely a value without a mask. */
function isWhole({ kind }: OxmField, init: unknown): boolean {
  if (typeof init === 'string') return kind === 'mac' ? init.length === MAC_LENGTH : !init.includes('/');
  return typeof init !== 'object';
}

const MAC_LENGTH = 17;

/** Writes a field without mask; room for all of it at once, so that its parts are at fixed offsets. */
function encodeExact(writer: Writer, oxm: OxmField, value: unknown): void {
  const { headerSize, header, size } = oxm;
  const start = writer.reserve(headerSize + size);
  writer.view.setInt32(start, header);
  if (headerSize === 8) writer.view.setUint32(start + 4, oxm.experimenter);
  writeValue(writer, start + headerSize, oxm, value);
}

function encodeMasked(writer: Writer, oxm: OxmField, value: unknown, mask: unknown): void {
  if (oxm.maskability === 'exact') throw new WireError('OFP_BAD_MASK', `${oxm.name} takes no mask`);
  const { headerSize, maskedHeader, size } = oxm;
  const start = writer.reserve(headerSize + size * 2);
  writer.view.setInt32(start, maskedHeader);
  if (headerSize === 8) writer.view.setUint32(start + 4, oxm.experimenter);
  writeValue(writer, start + headerSize, oxm, value);
  writeValue(writer, start + headerSize + size, oxm, mask);
}

/** An OXM header without its value, as actions and table features name a field. */
export interface OxmHeader {
  /** The field's name, or `unknown:…`. */
  readonly name: string;
  /** Set when the header says that a mask follows the value: in table features, that the field may be masked. */
  readonly masked?: boolean;
  /** Bytes of a value, for fields of variable size where it is not their greatest. */
  readonly valueSize?: number;
}

/** An {@link OxmHeader} that was read, with the bytes that it took. */
export interface DecodedOxmHeader extends OxmHeader {
  /** 8 in class 0xffff, else 4. */
  readonly size: number;
}

/**
 * Writes an OXM header alone: 8 bytes in class 0xffff, else 4.
 * @throws WireError `OFP_UNKNOWN_FIELD`, `OFP_BAD_VALUE`
 */
export function encodeOxmHeader(writer: Writer, name: string, options: Omit<OxmHeader, 'name'> = {}): void {
  if (name.startsWith(UNKNOWN)) {
    const [header, experimenter] = parseUnknownName(name);
    writer.u32(header);
    if (header >>> 16 === OxmClass.EXPERIMENTER) writer.u32(experimenter);
    return;
  }
  const oxm = fieldByName(name);
  writer.u32(headerOf(oxm, options));
  if (oxm.experimenter !== 0) writer.u32(oxm.experimenter);
}

/**
 * Writes an OXM header in the four bytes that the older actions have for it.
 * @throws WireError `OFP_BAD_VALUE` for fields of class 0xffff, whose header takes eight; as {@link encodeOxmHeader} otherwise
 */
export function encodeShortOxmHeader(
  writer: Writer,
  name: string,
  options: Omit<OxmHeader, 'name'> = {},
): void {
  if (name.startsWith(UNKNOWN)) return writer.u32(parseUnknownName(name)[0]);
  const oxm = fieldByName(name);
  if (oxm.experimenter !== 0) {
    throw new WireError('OFP_BAD_VALUE', `${name} has an 8-byte header, which does not fit here`);
  }
  writer.u32(headerOf(oxm, options));
}

/**
 * Reads an OXM header alone.
 * @param masks whether a mask may be meant; a header with one is left unknown otherwise
 * @throws WireError `OFP_TRUNCATED`
 */
export function decodeOxmHeader(wire: WireView, start: number, end: number, masks = false): DecodedOxmHeader {
  need('an OXM header', 4, start, end);
  const header = wire.view.getUint32(start);
  if (header >>> 16 !== OxmClass.EXPERIMENTER) return describeHeader(header, 0, masks, 4);
  need('an OXM header', 8, start, end);
  return describeHeader(header, wire.view.getUint32(start + 4), masks, 8);
}

/** Reads an OXM header of four bytes, as {@link encodeShortOxmHeader} writes it. */
export function decodeShortOxmHeader({ view }: WireView, start: number): OxmHeader {
  const header = view.getUint32(start);
  if (header >>> 16 !== OxmClass.EXPERIMENTER) return describeHeader(header, 0, false, 4);
  return { name: `${UNKNOWN}0x${header.toString(16)}` };
}

/**
 * Splits what a match or an action says of a field into value and mask: `{ value, mask }`, `10.0.0.0/8`,
 * `01:00:00:00:00:00/01:00:00:00:00:00`, or a plain value.
 */
export function splitMask(name: string, init: unknown): { value: unknown; mask: unknown } {
  if (typeof init === 'string') {
    const slash = init.indexOf('/');
    if (slash < 0) return { value: init, mask: undefined };
    return { value: init.slice(0, slash), mask: maskText(name, init.slice(slash + 1)) };
  }
  if (typeof init === 'object' && init !== null && 'mask' in init) {
    const { value, mask } = init as Masked<unknown>;
    return { value, mask };
  }
  return { value: init, mask: undefined };
}

const UNKNOWN = 'unknown:';

function isMasked(oxm: OxmField, header: number): boolean {
  if (oxm.maskability === 'exact') return false;
  if (oxm.size !== 0) return (header & FORM) === oxm.maskedForm;
  return (header & 0x101) === 0x100 && (header & 0xff) <= oxm.bits / 4;
}

/** The header's number: for fields of variable size, with the length that was asked for. */
function headerOf(oxm: OxmField, { masked = false, valueSize }: Omit<OxmHeader, 'name'>): number {
  if (oxm.size !== 0) return (masked ? oxm.maskedHeader : oxm.header) >>> 0;
  const greatest = oxm.bits / 8;
  const size = valueSize ?? greatest;
  if (!(size >= 0 && size <= greatest)) {
    throw new WireError('OFP_BAD_VALUE', `${oxm.name} has 0 to ${greatest} bytes, got ${size}`);
  }
  return (masked ? oxm.maskedHeader + size * 2 : oxm.header + size) >>> 0;
}

/** The field of a header that stands alone; one that the table does not foresee keeps its number for a name. */
function describeHeader(
  header: number,
  experimenter: number,
  masks: boolean,
  size: number,
): DecodedOxmHeader {
  const oxm = fieldByHeader(header, experimenter);
  if (oxm !== undefined) {
    if ((header | 0) === oxm.header && oxm.size !== 0) return { name: oxm.name, size };
    const masked = (header & 0x100) !== 0;
    if (!masked || (masks && isMasked(oxm, header))) {
      if (oxm.size === 0) return describeVariable(oxm, header, masked, size);
      if (masked) return { name: oxm.name, masked, size };
    }
  }
  return { name: unknownName(header, header >>> 16, experimenter), size };
}

function describeVariable(oxm: OxmField, header: number, masked: boolean, size: number): DecodedOxmHeader {
  const valueSize = masked ? (header & 0xff) >>> 1 : header & 0xff;
  const greatest = oxm.bits / 8;
  if (valueSize > greatest) return { name: unknownName(header, header >>> 16, oxm.experimenter), size };
  if (valueSize < greatest)
    return masked ? { name: oxm.name, masked, valueSize, size } : { name: oxm.name, valueSize, size };
  return masked ? { name: oxm.name, masked, size } : { name: oxm.name, size };
}

/** Writes a field of variable size; its header tells the length that the value has. */
function encodeVariable(
  writer: Writer,
  oxm: OxmField,
  value: Uint8Array,
  mask: Uint8Array | undefined,
): void {
  checkVariable(oxm, value, mask);
  const start = writer.offset;
  writer.u32((mask === undefined ? oxm.header : oxm.maskedHeader) >>> 0);
  if (oxm.experimenter !== 0) writer.u32(oxm.experimenter);
  writer.raw(value);
  if (mask !== undefined) writer.raw(mask);
  writer.bytes[start + 3] = writer.offset - start - 4;
}

function checkVariable(oxm: OxmField, value: Uint8Array, mask: Uint8Array | undefined): void {
  if (mask !== undefined && oxm.maskability === 'exact') {
    throw new WireError('OFP_BAD_MASK', `${oxm.name} takes no mask`);
  }
  const { length } = value;
  if (length > oxm.bits / 8) {
    throw new WireError('OFP_BAD_VALUE', `${oxm.name} has up to ${oxm.bits / 8} bytes, got ${length}`);
  }
  if (mask !== undefined && mask.length !== length) {
    throw new WireError('OFP_BAD_MASK', `the mask of ${oxm.name} is not of its ${length} bytes`);
  }
}

function maskText(name: string, text: string): string {
  const { kind } = fieldByName(name);
  if (kind === 'ipv4') return isIpv4(text) ? text : ipv4Mask(prefixLength(name, text));
  if (kind === 'ipv6' && !text.includes(':')) return ipv6Mask(prefixLength(name, text));
  return text;
}

/** `Number` alone would take an empty text for 0, a mask that lets everything through. */
function prefixLength(name: string, text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new WireError('OFP_BAD_MASK', `${name} takes a prefix length or a mask behind '/', got '${text}'`);
}

function unknownName(header: number, oxmClass: number, experimenter: number): string {
  const name = `${UNKNOWN}0x${header.toString(16).padStart(8, '0')}`;
  return oxmClass === OxmClass.EXPERIMENTER
    ? `${name}:0x${experimenter.toString(16).padStart(8, '0')}`
    : name;
}

function parseUnknownName(name: string): [header: number, experimenter: number] {
  const parts = /^unknown:0x([0-9a-f]{8})(?::0x([0-9a-f]{8}))?$/.exec(name);
  if (parts === null) {
    throw new WireError('OFP_UNKNOWN_FIELD', `expected unknown:0xHEADER with eight digits, got '${name}'`);
  }
  return [Number.parseInt(parts[1]!, 16), Number.parseInt(parts[2] ?? '0', 16)];
}

function encodeUnknown(writer: Writer, name: string, payload: Uint8Array): void {
  if (!name.startsWith(UNKNOWN)) throw unknownField(name);
  const [header, experimenter] = parseUnknownName(name);
  const extra = header >>> 16 === OxmClass.EXPERIMENTER ? 4 : 0;
  if (!(payload instanceof Uint8Array) || payload.length + extra !== (header & 0xff)) {
    throw new WireError('OFP_BAD_VALUE', `${name} takes a payload of ${(header & 0xff) - extra} bytes`);
  }
  writer.u32(header);
  if (extra) writer.u32(experimenter);
  writer.raw(payload);
}
