import type { OpenVswitch } from '../../src/app/hosts/host-view.ts';
import { type SoftHost, type SoftNetwork, SoftSwitch } from '../../src/datapath/index.ts';
import { OvsdbClient, OvsdbTestServer } from '../../src/ovsdb/index.ts';
import { openVswitch } from '../../src/ovsdb/schemas/index.ts';
import { eventually } from '../lab/eventually.ts';
import { Vswitchd } from './vswitchd.ts';

/** What a simulated host is made of. */
export interface SimHostOptions {
  readonly name: string;
  /** Where tunnels to it end. */
  readonly address: string;
}

/** A container, and where it belongs. */
export interface SimContainerOptions {
  /** Also the name of its interface. */
  readonly name: string;
  readonly mac: string;
  readonly ip: string | readonly string[];
  readonly externalIds: Readonly<Record<string, string>>;
}

/** The bridge of every simulated host. */
const BRIDGE = 'br-int';

/** A machine with an Open vSwitch, none of which is real: a database, what ovs-vswitchd does, and a software switch. */
export class SimHost implements AsyncDisposable {
  readonly name: string;
  readonly ip: string;
  readonly bridge = BRIDGE;
  /** 16 hexadecimal digits. */
  readonly datapathId: string;
  readonly sw: SoftSwitch;
  readonly db: OvsdbTestServer<OpenVswitch>;
  readonly vswitchd: Vswitchd;
  /** What ovs-vsctl would be. */
  readonly #client: OvsdbClient<OpenVswitch>;

  /** Makes a host with a secure bridge; `number` tells its switch from the others. */
  static async create(network: SoftNetwork, number: number, options: SimHostOptions): Promise<SimHost> {
    const db = new OvsdbTestServer(openVswitch);
    const client = await OvsdbClient.connect('unix:db.sock', { schema: openVswitch, dial: db.dial });
    await client.transact((tx) => {
      const bridge = tx.insert('Bridge', { name: BRIDGE, fail_mode: 'secure' });
      const externalIds = new Map([['galago-local-ip', options.address]]);
      tx.insert('Open_vSwitch', { bridges: [bridge], external_ids: externalIds });
    });
    const sw = new SoftSwitch({ datapathId: number });
    const datapathId = number.toString(16).padStart(16, '0');
    const vswitchd = await Vswitchd.start({ db, sw, network, datapathId, localAddress: options.address });
    return new SimHost(options, datapathId, sw, db, vswitchd, client);
  }

  private constructor(
    { name, address }: SimHostOptions,
    datapathId: string,
    sw: SoftSwitch,
    db: OvsdbTestServer<OpenVswitch>,
    vswitchd: Vswitchd,
    client: OvsdbClient<OpenVswitch>,
  ) {
    this.name = name;
    this.ip = address;
    this.datapathId = datapathId;
    this.sw = sw;
    this.db = db;
    this.vswitchd = vswitchd;
    this.#client = client;
  }

  /** Starts a container whose interface is on the bridge, as `ovs-vsctl add-port` with `external_ids` does. */
  async addContainer({ name, mac, ip, externalIds }: SimContainerOptions): Promise<SoftHost> {
    this.vswitchd.addDevice(name, { mac, ip });
    const [bridge] = this.db.rows('Bridge');
    await this.#client.transact((tx) => {
      const external_ids = new Map(Object.entries(externalIds));
      const iface = tx.insert('Interface', { name, external_ids });
      const port = tx.insert('Port', { name, interfaces: [iface] });
      tx.mutate('Bridge', bridge!._uuid, 'ports', 'insert', [port]);
    });
    return eventually(() => this.vswitchd.hosts.get(name) ?? false, {
      what: `${name} to be open`,
      intervalMs: 1,
    });
  }

  /** Ends a container, and takes its interface off the bridge. */
  async removeContainer(name: string): Promise<void> {
    const [bridge] = this.db.rows('Bridge');
    const port = this.db.rows('Port').find((row) => row.name === name);
    await this.#client.transact((tx) => tx.mutate('Bridge', bridge!._uuid, 'ports', 'delete', [port!._uuid]));
    await eventually(() => this.vswitchd.ofport(name) === undefined, { intervalMs: 1 });
    this.vswitchd.removeDevice(name);
  }

  /** Changes labels of an interface, as `ovs-vsctl set interface NAME external_ids:KEY=VALUE` does. */
  async label(name: string, externalIds: Readonly<Record<string, string>>): Promise<void> {
    const row = this.db.rows('Interface').find((each) => each.name === name);
    const external_ids = new Map([...row!.external_ids, ...Object.entries(externalIds)]);
    await this.#client.transact((tx) => tx.update('Interface', row!._uuid, { external_ids }));
  }

  /** Has the switch call a controller, as `ovs-vsctl set-controller` does. */
  async setController(target: string): Promise<void> {
    const [bridge] = this.db.rows('Bridge');
    await this.#client.transact((tx) => {
      const controller = tx.insert('Controller', { target, connection_mode: 'out-of-band' });
      tx.update('Bridge', bridge!._uuid, { controller: [controller] });
    });
  }

  async close(): Promise<void> {
    await this.vswitchd.close();
    await this.#client.close();
    await this.db.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
