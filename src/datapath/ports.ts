import { isPortUp, type Port, PortConfig, PortState } from '../ofp/port.ts';
import type { Tunnel } from './packet/tunnel.ts';
import { Queues } from './queues.ts';

/** Takes what leaves through a port; `tunnel` is what a tunnel port puts around it. */
export type Transmit = (frame: Uint8Array, tunnel?: Tunnel) => void;

/** A port of the switch, and what went through it. */
export class SwitchPort {
  readonly createdMs: number;
  readonly queues: Queues;
  transmit: Transmit;
  rxPackets = 0;
  rxBytes = 0;
  rxDropped = 0;
  txPackets = 0;
  txBytes = 0;
  txDropped = 0;
  readonly #onChanged: () => void;
  #port: Port;
  #tunnelAddress: string | undefined;
  #canForward: boolean;
  #canReceive: boolean;

  constructor(port: Port, transmit: Transmit, createdMs: number, queues: Queues, onChanged: () => void) {
    this.#port = port;
    this.#canForward = canForward(port);
    this.#canReceive = canReceive(port);
    this.transmit = transmit;
    this.createdMs = createdMs;
    this.queues = queues;
    this.#onChanged = onChanged;
  }

  /** What controllers see of it. */
  get port(): Port {
    return this.#port;
  }

  set port(port: Port) {
    this.#port = port;
    this.#canForward = canForward(port);
    this.#canReceive = canReceive(port);
    this.#onChanged();
  }

  /** Where the tunnels of a tunnel port begin: an IPv4 or IPv6 address. */
  get tunnelAddress(): string | undefined {
    return this.#tunnelAddress;
  }

  set tunnelAddress(address: string | undefined) {
    this.#tunnelAddress = address;
    this.#onChanged();
  }

  /** True when packets may be forwarded to the port. */
  get canForward(): boolean {
    return this.#canForward;
  }

  /** True when packets that come in through the port are taken. */
  get canReceive(): boolean {
    return this.#canReceive;
  }
}

function canForward(port: Port): boolean {
  return isPortUp(port) && (port.config & PortConfig.NO_FWD) === 0;
}

function canReceive(port: Port): boolean {
  return isPortUp(port) && (port.config & PortConfig.NO_RECV) === 0;
}

/** The ports of a switch, in the order of their numbers. */
export class Ports implements Iterable<SwitchPort> {
  readonly #ports = new Map<number, SwitchPort>();
  #version = 0;

  /** Grows whenever ports come, go or change. */
  get version(): number {
    return this.#version;
  }

  get(portNo: number): SwitchPort | undefined {
    return this.#ports.get(portNo);
  }

  add(port: Port, transmit: Transmit, nowMs: number, queues = new Queues([], nowMs)): void {
    this.#version++;
    const onChanged = () => {
      this.#version++;
    };
    this.#ports.set(port.portNo, new SwitchPort(port, transmit, nowMs, queues, onChanged));
  }

  /** Adds a port of another switch, or of the same one before it was started again: nothing has gone through it. */
  take({ port, transmit, tunnelAddress, queues }: SwitchPort, nowMs: number): void {
    this.add(port, transmit, nowMs, queues.emptied(nowMs));
    this.get(port.portNo)!.tunnelAddress = tunnelAddress;
  }

  delete(portNo: number): boolean {
    this.#version++;
    return this.#ports.delete(portNo);
  }

  [Symbol.iterator](): Iterator<SwitchPort> {
    return [...this.#ports.values()].sort((a, b) => a.port.portNo - b.port.portNo)[Symbol.iterator]();
  }

  /** True for ports that packets can leave through. */
  isLive(portNo: number): boolean {
    const port = this.#ports.get(portNo)?.port;
    return port !== undefined && isPortUp(port);
  }

  /** Counts a frame that came in. @returns false when the port takes none */
  receive(portNo: number, frame: Uint8Array): boolean {
    const entry = this.#ports.get(portNo);
    if (entry === undefined) return false;
    if (!entry.canReceive) {
      entry.rxDropped++;
      return false;
    }
    entry.rxPackets++;
    entry.rxBytes += frame.length;
    return true;
  }

  /** Sends a frame out of a port, if it takes it. @param queue that it goes through, if one was asked for */
  send(portNo: number, frame: Uint8Array, tunnel?: Tunnel, queue?: number): void {
    const entry = this.#ports.get(portNo);
    if (entry === undefined) return;
    entry.queues.count(queue, frame.length, entry.canForward);
    if (!entry.canForward) {
      entry.txDropped++;
      return;
    }
    entry.txPackets++;
    entry.txBytes += frame.length;
    entry.transmit(frame, tunnel);
  }
}

/** What a port says of itself when nothing else was said: up, 10 Gb/s copper. */
export function portInit(init: Pick<Port, 'portNo'> & Partial<Port>): Port {
  const { portNo } = init;
  const hex = (portNo & 0xffff).toString(16).padStart(4, '0');
  return {
    hwAddr: `02:00:00:00:${hex.slice(0, 2)}:${hex.slice(2)}`,
    name: `port${portNo}`,
    config: 0,
    state: PortState.LIVE,
    curr: TEN_GIGABIT_COPPER,
    advertised: 0,
    supported: 0,
    peer: 0,
    currSpeed: 10_000_000,
    maxSpeed: 0,
    ...init,
  };
}

/** OFPPF_10GB_FD and OFPPF_COPPER. */
const TEN_GIGABIT_COPPER = (1 << 6) | (1 << 11);
