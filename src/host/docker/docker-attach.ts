import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable, Writable } from 'node:stream';
import { HostError } from '../host-error.ts';
import { callDocker, dockerFailure } from './docker-call.ts';

/** The terminal that a container is attached to. */
export interface AttachedTerminal {
  readonly input: Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
  readonly output: Writable & { readonly columns?: number; readonly rows?: number };
}

/**
 * Attaches a terminal to a container that runs and has one itself: what is typed goes there, and what it prints comes
 * here. The Engine looks for the keys that end it, ctrl-p ctrl-q, in what is typed.
 * @returns when the container has ended, or those keys came
 * @throws HostError `HOST_DOCKER_FAILED`
 */
export async function attachContainer(
  socketPath: string,
  id: string,
  { input, output }: AttachedTerminal,
): Promise<void> {
  const stream = await hijack(socketPath, `/containers/${id}/attach?${ATTACH}`);
  const resize = () => void resizeTerminal(socketPath, id, output);
  try {
    if (input.isTTY) input.setRawMode?.(true);
    output.on('resize', resize);
    resize();
    await carry(stream, input, output);
  } finally {
    output.off('resize', resize);
    input.unpipe(stream);
    input.pause();
    if (input.isTTY) input.setRawMode?.(false);
    stream.destroy();
  }
}

/** The stream of a call that the Engine goes on with as neither HTTP nor anything else. */
function hijack(socketPath: string, path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'docker', connection: 'Upgrade', upgrade: 'tcp' };
    const options = { socketPath, method: 'POST', path, headers };
    const call = process.getBuiltinModule('node:http').request(options);
    call.on('upgrade', (_response: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    call.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        reject(dockerFailure({ status: response.statusCode ?? 0, body }));
      });
    });
    call.on('error', (cause) => {
      reject(new HostError('HOST_DOCKER_FAILED', `docker at ${socketPath}: ${cause.message}`, { cause }));
    });
    call.end();
  });
}

function carry(stream: Duplex, input: Readable, output: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve();
      else reject(new HostError('HOST_DOCKER_FAILED', `docker: ${error.message}`, { cause: error }));
    });
    stream.on('end', resolve);
    stream.on('close', resolve);
    stream.pipe(output, { end: false });
    // When there is nothing more to type, the container may still have something to print.
    input.pipe(stream, { end: false });
  });
}

/** A size that the container does not learn is none to end for. */
async function resizeTerminal(
  socketPath: string,
  id: string,
  { columns, rows }: AttachedTerminal['output'],
): Promise<void> {
  if (columns === undefined || rows === undefined) return;
  const path = `/containers/${id}/resize?w=${columns}&h=${rows}`;
  await callDocker(socketPath, { method: 'POST', path }).catch(() => {});
}

const ATTACH = 'stream=true&stdin=true&stdout=true&stderr=true&detachKeys=ctrl-p,ctrl-q';
