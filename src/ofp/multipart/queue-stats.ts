import type Long from 'long';
import { PortNo } from '../ports.ts';
import { struct, u32, u64 } from '../wire/struct.ts';
import { type BodyCodec, listOf, type MultipartCodec } from './codec.ts';

/** Which queues OFPMP_QUEUE asks for (OpenFlow 1.3.5, 7.3.5.8). */
export interface QueueStatsRequest {
  /** A port, or OFPP_ANY for all. */
  readonly portNo: number;
  /** A queue, or OFPQ_ALL. */
  readonly queueId: number;
}

/** What went through a queue: ofp_queue_stats (OpenFlow 1.3.5, 7.3.5.8). */
export interface QueueStats<Value = Long> {
  readonly portNo: number;
  readonly queueId: number;
  readonly txBytes: Value;
  readonly txPackets: Value;
  readonly txErrors: Value;
  readonly durationSec: number;
  /** Nanoseconds beyond `durationSec`. */
  readonly durationNsec: number;
}

/** OFPQ_ALL: every queue of a port (OpenFlow 1.3.5, 7.3.5.8). */
export const ALL_QUEUES = 0xffffffff;

const request: BodyCodec<QueueStatsRequest, Partial<QueueStatsRequest> | undefined> = {
  size: 8,
  decode: ({ view }, start) => ({ portNo: view.getUint32(start), queueId: view.getUint32(start + 4) }),
  encode(writer, { portNo = PortNo.ANY, queueId = ALL_QUEUES } = {}) {
    writer.u32(portNo);
    writer.u32(queueId);
  },
};

/** OFPMP_QUEUE. */
export const queueStats: MultipartCodec = {
  type: 'queue',
  code: 5,
  request,
  reply: listOf(
    struct<QueueStats>(
      'ofp_queue_stats',
      u32('portNo'),
      u32('queueId'),
      u64('txBytes'),
      u64('txPackets'),
      u64('txErrors'),
      u32('durationSec'),
      u32('durationNsec'),
    ),
  ),
};
