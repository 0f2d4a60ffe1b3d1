import { readLength, type WireView } from '../wire/wire-view.ts';
import { checkUnsigned } from '../wire/writer.ts';
import { type MessageBase, type MessageCodec, writeVersion } from './codec.ts';

/** OFPT_HELLO (OpenFlow 1.3.5, 7.5.1): the first message either way, with the versions that the sender speaks. */
export interface Hello extends MessageBase<'hello'> {
  /** The header's version: the highest that the sender speaks. */
  readonly version: number;
  readonly elements: readonly HelloElement[];
}

/** A {@link Hello} to be sent: version 4 with no elements unless given (OpenFlow 1.3.5, 7.5.1). */
export interface HelloInit {
  readonly type: 'hello';
  readonly xid?: number;
  readonly version?: number;
  readonly elements?: readonly HelloElement[];
}

/** OFPHET_VERSIONBITMAP, or an element that is not known here (OpenFlow 1.3.5, 7.5.1). */
export type HelloElement =
  | {
      readonly type: 'versionBitmap' /** Versions, as header values: 4 is OpenFlow 1.3. */;
      readonly versions: readonly number[];
    }
  | { readonly type: 'unknown'; readonly code: number; readonly raw: Uint8Array };

const VERSION_BITMAP = 1;
/** A version is one byte of the header: what a bitmap says of higher ones means nothing. */
const VERSION_COUNT = 256;

/** The codec of {@link Hello}. Bytes that make no element are passed over, as section 7.5.1 asks of receivers. */
export const hello: MessageCodec<Hello, HelloInit> = {
  type: 'hello',
  code: 0,
  size: 8,
  decode(wire, start, end, xid) {
    const elements: HelloElement[] = [];
    for (let at = start + 8; end - at >= 4; ) {
      const length = wire.view.getUint16(at + 2);
      if (length < 4 || length > end - at) break;
      elements.push(decodeElement(wire, at, at + readLength(wire, 'hello element', at + 2, 4, at, end)));
      at += (length + 7) & ~7;
    }
    return { type: 'hello', xid, version: wire.bytes[start]!, elements };
  },
  encode(writer, { version, elements = [] }) {
    if (version !== undefined) writeVersion(writer, version);
    for (const element of elements) {
      const start = writer.offset;
      writer.u16(element.type === 'versionBitmap' ? VERSION_BITMAP : element.code);
      writer.u16(0);
      if (element.type === 'unknown') writer.raw(element.raw);
      else for (const word of bitmapWords(element.versions)) writer.u32(word);
      writer.patchLength(start);
      writer.padTo8(start);
    }
  },
};

/**
 * The version that two sides agree on (OpenFlow 1.3.5, 6.3.1): the highest that both bitmaps have or, when either
 * side sent none, the lower of the two headers' versions.
 * @returns undefined when they have none in common
 */
export function negotiateVersion(ours: readonly number[], peer: Hello): number | undefined {
  const bitmap = peer.elements.find((element) => element.type === 'versionBitmap');
  if (bitmap !== undefined) {
    const common = ours.filter((version) => bitmap.versions.includes(version));
    return common.length > 0 ? Math.max(...common) : undefined;
  }
  const lower = Math.min(Math.max(...ours), peer.version);
  return ours.includes(lower) ? lower : undefined;
}

function decodeElement(wire: WireView, start: number, end: number): HelloElement {
  const code = wire.view.getUint16(start);
  if (code !== VERSION_BITMAP || (end - start) % 4 !== 0) {
    return { type: 'unknown', code, raw: wire.bytes.subarray(start + 4, end) };
  }
  const versions: number[] = [];
  const words = Math.min((end - start - 4) / 4, VERSION_COUNT / 32);
  for (let index = 0; index < words; index++) {
    const word = wire.view.getUint32(start + 4 + index * 4);
    const base = index * 32;
    for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) versions.push(base + bit);
  }
  return { type: 'versionBitmap', versions };
}

function bitmapWords(versions: readonly number[]): Uint32Array {
  const words = new Uint32Array(VERSION_COUNT / 32);
  let count = 1;
  for (const version of versions) {
    const index = checkUnsigned('a version', version, 8) >>> 5;
    words[index]! |= 1 << (version & 31);
    count = Math.max(count, index + 1);
  }
  return words.subarray(0, count);
}
