import { WireError } from '../../../util/errors.ts';
import { decodeShortOxmHeader } from '../../oxm/oxm.ts';
import { type Subfield, subfieldOf, writeShortReference } from '../../oxm/subfield.ts';
import { badLength, need, type WireView } from '../../wire/wire-view.ts';
import { checkUnsigned, type Writer } from '../../wire/writer.ts';

/** A value as such, for the bits that the spec's `dst` names (ovs-actions(7)). */
export interface LearnValue<Value = string> {
  /** `0x` and the digits of whole 16-bit words. */
  readonly value: Value;
}

/**
 * One part of the flow that NXAST_LEARN makes (ovs-actions(7)): it matches `dst` with `src`, or loads `src` into `dst`,
 * or outputs to the port in `src`. `src` is read from the packet that is learnt from.
 */
export type LearnSpec<Value = string> =
  | { readonly type: 'match' | 'load'; readonly src: Subfield | LearnValue<Value>; readonly dst: Subfield }
  | { readonly type: 'output'; readonly src: Subfield };

/** A {@link LearnSpec} to be sent (ovs-actions(7)). */
export type LearnSpecInit = LearnSpec<string | bigint | number>;

const SOURCE_VALUE = 1 << 13;
const DST_SHIFT = 11;
const Dst = { MATCH: 0, LOAD: 1, OUTPUT: 2 } as const;
const BITS_MASK = 0x3ff;
/** Bits of a header that have no meaning. */
const RESERVED_MASK = 0xc400;
const SUBFIELD_SIZE = 6;

/**
 * Reads the specs that fill `start` to `end`; a header of zero ends them early.
 * @returns undefined when one of them is of a kind that is not known here
 * @throws WireError `OFP_TRUNCATED`
 */
export function decodeLearnSpecs(wire: WireView, start: number, end: number): LearnSpec[] | undefined {
  const specs: LearnSpec[] = [];
  for (let at = start; at < end; ) {
    need('a learn spec', 2, at, end);
    const header = wire.view.getUint16(at);
    if (header === 0) break;
    const kind = (header >>> DST_SHIFT) & 3;
    const hasValue = (header & SOURCE_VALUE) !== 0;
    if ((header & RESERVED_MASK) !== 0 || kind > Dst.OUTPUT || (hasValue && kind === Dst.OUTPUT))
      return undefined;
    const bits = header & BITS_MASK;
    const srcSize = hasValue ? valueSize(bits) : SUBFIELD_SIZE;
    const dstAt = at + 2 + srcSize;
    const next = dstAt + (kind === Dst.OUTPUT ? 0 : SUBFIELD_SIZE);
    if (next > end) throw badLength('learn spec', next - at, 2, end - at);
    const src = hasValue ? { value: readDigits(wire, at + 2, srcSize) } : readSubfield(wire, at + 2, bits);
    if (kind === Dst.OUTPUT) specs.push({ type: 'output', src: src as Subfield });
    else
      specs.push({ type: kind === Dst.MATCH ? 'match' : 'load', src, dst: readSubfield(wire, dstAt, bits) });
    at = next;
  }
  return specs;
}

/** Writes specs one behind the other. @throws WireError `OFP_BAD_VALUE` */
export function encodeLearnSpecs(writer: Writer, specs: readonly LearnSpecInit[]): void {
  for (const spec of specs) {
    if (spec.type === 'output') {
      writer.u16((Dst.OUTPUT << DST_SHIFT) | checkBits(spec.src.bits));
      writeSubfield(writer, spec.src);
      continue;
    }
    const { src, dst } = spec;
    const kind = (spec.type === 'match' ? Dst.MATCH : Dst.LOAD) << DST_SHIFT;
    if ('value' in src) {
      writer.u16(kind | SOURCE_VALUE | checkBits(dst.bits));
      writeDigits(writer, src.value, dst);
    } else {
      // Matching no bits would give the header that ends the list.
      if (src.bits !== dst.bits || (kind | dst.bits) === 0) throw bitsDiffer(src, dst);
      writer.u16(kind | checkBits(dst.bits));
      writeSubfield(writer, src);
    }
    writeSubfield(writer, dst);
  }
}

function valueSize(bits: number): number {
  return Math.ceil(bits / 16) * 2;
}

function readSubfield(wire: WireView, at: number, bits: number): Subfield {
  return subfieldOf(decodeShortOxmHeader(wire, at), wire.view.getUint16(at + 4), bits);
}

function writeSubfield(writer: Writer, subfield: Subfield): void {
  writeShortReference(writer, subfield);
  writer.u16(subfield.start);
}

function readDigits({ bytes }: WireView, at: number, size: number): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset + at, size).toString('hex')}`;
}

function writeDigits(writer: Writer, value: string | bigint | number, dst: Subfield): void {
  const text = typeof value === 'string' ? value : `0x${value.toString(16)}`;
  const digits = /^0x0*([0-9a-f]*)$/i.exec(text)?.[1];
  const length = valueSize(dst.bits) * 2;
  if (digits === undefined || digits.length > length) {
    throw new WireError('OFP_BAD_VALUE', `${dst.bits} bits of ${dst.field} have no value ${value}`);
  }
  writer.raw(Buffer.from(digits.padStart(length, '0'), 'hex'));
}

function checkBits(bits: number): number {
  return checkUnsigned('the number of bits', bits, 10);
}

function bitsDiffer(src: Subfield, dst: Subfield): WireError {
  return new WireError(
    'OFP_BAD_VALUE',
    `${src.bits} bits of ${src.field} do not fit ${dst.bits} of ${dst.field}`,
  );
}
