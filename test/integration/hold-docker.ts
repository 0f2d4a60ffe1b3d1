import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Docker Engine that goes silent at a certain call. */
interface HeldDocker {
  readonly socket: string;
  /** Resolves when that call has come. */
  readonly reached: Promise<void>;
  /** Lets that call go on, and all others. */
  readonly release: () => void;
  readonly close: () => Promise<void>;
}

/** Chooses calls to the Docker Engine. */
type CallFilter = (method: string, path: string) => boolean | Promise<boolean>;

/** Chooses each POST to a path with these words. */
export function posts(words: string): CallFilter {
  return (method, path) => method === 'POST' && path.includes(words);
}

/**
 * Passes calls on to the Docker Engine, but for those that are to be held: whoever made one is told nothing until they
 * are released, and the Engine of it only when it is `after`.
 */
export async function holdDocker(
  engine: string,
  isHeld: CallFilter,
  when: 'before' | 'after',
): Promise<HeldDocker> {
  const dir = await mkdtemp(join(tmpdir(), 'galago-held-'));
  const socket = join(dir, 'docker.sock');
  const [reached, released] = [gate(), gate()];
  const hold = () => {
    reached.open();
    return released.opened;
  };
  const pass = async (asked: IncomingMessage, answer: ServerResponse) => {
    const { method = 'GET', url = '', headers } = asked;
    const isOne = await isHeld(method, url);
    if (isOne && when === 'before') await hold();
    const call = request({ socketPath: engine, method, path: url, headers }, async (response) => {
      if (isOne && when === 'after') await hold();
      answer.writeHead(response.statusCode ?? 500, response.headers);
      // Whoever follows events waits for the head of the answer.
      answer.flushHeaders();
      response.pipe(answer);
    });
    call.on('error', () => answer.destroy());
    asked.pipe(call);
  };
  const server = createServer((asked, answer) => void pass(asked, answer));
  server.listen(socket);
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true });
  };
  return { socket, reached: reached.opened, release: released.open, close };
}

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
