import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ignoreSocketErrors, reasonOf, systemCode } from '../../net/reason.ts';
import { ClosedError } from '../../util/errors.ts';
import { silentLog } from '../../util/log.ts';
import { formatApiAddress, parseApiAddress } from './api-address.ts';
import { type GuardOptions, guard, parseOrigin, type Refusal } from './api-guard.ts';
import { Feed, type FeedOptions, type FeedSource } from './feed.ts';

/** Where and to whom an {@link ApiServer} serves; the rest applies to its feed. */
export interface ApiServerOptions extends FeedOptions {
  /** `HOST:PORT`; port 0 lets the system choose. Default {@link DEFAULT_API_ADDRESS}. */
  readonly address?: string;
  /** Origins of web pages from elsewhere that may ask: `https://console.example`. Default none. */
  readonly allowedOrigins?: readonly string[];
  /** Connections open at a time, clients of the feed included; more are closed at once. Default 256. */
  readonly maxConnections?: number;
}

/** Where the interface is served unless told otherwise: only this machine reaches it. */
export const DEFAULT_API_ADDRESS = '127.0.0.1:8181';

const FEED_PATH = '/feed';
const MAX_HEADER_BYTES = 8192;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;

/** The northbound interface over HTTP: a {@link Feed} at `/feed`. It knows no users: whoever reaches it may read. */
export class ApiServer implements AsyncDisposable {
  /** What is listened on, as `HOST:PORT` with the real port. */
  readonly address: string;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;
  readonly #feed: Feed;
  #closed: Promise<void> | undefined;

  /**
   * Begins to serve what `source` tells.
   * @throws UsageError `API_ADDRESS_INVALID`, `API_ORIGIN_INVALID`; ClosedError `NET_LISTEN_FAILED` when the address is in use, not ours or
   * not allowed.
   */
  static async listen(source: FeedSource, options: ApiServerOptions = {}): Promise<ApiServer> {
    const {
      address = DEFAULT_API_ADDRESS,
      allowedOrigins = [],
      maxConnections = 256,
      ...feedOptions
    } = options;
    const { host, port } = parseApiAddress(address);
    const guardOptions = { host, allowedOrigins: allowedOrigins.map(parseOrigin) };
    const server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
    });
    server.maxConnections = maxConnections;
    const sockets = trackSockets(server);
    await listening(server, host, port, address);
    const { log = silentLog } = feedOptions;
    server.on('error', (error) =>
      log.warn({ address }, `cannot accept an HTTP connection: ${error.message}`),
    );
    const bound = formatApiAddress({ host, port: (server.address() as AddressInfo).port });
    const feed = new Feed(source, feedOptions);
    serve(server, feed, guardOptions);
    return new ApiServer(server, sockets, feed, bound);
  }

  private constructor(server: Server, sockets: ReadonlySet<Socket>, feed: Feed, address: string) {
    this.#server = server;
    this.#sockets = sockets;
    this.#feed = feed;
    this.address = address;
  }

  /** Where clients find the feed. */
  get feedUrl(): string {
    return `ws://${this.address}${FEED_PATH}`;
  }

  /** Stops listening, closes the feed, and resolves when every connection has gone. May be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    await this.#feed.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** The open connections. Node's server itself forgets those that were upgraded. */
function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    ignoreSocketErrors(socket);
  });
  return sockets;
}

function listening(server: Server, host: string, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => {
      const why = systemCode(cause) === 'EADDRINUSE' ? 'the address is in use' : reasonOf(cause);
      reject(new ClosedError('NET_LISTEN_FAILED', `cannot serve HTTP on ${address}: ${why}`, { cause }));
    };
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

function serve(server: Server, feed: Feed, options: GuardOptions): void {
  server.on('request', (request, response) => {
    refuse(response, refusalOf(request, options) ?? UPGRADE_REQUIRED);
  });
  server.on('upgrade', (request, socket: Socket, head) => {
    const refusal = refusalOf(request, options) ?? (feed.isFull ? FULL : undefined);
    if (refusal === undefined) return feed.accept(request, socket, head);
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    response.once('finish', () => socket.destroySoon());
    refuse(response, refusal);
  });
}

function refusalOf(request: IncomingMessage, options: GuardOptions): Refusal | undefined {
  const refusal = guard({ headers: request.headers, localAddress: request.socket.localAddress }, options);
  if (refusal !== undefined) return refusal;
  const [path = ''] = (request.url ?? '').split('?', 1);
  if (path === FEED_PATH) return undefined;
  return { status: 404, code: 'API_NOT_FOUND', message: `expected ${FEED_PATH}, got '${path}'` };
}

const UPGRADE_REQUIRED: Refusal = {
  status: 426,
  code: 'API_UPGRADE_REQUIRED',
  message: `${FEED_PATH} is a WebSocket: expected a request for an upgrade`,
};

const FULL: Refusal = {
  status: 503,
  code: 'API_TOO_MANY_CLIENTS',
  message: 'the feed has all the clients that it takes',
};

/** Answers and ends the connection, so that no body has to be read. */
function refuse(response: ServerResponse, { status, code, message }: Refusal): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    connection: status === 426 ? 'upgrade, close' : 'close',
    ...(status === 426 && { upgrade: 'websocket' }),
  });
  response.end(`${JSON.stringify({ code, message })}\n`);
}
