import { WireError } from '../../util/errors.ts';
import { ipv4Mask, ipv6Mask, isIpv4, readIpv4, readIpv6, writeIpv4, writeIpv6 } from '../../util/ip.ts';
import { readMac, writeMac } from '../../util/mac.ts';
import { suggest } from '../../util/suggest.ts';
import { readU64, type U64, writeU64 } from '../../util/u64.ts';
import { badLength, need, type WireView } from '../wire/wire-view.ts';
import { checkUnsigned, type Writer } from '../wire/writer.ts';
import type { Field, Masked } from './field.ts';
import { FIELDS, OxmClass } from './fields.ts';

/** A field with its name and what the wire needs of it, worked out once. */
export interface OxmField extends Field {
  readonly name: string;
  /** The header without mask, as a number: class, field, length. */
  readonly header: number;
  /** The header with mask. */
  readonly maskedHeader: number;
  /** Bytes that stand before the value: 8 in class 0xffff, else 4. */
  readonly headerSize: number;
}

const byName = new Map<string, OxmField>();
/** Indexed by field number, under the class, or under the experimenter id for class 0xffff. */
const byClass = new Map<number, OxmField[]>();
const byExperimenter = new Map<number, OxmField[]>();

for (const [name, row] of Object.entries<Field>(FIELDS)) {
  const extra = row.oxmClass === OxmClass.EXPERIMENTER ? 4 : 0;
  const head = row.oxmClass * 0x1_0000 + (row.field << 9);
  const header = head + row.size + extra;
  const maskedHeader = head + 0x100 + row.size * 2 + extra;
  const oxm = { ...row, name, header, maskedHeader, headerSize: 4 + extra };
  byName.set(name, oxm);
  const [index, key] = extra ? [byExperimenter, row.experimenter] : [byClass, row.oxmClass];
  const rows = index.get(key) ?? [];
  if (rows[row.field] !== undefined)
    throw new Error(`${name} and ${rows[row.field]!.name} share an OXM number`);
  rows[row.field] = oxm;
  index.set(key, rows);
}
const openflowBasic = byClass.get(OxmClass.OPENFLOW_BASIC)!;

/**
 * Finds a field by name.
 * @throws WireError `OFP_UNKNOWN_FIELD`, with the nearest name
 */
export function fieldByName(name: string): OxmField {
  const oxm = byName.get(name);
  if (oxm !== undefined) return oxm;
  throw unknownField(name);
}

function unknownField(name: string): WireError {
  const near = suggest(name, [...byName.keys()]);
  return new WireError(
    'OFP_UNKNOWN_FIELD',
    `no field is called '${name}'${near ? `; did you mean '${near}'?` : ''}`,
  );
}

/** Finds the field of a header without its mask bit and length, or nothing when it is not in the table. */
export function fieldByNumber(oxmClass: number, number: number, experimenter: number): OxmField | undefined {
  if (oxmClass === OxmClass.OPENFLOW_BASIC) return openflowBasic[number];
  if (oxmClass === OxmClass.EXPERIMENTER) return byExperimenter.get(experimenter)?.[number];
  return byClass.get(oxmClass)?.[number];
}

/** Takes one decoded field; `mask` is undefined where the wire has none. */
export type OxmHandler = (name: string, value: unknown, mask: unknown) => void;

/**
 * Reads the OXM field at `start` (OpenFlow 1.3.5, 7.2.3.2) and hands it on. Fields that are not in the table,
 * and lengths or masks that the table does not foresee, are handed on as `unknown:…` with their payload.
 * @returns where the next one begins
 * @throws WireError `OFP_TRUNCATED`, `OFP_BAD_LENGTH`
 */
export function decodeOxm(wire: WireView, start: number, end: number, onField: OxmHandler): number {
  need('an OXM header', 4, start, end);
  const header = wire.view.getUint32(start);
  const next = start + 4 + (header & 0xff);
  if (next > end) throw badLength('OXM payload', header & 0xff, 0, end - start - 4);
  const oxmClass = header >>> 16;
  let payload = start + 4;
  let experimenter = 0;
  if (oxmClass === OxmClass.EXPERIMENTER) {
    need('an OXM experimenter id', 4, payload, next);
    experimenter = wire.view.getUint32(payload);
    payload += 4;
  }
  const oxm = fieldByNumber(oxmClass, (header >>> 9) & 0x7f, experimenter);
  if (oxm !== undefined && header === oxm.header) {
    onField(oxm.name, readValue(wire, payload, oxm.size, oxm), undefined);
  } else if (oxm !== undefined && isMasked(oxm, header)) {
    const size = (next - payload) >>> 1;
    onField(oxm.name, readValue(wire, payload, size, oxm), readValue(wire, payload + size, size, oxm));
  } else if (
    oxm !== undefined &&
    oxm.size === 0 &&
    (header & 0x100) === 0 &&
    next - payload <= oxm.bits / 8
  ) {
    onField(oxm.name, readValue(wire, payload, next - payload, oxm), undefined);
  } else {
    onField(unknownName(header, oxmClass, experimenter), wire.bytes.subarray(payload, next), undefined);
  }
  return next;
}

/** Writes one OXM field. @throws WireError when the name or the value is none */
export function encodeOxm(writer: Writer, name: string, value: unknown, mask?: unknown): void {
  const oxm = byName.get(name);
  if (oxm !== undefined) encodeField(writer, oxm, value, mask);
  else if (name.startsWith(UNKNOWN)) encodeUnknown(writer, name, value as Uint8Array);
  else throw unknownField(name);
}

function encodeField(writer: Writer, oxm: OxmField, value: unknown, mask: unknown): void {
  if (oxm.size === 0) return encodeVariable(writer, oxm, value as Uint8Array, mask as Uint8Array | undefined);
  // Room for all of the field at once, so that its parts are at fixed offsets.
  const { headerSize, size } = oxm;
  const masked = mask !== undefined;
  const start = writer.reserve(headerSize + (masked ? size * 2 : size));
  const { view } = writer;
  view.setUint32(start, masked ? oxm.maskedHeader : oxm.header);
  if (headerSize === 8) view.setUint32(start + 4, oxm.experimenter);
  writeValue(writer, start + headerSize, oxm, value);
  if (!masked) return;
  if (oxm.maskability === 'exact') throw new WireError('OFP_BAD_MASK', `${oxm.name} takes no mask`);
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
  if (oxm.size !== 0) return header === oxm.maskedHeader;
  return (header & 0x101) === 0x100 && (header & 0xff) <= oxm.bits / 4;
}

/** The header's number: for fields of variable size, with the length that was asked for. */
function headerOf(oxm: OxmField, { masked = false, valueSize }: Omit<OxmHeader, 'name'>): number {
  if (oxm.size !== 0) return masked ? oxm.maskedHeader : oxm.header;
  const greatest = oxm.bits / 8;
  const size = valueSize ?? greatest;
  if (!(size >= 0 && size <= greatest)) {
    throw new WireError('OFP_BAD_VALUE', `${oxm.name} has 0 to ${greatest} bytes, got ${size}`);
  }
  return masked ? oxm.maskedHeader + size * 2 : oxm.header + size;
}

/** The field of a header that stands alone; one that the table does not foresee keeps its number for a name. */
function describeHeader(
  header: number,
  experimenter: number,
  masks: boolean,
  size: number,
): DecodedOxmHeader {
  const oxm = fieldByNumber(header >>> 16, (header >>> 9) & 0x7f, experimenter);
  if (oxm !== undefined) {
    if (header === oxm.header && oxm.size !== 0) return { name: oxm.name, size };
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
  writer.u32(mask === undefined ? oxm.header : oxm.maskedHeader);
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

function readValue(wire: WireView, at: number, size: number, oxm: OxmField): unknown {
  switch (oxm.kind) {
    case 'number':
      return readNumber(wire.view, at, size);
    case 'u64':
      return readU64(wire.view, at);
    case 'mac':
      return readMac(wire.bytes, at);
    case 'ipv4':
      return readIpv4(wire.bytes, at);
    case 'ipv6':
      return readIpv6(wire.bytes, at);
    case 'hex':
      return readHex(wire.bytes, at, size);
    case 'bytes':
      return wire.bytes.subarray(at, at + size);
  }
}

/** Writes the `size` bytes of a value, for which there is room at `at`. */
function writeValue({ bytes, view }: Writer, at: number, oxm: OxmField, value: unknown): void {
  switch (oxm.kind) {
    case 'number':
      return writeNumber(view, at, oxm, value as number);
    case 'u64':
      return writeU64(view, at, value as U64);
    case 'mac':
      return writeMac(bytes, at, expectText(oxm, value));
    case 'ipv4':
      return writeIpv4(bytes, at, expectText(oxm, value));
    case 'ipv6':
      return writeIpv6(bytes, at, expectText(oxm, value));
    case 'hex':
      return writeHex(bytes, at, oxm, value);
  }
}

function readNumber(view: DataView, at: number, size: number): number {
  if (size === 4) return view.getUint32(at);
  if (size === 2) return view.getUint16(at);
  if (size === 1) return view.getUint8(at);
  return (view.getUint16(at) << 8) | view.getUint8(at + 2);
}

function writeNumber(view: DataView, at: number, { name, size }: OxmField, value: number): void {
  checkUnsigned(name, value, size * 8);
  if (size === 4) view.setUint32(at, value);
  else if (size === 2) view.setUint16(at, value);
  else if (size === 1) view.setUint8(at, value);
  else {
    view.setUint16(at, value >>> 8);
    view.setUint8(at + 2, value & 0xff);
  }
}

function expectText(oxm: OxmField, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new WireError('OFP_BAD_VALUE', `${oxm.name} takes text, got ${typeof value}`);
}

function readHex(bytes: Uint8Array, at: number, size: number): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset + at, size).toString('hex')}`;
}

function writeHex(bytes: Buffer, at: number, oxm: OxmField, value: unknown): void {
  const digits =
    typeof value === 'bigint' ? value.toString(16) : /^0x([0-9a-f]+)$/i.exec(expectText(oxm, value))?.[1];
  if (digits === undefined || digits.startsWith('-') || digits.length > oxm.size * 2) {
    throw new WireError(
      'OFP_BAD_VALUE',
      `${oxm.name} takes 0x and up to ${oxm.size * 2} digits, got ${value}`,
    );
  }
  bytes.write(digits.padStart(oxm.size * 2, '0'), at, 'hex');
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
  const [header, experimenter] = parseUnknownName(name);
  const extra = header >>> 16 === OxmClass.EXPERIMENTER ? 4 : 0;
  if (!(payload instanceof Uint8Array) || payload.length + extra !== (header & 0xff)) {
    throw new WireError('OFP_BAD_VALUE', `${name} takes a payload of ${(header & 0xff) - extra} bytes`);
  }
  writer.u32(header);
  if (extra) writer.u32(experimenter);
  writer.raw(payload);
}
