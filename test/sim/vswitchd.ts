import type { OpenVswitch } from '../../src/app/hosts/host-view.ts';
import type { SoftHost, SoftHostOptions, SoftNetwork, SoftSwitch } from '../../src/datapath/index.ts';
import { Backoff, dial, parseMethod, Reconnector } from '../../src/net/index.ts';
import { OPENFLOW_PORT } from '../../src/ofp/index.ts';
import { OvsdbClient, type OvsdbTestServer } from '../../src/ovsdb/index.ts';
import { openVswitch } from '../../src/ovsdb/schemas/index.ts';

/** What a {@link Vswitchd} works with. */
export interface VswitchdOptions {
  readonly db: OvsdbTestServer<OpenVswitch>;
  /** The bridge that the database must have exactly one of. */
  readonly sw: SoftSwitch;
  readonly network: SoftNetwork;
  /** 16 hexadecimal digits. */
  readonly datapathId: string;
  /** Where tunnels of ports end that do not say it. */
  readonly localAddress: string;
}

const TUNNELS = ['vxlan', 'geneve', 'gre'] as const;
/** Open vSwitch's word for a port that could not be opened. */
const FAILED = -1;

function replicate(client: OvsdbClient<OpenVswitch>) {
  return client.replicate({
    Open_vSwitch: ['cur_cfg', 'next_cfg'],
    Bridge: ['name', 'ports', 'datapath_id', 'controller'],
    Port: ['interfaces'],
    Interface: ['name', 'type', 'options', 'ofport'],
    Controller: ['target'],
  });
}

type Replica = Awaited<ReturnType<typeof replicate>>;
type InterfaceRow = Replica['Interface'] extends Iterable<infer R> ? R : never;

/**
 * What ovs-vswitchd does for a host, with a software switch: it opens the interfaces that the database has, calls the
 * controllers that it names, and says in it what has come of that.
 */
export class Vswitchd {
  /** The hosts that hang on interfaces which are open, by the interface's name. */
  readonly hosts = new Map<string, SoftHost>();
  readonly #options: VswitchdOptions;
  readonly #client: OvsdbClient<OpenVswitch>;
  readonly #replica: Replica;
  /** What can be opened: as if somebody had made the devices. */
  readonly #devices = new Map<string, SoftHostOptions>();
  /** Interfaces that are open or have failed, by name. */
  readonly #ofports = new Map<string, number>();
  readonly #callers = new Map<string, Reconnector>();
  #work: Promise<void> = Promise.resolve();
  #nextOfport = 1;

  static async start(options: VswitchdOptions): Promise<Vswitchd> {
    const client = await OvsdbClient.connect('unix:db.sock', { schema: openVswitch, dial: options.db.dial });
    return new Vswitchd(options, client, await replicate(client));
  }

  private constructor(options: VswitchdOptions, client: OvsdbClient<OpenVswitch>, replica: Replica) {
    this.#options = options;
    this.#client = client;
    this.#replica = replica;
    replica.on('change', () => this.#obeySoon());
    this.#obeySoon();
  }

  /** The number of an open interface. */
  ofport(name: string): number | undefined {
    const ofport = this.#ofports.get(name);
    return ofport === FAILED ? undefined : ofport;
  }

  /** Makes a device, which an interface of this name can open. */
  addDevice(name: string, options: SoftHostOptions): void {
    this.#devices.set(name, options);
  }

  removeDevice(name: string): void {
    this.#devices.delete(name);
  }

  /** Resolves when the database's last change that has been heard of is carried out. @throws what went wrong with it */
  async settled(): Promise<void> {
    for (let work: Promise<void> | undefined; work !== this.#work; ) {
      work = this.#work;
      await work;
    }
  }

  /** Ends the process the hard way: the switch is gone, the database stays. */
  async crash(): Promise<void> {
    await this.settled();
    await Promise.all([...this.#callers.values()].map((caller) => caller.close()));
    this.#callers.clear();
    await this.#options.sw.stop();
  }

  /** Starts it again: with the ports that it had, and no flows. */
  restart(): void {
    this.#options.sw.start();
    this.#obeySoon();
  }

  async close(): Promise<void> {
    await this.crash();
    await this.#client.close();
  }

  #obeySoon(): void {
    this.#work = this.#work.then(() => this.#obey());
    // Whoever waits for it hears of it.
    this.#work.catch(() => {});
  }

  async #obey(): Promise<void> {
    const { sw, datapathId } = this.#options;
    if (!sw.isRunning) return;
    const [bridge] = this.#replica.Bridge;
    const [root] = this.#replica.Open_vSwitch;
    if (bridge === undefined || root === undefined) return;
    const interfaces = bridge.ports
      .flatMap((port) => this.#replica.Port.get(port)?.interfaces ?? [])
      .flatMap((uuid) => this.#replica.Interface.get(uuid) ?? []);
    for (const name of this.#ofports.keys())
      if (!interfaces.some((row) => row.name === name)) this.#shut(name);
    for (const row of interfaces) if (!this.#ofports.has(row.name)) this.#open(row);
    this.#call(bridge.controller.flatMap((uuid) => this.#replica.Controller.get(uuid)?.target ?? []));
    const changed = interfaces.filter(({ name, ofport }) => ofport !== this.#ofports.get(name));
    const isTold = bridge.datapath_id === datapathId && root.cur_cfg === root.next_cfg;
    if (changed.length === 0 && isTold) return;
    await this.#client.transact((tx) => {
      for (const { _uuid, name } of changed) {
        const ofport = this.#ofports.get(name)!;
        const error =
          ofport === FAILED ? `could not open network device ${name} (No such device)` : undefined;
        tx.update('Interface', _uuid, { ofport, ...(error !== undefined && { error }) });
      }
      tx.update('Bridge', bridge._uuid, { datapath_id: datapathId });
      tx.update('Open_vSwitch', root._uuid, { cur_cfg: root.next_cfg });
    });
  }

  #open({ name, type, options }: InterfaceRow): void {
    const { sw, network, localAddress } = this.#options;
    const device = this.#devices.get(name);
    const encapsulation = TUNNELS.find((word) => word === type);
    if (device === undefined && encapsulation === undefined) {
      this.#ofports.set(name, FAILED);
      return;
    }
    const ofport = this.#nextOfport++;
    this.#ofports.set(name, ofport);
    sw.addPort({ portNo: ofport, name });
    if (encapsulation !== undefined)
      network.addTunnel(sw, ofport, options.get('local_ip') ?? localAddress, encapsulation);
    else if (device !== undefined) this.hosts.set(name, network.addHost(sw, ofport, device));
  }

  #shut(name: string): void {
    const { sw, network } = this.#options;
    const ofport = this.ofport(name);
    this.#ofports.delete(name);
    this.hosts.delete(name);
    if (ofport === undefined) return;
    network.disconnect(sw, ofport);
    sw.removePort(ofport);
  }

  #call(targets: readonly string[]): void {
    for (const [target, caller] of this.#callers) {
      if (targets.includes(target)) continue;
      this.#callers.delete(target);
      void caller.close();
    }
    for (const target of targets) {
      if (this.#callers.has(target)) continue;
      const caller = new Reconnector({
        method: parseMethod(target, { defaultPort: OPENFLOW_PORT }),
        backoff: new Backoff({ minMs: 5, maxMs: 100 }),
        connect: dial,
        onSocket: (socket) => this.#options.sw.connect(socket).connection.closed,
      });
      this.#callers.set(target, caller);
      caller.start();
    }
  }
}
