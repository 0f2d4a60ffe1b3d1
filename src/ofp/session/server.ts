import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type * as typedEmitter from 'typed-emitter';
import { type Listener, listen } from '../../net/listen.ts';
import { formatMethod, parseMethod } from '../../net/method.ts';
import type { TlsFiles } from '../../net/tls.ts';
import { ClosedError, type GalagoError, UsageError } from '../../util/errors.ts';
import { type Log, silentLog } from '../../util/log.ts';
import { Switch } from './switch.ts';
import type { SwitchOptions } from './switch-events.ts';

/** The port that the specification's registration names (IANA: openflow). */
export const OPENFLOW_PORT = 6653;

/** How an {@link OpenFlowServer} listens; the rest applies to each session. */
export interface OpenFlowServerOptions extends SwitchOptions {
  /** A passive connection method. Default `ptcp:6653:127.0.0.1`. */
  readonly listen?: string;
  /** The files of `pssl:`. */
  readonly tls?: TlsFiles;
  /** Connections open at a time. Default 4096. */
  readonly maxConnections?: number;
}

/** The events of an {@link OpenFlowServer}. */
export type OpenFlowServerEvents = {
  /** A switch is ready: version negotiated, features and ports known. */
  switch: (session: Switch) => void;
  /** A connection came to nothing, and why. */
  refused: (event: { readonly remote: string; readonly error: GalagoError }) => void;
};

const TypedEmitter = EventEmitter as unknown as new (options: {
  captureRejections: boolean;
}) => typedEmitter.default<OpenFlowServerEvents>;

/**
 * Waits for switches to call: what `ovs-vsctl set-controller BRIDGE tcp:HOST:PORT` connects to.
 *
 * A datapath id has one session at a time. When another connection comes with the same id, the older one is asked
 * for a sign of life: if it answers, the newcomer is refused with `OFP_DUPLICATE_DATAPATH`, else it takes over.
 */
export class OpenFlowServer extends TypedEmitter implements AsyncDisposable {
  readonly #options: OpenFlowServerOptions;
  readonly #log: Log;
  readonly #switches = new Map<string, Switch>();
  #listening: Promise<Listener> | undefined;
  #listener: Listener | undefined;

  constructor(options: OpenFlowServerOptions = {}) {
    super({ captureRejections: true });
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

  /** A handler of `switch` rejected: Node's EventEmitter calls this because of `captureRejections`. */
  [Symbol.for('nodejs.rejection')](cause: unknown, event: string, ...args: unknown[]): void {
    this.#handlerFailed(cause, event, args[0] instanceof Switch ? args[0] : undefined);
  }

  async #accept(socket: Socket): Promise<void> {
    const remote = `${socket.remoteAddress ?? 'unix'}:${socket.remotePort ?? ''}`;
    try {
      const session = await Switch.open(socket, this.#options, (newcomer) => this.#admit(newcomer));
      this.#add(session, remote);
    } catch (error) {
      this.#refused(remote, error as GalagoError);
    }
  }

  /** Gives a session its datapath id when no living session has it: the check and the gift are one turn. */
  async #admit(session: Switch): Promise<void> {
    const { id } = session;
    if (session.features.auxiliaryId !== 0) return this.#admitAuxiliary(session);
    for (let older = this.#switches.get(id); older !== undefined; older = this.#switches.get(id)) {
      const error = new ClosedError('OFP_DUPLICATE_DATAPATH', `datapath id ${id} is connected twice`);
      if (await isAlive(older)) throw error;
      void older.close(error);
    }
    if (session.isClosed) return;
    this.#switches.set(id, session);
    session.once('close', () => this.#switches.delete(id));
  }

  async #admitAuxiliary(session: Switch): Promise<void> {
    const main = this.#switches.get(session.id);
    if (main !== undefined) return main.addAuxiliary(session);
    const message = `an auxiliary connection of ${session.id} came before its main connection`;
    throw new ClosedError('OFP_AUXILIARY_WITHOUT_MAIN', message);
  }

  #add(session: Switch, remote: string): void {
    if (session.isClosed || session.features.auxiliaryId !== 0) return;
    session.once('close', ({ error }) => {
      this.#log.info({ datapathId: session.id, remote, code: error?.code }, error?.message ?? 'switch left');
    });
    this.#log.info({ datapathId: session.id, remote, ports: session.ports.size }, 'switch joined');
    try {
      this.emit('switch', session);
    } catch (cause) {
      this.#handlerFailed(cause, 'switch', session);
    }
  }

  #handlerFailed(cause: unknown, event: string, session: Switch | undefined): void {
    const reason = (cause as Partial<Error> | undefined)?.message ?? String(cause);
    const error = new ClosedError('OFP_HANDLER_FAILED', `a handler of '${event}' failed: ${reason}`, {
      cause,
    });
    this.#log.error({ err: cause, datapathId: session?.id }, error.message);
    void session?.close(error);
  }

  #refused(remote: string, error: GalagoError): void {
    this.#log.warn({ remote, code: error.code }, `connection refused: ${error.message}`);
    try {
      this.emit('refused', { remote, error });
    } catch (cause) {
      this.#handlerFailed(cause, 'refused', undefined);
    }
  }
}

/** How long a session has to show that it lives when another one comes with its datapath id. */
const TAKEOVER_MS = 2000;

function isAlive(session: Switch): Promise<boolean> {
  return session.request({ type: 'echoRequest', data: new Uint8Array() }, { timeoutMs: TAKEOVER_MS }).then(
    () => true,
    () => false,
  );
}
