import { decode, encodeInto, type Message, Writer } from 'galago/ofp';
import type { Case } from '../harness/timing.ts';
import { sampleFlow } from '../sample-flow.ts';
import { flowStatsReply, packetIns, VARIETY } from './messages.ts';

/** From an object into an arena. */
export function encodeFlowMod(name: string): Case {
  const messages = Array.from({ length: VARIETY }, (_, number) => sampleFlow(number));
  const writer = new Writer(VARIETY * 128);
  return {
    name,
    role: 'ours',
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

/** Without looking at the match or at the packet, which are decoded when they are asked for. */
export function decodePacketInHead(name: string): Case {
  const packets = packetIns();
  return {
    name,
    role: 'ours',
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += packetInOf(packets[i & (VARIETY - 1)]!).totalLen;
      return sum;
    },
  };
}

/** With its match. */
export function decodePacketIn(name: string): Case {
  const packets = packetIns();
  return {
    name,
    role: 'ours',
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += packetInOf(packets[i & (VARIETY - 1)]!).match.inPort!;
      return sum;
    },
  };
}

/** A whole reply with match and instructions of each flow. */
export function decodeFlowStats(name: string): Case {
  const bytes = flowStatsReply();
  return {
    name,
    role: 'ours',
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) sum += flowsOf(decode(bytes));
      return sum;
    },
  };
}

function packetInOf(bytes: Uint8Array): Extract<Message, { type: 'packetIn' }> {
  const message = decode(bytes);
  if (message.type === 'packetIn') return message;
  throw new Error(`bug: decoded a packet-in as ${message.type}`);
}

function flowsOf(message: Message): number {
  if (message.type !== 'multipartReply' || message.multipartType !== 'flow') return Number.NaN;
  let sum = 0;
  for (const { match, instructions } of message.body) {
    if (match.ethDst !== undefined) sum += instructions.length;
  }
  return sum;
}
