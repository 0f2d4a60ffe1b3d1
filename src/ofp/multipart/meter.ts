import type Long from 'long';
import { readU64, type U64 } from '../../util/u64.ts';
import { decodeMeterBands, encodeMeterBands, type MeterBand } from '../meter-band.ts';
import { MeterNo } from '../ports.ts';
import { pad, struct, u8, u32, u64 } from '../wire/struct.ts';
import { need, readLength, type WireView } from '../wire/wire-view.ts';
import { type BodyCodec, type MultipartCodec, noBody } from './codec.ts';

/** Which meter OFPMP_METER and OFPMP_METER_CONFIG ask for (OpenFlow 1.3.5, 7.3.5.12). */
export interface MeterRequest {
  /** A meter, or OFPM_ALL. */
  readonly meterId: number;
}

/** What a meter has seen: ofp_meter_stats (OpenFlow 1.3.5, 7.3.5.12). */
export interface MeterStats<Value = Long> {
  readonly meterId: number;
  readonly flowCount: number;
  readonly packetInCount: Value;
  readonly byteInCount: Value;
  readonly durationSec: number;
  /** Nanoseconds beyond `durationSec`. */
  readonly durationNsec: number;
  /** What each band took hold of, in their order. */
  readonly bandStats: readonly MeterBandStats<Value>[];
}

/** What a band took hold of: ofp_meter_band_stats (OpenFlow 1.3.5, 7.3.5.12). */
export interface MeterBandStats<Value = Long> {
  readonly packetBandCount: Value;
  readonly byteBandCount: Value;
}

/** A meter as the switch has it: ofp_meter_config (OpenFlow 1.3.5, 7.3.5.13). */
export interface MeterConfig {
  /** Bits of MeterFlag. */
  readonly flags: number;
  readonly meterId: number;
  readonly bands: readonly MeterBand[];
}

/** What meters a switch can do: ofp_meter_features (OpenFlow 1.3.5, 7.3.5.14). */
export interface MeterFeatures {
  readonly maxMeter: number;
  /** Bits 1 << OFPMBT_. */
  readonly bandTypes: number;
  /** Bits OFPMF_. */
  readonly capabilities: number;
  readonly maxBands: number;
  readonly maxColor: number;
}

const STATS_SIZE = 40;
const CONFIG_SIZE = 8;

const bandStats = struct<MeterBandStats>(
  'ofp_meter_band_stats',
  u64('packetBandCount'),
  u64('byteBandCount'),
);

const request: BodyCodec<MeterRequest, Partial<MeterRequest> | undefined> = {
  size: 8,
  decode: ({ view }, start) => ({ meterId: view.getUint32(start) }),
  encode(writer, { meterId = MeterNo.ALL } = {}) {
    writer.u32(meterId);
    writer.zeros(4);
  },
};

const statsReply: BodyCodec<MeterStats[], readonly MeterStats<U64>[]> = {
  size: 0,
  decode(wire, start, end) {
    const meters: MeterStats[] = [];
    for (let at = start; at < end; ) {
      need('meter statistics', STATS_SIZE, at, end);
      const length = readLength(wire, 'meter statistics', at + 4, STATS_SIZE, at, end);
      meters.push(decodeStats(wire, at, at + length));
      at += length;
    }
    return meters;
  },
  encode(writer, meters) {
    for (const meter of meters) {
      const start = writer.offset;
      writer.u32(meter.meterId);
      writer.zeros(8);
      writer.u32(meter.flowCount);
      writer.u64(meter.packetInCount);
      writer.u64(meter.byteInCount);
      writer.u32(meter.durationSec);
      writer.u32(meter.durationNsec);
      for (const { packetBandCount, byteBandCount } of meter.bandStats) {
        writer.u64(packetBandCount);
        writer.u64(byteBandCount);
      }
      writer.patchLength(start, 4);
    }
  },
};

const configReply: BodyCodec<MeterConfig[], readonly MeterConfig[]> = {
  size: 0,
  decode(wire, start, end) {
    const meters: MeterConfig[] = [];
    for (let at = start; at < end; ) {
      need('meter configuration', CONFIG_SIZE, at, end);
      const length = readLength(wire, 'meter configuration', at, CONFIG_SIZE, at, end);
      meters.push({
        flags: wire.view.getUint16(at + 2),
        meterId: wire.view.getUint32(at + 4),
        bands: decodeMeterBands(wire, at + CONFIG_SIZE, at + length),
      });
      at += length;
    }
    return meters;
  },
  encode(writer, meters) {
    for (const { flags, meterId, bands } of meters) {
      const start = writer.offset;
      writer.u16(0);
      writer.u16(flags);
      writer.u32(meterId);
      encodeMeterBands(writer, bands);
      writer.patchLength(start, 0);
    }
  },
};

/** OFPMP_METER. */
export const meterStats: MultipartCodec = { type: 'meter', code: 9, request, reply: statsReply };

/** OFPMP_METER_CONFIG. */
export const meterConfig: MultipartCodec = { type: 'meterConfig', code: 10, request, reply: configReply };

/** OFPMP_METER_FEATURES. */
export const meterFeatures: MultipartCodec = {
  type: 'meterFeatures',
  code: 11,
  request: noBody,
  reply: struct<MeterFeatures>(
    'ofp_meter_features',
    u32('maxMeter'),
    u32('bandTypes'),
    u32('capabilities'),
    u8('maxBands'),
    u8('maxColor'),
    pad(2),
  ),
};

function decodeStats(wire: WireView, start: number, end: number): MeterStats {
  const { view } = wire;
  return {
    meterId: view.getUint32(start),
    flowCount: view.getUint32(start + 12),
    packetInCount: readU64(view, start + 16),
    byteInCount: readU64(view, start + 24),
    durationSec: view.getUint32(start + 32),
    durationNsec: view.getUint32(start + 36),
    bandStats: bandStats.decodeAll(wire, start + STATS_SIZE, end),
  };
}
