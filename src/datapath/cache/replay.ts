import type { Walk } from '../actions/walk.ts';
import { runOf } from '../packet/layout.ts';
import type { Packet } from '../packet/packet.ts';
import { outwardTunnel } from '../packet/tunnel.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Departure, PacketInRequest, Verdict } from '../traversal/verdict.ts';
import type { Handling } from './handling.ts';
import type { Effect } from './recording.ts';

const METADATA = runOf('metadata');

/** Does to a packet what was done to the first of its kind. */
export function replay(pipeline: Pipeline, { effects }: Handling, packet: Packet): Verdict {
  const departures: Departure[] = [];
  const packetIns: PacketInRequest[] = [];
  const size = packet.bytes.length;
  const forks: Replayed[] = [];
  let walk = new Replayed(packet);
  for (const effect of effects) {
    switch (effect.type) {
      case 'rewrite':
        effect.step.perform(walk);
        break;
      case 'output': {
        const departure = departureOf(pipeline, walk.packet, effect.port, effect.maxLen, effect.queue);
        if (departure !== undefined) departures.push(departure);
        break;
      }
      case 'controller':
        packetIns.push({ ...effect.request, frame: walk.packet.share(), words: walk.packet.words.slice() });
        break;
      case 'metadata':
        walk.packet.writeMasked(METADATA, effect.chunks);
        break;
      case 'meter':
        if (pipeline.passesMeter(effect.meterId, size)) break;
        refresh(effects, pipeline.nowMs);
        return { departures, packetIns, isTooDeep: false };
      case 'refresh':
        effect.flow.refresh(pipeline.nowMs);
        break;
      case 'fork':
        forks.push(walk);
        walk = new Replayed(walk.packet.clone(), effect.hasOwnStack ? [...walk.stack] : walk.stack);
        break;
      case 'rejoin':
        walk = forks.pop()!;
    }
  }
  return { departures, packetIns, isTooDeep: false };
}

/** Learns again what is learnt whether or not a meter drops the packet. */
function refresh(effects: readonly Effect[], nowMs: number): void {
  for (const effect of effects) if (effect.type === 'refresh') effect.flow.refresh(nowMs);
}

/** A packet as it leaves through a port; undefined when it is a tunnel's, and no tunnel is there for it. */
export function departureOf(
  { ports, options }: Pipeline,
  packet: Packet,
  port: number,
  maxLen: number,
  queue: number | undefined,
): Departure | undefined {
  const address = ports.get(port)?.tunnelAddress;
  const tunnel = address === undefined ? undefined : outwardTunnel(packet.words, address, options);
  if (address !== undefined && tunnel === undefined) return undefined;
  const whole = packet.share();
  return { port, frame: maxLen < whole.length ? whole.subarray(0, maxLen) : whole, queue, tunnel };
}

/** The walk that rewrites see: what else happens is known already. */
class Replayed implements Walk {
  readonly packet: Packet;
  readonly stack: bigint[];
  queue: number | undefined;

  constructor(packet: Packet, stack: bigint[] = []) {
    this.packet = packet;
    this.stack = stack;
  }

  isLive(): boolean {
    return true;
  }

  group(): boolean {
    return true;
  }

  reads(): void {}
  readsMore(): void {}
  output(): void {}
  outputTruncated(): void {}
  toController(): void {}
  pause(): void {}
  resubmit(): void {}
  learn(): void {}
  shortenTimeouts(): void {}
  clone(): void {}
  track(): void {}
  fail(): void {}
  exit(): void {}
}
