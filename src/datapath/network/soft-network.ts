import { UsageError } from '../../util/errors.ts';
import type { Tunnel } from '../packet/tunnel.ts';
import type { SoftSwitch } from '../soft-switch.ts';
import { SoftHost, type SoftHostOptions } from './soft-host.ts';

/** The bounds of a {@link SoftNetwork}. */
export interface SoftNetworkOptions {
  /** Frames that may be under way at once; more are dropped. Default 10,000. */
  readonly maxFrames?: number;
  /** Wires and tunnels that a frame, and what switches make of it, may go through: ends loops. Default 32. */
  readonly maxHops?: number;
}

/** Encapsulations of tunnels, and how many bits of the key each of them carries. */
const KEY_BITS = { vxlan: 24, geneve: 24, gre: 32 } as const;
/** An encapsulation that {@link SoftNetwork.addTunnel} has. */
export type Encapsulation = keyof typeof KEY_BITS;

/** Somewhere frames can go. */
interface End {
  receive(frame: Uint8Array, tunnel?: Tunnel): void;
}

/** A port of a switch. */
interface SwitchEnd extends End {
  readonly sw: SoftSwitch;
  readonly port: number;
}

interface Flight {
  readonly to: End;
  readonly frame: Uint8Array;
  readonly tunnel: Tunnel | undefined;
  readonly hops: number;
}

/** How often frames may lead to frames before the event loop goes on: hosts that answer each other without end do not hold it up. */
const RUNS_IN_A_TURN = 256;
/** The rounds that nothing happens in before a network counts as idle: what a controller puts off by a turn comes in time. */
const QUIET_ROUNDS = 3;

/**
 * Wires between software switches and hosts, and an underlay that carries tunnels. Frames arrive one after the other, in
 * the order in which they were sent, at the end of the turn of the event loop that the first of them was sent in:
 * what happens is the same each time, and takes no time of a clock.
 */
export class SoftNetwork {
  readonly #maxFrames: number;
  readonly #maxHops: number;
  readonly #switches = new Set<SoftSwitch>();
  /** By switch, and by port: the other end, if that is a switch as well. */
  readonly #peers = new Map<
    SoftSwitch,
    Map<number, { readonly sw: SoftSwitch; readonly port: number } | undefined>
  >();
  /** By encapsulation and address. */
  readonly #tunnelEnds = new Map<string, SwitchEnd>();
  #queue: Flight[] = [];
  #isScheduled = false;
  /** Those of the frame that is being delivered. */
  #hops = 0;
  #runs = 0;
  #delivered = 0;
  #dropped = 0;
  #idle: Promise<void> | undefined;

  constructor({ maxFrames = 10_000, maxHops = 32 }: SoftNetworkOptions = {}) {
    this.#maxFrames = maxFrames;
    this.#maxHops = maxHops;
  }

  /** Frames that have arrived. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Frames that went nowhere: too many under way, too many hops, or a tunnel to where nobody is. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Joins two ports by a wire. Ports that the switches do not have are added. @throws UsageError `DATAPATH_PORT_TAKEN` */
  connect(a: SoftSwitch, aPort: number, b: SoftSwitch, bPort: number): void {
    this.#requireFree(a, aPort);
    this.#requireFree(b, bPort);
    if (a === b && aPort === bPort)
      throw new UsageError('DATAPATH_PORT_TAKEN', `a wire from port ${aPort} to itself`);
    this.#claim(a, aPort, { sw: b, port: bPort });
    this.#claim(b, bPort, { sw: a, port: aPort });
    a.attach(aPort, (frame) => this.#send(endOf(b, bPort), frame));
    b.attach(bPort, (frame) => this.#send(endOf(a, aPort), frame));
  }

  /**
   * Hangs a host on a port, which is added if the switch does not have it.
   * @throws UsageError `DATAPATH_PORT_TAKEN`, `DATAPATH_HOST_INVALID`; WireError `MAC_INVALID`, `IP_INVALID`
   */
  addHost(sw: SoftSwitch, port: number, options: SoftHostOptions): SoftHost {
    const end = endOf(sw, port);
    // What a host sends is its own, whatever made it send.
    const uplink = {
      send: (frame: Uint8Array) => this.#send(end, frame, undefined, 0),
      idle: () => this.idle(),
    };
    const host = new SoftHost(options, uplink);
    this.#claim(sw, port, undefined);
    sw.attach(port, (frame) => this.#send(host, frame));
    return host;
  }

  /**
   * Makes a port one that carries tunnels to anywhere, as `remote_ip=flow` and `key=flow` do: flows set `tunnelId` and
   * `tunIpv4Dst` or `tunIpv6Dst` of what they output to it, and match those and the source of what comes in.
   * @param localAddress where tunnels to it end: one port of an encapsulation has an address
   * @throws UsageError `DATAPATH_PORT_TAKEN`, `DATAPATH_ADDRESS_TAKEN`
   */
  addTunnel(
    sw: SoftSwitch,
    port: number,
    localAddress: string,
    encapsulation: Encapsulation = 'vxlan',
  ): void {
    const name = `${encapsulation} ${localAddress}`;
    if (this.#tunnelEnds.has(name))
      throw new UsageError('DATAPATH_ADDRESS_TAKEN', `another port ends the tunnels of ${name}`);
    this.#claim(sw, port, undefined);
    this.#tunnelEnds.set(name, endOf(sw, port));
    const keyMask = 2 ** KEY_BITS[encapsulation] - 1;
    const transmit = (frame: Uint8Array, tunnel?: Tunnel) => {
      const to = this.#tunnelEnds.get(`${encapsulation} ${tunnel?.dst}`);
      if (to === undefined || tunnel === undefined) this.#dropped++;
      else {
        const { options, ...other } = tunnel;
        const carried = encapsulation === 'geneve' && options !== undefined ? { options } : {};
        this.#send(to, frame, { ...other, ...carried, key: (tunnel.key & keyMask) >>> 0 });
      }
    };
    sw.attach(port, transmit, localAddress);
  }

  /** Takes away what hangs on a port, and with a wire its other end: frames to it go nowhere. The ports stay. */
  disconnect(sw: SoftSwitch, port: number): void {
    const peer = this.#peers.get(sw)?.get(port);
    this.#free(sw, port);
    if (peer !== undefined) this.#free(peer.sw, peer.port);
  }

  #free(sw: SoftSwitch, port: number): void {
    this.#peers.get(sw)?.delete(port);
    for (const [name, end] of this.#tunnelEnds)
      if (end.sw === sw && end.port === port) this.#tunnelEnds.delete(name);
    if (sw.pipeline.ports.get(port) !== undefined) sw.attach(port, () => {});
  }

  /** Cuts the wire at a port: both ends lose their link, and tell their controllers. */
  cut(sw: SoftSwitch, port: number): void {
    this.#setLink(sw, port, false);
  }

  /** Mends a wire that was cut. */
  mend(sw: SoftSwitch, port: number): void {
    this.#setLink(sw, port, true);
  }

  /**
   * Resolves when no frame is under way and the controllers of the switches have nothing more to say: echo requests to
   * them have been answered a few times, and nothing else came.
   */
  idle(): Promise<void> {
    this.#idle ??= this.#waitUntilIdle().finally(() => {
      this.#idle = undefined;
    });
    return this.#idle;
  }

  async #waitUntilIdle(): Promise<void> {
    for (let quiet = 0, before = -1; quiet < QUIET_ROUNDS; ) {
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all([...this.#switches].map((sw) => sw.heard()));
      const now = [...this.#switches].reduce((sum, sw) => sum + sw.activity, this.#delivered);
      quiet = now === before ? quiet + 1 : 0;
      before = now;
    }
  }

  #setLink(sw: SoftSwitch, port: number, isUp: boolean): void {
    sw.setLink(port, isUp);
    const peer = this.#peers.get(sw)?.get(port);
    peer?.sw.setLink(peer.port, isUp);
  }

  #requireFree(sw: SoftSwitch, port: number): void {
    if (this.#peers.get(sw)?.has(port))
      throw new UsageError('DATAPATH_PORT_TAKEN', `something hangs on port ${port} already`);
  }

  #claim(
    sw: SoftSwitch,
    port: number,
    peer: { readonly sw: SoftSwitch; readonly port: number } | undefined,
  ): void {
    this.#requireFree(sw, port);
    const peers = this.#peers.get(sw) ?? new Map();
    if (sw.pipeline.ports.get(port) === undefined) sw.addPort({ portNo: port });
    this.#peers.set(sw, peers.set(port, peer));
    this.#switches.add(sw);
  }

  #send(to: End, frame: Uint8Array, tunnel?: Tunnel, hops = this.#hops): void {
    if (hops >= this.#maxHops || this.#queue.length >= this.#maxFrames) {
      this.#dropped++;
      return;
    }
    this.#queue.push({ to, frame, tunnel, hops: hops + 1 });
    this.#deliverSoon();
  }

  /** As soon as what runs now has ended; from time to time others get their turn first. */
  #deliverSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (++this.#runs % RUNS_IN_A_TURN === 0) setImmediate(() => this.#deliver());
    else queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    const flights = this.#queue.splice(0);
    let next = 0;
    try {
      for (; next < flights.length; next++) this.#arrive(flights[next]!);
    } finally {
      this.#hops = 0;
      this.#isScheduled = false;
      // Somebody who was called has thrown: the rest is none the worse for it.
      this.#queue.unshift(...flights.slice(next + 1));
      if (this.#queue.length > 0) this.#deliverSoon();
    }
  }

  #arrive({ to, frame, tunnel, hops }: Flight): void {
    this.#hops = hops;
    this.#delivered++;
    to.receive(frame, tunnel);
  }
}

function endOf(sw: SoftSwitch, port: number): SwitchEnd {
  return { sw, port, receive: (frame, tunnel) => sw.receive(port, frame, tunnel) };
}
