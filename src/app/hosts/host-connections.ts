import { setMaxListeners } from 'node:events';
import { formatMethod, type Listener, type TlsFiles } from '../../net/index.ts';
import { listenOvsdb, OvsdbClient } from '../../ovsdb/index.ts';
import { openVswitch } from '../../ovsdb/schemas/index.ts';
import type { GalagoError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import { systemTimer } from '../../util/timer.ts';
import { Host } from './host.ts';
import type { OpenVswitch } from './host-view.ts';

/** What {@link HostConnections} work with, and whom they tell. */
export interface HostConnectionsOptions {
  readonly tls: TlsFiles | undefined;
  /** How long databases that call are waited for, in milliseconds. */
  readonly waitForHostsMs: number;
  readonly log: Log;
  /** Hosts have come, gone or told something: {@link HostConnections.takeChanges} says which. */
  readonly onChange: () => void;
  /** A database could not be reached, or not be followed. */
  readonly onFailure: (method: string, error: GalagoError) => void;
  /** A database could not be reached, and is called again. */
  readonly onRetry: (method: string, error: GalagoError, retryInMs: number) => void;
}

/** The databases of hosts: called, or calling, and followed. */
export class HostConnections {
  readonly #options: HostConnectionsOptions;
  readonly #listeners: Listener[] = [];
  readonly #clients = new Set<OvsdbClient<OpenVswitch>>();
  readonly #hosts = new Map<string, Host>();
  /** The names of hosts that have told something, and of those that are gone, since this was asked last. */
  readonly #told = new Set<string>();
  readonly #gone = new Set<string>();
  /** Databases that have been asked for and have not told anything yet, and listeners that some may yet call. */
  #awaited = 0;
  readonly #cancelWaits: (() => void)[] = [];
  readonly #abort: AbortController;

  constructor(options: HostConnectionsOptions) {
    this.#options = options;
    this.#abort = new AbortController();
    // Every call of a database that is under way listens to it, and there may be a thousand.
    setMaxListeners(0, this.#abort.signal);
  }

  /** Where databases can call, with real ports where 0 was asked for. */
  get listening(): readonly string[] {
    return this.#listeners.map(({ method }) => formatMethod(method));
  }

  /** True while there are hosts that should tell of themselves and have not. */
  get areAwaited(): boolean {
    return this.#awaited > 0;
  }

  /** True while a bridge that no database has told of may be one that some database will tell of. */
  get mayTellMore(): boolean {
    const isUnnamed = ({ view }: Host) => view.bridges.some(({ datapathId }) => datapathId === undefined);
    return this.#listeners.length > 0 || this.areAwaited || [...this.#hosts.values()].some(isUnnamed);
  }

  /** A host by {@link Host.name}. */
  get(name: string): Host | undefined {
    return this.#hosts.get(name);
  }

  /** All that have told of themselves; one whose database went away is as it was. */
  [Symbol.iterator](): Iterator<Host> {
    return this.#hosts.values();
  }

  /** Which hosts have told something, and the names of those that are gone, since this was asked last. */
  takeChanges(): { readonly told: readonly Host[]; readonly gone: readonly string[] } {
    const told = [...this.#told].flatMap((name) => this.#hosts.get(name) ?? []);
    const gone = [...this.#gone];
    this.#told.clear();
    this.#gone.clear();
    return { told, gone };
  }

  /** Lets databases call. @throws ClosedError `NET_LISTEN_FAILED` */
  async listen(method: string): Promise<void> {
    const { tls, log, waitForHostsMs, onFailure } = this.#options;
    let number = 0;
    const listener = await listenOvsdb(
      method,
      (client) => {
        const name = `${method}#${number++}`;
        client.on('disconnected', ({ error: { code, message } }) =>
          log.warn({ host: name, code }, `database lost: ${message}`),
        );
        return this.#up(name, client);
      },
      {
        ...(tls && { tls }),
        schema: openVswitch,
        onFailure: (error: GalagoError) => onFailure(method, error),
      },
    );
    this.#listeners.push(listener);
    this.#awaited++;
    this.#cancelWaits.push(systemTimer(() => this.#awaitLess(), waitForHostsMs));
  }

  /** Calls a database, until it answers. */
  call(method: string): void {
    this.#awaited++;
    const { tls, log, onFailure, onRetry } = this.#options;
    const { signal } = this.#abort;
    OvsdbClient.connect(method, {
      ...(tls && { tls }),
      ...{ schema: openVswitch, waitForServer: true, signal },
      onRetry: ({ error, retryInMs }) => onRetry(method, error, retryInMs),
    })
      .then((client) => this.#up(method, client))
      .then(() => this.#awaitLess())
      .catch((error: GalagoError) => {
        if (signal.aborted) return;
        // It stays awaited: without its database, a bridge of it may carry pods that a learning switch would join.
        log.error({ method, code: error.code }, `the database cannot be followed: ${error.message}`);
        onFailure(method, error);
      });
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#abort.abort();
    for (const cancel of this.#cancelWaits) cancel();
    await Promise.all([
      ...this.#listeners.map((listener) => listener.close()),
      ...[...this.#clients].map((client) => client.close()),
    ]);
  }

  #awaitLess(): void {
    this.#awaited--;
    this.#options.onChange();
  }

  async #up(name: string, client: OvsdbClient<OpenVswitch>): Promise<void> {
    const { log, onChange } = this.#options;
    this.#clients.add(client);
    client.once('closed', () => {
      this.#clients.delete(client);
      this.#forgetTwins();
    });
    if (this.#abort.signal.aborted) return client.close();
    const onTold = () => {
      this.#told.add(name);
      onChange();
    };
    const host = await Host.open(name, client, onTold, log);
    this.#hosts.set(name, host);
    this.#forgetTwins();
    log.info({ host: name, bridges: host.view.bridges.length }, 'database followed');
    onTold();
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
}
