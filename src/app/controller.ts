import { isPassive, type Listener, parseMethod, Reconnector } from '../net/index.ts';
import { OPENFLOW_PORT, OpenFlowServer, Switch } from '../ofp/index.ts';
import { listenOvsdb, OvsdbClient } from '../ovsdb/index.ts';
import { openVswitch } from '../ovsdb/schemas/index.ts';
import type { GalagoError } from '../util/errors.ts';
import { type Log, silentLog } from '../util/log.ts';
import { BridgeControl, type BridgeOrder } from './bridge-control.ts';
import type { EventSink, NetworkEvent, SwitchState } from './events.ts';
import { Host } from './host.ts';
import type { OpenVswitch } from './host-view.ts';
import { orderBridges } from './order.ts';
import { PodKeys } from './pod-keys.ts';

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
  readonly log?: Log;
}

/** The OVSDB port that the specification's registration names (IANA: ovsdb). */
export const OVSDB_PORT = 6640;

/**
 * The controller: a learning switch on every bridge that calls, and a pod network on those whose database puts
 * interfaces into pods. It never flushes a switch: closing leaves the flows, and starting takes them over.
 */
export class Controller implements AsyncDisposable {
  readonly #options: Required<Omit<ControllerOptions, 'localIp'>> & Pick<ControllerOptions, 'localIp'>;
  readonly #log: Log;
  readonly #servers: OpenFlowServer[] = [];
  readonly #reconnectors: Reconnector[] = [];
  readonly #listeners: Listener[] = [];
  readonly #clients = new Set<OvsdbClient<OpenVswitch>>();
  readonly #hosts = new Map<string, Host>();
  readonly #bridges = new Map<string, { readonly session: Switch; readonly control: BridgeControl }>();
  readonly #keys = new PodKeys();
  readonly #sinks = new Set<EventSink>();
  /** Databases that have been asked for and have not told anything yet. */
  #hostsAwaited = 0;
  #orderScheduled = false;
  #closed = false;

  constructor(options: ControllerOptions) {
    this.#log = options.log ?? silentLog;
    this.#options = { ovsdb: [], encapsulation: 'vxlan', peers: [], log: this.#log, ...options };
  }

  /** Where switches can call, with real ports where 0 was asked for. */
  get listening(): readonly string[] {
    return this.#servers.flatMap((server) => server.method ?? []);
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
   * @throws UsageError `NET_METHOD_INVALID`; ClosedError `NET_LISTEN_FAILED`
   */
  async start(): Promise<void> {
    const { openflow, ovsdb } = this.#options;
    const methods = openflow.map((text) => ({
      text,
      method: parseMethod(text, { defaultPort: OPENFLOW_PORT }),
    }));
    const databases = ovsdb.map((text) => ({ text, method: parseMethod(text, { defaultPort: OVSDB_PORT }) }));
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
    await Promise.all([...this.#bridges.values()].map(({ control }) => control.settled()));
  }

  /** Ends every connection. Flows stay in the switches. May be called again. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { control } of this.#bridges.values()) control.stop();
    await Promise.all([
      ...this.#reconnectors.map((reconnector) => reconnector.close()),
      ...this.#servers.map((server) => server.close()),
      ...this.#listeners.map((listener) => listener.close()),
      ...[...this.#clients].map((client) => client.close()),
    ]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listenForSwitches(method: string): Promise<void> {
    const server = new OpenFlowServer({ listen: method, log: this.#log });
    server.on('switch', (session) => this.#switchUp(session));
    server.on('refused', ({ remote, error: { code, message } }) => {
      this.#tell({ type: 'problem', code, message: `${remote || method}: ${message}` });
    });
    this.#servers.push(server);
    await server.listen();
  }

  #callSwitch(text: string): void {
    const reconnector = new Reconnector({
      method: parseMethod(text, { defaultPort: OPENFLOW_PORT }),
      onSocket: async (socket) => {
        const session = await Switch.open(socket, { log: this.#log });
        this.#switchUp(session);
        await new Promise((resolve) => session.once('close', resolve));
      },
      onFailure: (error, retryInMs) => this.#unreachable(text, error as GalagoError, retryInMs),
    });
    this.#reconnectors.push(reconnector);
    reconnector.start();
  }

  async #listenForHosts(method: string): Promise<void> {
    const options = {
      schema: openVswitch,
      onFailure: ({ code, message }: GalagoError) =>
        this.#tell({ type: 'problem', code, message: `${method}: ${message}` }),
    };
    let number = 0;
    const listener = await listenOvsdb(
      method,
      (client) => this.#hostUp(`${method}#${number++}`, client),
      options,
    );
    this.#listeners.push(listener);
  }

  #callHost(method: string): void {
    this.#hostsAwaited++;
    OvsdbClient.connect(method, { schema: openVswitch, waitForServer: true })
      .then((client) => this.#hostUp(method, client))
      .catch((error: GalagoError) => this.#unreachable(method, error))
      .finally(() => {
        this.#hostsAwaited--;
        this.#orderSoon();
      });
  }

  async #hostUp(name: string, client: OvsdbClient<OpenVswitch>): Promise<void> {
    this.#clients.add(client);
    client.once('closed', () => {
      this.#clients.delete(client);
      this.#hosts.delete(name);
      this.#orderSoon();
    });
    client.on('disconnected', ({ error }) =>
      this.#log.warn({ host: name, code: error.code }, `database lost: ${error.message}`),
    );
    if (this.#closed) return client.close();
    const host = await Host.open(name, client, () => this.#orderSoon(), this.#log);
    this.#hosts.set(name, host);
    this.#log.info({ host: name, bridges: host.view.bridges.length }, 'database followed');
    this.#orderSoon();
  }

  #switchUp(session: Switch): void {
    const control = new BridgeControl(session, (event) => this.#tell(event), this.#log);
    this.#bridges.set(session.id, { session, control });
    session.once('close', ({ error }) => {
      if (this.#bridges.get(session.id)?.session === session) this.#bridges.delete(session.id);
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
    if (this.#orderScheduled || this.#closed) return;
    this.#orderScheduled = true;
    setImmediate(() => {
      this.#orderScheduled = false;
      if (!this.#closed) this.#order();
    });
  }

  #order(): void {
    const hosts = [...this.#hosts.values()];
    const { encapsulation, localIp, peers } = this.#options;
    const orders = orderBridges(hosts, { encapsulation, localIp, peers }, this.#keys);
    for (const [datapathId, { control }] of this.#bridges) {
      const known = orders.get(datapathId);
      if (known?.needsTunnel) this.#hosts.get(known.host.name)?.ensureTunnel(known.bridge, encapsulation);
      control.order(known?.order ?? this.#orderUnknown());
    }
  }

  /** A bridge of which no database has told: it may carry pods, as long as there are databases yet to tell. */
  #orderUnknown(): BridgeOrder {
    const passive = this.#options.ovsdb.some((method) =>
      isPassive(parseMethod(method, { defaultPort: OVSDB_PORT })),
    );
    if (!passive && this.#hostsAwaited === 0) return { mode: 'learning', problems: [] };
    return {
      mode: 'waiting',
      problems: ['no database has told of this bridge yet: it forwards nothing until one has'],
    };
  }

  #unreachable(method: string, { code, message }: GalagoError, retryInMs?: number): void {
    if (this.#closed) return;
    const again = retryInMs === undefined ? '' : `, trying again in ${Math.round(retryInMs)} ms`;
    this.#log.warn({ method, code }, `${message}${again}`);
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
