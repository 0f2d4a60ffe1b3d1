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
} from '../net/index.ts';
import { UsageError } from '../util/errors.ts';

/** Where the connections of a client come from. */
export interface Link {
  start(hooks: LinkHooks): void;
  /** Ends it, with the connection that there is. */
  close(): Promise<void>;
}

/** What a {@link Link} calls. */
interface LinkHooks {
  /** Given each connection; settles when it is over. */
  readonly serve: (socket: Socket, name: string) => Promise<void>;
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
 * Dials the methods in turn, again and again. Each attempt goes round all of them, beginning after the one that
 * was connected last, so that a server that is up but of no use does not keep us from the others.
 * @throws UsageError `NET_METHOD_INVALID`.
 */
export function dialLink(methods: readonly string[], options: DialLinkOptions): Link {
  const targets = methods.map((method) => parseMethod(method, { defaultPort: OVSDB_PORT }));
  if (targets.length === 0)
    throw new UsageError('NET_METHOD_INVALID', 'expected a connection method, got none');
  let next = 0;
  let connectedTo = '';
  const dialRound = async (_method: ConnectionMethod, dialOptions: DialOptions): Promise<Socket> => {
    let failure: unknown;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[next]!;
      next = (next + 1) % targets.length;
      try {
        const socket = await (options.dial ?? dial)(target, {
          ...dialOptions,
          timeoutMs: options.dialTimeoutMs ?? 10_000,
        });
        connectedTo = formatMethod(target);
        return socket;
      } catch (error) {
        failure = error;
        if (dialOptions.signal?.aborted) break;
      }
    }
    throw failure;
  };
  return redial(targets[0]!, dialRound, () => connectedTo, options);
}

function redial(
  method: ConnectionMethod,
  connect: (method: ConnectionMethod, options: DialOptions) => Promise<Socket>,
  connectedTo: () => string,
  { tls, backoff, now, setTimer }: DialLinkOptions,
): Link {
  let reconnector: Reconnector | undefined;
  return {
    start: ({ serve, failed }) => {
      reconnector = new Reconnector({
        method,
        connect,
        onSocket: (socket) => serve(socket, connectedTo()),
        onFailure: failed,
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

/** The one connection that a peer has made to us. */
export function socketLink(socket: Socket): Link {
  const { remoteAddress, remotePort } = socket;
  const name = remoteAddress === undefined ? 'a unix socket' : `${remoteAddress} port ${remotePort}`;
  return {
    start: ({ serve, failed }) => {
      serve(socket, name).catch((error) => failed(error, undefined));
    },
    close: async () => {
      socket.destroy();
    },
  };
}

/** IANA's port of OVSDB (RFC 7047, 6). */
const OVSDB_PORT = 6640;
