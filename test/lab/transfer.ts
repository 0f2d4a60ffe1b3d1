import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { TimeoutError } from '../../src/util/errors.ts';
import { LabError } from './run.ts';

/** How long a transfer took. */
export interface TransferResult {
  readonly bytes: number;
  readonly durationMs: number;
}

/**
 * Sends `bytes` random bytes from `socket` to the first connection that `server` accepts, and compares checksums.
 * Closes both.
 * @throws LabError `LAB_TRANSFER_CORRUPT` when something else arrived.
 * @throws TimeoutError `LAB_TRANSFER_TIMEOUT` when `timeoutMs` have passed.
 */
export async function transfer(
  server: Server,
  openSocket: () => Promise<Socket>,
  bytes: number,
  timeoutMs: number,
): Promise<TransferResult> {
  const start = performance.now();
  const signal = AbortSignal.timeout(timeoutMs);
  const sockets: Socket[] = [];
  const accepted = once(server, 'connection', { signal }).then(([socket]) => {
    sockets.push(socket as Socket);
    return digestOf(socket as Socket, signal);
  });
  // Without a connection, the reason why there is none matters more than that there is none.
  accepted.catch(() => {});
  try {
    const socket = await openSocket();
    sockets.push(socket);
    const [sent, received] = await Promise.all([send(socket, bytes, signal), accepted]);
    if (sent !== received) {
      throw new LabError('LAB_TRANSFER_CORRUPT', `sent ${sent} (size and SHA-256), received ${received}`);
    }
    return { bytes, durationMs: performance.now() - start };
  } catch (error) {
    if (!signal.aborted) throw error;
    const why = `${bytes} bytes over TCP did not arrive within ${timeoutMs} ms`;
    throw new TimeoutError('LAB_TRANSFER_TIMEOUT', why, { cause: error });
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** Size and checksum of what was sent. */
async function send(socket: Socket, bytes: number, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const block = randomBytes(Math.min(bytes, BLOCK_BYTES));
  for (let left = bytes; left > 0; left -= block.length) {
    const part = block.subarray(0, left);
    hash.update(part);
    if (!socket.write(part)) await once(socket, 'drain', { signal });
  }
  socket.end();
  return `${bytes} ${hash.digest('hex')}`;
}

/** Size and checksum of all that comes. */
async function digestOf(socket: Socket, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    hash.update(chunk);
  });
  await once(socket, 'end', { signal });
  return `${bytes} ${hash.digest('hex')}`;
}

const BLOCK_BYTES = 64 * 1024;
