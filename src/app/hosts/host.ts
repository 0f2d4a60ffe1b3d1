import type { OvsdbClient, Transaction } from '../../ovsdb/index.ts';
import type { GalagoError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import { tunnelInterfaceType } from '../../util/tunnel-address.ts';
import { type Grant, LeaseKey, leaseIds } from '../dhcp/lease.ts';
import {
  type BridgeView,
  type HostReplica,
  type HostView,
  Key,
  type OpenVswitch,
  readHost,
  replicateHost,
} from './host-view.ts';

/** The `external_ids` key that says who has made a bridge or a port. */
const OWNER = 'galago-owner';
/** That of a bridge which says the `cur_cfg` that it has all flows of. */
const FLOWS_CFG = 'galago-flows-cfg';

/** One machine with an Open vSwitch, as its database has it; follows every change. */
export class Host {
  /** How its database is reached, for logs. */
  readonly name: string;
  /** The same each time that the database is reached, however it is: the `_uuid` of its root. */
  readonly id: string;
  readonly #db: OvsdbClient<OpenVswitch>;
  readonly #replica: HostReplica;
  readonly #log: Log;
  #view: HostView;
  /** Bridges whose tunnel port has been asked for, so that a failure is not repeated without end. */
  readonly #asked = new Set<string>();
  /** Bridges that are being made secure, and those for which it failed. */
  readonly #securing = new Map<string, 'under way' | 'failed'>();
  readonly #onChange: () => void;
  /** The configuration that the switch has carried out, and the last one whose flows have been confirmed. */
  #cfg: number;
  #confirmed: number | undefined;
  #conflictsRecorded: Promise<void> = Promise.resolve();

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
    const [root] = replica.Open_vSwitch;
    this.name = name;
    this.id = root?._uuid ?? name;
    this.#db = db;
    this.#replica = replica;
    this.#log = log;
    this.#onChange = onChange;
    this.#view = readHost(replica);
    this.#cfg = root?.cur_cfg ?? 0;
    replica.on('change', () => {
      this.#view = readHost(replica, this.#view);
      this.#cfg = [...replica.Open_vSwitch][0]?.cur_cfg ?? 0;
      this.#forgetSecured();
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

  /** True when the database has gone for good: it had called, and its connection has ended. */
  get isClosed(): boolean {
    return this.#db.state === 'closed';
  }

  /**
   * Adds the port that carries all tunnels of a kind, if it has not been asked for before. Tunnels start at the
   * host's address, or at `localIp` when the database does not say it.
   */
  ensureTunnel(bridge: BridgeView, encapsulation: string, localIp?: string): void {
    const begin = this.#view.localIp ?? localIp;
    const tunnelType = tunnelInterfaceType(encapsulation, begin);
    if (bridge.tunnels.some(({ type }) => type === tunnelType)) {
      // It is there, so that it may be asked for again when somebody takes it away.
      this.#asked.delete(bridge.name);
      return;
    }
    if (this.#asked.has(bridge.name)) return;
    this.#asked.add(bridge.name);
    this.#addTunnel(bridge.name, tunnelType, begin).catch((error) => {
      this.#log.error(
        { host: this.name, bridge: bridge.name, code: error.code },
        `no tunnel port: ${error.message}`,
      );
    });
  }

  /**
   * Mends what {@link BridgeView.insecurities} names.
   * @returns true while that is under way, false when it could not be done.
   */
  ensureSecure({ name }: BridgeView): boolean {
    if (!this.#securing.has(name)) {
      this.#securing.set(name, 'under way');
      this.#secure(name).catch((error) => {
        this.#log.error({ host: this.name, bridge: name, code: error.code }, `not secured: ${error.message}`);
        this.#securing.set(name, 'failed');
        // Another view than before, so that it is looked at again.
        this.#view = { ...this.#view };
        this.#onChange();
      });
    }
    return this.#securing.get(name) === 'under way';
  }

  /**
   * Writes the lease of an interface, or that it has none.
   * @throws as OvsdbClient.transact: OvsdbError `OVSDB_TIMED_OUT` when another endpoint has the address
   */
  async recordLease(interfaceName: string, lease: Grant | undefined): Promise<void> {
    const row = this.#replica.Interface.find({ name: interfaceName });
    if (row === undefined) return;
    await this.#db.transact((tx) => {
      tx.mutate('Interface', row._uuid, 'external_ids', 'delete', Object.values(LeaseKey));
      if (lease !== undefined) {
        waitUntilFree(tx, row, lease);
        tx.mutate('Interface', row._uuid, 'external_ids', 'insert', leaseIds(lease));
      }
      tx.comment(`galago: lease of ${interfaceName}`);
    });
  }

  /** Writes what interfaces are in conflict about, or that they are not; what is there already is left as it is. */
  recordConflicts(notes: ReadonlyMap<string, string | undefined>): void {
    // One after the other: what the one before has written is known then.
    this.#conflictsRecorded = this.#conflictsRecorded
      .then(() => this.#recordConflicts(notes))
      .catch(({ code, message }: GalagoError) =>
        this.#log.warn({ host: this.name, code }, `address conflicts are not recorded: ${message}`),
      );
  }

  /**
   * Has the bridges that `galago init` has made say which configuration they have the flows of: `cur_cfg` goes on from
   * `next_cfg` when the ports are there, and whoever adds one may wait for this after it.
   * @param settled resolves when a bridge has the flows for what is known now; undefined when that cannot be said yet
   * @returns false when it has to be called again, because a bridge is not connected
   */
  confirmFlows(settled: (bridge: BridgeView) => Promise<boolean> | undefined): boolean {
    const cfg = this.#cfg;
    if (this.#confirmed === cfg) return true;
    const owned = this.#view.bridges.filter(({ name }) => this.#isFromInit(name));
    const waiting = owned.flatMap((bridge) => settled(bridge) ?? []);
    if (waiting.length < owned.length) return false;
    this.#confirmed = cfg;
    if (owned.length === 0) return true;
    void Promise.all(waiting)
      .then((areSettled) =>
        this.#recordFlows(
          owned.filter((_, i) => areSettled[i]),
          cfg,
        ),
      )
      .catch(({ code, message }: GalagoError) =>
        this.#log.debug({ host: this.name, code }, `flows are not confirmed: ${message}`),
      );
    return true;
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  async #recordConflicts(notes: ReadonlyMap<string, string | undefined>): Promise<void> {
    const changed = [...notes].flatMap(([name, note]) => {
      const row = this.#replica.Interface.find({ name });
      return row === undefined || row.external_ids.get(Key.CONFLICT) === note ? [] : [{ row, note }];
    });
    if (changed.length === 0) return;
    await this.#db.transact(
      (tx) => {
        for (const { row, note } of changed) {
          tx.mutate('Interface', row._uuid, 'external_ids', 'delete', [Key.CONFLICT]);
          if (note !== undefined)
            tx.mutate('Interface', row._uuid, 'external_ids', 'insert', new Map([[Key.CONFLICT, note]]));
        }
      },
      { verifyReads: false },
    );
  }

  #isFromInit(name: string): boolean {
    return this.#replica.Bridge.find({ name })?.external_ids.get(OWNER) === 'init';
  }

  async #recordFlows(bridges: readonly BridgeView[], cfg: number): Promise<void> {
    const rows = bridges.flatMap(({ name }) => this.#replica.Bridge.find({ name }) ?? []);
    if (rows.length === 0) return;
    const options = { verifyReads: false };
    await this.#db.transact((tx) => {
      for (const { _uuid } of rows) {
        tx.mutate('Bridge', _uuid, 'external_ids', 'delete', [FLOWS_CFG]);
        tx.mutate('Bridge', _uuid, 'external_ids', 'insert', new Map([[FLOWS_CFG, `${cfg}`]]));
      }
    }, options);
  }

  #forgetSecured(): void {
    for (const name of this.#securing.keys()) {
      const bridge = this.#view.bridges.find((known) => known.name === name);
      if (bridge === undefined || bridge.insecurities.length === 0) this.#securing.delete(name);
    }
  }

  async #secure(bridgeName: string): Promise<void> {
    const bridge = this.#replica.Bridge.find({ name: bridgeName });
    const [root] = this.#replica.Open_vSwitch;
    if (bridge === undefined || root === undefined) return;
    await this.#db.transact((tx) => {
      tx.update('Bridge', bridge._uuid, { fail_mode: 'secure' });
      tx.mutate('Bridge', bridge._uuid, 'other_config', 'delete', ['disable-in-band']);
      tx.mutate('Bridge', bridge._uuid, 'other_config', 'insert', new Map([['disable-in-band', 'true']]));
      for (const controller of bridge.controller)
        tx.update('Controller', controller, { connection_mode: 'out-of-band' });
      // The switch copies this number to cur_cfg when it has carried out everything up to here.
      tx.mutate('Open_vSwitch', root._uuid, 'next_cfg', '+=', 1);
      tx.comment(`galago: ${bridgeName} made secure`);
    });
    const settings = 'fail_mode=secure, connection_mode=out-of-band, other_config:disable-in-band=true';
    this.#log.info({ host: this.name, bridge: bridgeName }, `made secure: ${settings}`);
  }

  async #addTunnel(bridgeName: string, type: string, localIp: string | undefined): Promise<void> {
    const bridge = this.#replica.Bridge.find({ name: bridgeName });
    if (bridge === undefined) return;
    const name = `${type}-${bridge._uuid.slice(0, 4)}`;
    await this.#db.transact((tx) => {
      const options = new Map([
        ['remote_ip', 'flow'],
        ['key', 'flow'],
        ...(localIp === undefined ? [] : [['local_ip', localIp] as const]),
      ]);
      const owner = new Map([[OWNER, 'controller']]);
      const iface = tx.insert('Interface', { name, type, options, external_ids: owner });
      const port = tx.insert('Port', { name, interfaces: [iface], external_ids: owner });
      tx.mutate('Bridge', bridge._uuid, 'ports', 'insert', [port]);
      tx.comment(`galago: tunnel port of ${bridgeName}`);
    });
    this.#log.info({ host: this.name, bridge: bridgeName, interface: name }, 'tunnel port added');
  }
}

type InterfaceRow = HostReplica['Interface'] extends Iterable<infer R> ? R : never;

/** Whoever was given the address by a command may not have been heard of yet: the database knows. */
function waitUntilFree(
  tx: Transaction<OpenVswitch>,
  row: InterfaceRow,
  { address, prefixLength }: Grant,
): void {
  const pod = [Key.POD, row.external_ids.get(Key.POD) ?? ''] as const;
  const taken = [
    [LeaseKey.ADDRESS, address],
    [Key.IP, address],
    [Key.IP, `${address}/${prefixLength}`],
  ] as const;
  for (const ids of taken) {
    const another = [
      ['_uuid', '!=', row._uuid],
      ['external_ids', 'includes', new Map([pod, ids])],
    ] as const;
    tx.wait('Interface', another, [], { columns: ['name'] });
  }
}
