import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable, Writable } from 'node:stream';
import { HostError } from '../host-error.ts';
import { callDocker, dockerFailure } from './docker-call.ts';
import { waitForContainer } from './docker-containers.ts';

/** The terminal that a container is attached to. */
export interface AttachedTerminal {
  readonly input: Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
  readonly output: Writable & { readonly columns?: number; readonly rows?: number };
}

/** How {@link attachContainer} ended. */
export type AttachEnd =
  /** By the keys for that: the container goes on. */
  | { readonly type: 'detached' }
  /** With the container, whose exit status is not known when it was removed at once. */
  | { readonly type: 'ended'; readonly status: number | undefined };

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
): Promise<AttachEnd> {
  const stream = await hijack(socketPath, `/containers/${id}/attach?${ATTACH}`);
  const detach = new DetachWatch(input);
  const size = new SizeFollower(output, (query) => resizeTerminal(socketPath, id, query));
  try {
    if (input.isTTY) input.setRawMode?.(true);
    await carry(stream, input, output);
  } finally {
    size[Symbol.dispose]();
    detach[Symbol.dispose]();
    input.unpipe(stream);
    input.pause();
    if (input.isTTY) input.setRawMode?.(false);
    stream.destroy();
  }
  if (detach.isTyped) return { type: 'detached' };
  return { type: 'ended', status: await waitForContainer(socketPath, id) };
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

/** Looks for the keys that detach in what is typed: the Engine does not say why it ends a stream. */
class DetachWatch implements Disposable {
  readonly #input: Readable;
  #last = '';
  #isTyped = false;

  constructor(input: Readable) {
    this.#input = input;
    input.on('data', this.#look);
  }

  /** Whether they have come. */
  get isTyped(): boolean {
    return this.#isTyped;
  }

  [Symbol.dispose](): void {
    this.#input.off('data', this.#look);
  }

  readonly #look = (chunk: Buffer) => {
    const typed = this.#last + chunk.toString('latin1');
    this.#isTyped ||= typed.includes(DETACH_KEYS);
    this.#last = typed.slice(1 - DETACH_KEYS.length);
  };
}

/**
 * Has a container's terminal be as large as this one, for as long as it takes. To begin with it is made larger than
 * that: what fills the terminal draws it anew when its size changes.
 */
class SizeFollower implements Disposable {
  readonly #output: AttachedTerminal['output'];
  readonly #resize: (query: string) => Promise<void>;
  #told = '';
  /** One call after the other, so that the last one says how large it is. */
  #work: Promise<void>;

  constructor(output: AttachedTerminal['output'], resize: (query: string) => Promise<void>) {
    this.#output = output;
    this.#resize = resize;
    this.#work = this.#tell(1);
    this.#follow();
    output.on('resize', this.#follow);
  }

  [Symbol.dispose](): void {
    this.#output.off('resize', this.#follow);
  }

  readonly #follow = () => {
    this.#work = this.#work.then(() => this.#tell(0));
  };

  async #tell(more: number): Promise<void> {
    const { columns, rows } = this.#output;
    if (!columns || !rows) return;
    const query = `w=${columns + more}&h=${rows + more}`;
    if (query === this.#told) return;
    this.#told = query;
    await this.#resize(query);
  }
}

/** A size that the container does not learn is none to end for. */
async function resizeTerminal(socketPath: string, id: string, query: string): Promise<void> {
  const path = `/containers/${id}/resize?${query}`;
  await callDocker(socketPath, { method: 'POST', path }).catch(() => {});
}

const ATTACH = 'stream=true&stdin=true&stdout=true&stderr=true&detachKeys=ctrl-p,ctrl-q';
const DETACH_KEYS = '\x10\x11';
