import { encode, type FlowStatsInit } from 'galago/ofp';
import { sampleFlow } from '../sample-flow.ts';

/** Messages are taken from this many different ones in turn: a power of two. */
export const VARIETY = 1024;
/** Flows of the reply. */
export const STATS_ENTRIES = 100;
/** Fills the packet-in up to 128 bytes. */
const PACKET_SIZE = 54;

/** Packet-ins with four fields, each in a chunk of its own, as when packets come one by one. */
export function packetIns(): Buffer[] {
  return Array.from({ length: VARIETY }, (_, number) =>
    encode({
      type: 'packetIn',
      reason: 'action',
      tableId: 0,
      cookie: number,
      match: { inPort: number + 1, tunnelId: number, metadata: number, reg0: number },
      data: Buffer.alloc(PACKET_SIZE),
    }),
  );
}

/** A reply with the sample flows. */
export function flowStatsReply(): Buffer {
  const body = Array.from({ length: STATS_ENTRIES }, (_, number): FlowStatsInit => {
    const { priority = 0, match = {}, instructions = [] } = sampleFlow(number);
    const times = { durationSec: 1, durationNsec: 1, idleTimeout: 0, hardTimeout: 0 };
    const counters = { cookie: number, packetCount: number, byteCount: number };
    return { tableId: 0, priority, flags: 0, ...times, ...counters, match, instructions };
  });
  return encode({ type: 'multipartReply', multipartType: 'flow', body });
}
