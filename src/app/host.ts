import type { OvsdbClient } from '../ovsdb/index.ts';
import type { Log } from '../util/log.ts';
import {
  type BridgeView,
  type HostReplica,
  type HostView,
  type OpenVswitch,
  readHost,
  replicateHost,
} from './host-view.ts';

/** One machine with an Open vSwitch, as its database has it; follows every change. */
export class Host {
  /** How its database is reached, for logs. */
  readonly name: string;
  readonly #db: OvsdbClient<OpenVswitch>;
  readonly #replica: HostReplica;
  readonly #log: Log;
  #view: HostView;
  /** Bridges whose tunnel port has been asked for, so that a failure is not repeated without end. */
  readonly #asked = new Set<string>();

  /** Copies the database. @throws as OvsdbClient.replicate */
  static async open(
    name: string,
    db: OvsdbClient<OpenVswitch>,
    onChange: () => void,
    log: Log,
  ): Promise<Host> {
    return new Host(name, db, await replicateHost(db), onChange, log);
  }

  private constructor(
    name: string,
    db: OvsdbClient<OpenVswitch>,
    replica: HostReplica,
    onChange: () => void,
    log: Log,
  ) {
    this.name = name;
    this.#db = db;
    this.#replica = replica;
    this.#log = log;
    this.#view = readHost(replica);
    replica.on('change', () => {
      this.#view = readHost(replica);
      onChange();
    });
  }

  /** As it was last known: while the database is away, the host is taken to be as it was. */
  get view(): HostView {
    return this.#view;
  }

  get isStale(): boolean {
    return this.#replica.isStale;
  }

  /** Adds the port that carries all tunnels of a kind, if it has not been asked for before. */
  ensureTunnel(bridge: BridgeView, encapsulation: string): void {
    if (this.#asked.has(bridge.name) || bridge.tunnels.some(({ type }) => type === encapsulation)) return;
    this.#asked.add(bridge.name);
    this.#addTunnel(bridge.name, encapsulation).catch((error) => {
      this.#log.error(
        { host: this.name, bridge: bridge.name, code: error.code },
        `no tunnel port: ${error.message}`,
      );
    });
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  async #addTunnel(bridgeName: string, encapsulation: string): Promise<void> {
    const bridge = this.#replica.Bridge.find({ name: bridgeName });
    if (bridge === undefined) return;
    const name = `${encapsulation}-${bridge._uuid.slice(0, 4)}`;
    await this.#db.transact((tx) => {
      const options = new Map([
        ['remote_ip', 'flow'],
        ['key', 'flow'],
      ]);
      const owner = new Map([['galago-owner', 'controller']]);
      const iface = tx.insert('Interface', { name, type: encapsulation, options, external_ids: owner });
      const port = tx.insert('Port', { name, interfaces: [iface], external_ids: owner });
      tx.mutate('Bridge', bridge._uuid, 'ports', 'insert', [port]);
      tx.comment(`galago: tunnel port of ${bridgeName}`);
    });
    this.#log.info({ host: this.name, bridge: bridgeName, interface: name }, 'tunnel port added');
  }
}
