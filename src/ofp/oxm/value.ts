import { WireError } from '../../util/errors.ts';
import { readIpv4, readIpv6, writeIpv4, writeIpv6 } from '../../util/ip.ts';
import { readMac, writeMac } from '../../util/mac.ts';
import { readU64, type U64, writeU64 } from '../../util/u64.ts';
import type { WireView } from '../wire/wire-view.ts';
import { checkUnsigned, type Writer } from '../wire/writer.ts';
import type { OxmField } from './field-index.ts';

/** Reads the `size` bytes of a value. */
export function readValue(wire: WireView, at: number, size: number, oxm: OxmField): unknown {
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

/**
 * Writes the bytes of a value, for which there is room at `at`.
 * @throws WireError when it is none that the field can have
 */
export function writeValue({ bytes, view }: Writer, at: number, oxm: OxmField, value: unknown): void {
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
