import type { Socket } from 'node:net';
import { type Listener, listen } from '../../net/listen.ts';
import { formatMethod, parseMethod } from '../../net/method.ts';
import type { TlsFiles } from '../../net/tls.ts';
import { ClosedError, type GalagoError, UsageError } from '../../util/errors.ts';
import { type Log, silentLog } from '../../util/log.ts';
import { failureOf, SessionEmitter } from './session-emitter.ts';
import { Switch } from './switch.ts';
import type { SwitchOptions } from './switch-events.ts';

/** The port that the specification's registration names (IANA: openflow) (OpenFlow 1.3.5, 6.3.1). */
export const OPENFLOW_PORT = 6653;

/** How an {@link OpenFlowServer} listens; the rest applies to each session (OpenFlow 1.3.5, 6.3.1). */
export interface OpenFlowServerOptions extends SwitchOptions {
  /** A passive connection method. Default `ptcp:6653:127.0.0.1`. */
  readonly listen?: string;
  /** The files of `pssl:`. */
  readonly tls?: TlsFiles;
  /** Connections open at a time. Default 4096. */
  readonly maxConnections?: number;
}

/** The events of an {@link OpenFlowServer} (OpenFlow 1.3.5, 6.3.1). */
export type OpenFlowServerEvents = {
  /** A switch is ready: version negotiated, features and ports known. */
  switch: (session: Switch) => void;
  /** A connection came to nothing, and why. */
  refused: (event: { readonly remote: string; readonly error: GalagoError }) => void;
};

/**
 * Waits for switches to call: what `ovs-vsctl set-controller BRIDGE tcp:HOST:PORT` connects to.
 *
 * A datapath id has one session at a time. When another connection comes with the same id, the older one is asked
 * for a sign of life: if it answers, the newcomer is refused with `OFP_DUPLICATE_DATAPATH`, else it takes over. The
 * same goes for auxiliary connections with the same id of a switch; they become part of its session, and have to come
 * from where its main connection came from (OpenFlow 1.3.5, 6.3.6).
 */
export class OpenFlowServer extends SessionEmitter<OpenFlowServerEvents> implements AsyncDisposable {
  readonly #options: OpenFlowServerOptions;
  readonly #log: Log;
  readonly #switches = new Map<string, Switch>();
  /** Where each session's connection came from. */
  readonly #addresses = new WeakMap<Switch, string | undefined>();
  #listening: Promise<Listener> | undefined;
  #listener: Listener | undefined;

  constructor(options: OpenFlowServerOptions = {}) {
    super();
    this.#options = options;
    this.#log = options.log ?? silentLog;
  }

  /** The sessions by datapath id (16 hexadecimal digits). */
  get switches(): ReadonlyMap<string, Switch> {
    return this.#switches;
  }

  /** What is listened on, with the real port where 0 was asked for; undefined before {@link listen}. */
  get method(): string | undefined {
    return this.#listener && formatMethod(this.#listener.method);
  }

  /**
   * Begins to accept switches.
   * @throws UsageError `NET_METHOD_INVALID`, `OFP_LISTENING`; ClosedError `NET_LISTEN_FAILED`
   */
  async listen(): Promise<void> {
    if (this.#listening !== undefined) throw new UsageError('OFP_LISTENING', 'the server listens already');
    const { listen: text = `ptcp:${OPENFLOW_PORT}:127.0.0.1`, tls, maxConnections } = this.#options;
    const method = parseMethod(text, { defaultPort: OPENFLOW_PORT });
    const listening = listen(method, (socket) => void this.#accept(socket), {
      ...(tls && { tls }),
      ...(maxConnections !== undefined && { maxConnections }),
      onFailure: (error) => this.#refused('', error),
    });
    this.#listening = listening;
    try {
      const listener = await listening;
      if (this.#listening === listening) this.#listener = listener;
    } catch (error) {
      this.#listening = undefined;
      throw error;
    }
  }

  /** Closes every session, once what was sent to it has left, and stops listening. May be called again. */
  async close(): Promise<void> {
    const listening = this.#listening;
    this.#listening = undefined;
    this.#listener = undefined;
    const sessions = [...this.#switches.values()];
    await Promise.all(sessions.map((session) => session.close()));
    const listener = await listening?.catch(() => undefined);
    await listener?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #accept(socket: Socket): Promise<void> {
    const remote = `${socket.remoteAddress ?? 'unix'}:${socket.remotePort ?? ''}`;
    try {
      const session = await Switch.open(socket, this.#options, (newcomer) => {
        this.#addresses.set(newcomer, socket.remoteAddress);
        return this.#admit(newcomer);
      });
      this.#joined(session, remote);
    } catch (error) {
      this.#refused(remote, error as GalagoError);
    }
  }

  #admit(session: Switch): Promise<void> {
    const { id, features } = session;
    const { auxiliaryId } = features;
    if (auxiliaryId !== 0) {
      return claim(
        `auxiliary connection ${auxiliaryId} of ${id}`,
        () => this.#mainOf(session).auxiliaries.get(auxiliaryId),
        () => this.#mainOf(session).addAuxiliary(session),
      );
    }
    return claim(
      `datapath id ${id}`,
      () => this.#switches.get(id),
      () => {
        if (session.isClosed) return;
        this.#switches.set(id, session);
        session.once('close', () => this.#switches.delete(id));
      },
    );
  }

  #mainOf(auxiliary: Switch): Switch {
    const main = this.#switches.get(auxiliary.id);
    const address = this.#addresses.get(auxiliary);
    if (main !== undefined && this.#addresses.get(main) === address) return main;
    const message = `${auxiliary.id} has no main connection from ${address ?? 'this socket'}`;
    throw new ClosedError('OFP_AUXILIARY_WITHOUT_MAIN', message);
  }

  #joined(session: Switch, remote: string): void {
    if (session.isClosed) return;
    const { id: datapathId, features } = session;
    const { auxiliaryId } = features;
    const what = auxiliaryId === 0 ? 'switch' : `auxiliary connection ${auxiliaryId}`;
    session.once('close', ({ error }) => {
      this.#log.info({ datapathId, remote, code: error?.code }, error?.message ?? `${what} left`);
    });
    this.#log.info({ datapathId, remote, ports: session.ports.size }, `${what} joined`);
    if (auxiliaryId === 0) this.tell('switch', session);
  }

  protected override handlerFailed(event: string, cause: unknown, payload: unknown): void {
    const session = payload instanceof Switch ? payload : undefined;
    const error = new ClosedError('OFP_HANDLER_FAILED', failureOf(event, cause), { cause });
    this.#log.error({ err: cause, datapathId: session?.id }, error.message);
    void session?.close(error);
  }

  #refused(remote: string, error: GalagoError): void {
    this.#log.warn({ remote, code: error.code }, `connection refused: ${error.message}`);
    this.tell('refused', { remote, error });
  }
}

/** How long a session has to show that it lives when another one comes with its datapath id. */
const TAKEOVER_MS = 2000;

/**
 * Takes what one session at a time may have, when no living session has it: the last look and the taking are one turn.
 * @throws ClosedError `OFP_DUPLICATE_DATAPATH`
 */
async function claim(what: string, holder: () => Switch | undefined, take: () => void): Promise<void> {
  for (let older = holder(); older !== undefined; older = holder()) {
    const error = new ClosedError('OFP_DUPLICATE_DATAPATH', `${what} is connected twice`);
    if (await isAlive(older)) throw error;
    void older.close(error);
  }
  take();
}

function isAlive(session: Switch): Promise<boolean> {
  return session.request({ type: 'echoRequest', data: new Uint8Array() }, { timeoutMs: TAKEOVER_MS }).then(
    () => true,
    () => false,
  );
}
