import type { Duplex } from 'node:stream';
import type { Message } from '../ofp/message.ts';
import { FlowModFlag } from '../ofp/messages/flow-mod.ts';
import { flowRemovedReasons } from '../ofp/messages/flow-removed.ts';
import { packetInReasons } from '../ofp/messages/packet-in.ts';
import { type PortStatusReason, portStatusReasons } from '../ofp/messages/port-status.ts';
import { type Port, PortState } from '../ofp/port.ts';
import type { ConnectionOptions } from '../ofp/session/connection.ts';
import { UsageError } from '../util/errors.ts';
import { type SetTimer, systemTimer } from '../util/timer.ts';
import type { U64 } from '../util/u64.ts';
import { Agent } from './agent.ts';
import { ControllerLink } from './controller-link.ts';
import type { Flow } from './flow.ts';
import { loadDump, type SwitchDump } from './load-dump.ts';
import { packetInMatch } from './packet-in-match.ts';
import { Pipeline, type PipelineOptions } from './pipeline.ts';
import { portInit, type Transmit } from './ports.ts';
import { duration, type Self } from './statistics.ts';
import { type Trace, tracePacket } from './trace.ts';
import type { PacketInRequest, Verdict } from './traversal.ts';
import type { Tunnel } from './tunnel.ts';

/** A port as it is added: the rest is made up. */
export type PortInit = Pick<Port, 'portNo'> & Partial<Port>;

/** What a {@link SoftSwitch} is made of. */
export interface SoftSwitchOptions extends Omit<PipelineOptions, 'now' | 'onFlowRemoved'> {
  readonly datapathId: U64;
  /** Default none. */
  readonly ports?: readonly PortInit[];
  /** The time, and timers in it. Default the system's. */
  readonly clock?: { readonly now: () => number; readonly setTimer: SetTimer };
  /** What the switch says of itself. */
  readonly description?: Partial<Self>;
  /** Messages that wait in the bundles of one controller. Default 100,000. */
  readonly maxBundledMessages?: number;
  /** Called with each frame that leaves through a port. Default nobody. */
  readonly onTransmit?: (portNo: number, frame: Uint8Array) => void;
}

/** How often timeouts are looked at while any flow has one. */
const EXPIRY_INTERVAL_MS = 1000;

/**
 * An OpenFlow 1.3 switch in this process: a pipeline, and the agent that speaks for it on any number of streams.
 * It answers as Open vSwitch 3.1 does; what it does not have, it refuses.
 */
export class SoftSwitch {
  readonly #links = new Set<ControllerLink>();
  readonly #options: SoftSwitchOptions;
  readonly #setTimer: SetTimer;
  #core: { readonly pipeline: Pipeline; readonly agent: Agent };
  #isRunning = true;
  #activity = 0;
  #cancelExpiry: (() => void) | undefined;

  /**
   * Makes a switch that has what a real one has, to trace packets on.
   * @throws UsageError `DATAPATH_DUMP_REFUSED` for a flow, group or meter that it does not take
   */
  static async fromDump(dump: SwitchDump, options: Partial<SoftSwitchOptions> = {}): Promise<SoftSwitch> {
    const made = new SoftSwitch({ datapathId: 0, ...options });
    for await (const port of (await dump.ports) ?? []) made.addPort(port);
    await loadDump(made.pipeline, dump);
    return made;
  }

  constructor(options: SoftSwitchOptions) {
    this.#options = options;
    this.#setTimer = options.clock?.setTimer ?? systemTimer;
    this.#core = this.#boot();
    for (const port of options.ports ?? []) this.addPort(port);
  }

  /** The tables, groups, meters and ports as they are now: new ones after each {@link start}. */
  get pipeline(): Pipeline {
    return this.#core.pipeline;
  }

  /** False from {@link stop} to {@link start}. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  #boot(): { readonly pipeline: Pipeline; readonly agent: Agent } {
    const options = this.#options;
    const pipeline = new Pipeline({
      ...options,
      now: options.clock?.now ?? (() => performance.now()),
      onFlowRemoved: (flow, reason, nowMs) => this.#tellRemoved(flow, flowRemovedReasons.code(reason), nowMs),
    });
    const agent = new Agent(pipeline, {
      datapathId: options.datapathId,
      links: this.#links,
      self: {
        manufacturer: 'Galago',
        hardware: 'Software switch',
        software: '0',
        serialNumber: 'None',
        datapath: 'None',
        ...options.description,
      },
      onVerdict: (verdict) => this.#tellPacketIns(verdict),
      onPortChanged: (port) => this.#tellPort('modify', port),
      onChanged: () => this.#armExpiry(),
    });
    return { pipeline, agent };
  }

  /**
   * Speaks with a controller at the other end of a stream, which is the switch's from here on.
   * @throws UsageError `DATAPATH_STOPPED`
   */
  connect(stream: Duplex, options: ConnectionOptions = {}): ControllerLink {
    if (!this.#isRunning) throw new UsageError('DATAPATH_STOPPED', 'the switch does not run');
    const link: ControllerLink = new ControllerLink(
      stream,
      {
        setTimer: this.#setTimer,
        maxBundledMessages: this.#options.maxBundledMessages ?? 100_000,
        ...options,
      },
      (from, message: Message) => this.#core.agent.handle(from, message),
      (gone) => {
        this.#links.delete(gone);
        // Its messages are not counted any more: the sum must not come out as it was.
        this.#activity += gone.messages + 1;
      },
    );
    this.#links.add(link);
    this.#activity++;
    return link;
  }

  /**
   * Takes a frame in through a port.
   * @param tunnel what was around it, for a tunnel port
   */
  receive(portNo: number, frame: Uint8Array, tunnel?: Tunnel): void {
    if (!this.#isRunning) return;
    this.#activity++;
    const verdict = this.pipeline.receive(frame, portNo, tunnel);
    this.#tellPacketIns(verdict);
    this.#armExpiry();
  }

  /** Counts everything that happens to the switch: messages, frames, notices of ports, connections that come and go. */
  get activity(): number {
    let sum = this.#activity;
    for (const link of this.#links) sum += link.messages;
    return sum;
  }

  /** Resolves when every controller has answered an echo request: it has read what it was sent before. */
  async heard(): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.heard()));
  }

  /** Adds a port, and tells the controllers. @throws UsageError `DATAPATH_PORT_EXISTS` */
  addPort(init: PortInit): void {
    const port = portInit(init);
    const { portNo } = port;
    if (this.pipeline.ports.get(portNo) !== undefined)
      throw new UsageError('DATAPATH_PORT_EXISTS', `the switch has a port ${portNo}`);
    this.pipeline.ports.add(port, (frame) => this.#options.onTransmit?.(portNo, frame), this.pipeline.nowMs);
    this.#tellPort('add', port);
  }

  /**
   * Follows a packet through the tables without any effect: nothing is sent, counted, learnt or taken from meters.
   * @param tunnel what was around it, for a tunnel port
   */
  trace(frame: Uint8Array, inPort: number, tunnel?: Tunnel): Trace {
    return tracePacket(this.pipeline, frame, inPort, tunnel);
  }

  /**
   * Hands what leaves through a port to somebody else than `onTransmit`.
   * @param tunnelAddress makes it a tunnel port: where its tunnels begin. A flow says where they end, and their key
   * @throws UsageError `DATAPATH_NO_PORT`
   */
  attach(portNo: number, transmit: Transmit, tunnelAddress?: string): void {
    const port = this.#port(portNo);
    port.transmit = transmit;
    port.tunnelAddress = tunnelAddress;
  }

  /** Takes a port away, and tells the controllers. @throws UsageError `DATAPATH_NO_PORT` */
  removePort(portNo: number): void {
    const { port } = this.#port(portNo);
    this.pipeline.ports.delete(portNo);
    this.pipeline.macs.forgetPort(portNo);
    this.#tellPort('delete', port);
  }

  /** Says whether a port has a link, and tells the controllers. @throws UsageError `DATAPATH_NO_PORT` */
  setLink(portNo: number, isUp: boolean): void {
    const entry = this.#port(portNo);
    entry.port = { ...entry.port, state: isUp ? PortState.LIVE : PortState.LINK_DOWN };
    this.#tellPort('modify', entry.port);
  }

  /** Ends the switch as a crash does: its connections end, and it passes nothing on. May be called again. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.close();
  }

  /** Runs a switch that was stopped anew: it has its ports, and no flows, groups or meters. */
  start(): void {
    if (this.#isRunning) return;
    const { ports } = this.pipeline;
    this.#core = this.#boot();
    for (const entry of ports) this.pipeline.ports.take(entry, this.pipeline.nowMs);
    this.#isRunning = true;
  }

  /** Ends all connections. May be called again. */
  async close(): Promise<void> {
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
    await Promise.all([...this.#links].map(({ connection }) => connection.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #port(portNo: number) {
    const entry = this.pipeline.ports.get(portNo);
    if (entry !== undefined) return entry;
    throw new UsageError('DATAPATH_NO_PORT', `the switch has no port ${portNo}`);
  }

  #tellPort(reason: PortStatusReason, port: Port): void {
    this.#activity++;
    for (const link of this.#links) {
      if (link.wants('portStatus', portStatusReasons.code(reason)))
        link.send({ type: 'portStatus', reason, port });
    }
  }

  #tellRemoved(flow: Flow, reason: number, nowMs: number): void {
    if ((flow.flags & FlowModFlag.SEND_FLOW_REM) === 0) return;
    for (const link of this.#links) {
      if (!link.wants('flowRemoved', reason)) continue;
      link.send({
        type: 'flowRemoved',
        cookie: flow.cookie,
        priority: flow.priority,
        reason,
        tableId: flow.tableId,
        ...duration(flow.createdMs, nowMs),
        idleTimeout: flow.idleTimeout,
        hardTimeout: flow.hardTimeout,
        packetCount: flow.packets,
        byteCount: flow.bytes,
        match: flow.matchFields,
      });
    }
  }

  #tellPacketIns({ packetIns }: Verdict): void {
    for (const request of packetIns) {
      if (request.meterId !== undefined && !this.pipeline.passesMeter(request.meterId, request.frame.length))
        continue;
      for (const link of this.#links) this.#tellPacketIn(link, request);
    }
  }

  #tellPacketIn(link: ControllerLink, request: PacketInRequest): void {
    // OpenFlow 1.3 has three reasons only: the others are actions to it.
    const code = packetInReasons.code(request.reason);
    const reason = code > LAST_REASON ? ACTION_REASON : code;
    const { frame, tableId, cookie, maxLen } = request;
    if (link.controllerId !== request.controllerId || !link.wants('packetIn', reason)) return;
    const data = frame.subarray(0, maxLen);
    const match = packetInMatch(request.words);
    link.send({ type: 'packetIn', reason, totalLen: frame.length, tableId, cookie, match, data });
  }

  #armExpiry(): void {
    if (this.#cancelExpiry !== undefined || !this.pipeline.tables.hasTimeouts) return;
    this.#cancelExpiry = this.#setTimer(() => {
      this.#cancelExpiry = undefined;
      this.pipeline.expire();
      this.#armExpiry();
    }, EXPIRY_INTERVAL_MS);
  }
}

const LAST_REASON = packetInReasons.code('invalidTtl');
const ACTION_REASON = packetInReasons.code('action');
