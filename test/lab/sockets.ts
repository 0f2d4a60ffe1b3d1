import { spawn } from 'node:child_process';
import type { Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { TimeoutError } from '../../src/util/errors.ts';
import { type CommandContext, inContext, LabError } from './run.ts';

/** An address to listen on or to connect to. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** How long to wait for a socket. */
export interface OpenSocketOptions {
  /** Default 5000. */
  readonly timeoutMs?: number;
}

type Kind = 'listen' | 'connect' | 'udp';

/** Listens on a TCP port of another network namespace; the connections are accepted in this process. */
export function listenIn(
  context: CommandContext,
  at: SocketAddress,
  options: OpenSocketOptions = {},
): Promise<Server> {
  return openSocket<Server>('listen', context, at, options);
}

/** Connects from another network namespace; the socket belongs to this process. */
export function connectIn(
  context: CommandContext,
  to: SocketAddress,
  options: OpenSocketOptions = {},
): Promise<Socket> {
  return openSocket<Socket>('connect', context, to, options);
}

/** Binds a UDP port of another network namespace; the socket belongs to this process. */
export function bindUdpIn(
  context: CommandContext,
  at: SocketAddress,
  options: OpenSocketOptions = {},
): Promise<UdpSocket> {
  return openSocket<UdpSocket>('udp', context, at, options);
}

/** Sends each connection that `server` accepts on to where `open` connects, both ways, until either end closes. */
export function forward(server: Server, open: () => Promise<Socket>): void {
  server.on('connection', (accepted: Socket) => {
    accepted.on('error', () => {});
    accepted.pause();
    open().then(
      (opened) => (accepted.destroyed ? opened.destroy() : splice(accepted, opened)),
      () => accepted.resetAndDestroy(),
    );
  });
}

/** Connects to a loopback port of this process's own namespace. */
export async function connectHere(port: number): Promise<Socket> {
  const socket = connect({ host: LOOPBACK, port });
  await once(socket, 'connect');
  return socket;
}

/** Listens on a free loopback port of this process's own namespace. */
export async function listenHere(): Promise<Server> {
  const server = createServer().listen({ host: LOOPBACK, port: 0 });
  await once(server, 'listening');
  return server;
}

/** The address that only its own namespace can reach. */
export const LOOPBACK = '127.0.0.1';

/**
 * A process cannot change its namespace, but a child can be started in one, and a socket keeps the namespace
 * that it was opened in wherever it is handed to.
 */
function openSocket<T>(
  kind: Kind,
  context: CommandContext,
  address: SocketAddress,
  options: OpenSocketOptions,
): Promise<T> {
  const { timeoutMs = 5000 } = options;
  const args = [fileURLToPath(new URL('./open-socket.js', import.meta.url))];
  const { file, argv, env } = inContext(
    process.execPath,
    [...args, JSON.stringify({ kind, ...address })],
    context,
  );
  const child = spawn(file, argv, { env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const what = `${kind} ${address.host}:${address.port} in ${context.netns}`;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new TimeoutError('LAB_SOCKET_TIMEOUT', `${what}: nothing after ${timeoutMs} ms`));
    }, timeoutMs);
    const fail = (reason: string) => {
      clearTimeout(timer);
      reject(new LabError('LAB_SOCKET_FAILED', `${what}: ${reason}`));
    };
    child.on('message', (message: { opened: boolean; reason?: string }, handle) => {
      if (!message.opened) return fail(message.reason ?? 'no reason given');
      clearTimeout(timer);
      resolve(handle as T);
    });
    child.on('error', (error) => fail(error.message));
    // Comes after the last message, unlike 'exit'.
    child.on('disconnect', () => fail('the process that opens it ended'));
  });
}

function splice(a: Socket, b: Socket): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    // One end may have said all it has to say while the other still answers.
    from.allowHalfOpen = true;
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => to.destroySoon());
    from.pipe(to);
  }
}
