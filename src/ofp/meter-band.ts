import { badLength, need, readLength, type WireView } from './wire/wire-view.ts';
import type { Writer } from './wire/writer.ts';

interface BandBase {
  /** Kilobits or packets a second, as the meter's flags say. */
  readonly rate: number;
  /** Kilobits or packets. */
  readonly burstSize: number;
}

/** One band of a meter (OpenFlow 1.3.5, 7.3.4.4): what happens to packets above its rate. */
export type MeterBand =
  | ({ readonly type: 'drop' } & BandBase)
  | ({
      readonly type: 'dscpRemark' /** By how many steps the drop precedence grows. */;
      readonly precLevel: number;
    } & BandBase)
  | ({
      readonly type: 'unknown';
      readonly code: number /** All behind the burst size. */;
      readonly raw: Uint8Array;
    } & BandBase);

const DROP = 1;
const DSCP_REMARK = 2;
const HEADER_SIZE = 12;
const BAND_SIZE = 16;

/** Decodes the bands that fill `start` to `end`. @throws WireError `OFP_BAD_LENGTH`, `OFP_TRUNCATED` */
export function decodeMeterBands(wire: WireView, start: number, end: number): MeterBand[] {
  const bands: MeterBand[] = [];
  for (let at = start; at < end; ) {
    need('a meter band', HEADER_SIZE, at, end);
    const length = readLength(wire, 'meter band', at + 2, HEADER_SIZE, at, end);
    bands.push(decodeBand(wire, at, length));
    at += length;
  }
  return bands;
}

/** Encodes bands in the order given. */
export function encodeMeterBands(writer: Writer, bands: readonly MeterBand[]): void {
  for (const band of bands) {
    const start = writer.offset;
    writer.u16(band.type === 'unknown' ? band.code : band.type === 'drop' ? DROP : DSCP_REMARK);
    writer.u16(0);
    writer.u32(band.rate);
    writer.u32(band.burstSize);
    if (band.type === 'unknown') writer.raw(band.raw);
    else {
      writer.u8(band.type === 'dscpRemark' ? band.precLevel : 0);
      writer.zeros(3);
    }
    writer.patchLength(start);
  }
}

function decodeBand({ view, bytes }: WireView, start: number, length: number): MeterBand {
  const code = view.getUint16(start);
  const rate = view.getUint32(start + 4);
  const burstSize = view.getUint32(start + 8);
  if (code !== DROP && code !== DSCP_REMARK) {
    return {
      type: 'unknown',
      code,
      rate,
      burstSize,
      raw: bytes.subarray(start + HEADER_SIZE, start + length),
    };
  }
  if (length !== BAND_SIZE) throw badLength('meter band', length, BAND_SIZE, BAND_SIZE);
  if (code === DROP) return { type: 'drop', rate, burstSize };
  return { type: 'dscpRemark', rate, burstSize, precLevel: view.getUint8(start + HEADER_SIZE) };
}
