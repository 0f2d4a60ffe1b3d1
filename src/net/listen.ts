import { existsSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Server as TlsServer } from 'node:tls';
import { ClosedError, type GalagoError, UsageError } from '../util/errors.ts';
import { type ConnectionMethod, formatMethod, isPassive, type PassiveMethod } from './method.ts';
import { ignoreSocketErrors, reasonOf, systemCode } from './reason.ts';
import { removeStaleSocket } from './stale-socket.ts';
import { nodeTls, requireTls, type TlsFiles, TlsFileWatch } from './tls.ts';

/** How {@link listen} accepts. */
export interface ListenOptions {
  /** The files of `pssl:`, which cannot do without; unused by the others. */
  readonly tls?: TlsFiles;
  /** Connections open at a time, those in their handshake included; more are closed at once. Default 4096. */
  readonly maxConnections?: number;
  /** The time a peer has for its TLS handshake. Default 10000. */
  readonly handshakeTimeoutMs?: number;
  /**
   * Hears of each connection that was not handed over, and why: `NET_TOO_MANY_CONNECTIONS`,
   * `NET_HANDSHAKE_FAILED`, `NET_HANDLER_FAILED` (`onSocket` threw), `NET_ACCEPT_FAILED`; and of
   * `NET_TLS_FILES_INVALID` when files replaced on disk cannot be used, while the old ones still serve. Must not throw.
   */
  readonly onFailure?: (error: GalagoError) => void;
}

/** A passive connection method that is being listened on. */
export interface Listener extends AsyncDisposable {
  /** What is listened on; the port is the real one where 0 was asked for. */
  readonly method: PassiveMethod;
  /** Stops accepting and destroys the accepted sockets that are still open. May be called again. */
  close(): Promise<void>;
}

/**
 * Listens on a passive connection method and hands over each connection, without Nagle's delay; for `pssl:`
 * once the peer has been verified. A socket file that a dead process left behind is replaced.
 *
 * An `error` of a socket that nobody listens to does not end the process; `close` always follows it.
 * @throws ClosedError `NET_LISTEN_FAILED` when the address is in use, not ours or not allowed.
 * @throws UsageError `NET_METHOD_INVALID` for an active method, `NET_TLS_REQUIRED`, `NET_TLS_FILES_INVALID`.
 */
export async function listen(
  method: ConnectionMethod,
  onSocket: (socket: Socket) => void,
  options: ListenOptions = {},
): Promise<Listener> {
  if (!isPassive(method)) {
    throw new UsageError(
      'NET_METHOD_INVALID',
      `expected ptcp:, pssl: or punix: to listen on, got ${formatMethod(method)}, which is for connecting`,
    );
  }
  const onFailure = options.onFailure ?? (() => {});
  const deliver = (socket: Socket) => handOver(socket, onSocket, onFailure);
  const accept = method.type === 'pssl' ? acceptTls(method, deliver, onFailure, options) : deliver;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    ignoreSocketErrors(socket);
    accept(socket);
  });
  server.maxConnections = options.maxConnections ?? 4096;
  await bind(server, method);
  server.on('error', (cause) => onFailure(failure('NET_ACCEPT_FAILED', 'cannot accept', method, cause)));
  server.on('drop', () => onFailure(tooMany(method, server.maxConnections)));
  return new OpenListener(server, sockets, boundMethod(server, method));
}

class OpenListener implements Listener {
  readonly method: PassiveMethod;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;
  #closed: Promise<void> | undefined;

  constructor(server: Server, sockets: ReadonlySet<Socket>, method: PassiveMethod) {
    this.#server = server;
    this.#sockets = sockets;
    this.method = method;
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function handOver(
  socket: Socket,
  onSocket: (socket: Socket) => void,
  onFailure: (error: GalagoError) => void,
): void {
  try {
    onSocket(socket);
  } catch (cause) {
    socket.destroy();
    const message = `the handler of a connection from ${peerOf(socket)} threw: ${reasonOf(cause)}`;
    onFailure(new UsageError('NET_HANDLER_FAILED', message, { cause }));
  }
}

/**
 * The TLS server does not listen itself: it is given each connection after the files have been looked at, so
 * that the very first connection after a replacement already gets the new certificate.
 */
function acceptTls(
  method: PassiveMethod,
  deliver: (socket: Socket) => void,
  onFailure: (error: GalagoError) => void,
  options: ListenOptions,
): (socket: Socket) => void {
  const files = new TlsFileWatch(requireTls(method, options.tls));
  const server: TlsServer = nodeTls().createServer({
    ...files.changed(),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: options.handshakeTimeoutMs ?? 10_000,
  });
  server.on('secureConnection', (socket) => {
    ignoreSocketErrors(socket);
    deliver(socket);
  });
  server.on('tlsClientError', (cause, socket) => {
    const message = `TLS handshake with ${peerOf(socket)} failed: ${reasonOf(cause)}`;
    onFailure(new ClosedError('NET_HANDSHAKE_FAILED', message, { cause }));
    socket.destroy();
  });
  return (socket) => {
    try {
      const changed = files.changed();
      if (changed !== undefined) server.setSecureContext(changed);
    } catch (error) {
      onFailure(error as GalagoError);
    }
    server.emit('connection', socket);
  };
}

async function bind(server: Server, method: PassiveMethod): Promise<void> {
  try {
    await listening(server, method);
  } catch (cause) {
    const stale =
      method.type === 'punix' && systemCode(cause) === 'EADDRINUSE' && (await removeStaleSocket(method.path));
    if (!stale) throw failure('NET_LISTEN_FAILED', 'cannot listen on', method, cause);
    await listening(server, method).catch((again: unknown) => {
      throw failure('NET_LISTEN_FAILED', 'cannot listen on', method, again);
    });
  }
}

function listening(server: Server, method: PassiveMethod): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const address =
      method.type === 'punix' ? { path: method.path } : { host: method.host, port: method.port };
    // Node.js lets 511 wait; when more switches than that come back at once, the rest try again after a second.
    server.listen({ ...address, backlog: Math.max(server.maxConnections, 511) }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function boundMethod(server: Server, method: PassiveMethod): PassiveMethod {
  if (method.type === 'punix') return method;
  return { ...method, port: (server.address() as AddressInfo).port };
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use',
  EADDRNOTAVAIL: 'the address belongs to no interface of this machine',
  EACCES: 'permission denied',
};

function failure(code: string, what: string, method: PassiveMethod, cause: unknown): ClosedError {
  const why = missingDirectory(method, cause) ?? REASONS[systemCode(cause) ?? ''] ?? reasonOf(cause);
  return new ClosedError(code, `${what} ${formatMethod(method)}: ${why}`, { cause });
}

/** Node.js says EACCES for a socket whose directory is not there. */
function missingDirectory(method: PassiveMethod, cause: unknown): string | undefined {
  if (method.type !== 'punix' || systemCode(cause) !== 'EACCES') return undefined;
  const directory = dirname(method.path);
  return existsSync(directory) ? undefined : `there is no directory ${directory}`;
}

function tooMany(method: PassiveMethod, maxConnections: number): ClosedError {
  const message = `${formatMethod(method)} has its ${maxConnections} connections already; another was closed`;
  return new ClosedError('NET_TOO_MANY_CONNECTIONS', message);
}

function peerOf(socket: Socket): string {
  return socket.remoteAddress === undefined
    ? 'a peer'
    : formatMethod({ type: 'tcp', host: socket.remoteAddress, port: socket.remotePort ?? 0 });
}
