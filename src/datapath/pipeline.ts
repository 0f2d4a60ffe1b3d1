import { randomBytes } from 'node:crypto';
import type { Instruction } from '../ofp/instruction.ts';
import type { FlowMod } from '../ofp/messages/flow-mod.ts';
import type { GroupMod } from '../ofp/messages/group-mod.ts';
import type { MeterMod } from '../ofp/messages/meter-mod.ts';
import type { NxTlvTableMod } from '../ofp/messages/nicira-tlv-table.ts';
import { ConfigFlag } from '../ofp/messages/switch-config.ts';
import { demand } from '../ofp/text/check/refusal.ts';
import type { FlowKey } from '../ofp/text/flow-key.ts';
import { WireError } from '../util/errors.ts';
import { compileActions } from './actions/actions.ts';
import type { Learning } from './actions/learning.ts';
import { MacLearning } from './actions/mac-learning.ts';
import { type Order, readOrder } from './agent/orders.ts';
import type { PacketOutOrder } from './agent/packet-out-order.ts';
import { FlowCache } from './cache/flow-cache.ts';
import type { Handling } from './cache/handling.ts';
import { Recording } from './cache/recording.ts';
import { replay } from './cache/replay.ts';
import { Conntrack } from './connections/conntrack.ts';
import { emptyWords } from './packet/layout.ts';
import { Packet } from './packet/packet.ts';
import { TlvTable } from './packet/tlv-table.ts';
import { type Tunnel, writeTunnel } from './packet/tunnel.ts';
import { Ports } from './ports.ts';
import { checkTargets } from './tables/check-flow-mod.ts';
import { checkOptions } from './tables/check-options.ts';
import type { FlowOrder } from './tables/flow.ts';
import type { FlowEvent } from './tables/flow-event.ts';
import { FlowTables, type OnFlowRemoved, type TableOptions } from './tables/flow-tables.ts';
import { Groups } from './tables/groups.ts';
import { Journal, type Requester } from './tables/journal.ts';
import { Meters } from './tables/meters.ts';
import type { Continuation } from './traversal/continuation.ts';
import { resumedPacket } from './traversal/resumed-packet.ts';
import { Traversal } from './traversal/traversal.ts';
import { turnClock } from './traversal/turn-clock.ts';
import type { PacketInRequest, Verdict } from './traversal/verdict.ts';

/** The limits of a pipeline, and its time. */
export interface PipelineOptions {
  /** Milliseconds, from any beginning. Default `performance.now`. */
  readonly now?: () => number;
  /** Flows that one table takes. Default 1,000,000. */
  readonly maxFlows?: number;
  /** What other limits single tables have, by their numbers. */
  readonly tables?: Readonly<Record<number, TableOptions>>;
  /** Default 65,536. */
  readonly maxGroups?: number;
  /** Default 262,144. */
  readonly maxMeters?: number;
  /** Addresses that output to NORMAL learns. Default 8192. */
  readonly maxAddresses?: number;
  /** Connections that `ct(commit)` keeps. Default 65,536. */
  readonly maxConnections?: number;
  /** Kinds of packets whose way through the tables is remembered; 0 for none. Default 200,000. */
  readonly maxCachedFlows?: number;
  /** Hears of each flow that goes. */
  readonly onFlowRemoved?: OnFlowRemoved;
  /** Hears of each flow that comes, goes or changes, and by which message. */
  readonly onFlowEvent?: (event: FlowEvent, requester: Requester | undefined) => void;
}

/** The forwarding of a switch without its agent: tables, groups, meters and ports (OpenFlow 1.3.5, 5). */
export class Pipeline {
  readonly tables: FlowTables;
  readonly groups: Groups;
  readonly meters: Meters;
  readonly macs: MacLearning;
  readonly connections: Conntrack;
  /** Which tunnel options fields stand for. */
  readonly options = new TlvTable();
  /** What packets that have paused here are known by: another one in each pipeline. */
  readonly bridgeId: Uint8Array = randomBytes(16);
  readonly ports = new Ports();
  readonly #now: () => number;
  readonly #cache: FlowCache;
  /** One for all that come in, of which nothing is kept; undefined while one of them is on its way. */
  #spare: Packet | undefined;
  /** The words of a packet as it came, while it is on its way. */
  readonly #words = emptyWords();
  #fragments: number = ConfigFlag.FRAG_NORMAL;
  /** How often anything has changed that has no version of its own. */
  #changes = 0;

  constructor(options: PipelineOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#cache = new FlowCache(options.maxCachedFlows ?? 200_000, options.now ?? turnClock());
    const tables = {
      maxFlows: options.maxFlows ?? 1_000_000,
      tables: options.tables,
      ledger: this.#cache,
      onRemoved: options.onFlowRemoved ?? (() => {}),
      onEvent: options.onFlowEvent ?? (() => {}),
      checkTargets: (instructions: readonly Instruction[]) =>
        checkTargets(instructions, this.groups, this.meters),
    };
    this.tables = new FlowTables(tables, this.nowMs);
    this.groups = new Groups(options.maxGroups ?? 65_536, (port) => this.ports.isLive(port), this.#cache);
    this.meters = new Meters(options.maxMeters ?? 262_144);
    this.macs = new MacLearning(options.maxAddresses ?? 8192);
    this.connections = new Conntrack(options.maxConnections ?? 65_536);
  }

  /** What is done with fragments: a ConfigFlag. */
  get fragments(): number {
    return this.#fragments;
  }

  set fragments(flag: number) {
    this.#fragments = flag;
    this.#changes++;
  }

  get #version(): number {
    return this.#changes + this.tables.version + this.ports.version;
  }

  get nowMs(): number {
    return this.#now();
  }

  /**
   * Takes a frame through the tables, and sends it where they say.
   * @param tunnel what was around it, when it came through a tunnel
   * @returns what controllers are to hear
   */
  receive(frame: Uint8Array, inPort: number, tunnel?: Tunnel): readonly PacketInRequest[] {
    if (!this.ports.receive(inPort, frame)) return NOTHING.packetIns;
    const packet = this.#spare ?? Packet.receive(frame, inPort);
    if (this.#spare !== undefined) packet.receive(frame, inPort);
    this.#spare = undefined;
    if (tunnel !== undefined && !writeTunnel(packet.words, tunnel, this.options)) {
      this.#spare = packet;
      return NOTHING.packetIns;
    }
    const handling = this.#cache.hit(packet.words, frame.length, this.#version);
    const ports = handling?.ports;
    const verdict = ports === undefined ? this.#process(packet, handling) : NOTHING;
    this.#spare = packet;
    if (ports === undefined) return this.forward(verdict);
    for (const port of ports) this.ports.send(port, frame);
    return NOTHING.packetIns;
  }

  /** Takes a frame through the tables, counted and learnt from, but not sent. */
  classify(frame: Uint8Array, inPort: number, tunnel?: Tunnel): Verdict {
    const packet = Packet.receive(frame, inPort);
    if (tunnel !== undefined && !writeTunnel(packet.words, tunnel, this.options)) return NOTHING;
    return this.#traverse(packet);
  }

  /** Does what is known to happen to a packet, else takes it through the tables, and remembers its way for others. */
  #process(packet: Packet, handling: Handling | undefined): Verdict {
    if (handling !== undefined) return replay(this, handling, packet);
    if (!this.#cache.isOn) return this.#traverse(packet);
    const words = this.#words;
    words.set(packet.words);
    const recording = new Recording();
    const version = this.#version;
    const verdict = this.#traverse(packet, recording);
    // A packet that has changed the tables may not meet the same flows again.
    if (recording.isRepeatable && version === this.#version) this.#cache.add(words, recording, version);
    return verdict;
  }

  #traverse(packet: Packet, recording?: Recording): Verdict {
    if (this.#fragments === ConfigFlag.FRAG_DROP && packet.headers.fragment !== 0) return NOTHING;
    return new Traversal(this, packet, { recording }).runTables(0);
  }

  /**
   * Checks a packet-out against what there is.
   * @returns what does its actions, and sends the packet where they say
   * @throws Refusal
   */
  preparePacketOut({ data, inPort, actions }: PacketOutOrder): () => Verdict {
    checkTargets([{ type: 'applyActions', actions }], this.groups, this.meters);
    checkOptions(actions, this.options);
    const steps = compileActions(actions);
    return () => {
      const verdict = new Traversal(this, Packet.receive(data, inPort), { origin: 'packetOut' }).runActions(
        steps,
      );
      this.forward(verdict);
      return verdict;
    };
  }

  /**
   * Lets a packet go on that has paused.
   * @param key the fields that travel with it
   * @throws Refusal
   */
  resume(data: Uint8Array, key: FlowKey, continuation: Continuation): Verdict {
    const isOwn = Buffer.compare(this.bridgeId, continuation.bridge) === 0;
    demand(isOwn, 'NXR_STALE', 'the packet has not paused in this switch');
    const packet = resumedPacket(data, key, continuation.isTracked);
    const verdict = new Traversal(this, packet).resume(continuation);
    this.forward(verdict);
    return verdict;
  }

  /** Sends a packet's departures out of their ports. @returns its packet-ins */
  forward({ departures, packetIns }: Verdict): readonly PacketInRequest[] {
    for (const { port, frame, tunnel, queue } of departures) this.ports.send(port, frame, tunnel, queue);
    return packetIns;
  }

  /**
   * Does what a flow-mod, group-mod or meter-mod orders, all of it or nothing.
   * @throws Refusal with Open vSwitch's name of the error
   */
  apply(mod: FlowMod | GroupMod | MeterMod): void {
    const journal = new Journal();
    try {
      this.change(mod, journal);
    } catch (error) {
      journal.rollback();
      throw error;
    }
    journal.commit();
  }

  /** As {@link apply}, as a part of more. @throws Refusal with some of it done: the journal takes that back */
  change(mod: FlowMod | GroupMod | MeterMod, journal: Journal): void {
    this.obey(readOrder(mod, this.options), journal);
  }

  /** Maps tunnel options to fields, or takes that back. @throws Refusal */
  mapOptions(mod: NxTlvTableMod): void {
    this.options.apply(mod, (index) => this.tables.usesOption(index));
    this.#changes++;
  }

  /** Does what has been read. @throws Refusal with some of it done: the journal takes that back */
  obey(order: Order, journal: Journal): void {
    const { nowMs } = this;
    this.#changes++;
    switch (order.type) {
      case 'flow':
        this.tables.check(order.order);
        return this.tables.apply(order.order, nowMs, journal);
      case 'group':
        for (const { actions } of order.mod.buckets) checkOptions(actions, this.options);
        for (const id of this.groups.apply(order.mod, nowMs, journal))
          this.tables.removeUsersOfGroup(id, nowMs, journal);
        return;
      case 'meter':
        for (const id of this.meters.apply(order.mod, nowMs, journal))
          this.tables.removeUsersOfMeter(id, nowMs, journal);
    }
  }

  /** What learning a flow would come to. @throws Refusal when the switch takes no such flow at all */
  learning(order: FlowOrder, limit: number): Learning {
    this.tables.check(order);
    return this.tables.learning(order, limit);
  }

  /**
   * Learns a flow. A table that is full does not keep the packet from going on as if it had been learnt, as in Open
   * vSwitch.
   */
  learn(order: FlowOrder, learning: Learning): void {
    const journal = new Journal();
    try {
      this.tables.learn(order, learning, this.nowMs, journal);
      journal.commit();
    } catch (error) {
      journal.rollback();
      if (!(error instanceof WireError)) throw error;
    }
  }

  /** Removes the flows whose timeouts are over. */
  expire(): void {
    const journal = new Journal();
    this.tables.expire(this.nowMs, journal);
    journal.commit();
  }

  /** Takes a packet's tokens from a meter. */
  passesMeter(meterId: number, bytes: number): boolean {
    return this.meters.get(meterId)?.passes(bytes, this.nowMs) ?? true;
  }

  /** The ports that a packet is flooded to. */
  floodPorts(inPort: number): readonly number[] {
    const ports: number[] = [];
    for (const each of this.ports)
      if (each.port.portNo !== inPort && each.canForward) ports.push(each.port.portNo);
    return ports;
  }
}

const NOTHING: Verdict = { departures: [], packetIns: [], isTooDeep: false };
