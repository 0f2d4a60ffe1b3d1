import { WireError } from '../../util/errors.ts';
import { decodeOxmHeader } from '../oxm/oxm.ts';
import { type Subfield, subfieldOf, writeReference } from '../oxm/subfield.ts';
import type { WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';

/** What copies bits of one field into as many of another (OpenFlow 1.3.5, 7.2.5). */
export interface FieldCopy {
  readonly src: Subfield;
  /** As many bits as `src`. */
  readonly dst: Subfield;
}

/** Reads a copy's bit counts at `counts`, and the headers of both fields from `headers` on. @throws WireError `OFP_TRUNCATED` */
export function decodeFieldCopy(wire: WireView, counts: number, headers: number, end: number): FieldCopy {
  const { view } = wire;
  const bits = view.getUint16(counts);
  const src = decodeOxmHeader(wire, headers, end);
  const dst = decodeOxmHeader(wire, headers + src.size, end);
  return {
    src: subfieldOf(src, view.getUint16(counts + 2), bits),
    dst: subfieldOf(dst, view.getUint16(counts + 4), bits),
  };
}

/** Writes a copy's bit counts, `padding` bytes, and both headers. @throws WireError `OFP_BAD_VALUE` when the bits differ in number */
export function encodeFieldCopy(writer: Writer, { src, dst }: FieldCopy, padding: number): void {
  if (src.bits !== dst.bits) {
    throw new WireError(
      'OFP_BAD_VALUE',
      `${src.bits} bits of ${src.field} do not fit ${dst.bits} of ${dst.field}`,
    );
  }
  writer.u16(src.bits);
  writer.u16(src.start);
  writer.u16(dst.start);
  writer.zeros(padding);
  writeReference(writer, src);
  writeReference(writer, dst);
}
