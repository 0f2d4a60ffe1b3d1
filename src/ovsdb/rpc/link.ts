import type { Socket } from 'node:net';
import {
  type Backoff,
  type ConnectionMethod,
  type DialOptions,
  dial,
  formatMethod,
  parseMethod,
  Reconnector,
  type TlsFiles,
} from '../../net/index.ts';
import { UsageError } from '../../util/errors.ts';

/** Where the connections of a client come from. */
export interface Link {
  start(hooks: LinkHooks): void;
  /** Ends it, with the connection that there is. */
  close(): Promise<void>;
}

/** What a {@link Link} calls. */
interface LinkHooks {
  /** Given each connection first; rejects when the server is of no use, and the next of several is to be tried. */
  readonly greet: (socket: Socket, name: string) => Promise<void>;
  /** Called when the connection that was greeted is to be used; settles when it is over. */
  readonly serve: (name: string) => Promise<void>;
  /** Told why a connection was not made, or has ended, and when the next comes: `undefined` is never. */
  readonly failed: (error: unknown, retryInMs: number | undefined) => void;
}

/** How {@link dialLink} connects. */
export interface DialLinkOptions {
  /** The files of `ssl:` methods. */
  readonly tls?: TlsFiles;
  /** The delays between attempts. Default: 250 ms to 8 s. */
  readonly backoff?: Backoff;
  /** The time for one connection to be made. Default 10000. */
  readonly dialTimeoutMs?: number;
  /** Default `dial` of `src/net`. */
  readonly dial?: (method: ConnectionMethod, options: DialOptions) => Promise<Socket>;
  /** Milliseconds of a clock that never goes back. Default `performance.now`. */
  readonly now?: () => number;
  /** Runs the callback once after a delay; the result cancels it. Default `setTimeout`. */
  readonly setTimer?: (callback: () => void, delayMs: number) => () => void;
}

/**
 * Dials the methods in turn, again and again. Each attempt goes round all of them until a server is of use,
 * beginning after the one that was connected last.
 * @throws UsageError `NET_METHOD_INVALID`.
 */
export function dialLink(methods: readonly string[], options: DialLinkOptions): Link {
  const targets = methods.map((method) => parseMethod(method, { defaultPort: OVSDB_PORT }));
  const [first] = targets;
  if (first === undefined) {
    throw new UsageError('NET_METHOD_INVALID', 'expected a connection method, got none');
  }
  let reconnector: Reconnector | undefined;
  return {
    start: (hooks) => {
      const { tls, backoff, now, setTimer } = options;
      const round = new Round(targets, options, hooks.greet);
      reconnector = new Reconnector({
        method: first,
        connect: (_method, dialOptions) => round.connect(dialOptions),
        onSocket: () => hooks.serve(round.connectedTo),
        onFailure: hooks.failed,
        ...(tls && { tls }),
        ...(backoff && { backoff }),
        ...(now && { now }),
        ...(setTimer && { setTimer }),
      });
      reconnector.start();
    },
    close: async () => reconnector?.close(),
  };
}

/** Goes round several servers, and remembers where it stopped. */
class Round {
  readonly #targets: readonly ConnectionMethod[];
  readonly #options: DialLinkOptions;
  readonly #greet: LinkHooks['greet'];
  #next = 0;
  #connectedTo = '';

  constructor(
    targets: readonly ConnectionMethod[],
    options: DialLinkOptions,
    greet: (socket: Socket, name: string) => Promise<void>,
  ) {
    this.#targets = targets;
    this.#options = options;
    this.#greet = greet;
  }

  /** The method of the last connection. */
  get connectedTo(): string {
    return this.#connectedTo;
  }

  /** Connects to the first server of use; rejects with why the last one was of none. */
  async connect(dialOptions: DialOptions): Promise<Socket> {
    let failure: unknown;
    for (const _ of this.#targets) {
      const target = this.#targets[this.#next]!;
      this.#next = (this.#next + 1) % this.#targets.length;
      try {
        return await this.#connectTo(target, dialOptions);
      } catch (error) {
        failure = error;
        if (dialOptions.signal?.aborted) break;
      }
    }
    throw failure;
  }

  async #connectTo(target: ConnectionMethod, dialOptions: DialOptions): Promise<Socket> {
    const { dial: connect = dial, dialTimeoutMs = 10_000 } = this.#options;
    const socket = await connect(target, { ...dialOptions, timeoutMs: dialTimeoutMs });
    this.#connectedTo = formatMethod(target);
    await this.#greet(socket, this.#connectedTo);
    return socket;
  }
}

/** The one connection that a peer has made to us. */
export function socketLink(socket: Socket): Link {
  const { remoteAddress, remotePort } = socket;
  const name = remoteAddress === undefined ? 'a unix socket' : `${remoteAddress} port ${remotePort}`;
  return {
    start: ({ greet, serve, failed }) => {
      greet(socket, name)
        .then(() => serve(name))
        .catch((error) => failed(error, undefined));
    },
    close: async () => {
      socket.destroy();
    },
  };
}

/** IANA's port of OVSDB (RFC 7047, 6). */
const OVSDB_PORT = 6640;
