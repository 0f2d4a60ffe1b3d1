import { type ConnectionMethod, isPassive, parseMethod, type TlsFiles } from '../net/index.ts';
import { readTlsFiles, requireTls } from '../net/tls.ts';
import { OPENFLOW_PORT, type Switch } from '../ofp/index.ts';
import { ClosedError, type GalagoError } from '../util/errors.ts';
import { type Log, silentLog } from '../util/log.ts';
import { systemTimer } from '../util/timer.ts';
import { BridgeControl, type BridgeOrder } from './bridges/bridge-control.ts';
import type { PodServices } from './bridges/pod-bridge.ts';
import { SwitchConnections } from './bridges/switch-connections.ts';
import { DhcpServer } from './dhcp/server.ts';
import type { BridgeMode, EventSink, NetworkEvent, SwitchState } from './events.ts';
import { parseEncapsulation, parseTunnelEnds } from './hosts/addresses.ts';
import { HostConnections } from './hosts/host-connections.ts';
import type { BridgeView } from './hosts/host-view.ts';
import { BridgeOrders } from './orders/bridge-orders.ts';
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
  readonly #switches: SwitchConnections;
  readonly #hosts: HostConnections;
  readonly #bridges = new Map<string, { readonly session: Switch; readonly control: BridgeControl }>();
  readonly #orders = new BridgeOrders();
  /** Switches that no database has told of, and what they are used as meanwhile, once they have been told. */
  readonly #unknown = new Map<string, BridgeMode | undefined>();
  readonly #dhcp: DhcpServer;
  readonly #services: PodServices;
  readonly #sinks = new Set<EventSink>();
  #orderScheduled = false;
  /** Hosts whose databases have not been told yet that their bridges have their flows. */
  readonly #unconfirmed = new Set<string>();
  #cancelExpiry = () => {};
  #isClosed = false;

  /** @throws UsageError `POD_TUNNEL_ADDRESS_INVALID`, `POD_ENCAPSULATION_INVALID` */
  constructor(options: ControllerOptions) {
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
    const { tls, waitForHostsMs } = this.#options;
    const shared = { tls, log: this.#log, onRetry: this.#logUnreachable.bind(this) };
    this.#switches = new SwitchConnections({
      ...shared,
      onSwitch: (session) => this.#switchUp(session),
      onRefused: (who, error) => this.#tellProblem(who, error),
    });
    this.#hosts = new HostConnections({
      ...{ ...shared, waitForHostsMs },
      onChange: () => this.#orderSoon(),
      onFailure: (method, error) => this.#tellProblem(method, error),
    });
    this.#dhcp = new DhcpServer({
      ownerOf: (key, address) => this.#orders.addresses.ownerOf(key, address),
      record: async (host, name, lease) => this.#hosts.get(host)?.recordLease(name, lease),
      now: Date.now,
      log: this.#log,
    });
    this.#services = {
      dhcp: this.#dhcp,
      recordConflicts: (host, notes) => this.#hosts.get(host)?.recordConflicts(notes),
    };
  }

  /** Where switches can call, with real ports where 0 was asked for. */
  get listening(): readonly string[] {
    return this.#switches.listening;
  }

  /** Where databases can call, with real ports where 0 was asked for. */
  get listeningForHosts(): readonly string[] {
    return this.#hosts.listening;
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
        if (isPassive(method)) await this.#hosts.listen(text);
        else this.#hosts.call(text);
      }
      for (const { text, method } of methods) {
        if (isPassive(method)) await this.#switches.listen(text);
        else this.#switches.call(text);
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
    this.#isClosed = true;
    this.#cancelExpiry();
    await Promise.all([
      ...[...this.#bridges.values()].map(({ control }) => control.stop()),
      this.#switches.close(),
      this.#hosts.close(),
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

  #expireLater(): void {
    if (this.#isClosed) return;
    this.#cancelExpiry = systemTimer(() => {
      void this.#expireLeases().finally(() => this.#expireLater());
    }, EXPIRE_EVERY_MS);
  }

  async #expireLeases(): Promise<void> {
    for (const { name, view } of this.#hosts) {
      const members = view.bridges.flatMap((bridge) => bridge.members);
      await this.#dhcp.expire(name, members).catch(({ code, message }: GalagoError) => {
        this.#log.warn({ host: name, code }, `leases that have run out could not be taken back: ${message}`);
      });
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
    const control = new BridgeControl(session, this.#services, (event) => this.#tell(event), this.#log);
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
    const underlay = { encapsulation, localIp, peers, mayLackHosts: this.#hosts.areAwaited };
    const changes = this.#hosts.takeChanges();
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
    if (!this.#hosts.mayTellMore) return { mode: 'learning', problems: [] };
    return {
      mode: 'waiting',
      problems: ['no database has told of this bridge yet: its flows stay as they are until one has'],
    };
  }

  #logUnreachable(method: string, { code, message }: GalagoError, retryInMs: number): void {
    if (this.#isClosed) return;
    this.#log.warn({ method, code }, `${message}, trying again in ${Math.round(retryInMs)} ms`);
  }

  #tellProblem(whose: string, { code, message }: GalagoError): void {
    this.#tell({ type: 'problem', code, message: `${whose}: ${message}` });
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
