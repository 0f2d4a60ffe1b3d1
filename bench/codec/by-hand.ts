import { encode } from 'galago/ofp';
import type { Case } from '../harness/timing.ts';
import { sampleFlow } from '../sample-flow.ts';
import { flowStatsReply, packetIns, STATS_ENTRIES, VARIETY } from './messages.ts';

// What decoding and encoding cost when the places of everything are known beforehand and nothing is checked.

/** Places in the sample flow-mod: twice the tunnel's key, and the address between them. */
const FLOW_KEY = 60;
const FLOW_MAC = 68;
const FLOW_KEY_AGAIN = 100;
/** Places in the packet-in. */
const COOKIE = 16;
const MATCH = 24;
/** Heads of its fields (OpenFlow 1.3.5, 7.2.3.2), as signed numbers. */
const IN_PORT = 0x80000004 | 0;
const TUNNEL_ID = 0x80004c08 | 0;
const METADATA = 0x80000408 | 0;
const REG0 = 0x00010004;
/** Places in the reply and in each of its flows. */
const FIRST_FLOW = 16;
const FLOW_MATCH = 48;

/** A ready message copied into an arena, and four places of it patched. */
export function patchFlowMod(name: string): Case {
  const template = encode(sampleFlow(0));
  const arena = Buffer.alloc(VARIETY * template.length);
  const view = new DataView(arena.buffer, arena.byteOffset, arena.length);
  return {
    name,
    role: 'limit',
    run(times) {
      let at = 0;
      for (let i = 0; i < times; i++) {
        at = (i & (VARIETY - 1)) * template.length;
        arena.set(template, at);
        view.setUint32(at + 4, i);
        view.setUint32(at + FLOW_KEY, i);
        view.setUint32(at + FLOW_MAC + 2, i);
        view.setUint32(at + FLOW_KEY_AGAIN, i);
      }
      return view.getUint32(at + 4);
    },
  };
}

/** The fields of the match found one after the other by their heads, all into one object. */
export function readPacketIn(name: string): Case {
  const all = Buffer.concat(packetIns());
  const view = new DataView(all.buffer, all.byteOffset, all.length);
  const size = all.length / VARIETY;
  // Kept for a while, as by somebody who works with them: else the compiler makes no objects at all.
  const kept = new Array<ReturnType<typeof packetInAt>>(VARIETY);
  return {
    name,
    role: 'limit',
    run(times) {
      for (let i = 0; i < times; i++) {
        const place = i & (VARIETY - 1);
        kept[place] = packetInAt(view, place * size);
      }
      return kept[0]!.inPort;
    },
  };
}

function packetInAt(view: DataView, start: number) {
  const packetIn = {
    cookie: view.getUint32(start + COOKIE + 4),
    inPort: 0,
    tunnelId: 0,
    metadata: 0,
    reg0: 0,
  };
  const end = start + MATCH + view.getUint16(start + MATCH + 2);
  for (let at = start + MATCH + 4; at < end; at += 4 + view.getUint8(at + 3)) {
    switch (view.getInt32(at)) {
      case IN_PORT:
        packetIn.inPort = view.getUint32(at + 4);
        break;
      case TUNNEL_ID:
        packetIn.tunnelId = view.getUint32(at + 8);
        break;
      case METADATA:
        packetIn.metadata = view.getUint32(at + 8);
        break;
      case REG0:
        packetIn.reg0 = view.getUint32(at + 4);
        break;
    }
  }
  return packetIn;
}

/** The same for each flow of a reply. */
export function readFlowStats(name: string): Case {
  const bytes = flowStatsReply();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    name,
    role: 'limit',
    run(times) {
      let sum = 0;
      for (let i = 0; i < times; i++) {
        const flows = new Array<ReturnType<typeof flowAt>>(STATS_ENTRIES);
        let at = FIRST_FLOW;
        for (let place = 0; place < STATS_ENTRIES; place++) {
          flows[place] = flowAt(view, at);
          at += view.getUint16(at);
        }
        sum += flows[i % STATS_ENTRIES]!.priority;
      }
      return sum;
    },
  };
}

function flowAt(view: DataView, at: number) {
  const oxm = at + FLOW_MATCH + 4;
  return {
    tableId: view.getUint8(at + 2),
    durationSec: view.getUint32(at + 4),
    durationNsec: view.getUint32(at + 8),
    priority: view.getUint16(at + 12),
    idleTimeout: view.getUint16(at + 14),
    hardTimeout: view.getUint16(at + 16),
    flags: view.getUint16(at + 18),
    cookie: view.getUint32(at + 28),
    packetCount: view.getUint32(at + 36),
    byteCount: view.getUint32(at + 44),
    match: { tunnelId: view.getUint32(oxm + 8), ethDst: macAt(view, oxm + 16) },
    instructions: [{ type: 'applyActions', actions: [{ key: view.getUint32(oxm + 48) }, { port: 1 }] }],
  };
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function macAt(view: DataView, at: number): string {
  return (
    `${HEX[view.getUint8(at)]}:${HEX[view.getUint8(at + 1)]}:${HEX[view.getUint8(at + 2)]}:` +
    `${HEX[view.getUint8(at + 3)]}:${HEX[view.getUint8(at + 4)]}:${HEX[view.getUint8(at + 5)]}`
  );
}
