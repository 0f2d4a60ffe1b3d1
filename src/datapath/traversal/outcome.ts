import type { PacketInOrigin, Recording } from '../cache/recording.ts';
import { departureOf } from '../cache/replay.ts';
import type { Packet } from '../packet/packet.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Flow } from '../tables/flow.ts';
import type { FlowTable } from '../tables/flow-tables.ts';
import type { Group, GroupBucket } from '../tables/groups.ts';
import type { Meter } from '../tables/meters.ts';
import type { Departure, PacketInRequest, Verdict } from './verdict.ts';

/** The length that outputs send all of a packet by. */
export const WHOLE_PACKET = 0xffff_ffff;

/** What a packet's way comes to: where copies of it go, and who counts it. Recorded for the packets that are like it. */
export class Outcome {
  readonly departures: Departure[] = [];
  readonly packetIns: PacketInRequest[] = [];
  /** Bytes that the packet counts for. */
  size: number;
  readonly #pipeline: Pipeline;
  /** True when nothing is counted, nor taken from meters. */
  readonly #isWatched: boolean;
  readonly #recording: Recording | undefined;
  #isMetered = false;
  /** How many departures and packet-ins there were when the packet came in anew. */
  #settled: { readonly departures: number; readonly packetIns: number } | undefined;
  /** How the meters that the packet came to are as if it had not. */
  readonly #marks = new Map<Meter, () => void>();

  constructor(pipeline: Pipeline, size: number, isWatched: boolean, recording: Recording | undefined) {
    this.#pipeline = pipeline;
    this.size = size;
    this.#isWatched = isWatched;
    this.#recording = recording;
  }

  /** True once a meter has dropped the packet: it still is counted wherever it would have gone. */
  get isMetered(): boolean {
    return this.#isMetered;
  }

  depart(packet: Packet, port: number, maxLen: number, queue: number | undefined): void {
    const recording = this.#recording;
    if (recording !== undefined) {
      const isTunnel = this.#pipeline.ports.get(port)?.tunnelAddress !== undefined;
      const isPlain = maxLen === WHOLE_PACKET && queue === undefined && !isTunnel;
      recording.effects.push({ type: 'output', port, queue, maxLen, isPlain });
    }
    if (this.#isMetered) return;
    const departure = departureOf(this.#pipeline, packet, port, maxLen, queue);
    if (departure !== undefined) this.departures.push(departure);
  }

  toController(packet: Packet, request: PacketInOrigin): void {
    this.#recording?.effects.push({ type: 'controller', request });
    if (this.#isMetered) return;
    this.packetIns.push({ ...request, frame: packet.share(), words: packet.words.slice() });
  }

  /** Lets what has left stay so, whatever becomes of the packet: it comes in anew, but not more than once. */
  settle(): void {
    this.#settled ??= { departures: this.departures.length, packetIns: this.packetIns.length };
  }

  /** Takes back what has left, as far as it may. */
  takeBack(): void {
    this.departures.length = this.#settled?.departures ?? 0;
    this.packetIns.length = this.#settled?.packetIns ?? 0;
  }

  /** Takes what becomes of a copy that has gone a way of its own. */
  add({ departures, packetIns }: Verdict): void {
    this.departures.push(...departures);
    this.packetIns.push(...packetIns);
  }

  meter(meterId: number): void {
    this.#recording?.effects.push({ type: 'meter', meterId });
    const meter = this.#pipeline.meters.get(meterId);
    if (meter === undefined || this.#isWatched || this.#isMetered) return;
    if (!this.#marks.has(meter)) this.#marks.set(meter, meter.mark());
    if (!meter.passes(this.size, this.#pipeline.nowMs)) this.#isMetered = true;
  }

  /** Gives back what was taken from meters, as in Open vSwitch, which meters what it has found a whole way for. */
  unmeter(): void {
    for (const undo of this.#marks.values()) undo();
  }

  /** Counts a lookup in a table, and the flow that it found. */
  countLookup(table: FlowTable, flow: Flow | undefined): void {
    if (this.#isWatched) return;
    table.count(1, flow === undefined ? 0 : 1);
    if (flow === undefined) {
      this.#recording?.missed.push(table);
      return;
    }
    this.#recording?.matched.push(table);
    this.#recording?.flows.push(flow);
    flow.count(1, this.size);
    flow.use(this.#pipeline.nowMs);
  }

  countGroup(counted: Group | GroupBucket): void {
    if (this.#isWatched) return;
    this.#recording?.groups.push(counted);
    counted.count(1, this.size);
  }
}
