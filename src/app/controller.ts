import { setMaxListeners } from 'node:events';
import {
  type ConnectionMethod,
  formatMethod,
  isPassive,
  type Listener,
  parseMethod,
  Reconnector,
  type TlsFiles,
} from '../net/index.ts';
import { readTlsFiles, requireTls } from '../net/tls.ts';
import { OPENFLOW_PORT, OpenFlowServer, Switch } from '../ofp/index.ts';
import { listenOvsdb, OvsdbClient, type OvsdbClientEvents } from '../ovsdb/index.ts';
import { openVswitch } from '../ovsdb/schemas/index.ts';
import { ClosedError, type GalagoError } from '../util/errors.ts';
import { type Log, silentLog } from '../util/log.ts';
import { systemTimer } from '../util/timer.ts';
import { BridgeControl, type BridgeOrder } from './bridges/bridge-control.ts';
import { DhcpServer } from './dhcp/server.ts';
import type { BridgeMode, EventSink, NetworkEvent, SwitchState } from './events.ts';
import { parseEncapsulation, parseTunnelEnds } from './hosts/addresses.ts';
import { Host } from './hosts/host.ts';
import type { BridgeView, OpenVswitch } from './hosts/host-view.ts';
import { BridgeOrders, type HostChanges } from './orders/bridge-orders.ts';
import type { PodBridgeOrder } from './orders/order.ts';

/** What a {@link Controller} controls, and how. */
export interface ControllerOptions {
  /** Where switches call (`ptcp:6653:127.0.0.1`, `punix:PATH`), or where they are called (`unix:…/br-int.mgmt`). */
  readonly openflow: readonly string[];
  /** The hosts' databases: called (`unix:…/db.sock`), or calling (`ptcp:6640:127.0.0.1`). Default none: no pods. */
  readonly ovsdb?: readonly string[];
  /** The encapsulation of tunnels. Default `vxlan`. */
  readonly encapsulation?: string;
  /** Where tunnels to the hosts end that do not say it in `external_ids:galago-local-ip`. */
  readonly localIp?: string;
  /** Tunnel addresses of hosts that other controllers look after. */
  readonly peers?: readonly string[];
  /** The files of `ssl:` and `pssl:` methods. */
  readonly tls?: TlsFiles;
  /**
   * Makes bridges that carry pods secure, through their databases, instead of refusing them: `fail_mode=secure`,
   * `connection_mode=out-of-band`, `other_config:disable-in-band=true`. Default false.
   */
  readonly secureBridges?: boolean;
  /**
   * How long after a start tunnels to hosts that have not called yet are kept as they were, in milliseconds.
   * Default 60000. Hosts that are called are waited for without end.
   */
  readonly waitForHostsMs?: number;
  readonly log?: Log;
}

type Optional = 'localIp' | 'tls';

/** The OVSDB port that the specification's registration names (IANA: ovsdb). */
export const OVSDB_PORT = 6640;

/** How often leases are looked through for those that have run out, in milliseconds. */
const EXPIRE_EVERY_MS = 30_000;

/**
 * The controller: a learning switch on every bridge that calls, and a pod network on those whose database puts
 * interfaces into pods. It never flushes a switch: closing leaves the flows, and starting takes them over.
 */
export class Controller implements AsyncDisposable {
  readonly #options: Required<Omit<ControllerOptions, Optional>> & Pick<ControllerOptions, Optional>;
  readonly #log: Log;
  readonly #servers: OpenFlowServer[] = [];
  readonly #reconnectors: Reconnector[] = [];
  readonly #listeners: Listener[] = [];
  readonly #clients = new Set<OvsdbClient<OpenVswitch>>();
  readonly #hosts = new Map<string, Host>();
  readonly #bridges = new Map<string, { readonly session: Switch; readonly control: BridgeControl }>();
  readonly #orders = new BridgeOrders();
  /** The names of hosts that have told something, and of those that are gone, since orders were given last. */
  readonly #told = new Set<string>();
  readonly #gone = new Set<string>();
  /** Switches that no database has told of, and what they are used as meanwhile, once they have been told. */
  readonly #unknown = new Map<string, BridgeMode | undefined>();
  readonly #dhcp: DhcpServer;
  readonly #sinks = new Set<EventSink>();
  /** Databases that have been asked for and have not told anything yet, and listeners that some may yet call. */
  #hostsAwaited = 0;
  readonly #cancelWaits = new Set<() => void>();
  #orderScheduled = false;
  /** Hosts whose databases have not been told yet that their bridges have their flows. */
  readonly #unconfirmed = new Set<string>();
  readonly #abort = new AbortController();

  /** @throws UsageError `POD_TUNNEL_ADDRESS_INVALID`, `POD_ENCAPSULATION_INVALID` */
  constructor(options: ControllerOptions) {
    // Every call of a database that is under way listens to it, and there may be a thousand.
    setMaxListeners(0, this.#abort.signal);
    this.#log = options.log ?? silentLog;
    this.#options = {
      ovsdb: [],
      secureBridges: false,
      waitForHostsMs: 60_000,
      log: this.#log,
      ...options,
      ...parseTunnelEnds(options),
      encapsulation: parseEncapsulation(options.encapsulation),
    };
    this.#dhcp = new DhcpServer({
      ownerOf: (key, address) => this.#orders.addresses.ownerOf(key, address),
      record: async (host, name, lease) => this.#hosts.get(host)?.recordLease(name, lease),
      now: Date.now,
      log: this.#log,
    });
  }

  /** Where switches can call, with real ports where 0 was asked for. */
  get listening(): readonly string[] {
    return this.#servers.flatMap((server) => server.method ?? []);
  }

  /** Where databases can call, with real ports where 0 was asked for. */
  get listeningForHosts(): readonly string[] {
    return this.#listeners.map(({ method }) => formatMethod(method));
  }

  /** Hears of everything that happens; the result ends that. */
  subscribe(sink: EventSink): () => void {
    this.#sinks.add(sink);
    return () => this.#sinks.delete(sink);
  }

  /** Every switch as it is now. */
  state(): SwitchState[] {
    return [...this.#bridges.values()].map(({ control }) => control.state());
  }

  /**
   * Begins to listen and to call. What cannot be reached yet is called again until it can.
   * @throws UsageError `NET_METHOD_INVALID`, `NET_TLS_REQUIRED`, `NET_TLS_FILES_INVALID`;
   * ClosedError `NET_LISTEN_FAILED`
   */
  async start(): Promise<void> {
    this.#expireLater();
    const { openflow, ovsdb } = this.#options;
    const methods = openflow.map((text) => this.#readMethod(text, OPENFLOW_PORT));
    const databases = ovsdb.map((text) => this.#readMethod(text, OVSDB_PORT));
    try {
      for (const { text, method } of databases) {
        if (isPassive(method)) await this.#listenForHosts(text);
        else this.#callHost(text);
      }
      for (const { text, method } of methods) {
        if (isPassive(method)) await this.#listenForSwitches(text);
        else this.#callSwitch(text);
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Resolves when every switch has what follows from what is known now. */
  async settled(): Promise<void> {
    if (this.#orderScheduled) await new Promise((resolve) => setImmediate(resolve));
    const busy = [...this.#bridges.values()].filter(({ control }) => !control.isSettled);
    await Promise.all(busy.map(({ control }) => control.settled()));
  }

  /** Ends every connection. Flows stay in the switches. May be called again. */
  async close(): Promise<void> {
    this.#abort.abort();
    for (const cancel of this.#cancelWaits) cancel();
    await Promise.all([
      ...[...this.#bridges.values()].map(({ control }) => control.stop()),
      ...this.#reconnectors.map((reconnector) => reconnector.close()),
      ...this.#servers.map((server) => server.close()),
      ...this.#listeners.map((listener) => listener.close()),
      ...[...this.#clients].map((client) => client.close()),
    ]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What TLS needs is looked at before anything is begun: later it could only be logged. */
  #readMethod(text: string, defaultPort: number): { text: string; method: ConnectionMethod } {
    const method = parseMethod(text, { defaultPort });
    if (method.type === 'ssl' || method.type === 'pssl') readTlsFiles(requireTls(method, this.#options.tls));
    return { text, method };
  }

  get #isClosed(): boolean {
    return this.#abort.signal.aborted;
  }

  async #listenForSwitches(method: string): Promise<void> {
    const server = new OpenFlowServer({ listen: method, log: this.#log, ...this.#tls });
    server.on('switch', (session) => this.#switchUp(session));
    server.on('refused', ({ remote, error: { code, message } }) => {
      this.#tell({ type: 'problem', code, message: `${remote || method}: ${message}` });
    });
    this.#servers.push(server);
    await server.listen();
  }

  #callSwitch(text: string): void {
    const reconnector = new Reconnector({
      ...this.#tls,
      method: parseMethod(text, { defaultPort: OPENFLOW_PORT }),
      onSocket: async (socket) => {
        const session = await Switch.open(socket, { log: this.#log });
        await this.#serve(session);
      },
      onFailure: (error, retryInMs) => this.#unreachable(text, error as GalagoError, retryInMs),
    });
    this.#reconnectors.push(reconnector);
    reconnector.start();
  }

  /** Resolves at the end of the session. @throws what ended it, unless it was closed here on purpose */
  async #serve(session: Switch): Promise<void> {
    if (session.isClosed) return;
    const closed = new Promise<GalagoError | undefined>((resolve) => {
      session.once('close', ({ error }) => resolve(error));
    });
    this.#switchUp(session);
    const error = await closed;
    if (error !== undefined) throw error;
  }

  async #listenForHosts(method: string): Promise<void> {
    const options = {
      ...this.#tls,
      schema: openVswitch,
      onFailure: ({ code, message }: GalagoError) =>
        this.#tell({ type: 'problem', code, message: `${method}: ${message}` }),
    };
    let number = 0;
    const listener = await listenOvsdb(
      method,
      (client) => {
        const name = `${method}#${number++}`;
        client.on('disconnected', ({ error: { code, message } }) =>
          this.#log.warn({ host: name, code }, `database lost: ${message}`),
        );
        return this.#hostUp(name, client);
      },
      options,
    );
    this.#listeners.push(listener);
    this.#hostsAwaited++;
    this.#cancelWaits.add(systemTimer(() => this.#hostTold(), this.#options.waitForHostsMs));
  }

  #callHost(method: string): void {
    this.#hostsAwaited++;
    const { signal } = this.#abort;
    const onRetry: OvsdbClientEvents['retry'] = ({ error, retryInMs }) =>
      this.#unreachable(method, error, retryInMs);
    const options = { schema: openVswitch, waitForServer: true, signal, onRetry, ...this.#tls };
    OvsdbClient.connect(method, options)
      .then((client) => this.#hostUp(method, client))
      .then(() => this.#hostTold())
      .catch((error: GalagoError) => this.#hostLost(method, error));
  }

  #expireLater(): void {
    if (this.#isClosed) return;
    const cancel = systemTimer(() => {
      this.#cancelWaits.delete(cancel);
      void this.#expireLeases().finally(() => this.#expireLater());
    }, EXPIRE_EVERY_MS);
    this.#cancelWaits.add(cancel);
  }

  async #expireLeases(): Promise<void> {
    for (const { name, view } of this.#hosts.values()) {
      const members = view.bridges.flatMap((bridge) => bridge.members);
      await this.#dhcp.expire(name, members).catch(({ code, message }: GalagoError) => {
        this.#log.warn({ host: name, code }, `leases that have run out could not be taken back: ${message}`);
      });
    }
  }

  #hostTold(): void {
    this.#hostsAwaited--;
    this.#orderSoon();
  }

  /** It stays awaited: without its database, a bridge of it may carry pods that a learning switch would join. */
  #hostLost(method: string, error: GalagoError): void {
    if (this.#isClosed) return;
    const { code, message } = error;
    this.#log.error({ method, code }, `the database cannot be followed: ${message}`);
    this.#tell({ type: 'problem', code, message: `${method}: ${message}` });
  }

  async #hostUp(name: string, client: OvsdbClient<OpenVswitch>): Promise<void> {
    this.#clients.add(client);
    client.once('closed', () => {
      this.#clients.delete(client);
      this.#forgetTwins();
    });
    if (this.#isClosed) return client.close();
    const onChange = () => {
      this.#told.add(name);
      this.#orderSoon();
    };
    const host = await Host.open(name, client, onChange, this.#log);
    this.#hosts.set(name, host);
    this.#forgetTwins();
    this.#log.info({ host: name, bridges: host.view.bridges.length }, 'database followed');
    onChange();
  }

  /** A host whose database went away is taken to be as it was, until it has called again. */
  #forgetTwins(): void {
    const hosts = [...this.#hosts];
    for (const [name, { id, isClosed }] of hosts) {
      if (!isClosed || !hosts.some(([other, host]) => other !== name && host.id === id)) continue;
      this.#hosts.delete(name);
      this.#gone.add(name);
    }
  }

  /** A bridge that is called and calls as well has two sessions; the first one to come keeps it. */
  #switchUp(session: Switch): void {
    const older = this.#bridges.get(session.id)?.session;
    if (older !== undefined && !older.isClosed) {
      const message = `datapath id ${session.id} is connected twice`;
      void session.close(new ClosedError('OFP_DUPLICATE_DATAPATH', message));
      return;
    }
    const control = new BridgeControl(session, this.#dhcp, (event) => this.#tell(event), this.#log);
    this.#bridges.set(session.id, { session, control });
    this.#unknown.set(session.id, undefined);
    session.once('close', ({ error }) => {
      this.#bridges.delete(session.id);
      const why = error === undefined ? {} : { code: error.code, reason: error.message };
      this.#tell({ type: 'switchDown', switch: session.id, ...why });
    });
    session.on('requestError', ({ error: { code, message } }) => {
      this.#tell({ type: 'problem', switch: session.id, code, message });
    });
    this.#tell({ type: 'switchUp', switch: session.id, ports: session.ports.size });
    this.#orderSoon();
  }

  get #tls(): Pick<ControllerOptions, 'tls'> {
    const { tls } = this.#options;
    return tls === undefined ? {} : { tls };
  }

  #orderSoon(): void {
    if (this.#orderScheduled || this.#isClosed) return;
    this.#orderScheduled = true;
    setImmediate(() => {
      this.#orderScheduled = false;
      if (!this.#isClosed) this.#order();
    });
  }

  #order(): void {
    const { encapsulation, localIp, peers } = this.#options;
    const underlay = { encapsulation, localIp, peers, mayLackHosts: this.#hostsAwaited > 0 };
    const changes = this.#takeChanges();
    for (const { name } of changes.told) this.#unconfirmed.add(name);
    const changed = this.#orders.update(changes, underlay);
    for (const datapathId of new Set([...changed, ...this.#unknown.keys()])) {
      const control = this.#bridges.get(datapathId)?.control;
      const known = this.#orders.get(datapathId);
      if (control === undefined || known !== undefined) this.#unknown.delete(datapathId);
      if (control === undefined) continue;
      if (known === undefined) this.#useUnknown(datapathId, control);
      else if (!this.#isBeingSecured(known)) control.order(known.order);
      if (known?.needsTunnel)
        this.#hosts.get(known.host.name)?.ensureTunnel(known.bridge, encapsulation, localIp);
    }
    for (const name of this.#unconfirmed) {
      const isLater =
        this.#hosts.get(name)?.confirmFlows((bridge) => this.#settledWithPods(bridge)) === false;
      if (!isLater) this.#unconfirmed.delete(name);
    }
  }

  /** Resolves when a bridge has what it was ordered, with whether that is pods; undefined while it is not connected. */
  #settledWithPods({ datapathId = '' }: BridgeView): Promise<boolean> | undefined {
    const control = this.#bridges.get(datapathId)?.control;
    return control?.settled().then(() => control.mode === 'pods');
  }

  #takeChanges(): HostChanges {
    const told = [...this.#told].flatMap((name) => this.#hosts.get(name) ?? []);
    const gone = [...this.#gone];
    this.#told.clear();
    this.#gone.clear();
    return { told, gone };
  }

  #useUnknown(datapathId: string, control: BridgeControl): void {
    const order = this.#orderUnknown();
    if (this.#unknown.get(datapathId) === order.mode) return;
    this.#unknown.set(datapathId, order.mode);
    control.order(order);
  }

  /** Mends a bridge that would be refused, when that was asked for; its order waits until then. */
  #isBeingSecured({ host, bridge, order }: PodBridgeOrder): boolean {
    if (!this.#options.secureBridges || order.mode !== 'refused') return false;
    return this.#hosts.get(host.name)?.ensureSecure(bridge) ?? false;
  }

  /**
   * A bridge of which no database has told: it may carry pods, as long as there are databases yet to tell, or bridges
   * whose datapath id they do not know.
   */
  #orderUnknown(): BridgeOrder {
    const mayTell = this.#listeners.length > 0 || this.#hostsAwaited > 0;
    const isUnnamed = ({ view }: Host) => view.bridges.some(({ datapathId }) => datapathId === undefined);
    if (!mayTell && ![...this.#hosts.values()].some(isUnnamed)) return { mode: 'learning', problems: [] };
    return {
      mode: 'waiting',
      problems: ['no database has told of this bridge yet: its flows stay as they are until one has'],
    };
  }

  #unreachable(method: string, { code, message }: GalagoError, retryInMs: number): void {
    if (this.#isClosed) return;
    this.#log.warn({ method, code }, `${message}, trying again in ${Math.round(retryInMs)} ms`);
  }

  #tell(event: NetworkEvent): void {
    for (const sink of this.#sinks) {
      try {
        sink(event);
      } catch (error) {
        this.#log.error({ err: error }, 'a subscriber of network events failed');
      }
    }
  }
}
