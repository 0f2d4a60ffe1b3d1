import type Long from 'long';
import { portStruct } from '../port.ts';
import { PortNo } from '../ports.ts';
import { pad, struct, u32, u64 } from '../wire/struct.ts';
import { type BodyCodec, listOf, type MultipartCodec, noBody } from './codec.ts';

/** Which port OFPMP_PORT_STATS asks for (OpenFlow 1.3.5, 7.3.5.6). */
export interface PortStatsRequest {
  /** A port, or OFPP_ANY for all. */
  readonly portNo: number;
}

/**
 * What went through a port: ofp_port_stats (OpenFlow 1.3.5, 7.3.5.6). A counter that the switch does not keep is all
 * ones.
 */
export interface PortStats<Value = Long> {
  readonly portNo: number;
  readonly rxPackets: Value;
  readonly txPackets: Value;
  readonly rxBytes: Value;
  readonly txBytes: Value;
  readonly rxDropped: Value;
  readonly txDropped: Value;
  readonly rxErrors: Value;
  readonly txErrors: Value;
  readonly rxFrameErr: Value;
  readonly rxOverErr: Value;
  readonly rxCrcErr: Value;
  readonly collisions: Value;
  readonly durationSec: number;
  /** Nanoseconds beyond `durationSec`. */
  readonly durationNsec: number;
}

const request: BodyCodec<PortStatsRequest, Partial<PortStatsRequest> | undefined> = {
  size: 8,
  decode: ({ view }, start) => ({ portNo: view.getUint32(start) }),
  encode(writer, { portNo = PortNo.ANY } = {}) {
    writer.u32(portNo);
    writer.zeros(4);
  },
};

/** OFPMP_PORT_STATS. */
export const portStats: MultipartCodec = {
  type: 'portStats',
  code: 4,
  request,
  reply: listOf(
    struct<PortStats>(
      'ofp_port_stats',
      u32('portNo'),
      pad(4),
      u64('rxPackets'),
      u64('txPackets'),
      u64('rxBytes'),
      u64('txBytes'),
      u64('rxDropped'),
      u64('txDropped'),
      u64('rxErrors'),
      u64('txErrors'),
      u64('rxFrameErr'),
      u64('rxOverErr'),
      u64('rxCrcErr'),
      u64('collisions'),
      u32('durationSec'),
      u32('durationNsec'),
    ),
  ),
};

/** OFPMP_PORT_DESC: every port of the switch (OpenFlow 1.3.5, 7.3.5.7). */
export const portDesc: MultipartCodec = {
  type: 'portDesc',
  code: 13,
  request: noBody,
  reply: listOf(portStruct),
};
