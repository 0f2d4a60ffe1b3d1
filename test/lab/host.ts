import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Container, type ContainerOptions, hostPart, listOf } from './container.ts';
import { eventually } from './eventually.ts';
import { ipBatch } from './ip-batch.ts';
import { isIpv6, setIpv6 } from './ipv6.ts';
import { NetworkNamespace } from './network-namespace.ts';
import { OpenVSwitch } from './openvswitch.ts';
import { LabError, run } from './run.ts';
import { contextOf, netnsOf, type Scope } from './scope.ts';
import { connectHere, forward, LOOPBACK, listenHere } from './sockets.ts';
import { joinUnderlay, setUplink } from './underlay.ts';

/** A host of a {@link Lab}. */
export interface HostOptions {
  /** Unique in the lab. At most 12 characters. */
  readonly name: string;
  /**
   * Its address on the underlay, with prefix length: `192.0.2.1/24`. More than one may be given, of either family.
   * Default: none, and no underlay: such a host has no tunnels.
   */
  readonly address?: string | readonly string[];
  /**
   * Where its addresses are: on a bridge that its `eth0` is in, without which the userspace datapath has no tunnels, or
   * on `eth0` itself. Default `bridge`.
   */
  readonly uplink?: 'bridge' | 'device';
  /** The bridge for its containers; false makes none. Default `br-int`. */
  readonly bridge?: string | false;
  /** Default `secure`: without flows, nothing passes. */
  readonly failMode?: 'secure' | 'standalone';
}

/** {@link HostOptions} with what the lab adds. */
export interface HostPlace {
  /** Counts from 1 in the lab. */
  readonly number: number;
  readonly underlayMtu: number;
  /** Claims a container's name in the lab, or throws. */
  readonly claimName: (name: string) => void;
  /** Gives it back. */
  readonly releaseName: (name: string) => void;
}

/** A tunnel port of a {@link Host}, which the flows tell where to send. */
export interface TunnelPortOptions {
  /** Default `vxlan`. */
  readonly type?: 'vxlan' | 'geneve' | 'gre';
  /** Default `vx0`, `gn0` or `gre0`. */
  readonly name?: string;
  /** Default: the host's bridge. */
  readonly bridge?: string;
  /** Added to `remote_ip=flow` and `key=flow`, or in their place. */
  readonly options?: Readonly<Record<string, string>>;
}

/** A machine: a network namespace with its own Open vSwitch in it, and containers on its bridge. */
export class Host extends NetworkNamespace {
  readonly ovs: OpenVSwitch;
  /** The bridge for containers; empty when there is none. */
  readonly bridge: string;
  /** Its addresses on the underlay, with prefix lengths. */
  readonly addresses: readonly string[];
  /** The first of them without its prefix length, where tunnels to this host end; empty without an underlay. */
  readonly ip: string;
  readonly #place: HostPlace;
  readonly #containers = new Map<string, Container>();
  #containerNumber = 0;

  /** {@link Lab.addHost} is the way to call it. */
  static async create(scope: Scope, options: HostOptions, place: HostPlace): Promise<Host> {
    const { name } = options;
    const addresses = listOf(options.address);
    const onUnderlay = addresses.length > 0;
    const inside = contextOf(scope, name);
    await ipBatch([['netns', 'add', netnsOf(scope, name)]], contextOf(scope));
    await setIpv6(inside, addresses.some(isIpv6), []);
    await ipBatch([['link', 'set', 'dev', 'lo', 'up']], inside);
    if (onUnderlay) await joinUnderlay(scope, name, place.underlayMtu);
    const dir = join(scope.dir, name);
    const ovs = await OpenVSwitch.start({ dir, netns: netnsOf(scope, name), env: scope.env });
    const host = new Host(scope, options, place, ovs);
    if (onUnderlay) await host.#addUplink(options.uplink ?? 'bridge');
    if (host.bridge !== '') await host.addBridge(host.bridge, options.failMode);
    return host;
  }

  private constructor(scope: Scope, options: HostOptions, place: HostPlace, ovs: OpenVSwitch) {
    super(scope, options.name);
    const { bridge = 'br-int' } = options;
    this.ovs = ovs;
    this.bridge = bridge === false ? '' : bridge;
    this.addresses = listOf(options.address);
    this.ip = hostPart(this.addresses[0] ?? '');
    this.#place = place;
  }

  /** Its containers by name. */
  get containers(): ReadonlyMap<string, Container> {
    return this.#containers;
  }

  /** Adds a bridge that speaks OpenFlow 1.3. `failMode` is `secure` unless told otherwise. */
  async addBridge(bridge: string, failMode: 'secure' | 'standalone' = 'secure'): Promise<void> {
    const settings = ['datapath_type=netdev', 'protocols=OpenFlow13', `fail_mode=${failMode}`];
    await this.ovs.vsctl('add-br', bridge, '--', 'set', 'Bridge', bridge, ...settings);
  }

  /**
   * Makes a container and puts it on a bridge. Several may be made at a time.
   * @throws LabError `LAB_NAME_TAKEN`, `LAB_NAME_INVALID`, `LAB_PORT_FAILED`.
   */
  async addContainer(options: ContainerOptions): Promise<Container> {
    this.#place.claimName(options.name);
    const number = ++this.#containerNumber;
    const { bridge = this.bridge } = options;
    const container = await Container.create(this.scope, options, {
      host: this.name,
      mac: options.mac ?? `02:00:00:00:${hexByte(this.#place.number)}:${hexByte(number)}`,
      mtu: options.mtu ?? (this.ip === '' ? 1500 : this.#place.underlayMtu - TUNNEL_OVERHEAD_BYTES),
      attach: async (port) => (bridge ? this.#addPort(bridge, port, options) : 0),
    });
    this.#containers.set(container.name, container);
    return container;
  }

  /** Takes a container off its bridge, ends its processes and deletes it. */
  async removeContainer(container: Container): Promise<void> {
    await this.ovs.vsctl('--if-exists', 'del-port', container.port);
    container.closeSockets();
    await eventually(() => this.#endProcesses(container.netns), {
      what: `the processes of ${container.name}`,
    });
    // A namespace is gone before the kernel has taken its links away.
    await ipBatch([['link', 'delete', 'dev', container.port]], contextOf(this.scope, this.name));
    await ipBatch([['netns', 'delete', container.netns]], contextOf(this.scope));
    this.#containers.delete(container.name);
    this.#place.releaseName(container.name);
  }

  /** Adds a tunnel port and returns its OpenFlow port number. */
  async addTunnelPort(tunnel: TunnelPortOptions = {}): Promise<number> {
    const { type = 'vxlan', name = TUNNEL_NAMES[type], bridge = this.bridge } = tunnel;
    const options = Object.entries({ remote_ip: 'flow', key: 'flow', ...tunnel.options });
    const settings = [`type=${type}`, ...options.map(([key, value]) => `options:${key}=${quoted(value)}`)];
    await this.ovs.vsctl('add-port', bridge, name, '--', 'set', 'Interface', name, ...settings);
    return this.ofport(name);
  }

  /** Adds flows, one each in the syntax of `ovs-ofctl`, to the host's bridge unless told otherwise; all or none. */
  addFlows(flows: readonly string[], bridge: string = this.bridge): Promise<void> {
    return this.ovs.addFlows(bridge, flows);
  }

  /**
   * The OpenFlow port number of an interface.
   * @throws LabError `LAB_PORT_FAILED` when the switch could not open it.
   */
  async ofport(name: string): Promise<number> {
    const [ofport, error] = (await this.ovs.vsctl('get', 'Interface', name, 'ofport', 'error')).split('\n');
    if (Number(ofport) > 0) return Number(ofport);
    throw new LabError('LAB_PORT_FAILED', `${name} of ${this.name} is no OpenFlow port: ${error}`);
  }

  /** Pulls the cable between the host and the underlay, or puts it back. */
  setUplink(up: boolean): Promise<void> {
    return setUplink(this.scope, this.name, up);
  }

  /**
   * Makes `127.0.0.1:port` of this process's namespace reachable inside, at the same address or at another port:
   * for `set-controller br0 tcp:127.0.0.1:6653` with the controller in this process. 0 takes a free port.
   * @returns the port inside.
   */
  async importPort(port: number, insidePort: number = port): Promise<number> {
    const server = await this.listen({ host: LOOPBACK, port: insidePort });
    forward(server, () => connectHere(port));
    return (server.address() as AddressInfo).port;
  }

  /**
   * Makes `127.0.0.1:port` of the host reachable in this process's namespace, for `set-manager ptcp:6640`.
   * @returns the port here, on 127.0.0.1.
   */
  async exportPort(port: number): Promise<number> {
    const server = await listenHere();
    forward(server, () => this.connect({ host: LOOPBACK, port }));
    this.hold(server, () => server.close());
    return (server.address() as AddressInfo).port;
  }

  /** In the userspace datapath, tunnel packets leave through a bridge that owns the uplink and the addresses. */
  async #addUplink(uplink: 'bridge' | 'device'): Promise<void> {
    const device = uplink === 'bridge' ? UPLINK_BRIDGE : 'eth0';
    if (uplink === 'bridge') {
      await this.addBridge(UPLINK_BRIDGE, 'standalone');
      await this.ovs.vsctl('add-port', UPLINK_BRIDGE, 'eth0');
    }
    const addresses = this.addresses.map((address) => ['address', 'add', address, 'dev', device]);
    const up = ['link', 'set', 'dev', device, 'up'];
    await ipBatch([...addresses, up], contextOf(this.scope, this.name));
  }

  async #addPort(bridge: string, port: string, options: ContainerOptions): Promise<number> {
    const { pod, externalIds, ofport } = options;
    const ids = Object.entries({ ...(pod === undefined ? {} : { 'galago-pod': pod }), ...externalIds });
    const settings = ids.map(([key, value]) => `external_ids:${key}=${quoted(value)}`);
    if (ofport !== undefined) settings.push(`ofport_request=${ofport}`);
    const set = settings.length === 0 ? [] : ['--', 'set', 'Interface', port, ...settings];
    await this.ovs.vsctl('add-port', bridge, port, ...set);
    return this.ofport(port);
  }

  /** True when none is left. */
  async #endProcesses(netns: string): Promise<boolean> {
    const pids = (await run('ip', ['netns', 'pids', netns], contextOf(this.scope)))
      .split('\n')
      .filter((pid) => pid !== '');
    for (const pid of pids) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    return pids.length === 0;
  }
}

/** A value as `ovs-vsctl` reads it, whatever is in it. */
function quoted(value: string): string {
  return JSON.stringify(value);
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0');
}

const UPLINK_BRIDGE = 'br-phy';
const TUNNEL_NAMES = { vxlan: 'vx0', geneve: 'gn0', gre: 'gre0' } as const;

/** More than any encapsulation adds: Geneve over IPv6 with options stays under it. */
const TUNNEL_OVERHEAD_BYTES = 100;
