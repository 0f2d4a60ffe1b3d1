import type { Duplex } from 'node:stream';
import type { PortStatusReason } from '../ofp/messages/port-status.ts';
import { type Port, PortState } from '../ofp/port.ts';
import type { ConnectionOptions } from '../ofp/session/connection.ts';
import { UsageError } from '../util/errors.ts';
import { type SetTimer, systemTimer } from '../util/timer.ts';
import type { U64 } from '../util/u64.ts';
import { Agent } from './agent/agent.ts';
import { ControllerLink, type LinkLimits } from './agent/controller-link.ts';
import { Notices } from './agent/notices.ts';
import { PacketBuffers } from './agent/packet-buffers.ts';
import type { Self } from './agent/statistics.ts';
import { loadDump, type SwitchDump } from './load-dump.ts';
import type { Tunnel } from './packet/tunnel.ts';
import { Pipeline, type PipelineOptions } from './pipeline.ts';
import { portInit, type Transmit } from './ports.ts';
import { type QueueInit, Queues } from './queues.ts';
import { type Trace, tracePacket } from './trace/trace.ts';

/** A port as it is added: the rest is made up. */
export interface PortInit extends Partial<Port> {
  readonly portNo: number;
  /** Default none. */
  readonly queues?: readonly QueueInit[];
}

/** What a {@link SoftSwitch} is made of. */
export interface SoftSwitchOptions extends Omit<PipelineOptions, 'now' | 'onFlowRemoved' | 'onFlowEvent'> {
  readonly datapathId: U64;
  /** Default none. */
  readonly ports?: readonly PortInit[];
  /** The time, and timers in it. Default the system's. */
  readonly clock?: { readonly now: () => number; readonly setTimer: SetTimer };
  /** What the switch says of itself. */
  readonly description?: Partial<Self>;
  /** What one controller may take up: by default 100,000 messages and 64 MiB in bundles, 1024 monitors, 4 MiB of parts. */
  readonly limits?: Partial<LinkLimits>;
  /** Controllers at one time. Default 1024. */
  readonly maxControllers?: number;
  /**
   * Packets that wait in the switch while controllers have seen their beginning only, for 5 seconds each. Default 0:
   * packet-ins have the whole packet, as those of Open vSwitch do.
   */
  readonly maxBuffers?: number;
  /** Called with each frame that leaves through a port. Default nobody. */
  readonly onTransmit?: (portNo: number, frame: Uint8Array) => void;
}

/** What begins anew with each start. */
interface Core {
  readonly pipeline: Pipeline;
  readonly agent: Agent;
  readonly notices: Notices;
}

const LIMITS: LinkLimits = {
  maxBundledMessages: 100_000,
  maxBundledBytes: 64 * 1024 * 1024,
  maxMonitors: 1024,
  maxMultipartBytes: 4 * 1024 * 1024,
};

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
  #core: Core;
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

  #boot(): Core {
    const options = this.#options;
    const now = options.clock?.now;
    const buffers = new PacketBuffers(options.maxBuffers ?? 0, now ?? (() => performance.now()));
    const notices: Notices = new Notices(this.#links, buffers, () => pipeline);
    const pipeline: Pipeline = new Pipeline({
      ...options,
      ...(now && { now }),
      onFlowRemoved: (flow, reason, nowMs) => notices.tellRemoved(flow, reason, nowMs),
      onFlowEvent: (event, requester) => notices.noteFlow(event, requester),
    });
    const agent = new Agent(pipeline, {
      datapathId: options.datapathId,
      links: this.#links,
      notices,
      buffers,
      self: {
        manufacturer: 'Galago',
        hardware: 'Software switch',
        software: '0',
        serialNumber: 'None',
        datapath: 'None',
        ...options.description,
      },
      onChanged: () => this.#armExpiry(),
    });
    return { pipeline, agent, notices };
  }

  /**
   * Speaks with a controller at the other end of a stream, which is the switch's from here on.
   * @throws UsageError `DATAPATH_STOPPED`, `DATAPATH_CONTROLLERS` when there are as many as may be
   */
  connect(stream: Duplex, options: ConnectionOptions = {}): ControllerLink {
    if (!this.#isRunning) throw new UsageError('DATAPATH_STOPPED', 'the switch does not run');
    const { maxControllers = 1024 } = this.#options;
    if (this.#links.size >= maxControllers)
      throw new UsageError('DATAPATH_CONTROLLERS', `the switch takes ${maxControllers} controllers`);
    const link: ControllerLink = new ControllerLink(
      stream,
      {
        setTimer: this.#setTimer,
        ...LIMITS,
        ...this.#options.limits,
        ...options,
      },
      (from, frame) => this.#core.agent.handle(from, frame),
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
    this.#core.notices.tellPacketIns(this.pipeline.receive(frame, portNo, tunnel));
    this.#core.notices.flushMonitors();
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
  addPort({ queues = [], ...init }: PortInit): void {
    const port = portInit(init);
    const { portNo } = port;
    if (this.pipeline.ports.get(portNo) !== undefined)
      throw new UsageError('DATAPATH_PORT_EXISTS', `the switch has a port ${portNo}`);
    const { nowMs } = this.pipeline;
    const transmit: Transmit = (frame) => this.#options.onTransmit?.(portNo, frame);
    this.pipeline.ports.add(port, transmit, nowMs, new Queues(queues, nowMs));
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
    this.#core.notices.tellPort(reason, port);
  }

  /** Looks once a second for what is over, as long as anything can be. */
  #armExpiry(): void {
    const { pipeline, agent, notices } = this.#core;
    if (this.#cancelExpiry !== undefined || !(pipeline.tables.hasTimeouts || agent.isWaiting)) return;
    this.#cancelExpiry = this.#setTimer(() => {
      this.#cancelExpiry = undefined;
      pipeline.expire();
      notices.flushMonitors();
      agent.expire();
      this.#armExpiry();
    }, EXPIRY_INTERVAL_MS);
  }
}
