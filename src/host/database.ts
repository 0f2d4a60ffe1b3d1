import {
  type CallOptions,
  type DatabaseSchema,
  type NewRow,
  OvsdbClient,
  type Transaction,
} from '../ovsdb/index.ts';
import { openVswitch } from '../ovsdb/schemas/open-vswitch.ts';
import { TimeoutError, UsageError } from '../util/errors.ts';
import { type Endpoint, EndpointKey } from './connect/endpoint.ts';
import { HostError } from './host-error.ts';

type OpenVswitch = typeof openVswitch extends DatabaseSchema<infer S> ? S : never;

/** A transaction of the host's database. */
export type HostTransaction = Transaction<OpenVswitch>;

function replicate(client: OvsdbClient<OpenVswitch>, options: CallOptions) {
  const selection = {
    Open_vSwitch: ['bridges', 'external_ids', 'next_cfg', 'cur_cfg'],
    Bridge: ['name', 'ports', 'datapath_type', 'fail_mode', 'other_config', 'external_ids', 'controller'],
    Port: ['name', 'interfaces', 'external_ids'],
    Interface: ['name', 'type', 'ofport', 'error', 'options', 'external_ids', 'mac', 'ifindex'],
  } as const;
  return client.replicate(selection, options);
}

type Replica = Awaited<ReturnType<typeof replicate>>;
type RowIn<T extends 'Open_vSwitch' | 'Bridge' | 'Port' | 'Interface'> =
  Replica[T] extends Iterable<infer R> ? R : never;
/** A bridge of the host's database. */
export type BridgeRow = RowIn<'Bridge'>;
/** An interface of the host's database. */
export type InterfaceRow = RowIn<'Interface'>;

/** A bridge that is there, or that the same transaction makes. */
type PortOwner = BridgeRow['_uuid'] | NewRow<'Bridge'>;

/** What a port to be added is like. */
export interface PortInit {
  readonly name: string;
  readonly type?: string;
  readonly mac?: string;
  /** The port number that it shall have, if that is free. */
  readonly ofport_request?: number;
  readonly options?: ReadonlyMap<string, string>;
  readonly external_ids: ReadonlyMap<string, string>;
}

/** The Open vSwitch database of this machine, and the switch that carries it out. */
export class HostDatabase implements AsyncDisposable {
  readonly #client: OvsdbClient<OpenVswitch>;
  readonly #replica: Replica;
  /** Ends when whoever asked last for the lock is done. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Connects and reads it.
   * @throws what OvsdbClient.connect throws; UsageError `HOST_DATABASE_EMPTY`
   */
  static async open(method: string, options: CallOptions = {}): Promise<HostDatabase> {
    const patience = { timeoutMs: TIMEOUT_MS, ...options };
    const client = await OvsdbClient.connect(method, { schema: openVswitch, ...patience });
    try {
      const database = new HostDatabase(client, await replicate(client, patience));
      void database.root;
      return database;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  private constructor(client: OvsdbClient<OpenVswitch>, replica: Replica) {
    this.#client = client;
    this.#replica = replica;
  }

  /** The row that everything else hangs on. */
  get root(): RowIn<'Open_vSwitch'> {
    const [root] = this.#replica.Open_vSwitch;
    if (root !== undefined) return root;
    throw new UsageError(
      'HOST_DATABASE_EMPTY',
      'the database is empty: is ovs-vswitchd set up? Try ovs-vsctl init',
    );
  }

  /** The bridge of that name. */
  bridge(name: string): BridgeRow | undefined {
    return this.#replica.Bridge.find({ name });
  }

  get bridges(): readonly BridgeRow[] {
    return [...this.#replica.Bridge];
  }

  /** The interface of that name. */
  interface(name: string): InterfaceRow | undefined {
    return this.#replica.Interface.find({ name });
  }

  get interfaces(): readonly InterfaceRow[] {
    return [...this.#replica.Interface];
  }

  /** The interfaces of a bridge. */
  interfacesOf(bridge: BridgeRow): readonly InterfaceRow[] {
    const ports = this.#replica.Port.getAll(bridge.ports);
    return ports.flatMap(({ interfaces }) => this.#replica.Interface.getAll(interfaces));
  }

  /** Every interface that names a pod, with the bridge that it is on. */
  endpoints(): readonly Endpoint[] {
    return this.bridges.flatMap((bridge) =>
      this.interfacesOf(bridge)
        .filter(({ external_ids }) => external_ids.has(EndpointKey.POD))
        .map((row) => ({
          port: row.name,
          bridge: bridge.name,
          ofport: row.ofport !== undefined && row.ofport > 0 ? row.ofport : undefined,
          error: row.error,
          isInternal: row.type === 'internal',
          externalIds: row.external_ids,
        })),
    );
  }

  /**
   * Carries out a transaction, and waits until the switch has as well.
   * @throws OvsdbError what the database has against it; TimeoutError `HOST_SWITCH_SILENT`: the database has it then
   */
  async apply(comment: string, build: (tx: HostTransaction) => void): Promise<void> {
    const { _uuid } = this.root;
    const select = await this.#client.transact((tx) => {
      build(tx);
      // The switch copies this number to cur_cfg when it has carried out everything up to here.
      tx.mutate('Open_vSwitch', _uuid, 'next_cfg', '+=', 1);
      tx.comment(`galago: ${comment}`);
      return tx.select('Open_vSwitch', _uuid, ['next_cfg']);
    }, CALL);
    await this.#carriedOut(select.rows[0]!.next_cfg);
  }

  /** Carries out a transaction that takes back what `error` ended. @throws as {@link HostDatabase.apply} */
  async undo(error: unknown, comment: string, build: (tx: HostTransaction) => void): Promise<void> {
    // A switch that has not done the one will not do the other either; it finds both in the database.
    const isSilent = error instanceof TimeoutError && error.code === 'HOST_SWITCH_SILENT';
    await (isSilent ? this.write(`undo ${comment}`, build) : this.apply(`undo ${comment}`, build));
  }

  /**
   * Has nobody else connect or disconnect containers of this host meanwhile. The lock goes with the process that has it;
   * those of this process have it one after the other.
   * @throws TimeoutError `OVSDB_NO_ANSWER` when another one keeps it for half a minute; what `run` throws
   */
  locked<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      await using _lock = await this.#client.lock('galago_connect', { timeoutMs: TIMEOUT_MS });
      return await run();
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Gets a lock of the database, whenever that is; disposing of it gives it back. @throws as OvsdbClient.lock */
  lock(name: string, options: CallOptions = {}): Promise<AsyncDisposable> {
    return this.#client.lock(name, options);
  }

  /**
   * Runs something unless somebody else has the lock.
   * @returns false when somebody has
   * @throws what `run` throws
   */
  async unlessLocked(name: string, run: () => Promise<void>): Promise<boolean> {
    const giveUp = new AbortController();
    let isOurs = false;
    const asked = this.#client.lock(name, { signal: giveUp.signal }).then(
      (lock) => {
        isOurs = true;
        return lock;
      },
      () => undefined,
    );
    // Answers come in the order of the questions: after this one, that about the lock has come and been acted upon.
    await this.#client.echo(CALL);
    await new Promise((resolve) => setImmediate(resolve));
    if (!isOurs) giveUp.abort();
    await using _lock = await asked;
    if (isOurs) await run();
    return isOurs;
  }

  /** Carries out a transaction that the switch has nothing to do for. */
  async write(comment: string, build: (tx: HostTransaction) => void): Promise<void> {
    await this.#client.transact((tx) => {
      build(tx);
      tx.comment(`galago: ${comment}`);
    }, CALL);
  }

  /** Adds a port with one interface of the same name to a bridge. */
  insertPort(tx: HostTransaction, bridge: PortOwner, row: PortInit): void {
    const iface = tx.insert('Interface', row);
    const owner = row.external_ids.get(EndpointKey.OWNER);
    const external_ids = new Map(owner === undefined ? [] : [[EndpointKey.OWNER, owner]]);
    const port = tx.insert('Port', { name: row.name, interfaces: [iface], external_ids });
    tx.mutate('Bridge', bridge, 'ports', 'insert', [port]);
  }

  /** Removes a port from its bridge; a port that is not there is none to remove. */
  deletePort(tx: HostTransaction, name: string): void {
    const port = this.#replica.Port.find({ name });
    const bridge = this.bridges.find(({ ports }) => port !== undefined && ports.includes(port._uuid));
    if (port !== undefined && bridge !== undefined)
      tx.mutate('Bridge', bridge._uuid, 'ports', 'delete', [port._uuid]);
  }

  /** Removes a bridge with its ports; one that is not there is none to remove. */
  deleteBridge(tx: HostTransaction, name: string): void {
    const bridge = this.bridge(name);
    if (bridge !== undefined) tx.mutate('Open_vSwitch', this.root._uuid, 'bridges', 'delete', [bridge._uuid]);
  }

  /** Sets and removes keys of the root's `external_ids`. */
  writeSettings(tx: HostTransaction, settings: ReadonlyMap<string, string | undefined>): void {
    const { _uuid } = this.root;
    tx.mutate('Open_vSwitch', _uuid, 'external_ids', 'delete', [...settings.keys()]);
    const set = [...settings].flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
    if (set.length > 0) tx.mutate('Open_vSwitch', _uuid, 'external_ids', 'insert', new Map(set));
  }

  /** Calls back after each change; the result ends that. */
  onChange(listener: () => void): () => void {
    this.#replica.on('change', listener);
    return () => this.#replica.off('change', listener);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Waits until an agent has given a bridge the flows of what the switch has carried out. Nobody says so of a bridge
   * that no agent has ever looked after.
   * @returns false when that takes longer than `patienceMs`
   */
  flowsFollow(bridge: string, patienceMs: number): Promise<boolean> {
    const cfg = this.root.cur_cfg;
    const isThere = () => {
      const confirmed = this.bridge(bridge)?.external_ids.get(FLOWS_CFG);
      return confirmed === undefined || Number(confirmed) >= cfg;
    };
    return this.#until(isThere, patienceMs);
  }

  async #carriedOut(number: number): Promise<void> {
    const isDone = () => this.root.cur_cfg >= number;
    if (await this.#until(isDone, RESTART_MS)) return;
    const isGone = await this.unlessLocked(VSWITCHD_LOCK, async () => {});
    if (isGone) throw new TimeoutError('HOST_SWITCH_SILENT', 'ovs-vswitchd does not run: start it first');
    if (await this.#until(isDone, TIMEOUT_MS - RESTART_MS)) return;
    const message = `ovs-vswitchd runs, but has not carried it out within ${TIMEOUT_MS / 1000} s: see its log`;
    throw new TimeoutError('HOST_SWITCH_SILENT', message);
  }

  /** Resolves when something is so, or with false after a time in which it was not. */
  #until(isSo: () => boolean, patienceMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (result: boolean) => {
        clearTimeout(timer);
        this.#replica.off('change', look);
        resolve(result);
      };
      const look = () => {
        if (isSo()) end(true);
      };
      const timer = setTimeout(() => end(false), patienceMs);
      this.#replica.on('change', look);
      look();
    });
  }
}

/** @throws HostError `HOST_PORT_FAILED` when the switch could not open an interface, with what it says. */
export function requireOpen(row: InterfaceRow | undefined, name: string): number {
  if (row?.ofport !== undefined && row.ofport > 0 && row.error === undefined) return row.ofport;
  const why = row?.error ?? 'it says nothing of it';
  throw new HostError('HOST_PORT_FAILED', `the switch could not open ${name}: ${why}`);
}

/**
 * As {@link requireOpen} for a bridge's own interface.
 * @throws HostError `HOST_PORT_FAILED`, with what may be missing
 */
export function requireBridgeOpen(db: HostDatabase, bridge: string, isUserspace: boolean): void {
  try {
    requireOpen(db.interface(bridge), bridge);
  } catch (cause) {
    if (isUserspace) throw cause;
    const hint = 'where the kernel has no module of Open vSwitch, it takes --usermode';
    throw new HostError('HOST_PORT_FAILED', `${(cause as HostError).message}; ${hint}`, { cause });
  }
}

/** Whoever carries the database out has this lock of it: ovs-vswitchd, as long as it runs. */
const VSWITCHD_LOCK = 'ovs_vswitchd';
/** How long ovs-vswitchd may be away when it is restarted. */
const RESTART_MS = 5000;

/** The key of a bridge's `external_ids` in which its controller says which `cur_cfg` it has the flows of. */
const FLOWS_CFG = 'galago-flows-cfg';

const TIMEOUT_MS = 30_000;
const CALL = { timeoutMs: TIMEOUT_MS, verifyReads: false };
