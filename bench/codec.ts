import { decode, encode, encodeInto, type FlowStatsInit, type Message, Writer } from 'galago/ofp';
import type { Bench } from './harness/bench.ts';
import { formatCount } from './harness/table.ts';
import { type Case, timeCases } from './harness/timing.ts';
import { SAMPLE_FLOW, sampleFlow } from './sample-flow.ts';

/** Messages are taken from this many different ones in turn: a power of two. */
const VARIETY = 1024;
const STATS_ENTRIES = 100;
/** Fills the packet-in up to 128 bytes. */
const PACKET_SIZE = 54;

/** How fast messages become bytes and bytes messages. */
export const codec: Bench<'rounds'> = {
  name: 'codec',
  summary: 'encoding and decoding of the hot messages',
  options: { rounds: { default: 9, summary: 'measured slices of each case' } },
  async run({ rounds }) {
    const results = timeCases([encodeFlowMod(), packetInLazy(), packetInForced(), flowStats()], rounds);
    return {
      title: `one message at a time, ${rounds} rounds`,
      method: [
        'time: CPU of this process, garbage collection included, in slices of 50 ms by turns after four to warm up',
        `the flow-mod is one of ${formatCount(VARIETY)} ${SAMPLE_FLOW}`,
      ],
      table: {
        columns: ['', 'median ns', 'min..max ns', 'messages/s'],
        rows: results.map(({ name, ns }) => [
          name,
          formatCount(ns.median),
          `${formatCount(ns.min)}..${formatCount(ns.max)}`,
          formatCount(1e9 / ns.median),
        ]),
      },
      results,
      skipped: [],
      errors: [],
    };
  },
};

function encodeFlowMod(): Case {
  const messages = Array.from({ length: VARIETY }, (_, number) => sampleFlow(number));
  const writer = new Writer(VARIETY * 128);
  return {
    name: 'encode a flow-mod (120 bytes)',
    run(times) {
      for (let i = 0; i < times; i++) {
        const place = i & (VARIETY - 1);
        if (place === 0) writer.offset = 0;
        encodeInto(writer, messages[place]!, i);
      }
      return writer.offset;
    },
  };
}

function packetInLazy(): Case {
  const packets = packetIns();
  return {
    name: 'decode a packet-in (128 bytes, 4 OXM fields)',
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += decodePacketIn(packets[i & (VARIETY - 1)]!).totalLen;
      return sum;
    },
  };
}

function packetInForced(): Case {
  const packets = packetIns();
  return {
    name: 'decode a packet-in, and its match',
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += decodePacketIn(packets[i & (VARIETY - 1)]!).match.inPort!;
      return sum;
    },
  };
}

function flowStats(): Case {
  const body = Array.from({ length: STATS_ENTRIES }, (_, number): FlowStatsInit => {
    const { priority = 0, match = {}, instructions = [] } = sampleFlow(number);
    const times = { durationSec: 1, durationNsec: 1, idleTimeout: 0, hardTimeout: 0 };
    const counters = { cookie: number, packetCount: number, byteCount: number };
    return { tableId: 0, priority, flags: 0, ...times, ...counters, match, instructions };
  });
  const bytes = encode({ type: 'multipartReply', multipartType: 'flow', body });
  return {
    name: `decode a flow-stats reply (${STATS_ENTRIES} flows)`,
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += decode(bytes).xid;
      return sum;
    },
  };
}

/** Each in a chunk of its own, as when packets come one by one. */
function packetIns(): Buffer[] {
  return Array.from({ length: VARIETY }, (_, number) =>
    encode({
      type: 'packetIn',
      reason: 'action',
      tableId: 0,
      cookie: number,
      match: { inPort: number, tunnelId: number, metadata: number, reg0: number },
      data: Buffer.alloc(PACKET_SIZE),
    }),
  );
}

function decodePacketIn(bytes: Uint8Array): Extract<Message, { type: 'packetIn' }> {
  const message = decode(bytes);
  if (message.type === 'packetIn') return message;
  throw new Error(`bug: decoded a packet-in as ${message.type}`);
}
