import { connect as connectPlain, type Socket } from 'node:net';
import { ClosedError, type GalagoError, TimeoutError, UsageError } from '../util/errors.ts';
import { type ActiveMethod, type ConnectionMethod, formatMethod, isPassive } from './method.ts';
import { ignoreSocketErrors, reasonOf } from './reason.ts';
import { nodeTls, readTlsFiles, requireTls, type TlsFiles } from './tls.ts';

/** How {@link dial} connects. */
export interface DialOptions {
  /** The files of `ssl:`, which cannot do without; unused by the others. */
  readonly tls?: TlsFiles;
  /** Gives up when it is aborted. Once the socket has been handed over it has no effect. */
  readonly signal?: AbortSignal;
  /** The time for name resolution, connection and TLS handshake together. Default 10000. */
  readonly timeoutMs?: number;
  /** Makes the socket in place of node:net and node:tls; it must emit `connect`, or `secureConnect` for `ssl:`. */
  readonly connect?: (method: ActiveMethod) => Socket;
}

/**
 * Connects to an active connection method, without Nagle's delay. The socket is ready to be written; for
 * `ssl:` the peer has been verified. With TLS 1.3 the peer's verdict on our own certificate comes later: a
 * refusal closes the socket after this has resolved.
 *
 * An `error` of the socket that nobody listens to does not end the process; `close` always follows it.
 * @throws ClosedError `NET_CONNECT_FAILED` when the connection is refused, or the peer not verified.
 * @throws TimeoutError `NET_CONNECT_TIMEOUT` when `timeoutMs` have passed.
 * @throws ClosedError `NET_ABORTED` when `signal` is aborted.
 * @throws UsageError `NET_METHOD_INVALID` for a passive method, `NET_TLS_REQUIRED`, `NET_TLS_FILES_INVALID`.
 */
export async function dial(method: ConnectionMethod, options: DialOptions = {}): Promise<Socket> {
  requireDialable(method, options.tls);
  if (options.signal?.aborted) throw abortedError(method, options.signal);
  const socket = options.connect ? options.connect(method) : openSocket(method, options.tls);
  ignoreSocketErrors(socket);
  await opened(socket, method, options);
  socket.setNoDelay(true);
  return socket;
}

/**
 * Refuses what {@link dial} could never connect to.
 * @throws UsageError `NET_METHOD_INVALID` for a passive method, `NET_TLS_REQUIRED` for `ssl:` without files.
 */
export function requireDialable(
  method: ConnectionMethod,
  tls: TlsFiles | undefined,
): asserts method is ActiveMethod {
  if (isPassive(method)) {
    throw new UsageError(
      'NET_METHOD_INVALID',
      `expected tcp:, ssl: or unix: to connect to, got ${formatMethod(method)}, which is for listening`,
    );
  }
  if (method.type === 'ssl') requireTls(method, tls);
}

function openSocket(method: ActiveMethod, tls: TlsFiles | undefined): Socket {
  switch (method.type) {
    case 'unix':
      return connectPlain({ path: method.path });
    case 'tcp':
      return connectPlain({ host: method.host, port: method.port });
    case 'ssl':
      return nodeTls().connect({
        ...readTlsFiles(requireTls(method, tls)),
        host: method.host,
        port: method.port,
        rejectUnauthorized: true,
        checkServerIdentity: () => undefined,
      });
  }
}

function opened(socket: Socket, method: ActiveMethod, options: DialOptions): Promise<void> {
  const { signal, timeoutMs = 10_000 } = options;
  const ready = method.type === 'ssl' ? 'secureConnect' : 'connect';
  return new Promise((resolve, reject) => {
    const finish = (error?: GalagoError) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off(ready, onReady).off('error', onError).off('close', onClose);
      if (error === undefined) return resolve();
      socket.destroy();
      reject(error);
    };
    const onReady = () => finish();
    const onError = (cause: Error) => finish(failedError(method, cause));
    const onClose = () => finish(failedError(method, new Error('the peer closed the connection')));
    const onAbort = () => finish(abortedError(method, signal));
    const timer = setTimeout(() => finish(timeoutError(method, timeoutMs)), timeoutMs);
    signal?.addEventListener('abort', onAbort);
    socket.on(ready, onReady).on('error', onError).on('close', onClose);
  });
}

function failedError(method: ActiveMethod, cause: Error): ClosedError {
  const message = `cannot connect to ${formatMethod(method)}: ${reasonOf(cause)}`;
  return new ClosedError('NET_CONNECT_FAILED', message, { cause });
}

function timeoutError(method: ActiveMethod, timeoutMs: number): TimeoutError {
  const message = `cannot connect to ${formatMethod(method)}: no answer within ${timeoutMs} ms`;
  return new TimeoutError('NET_CONNECT_TIMEOUT', message);
}

function abortedError(method: ActiveMethod, signal: AbortSignal | undefined): ClosedError {
  const message = `connecting to ${formatMethod(method)} was aborted`;
  return new ClosedError('NET_ABORTED', message, { cause: signal?.reason });
}
