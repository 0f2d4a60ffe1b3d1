import { parseMethod, Reconnector, type TlsFiles } from '../../net/index.ts';
import { OPENFLOW_PORT, OpenFlowServer, Switch } from '../../ofp/index.ts';
import type { GalagoError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';

/** What {@link SwitchConnections} work with, and whom they tell. */
export interface SwitchConnectionsOptions {
  readonly tls: TlsFiles | undefined;
  readonly log: Log;
  /** A session with a switch has begun. */
  readonly onSwitch: (session: Switch) => void;
  /** Somebody has called who is no switch that can be talked with. */
  readonly onRefused: (who: string, error: GalagoError) => void;
  /** A switch could not be reached, and is called again. */
  readonly onRetry: (method: string, error: GalagoError, retryInMs: number) => void;
}

/** The sessions with switches: called, or calling. */
export class SwitchConnections {
  readonly #options: SwitchConnectionsOptions;
  readonly #servers: OpenFlowServer[] = [];
  readonly #reconnectors: Reconnector[] = [];

  constructor(options: SwitchConnectionsOptions) {
    this.#options = options;
  }

  /** Where switches can call, with real ports where 0 was asked for. */
  get listening(): readonly string[] {
    return this.#servers.flatMap((server) => server.method ?? []);
  }

  /** Lets switches call. @throws ClosedError `NET_LISTEN_FAILED` */
  async listen(method: string): Promise<void> {
    const { tls, log, onSwitch, onRefused } = this.#options;
    const server = new OpenFlowServer({ listen: method, log, ...(tls && { tls }) });
    server.on('switch', onSwitch);
    server.on('refused', ({ remote, error }) => onRefused(remote || method, error));
    this.#servers.push(server);
    await server.listen();
  }

  /** Calls a switch, and again whenever the session has ended. */
  call(text: string): void {
    const { tls, log, onRetry } = this.#options;
    const reconnector = new Reconnector({
      ...(tls && { tls }),
      method: parseMethod(text, { defaultPort: OPENFLOW_PORT }),
      onSocket: async (socket) => this.#serve(await Switch.open(socket, { log })),
      onFailure: (error, retryInMs) => onRetry(text, error as GalagoError, retryInMs),
    });
    this.#reconnectors.push(reconnector);
    reconnector.start();
  }

  /** Ends all sessions. */
  async close(): Promise<void> {
    await Promise.all([
      ...this.#reconnectors.map((reconnector) => reconnector.close()),
      ...this.#servers.map((server) => server.close()),
    ]);
  }

  /** Resolves at the end of the session. @throws what ended it, unless it was closed here on purpose */
  async #serve(session: Switch): Promise<void> {
    if (session.isClosed) return;
    const closed = new Promise<GalagoError | undefined>((resolve) => {
      session.once('close', ({ error }) => resolve(error));
    });
    this.#options.onSwitch(session);
    const error = await closed;
    if (error !== undefined) throw error;
  }
}
