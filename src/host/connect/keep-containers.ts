import type { GalagoError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import type { SetTimer } from '../../util/timer.ts';
import type { HostDatabase } from '../database.ts';
import { inspectContainer, listContainers } from '../docker/docker.ts';
import { type ContainerEvent, followEvents } from '../docker/docker-events.ts';
import type { SlotKeeper } from '../slots/keep-slots.ts';
import { findLink } from '../system/ip.ts';
import { connectContainer, removeEndpoint } from './connect.ts';
import { readContainerLabels } from './container-labels.ts';
import { type Endpoint, EndpointKey, EndpointOwner, isConnected } from './endpoint.ts';
import { type PodReader, parseEndpointWords, readEndpointWords } from './endpoint-words.ts';
import { reconnectContainers } from './reconnect.ts';
import { Refusals } from './refusals.ts';
import { findTarget } from './target.ts';
import { NamespaceWatch } from './watch-namespaces.ts';

/** What {@link ContainerKeeper} needs beside the database. */
interface KeepOptions {
  readonly dockerSocket: string;
  readonly reader: PodReader;
  /** Looks after containers that are in slots. */
  readonly slots: SlotKeeper;
  readonly log: Log;
  readonly setTimer?: SetTimer;
}

/**
 * Keeps a host's endpoints what its containers need: attaches those whose labels ask for it when they start, and
 * detaches them when they end; connects again what was connected and has lost its interface; removes the ports of
 * containers that Docker has no more. What happened while nobody looked is made up for, and what was refused is tried
 * again when things are otherwise. What is in slots is left to {@link SlotKeeper}.
 */
export class ContainerKeeper implements AsyncDisposable {
  readonly #db: HostDatabase;
  readonly #options: KeepOptions;
  readonly #stop: () => void;
  readonly #stopChanges: () => void;
  readonly #namespaces: NamespaceWatch;
  readonly #refusals: Refusals;
  /** Whether those that were refused are going to be looked at. */
  #isRetrying = false;
  /** The devices of ports, by their index: it tells one from another of the same name. */
  #devices: ReadonlyMap<string, number> = new Map();
  /** One thing is done after the other: a container that starts anew has ended before. */
  #work: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(db: HostDatabase, options: KeepOptions) {
    this.#db = db;
    this.#options = options;
    this.#refusals = new Refusals(db);
    const timer = options.setTimer && { setTimer: options.setTimer };
    this.#namespaces = new NamespaceWatch({
      isWanted: (name) => db.endpoints().some((endpoint) => containerOf(endpoint) === `netns:${name}`),
      onNamed: (name) => this.#then(() => this.#reconnect(`netns:${name}`)),
      log: options.log,
      ...timer,
    });
    this.#then(() => this.#reconnect(undefined));
    this.#followDevices();
    this.#stopChanges = db.onChange(() => {
      this.#followDevices();
      this.#retrySoon();
      this.#plugInDue();
    });
    this.#stop = followEvents(options.dockerSocket, {
      onReached: () => this.#then(() => this.#lookAtAll()),
      onEvent: (event) => this.#then(() => this.#follow(event)),
      ...timer,
    });
  }

  /** Ends it, when what is being done is done. Endpoints stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#stop();
    this.#stopChanges();
    this.#namespaces[Symbol.dispose]();
    await this.#work;
  }

  #then(work: () => Promise<void>): void {
    this.#work = this.#work
      .then(() => (this.#isStopped ? undefined : work()))
      .catch(({ code, message }: GalagoError) =>
        this.#options.log.warn({ code }, `containers not looked after: ${message}`),
      )
      // What has changed meanwhile is not told again.
      .then(() => this.#plugInDue());
  }

  /** Has containers in slots tried again that had to wait for the switch. */
  #plugInDue(): void {
    const { slots } = this.#options;
    for (const id of slots.takeDue()) this.#then(() => slots.plugIn(id));
  }

  async #follow({ action, id }: ContainerEvent): Promise<void> {
    const own = this.#db.endpoints().filter((endpoint) => dockerId(endpoint) === id);
    switch (action) {
      case 'start':
        await this.#restore(`docker:${id}`);
        return this.#attach(id);
      case 'die':
        this.#refusals.delete(id);
        await this.#options.slots.ended(id);
        return this.#remove(own.filter(isLabelled), 'detached');
      case 'destroy':
        await this.#options.slots.removed(id);
        return this.#remove(own, 'removed with its container');
    }
  }

  /** Has containers looked at whose port has lost its device, or has another one: the switch does not mend that. */
  #followDevices(): void {
    const before = this.#devices;
    const veths = this.#db.interfaces.filter(({ type, external_ids: ids }) => {
      return type !== 'internal' && ids.has(EndpointKey.CONTAINER);
    });
    this.#devices = new Map(veths.map(({ name, ifindex = 0 }) => [name, ifindex]));
    for (const { name, ifindex = 0, external_ids: ids } of veths) {
      if ((before.get(name) ?? 0) === 0 || before.get(name) === ifindex) continue;
      this.#then(() => this.#restore(ids.get(EndpointKey.CONTAINER)!));
    }
  }

  /** Has those tried again that were refused when things were otherwise, once for all changes until then. */
  #retrySoon(): void {
    if (this.#isRetrying || this.#refusals.outdated().length === 0) return;
    this.#isRetrying = true;
    this.#then(async () => {
      this.#isRetrying = false;
      for (const id of this.#refusals.outdated()) await this.#attach(id);
    });
  }

  async #lookAtAll(): Promise<void> {
    const containers = await listContainers(this.#options.dockerSocket);
    const running = new Set(containers.flatMap(({ id, isRunning }) => (isRunning ? [id] : [])));
    const known = new Set(containers.map(({ id }) => id));
    const endpoints = this.#db.endpoints().filter((endpoint) => dockerId(endpoint) !== undefined);
    const isGone = await Promise.all(endpoints.map((endpoint) => isStale(endpoint, known)));
    const gone = endpoints.filter((_, i) => isGone[i]);
    await this.#remove(gone, 'removed: Docker has its container no more');
    const ended = endpoints.filter((endpoint) => isLabelled(endpoint) && !running.has(dockerId(endpoint)!));
    await this.#remove(
      ended.filter((endpoint) => !gone.includes(endpoint)),
      'detached',
    );
    await this.#options.slots.lookAtAll(known);
    await this.#reconnect(undefined);
    for (const { id, isRunning, hasLabels } of containers) if (isRunning && hasLabels) await this.#attach(id);
  }

  /** Gives one container, `docker:ID` or `netns:NAME`, back what it has lost: first what its slot leads by default. */
  async #restore(container: string): Promise<void> {
    if (container.startsWith('docker:')) await this.#options.slots.plugIn(container.slice(7));
    await this.#reconnect(container);
  }

  /** Connects containers again whose interface has gone. */
  async #reconnect(only: string | undefined): Promise<void> {
    const { dockerSocket, reader, log } = this.#options;
    const done = await reconnectContainers(this.#db, { dockerSocket, readPod: reader.podOf, only });
    for (const { container, port, error } of done) {
      if (error === undefined) log.info({ container, port }, 'connected again');
      else log.warn({ container, port, code: error.code }, `not connected again: ${error.message}`);
    }
  }

  /** Attaches a container as its labels say, if they say anything, and if it still runs. */
  async #attach(id: string): Promise<void> {
    const { dockerSocket, reader, log } = this.#options;
    const { situation } = this.#refusals;
    let container = id.slice(0, 12);
    try {
      const { name, pid, labels } = await inspectContainer(dockerSocket, id);
      container = name;
      const words = readContainerLabels(labels);
      if (pid === 0 || words.length === 0) return this.#refusals.delete(id);
      // All are looked at before the first one is attached.
      const parsed = words.map((one) => parseEndpointWords(one, reader));
      const requests = parsed.map((one) => readEndpointWords(this.#db, one, reader));
      const target = { ...(await findTarget(`docker:${id}`, dockerSocket)), name };
      for (const request of requests) {
        const wanted = { ...request, target, owner: EndpointOwner.LABELS };
        const { plan } = await connectContainer(this.#db, wanted);
        const { ifname, pod, ip } = plan.settings;
        if (plan.existing === undefined)
          log.info({ container, ifname, pod: pod.name, ip, port: plan.wiring.port }, 'attached');
      }
      this.#refusals.delete(id);
    } catch (error) {
      const { code, message } = error as GalagoError;
      // It has ended meanwhile, which is told next.
      if (GONE.includes(code)) return this.#refusals.delete(id);
      if (this.#refusals.add(id, error as GalagoError, situation))
        log.error({ container, code }, `not attached: ${message}`);
      // What has changed meanwhile is not told again.
      this.#retrySoon();
    }
  }

  async #remove(endpoints: readonly Endpoint[], what: string): Promise<void> {
    for (const { port, externalIds } of endpoints) {
      const container = externalIds.get(EndpointKey.NAME);
      try {
        await this.#db.locked(() => removeEndpoint(this.#db, port));
        this.#options.log.info({ container, port }, what);
      } catch (error) {
        const { code, message } = error as GalagoError;
        this.#options.log.error({ container, port, code }, `not ${what}: ${message}`);
      }
    }
  }
}

const GONE: readonly unknown[] = ['HOST_CONTAINER_UNKNOWN', 'HOST_CONTAINER_STOPPED'];

/** What an endpoint was connected to; empty when it was not by us. */
function containerOf(endpoint: Endpoint): string {
  return isConnected(endpoint) ? (endpoint.externalIds.get(EndpointKey.CONTAINER) ?? '') : '';
}

/** The id of the Docker container that an endpoint was connected to. */
function dockerId(endpoint: Endpoint): string | undefined {
  const container = containerOf(endpoint);
  return container.startsWith('docker:') ? container.slice(7) : undefined;
}

function isLabelled({ externalIds }: Endpoint): boolean {
  return externalIds.get(EndpointKey.OWNER) === EndpointOwner.LABELS;
}

/** True for ports of containers that are not known; one that has its link is another daemon's. */
async function isStale(endpoint: Endpoint, known: ReadonlySet<string>): Promise<boolean> {
  if (known.has(dockerId(endpoint)!)) return false;
  return endpoint.isInternal || (await findLink(endpoint.port)) === undefined;
}
