import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Docker Engine that goes silent at a certain call. */
interface HeldDocker {
  readonly socket: string;
  /** Resolves when that call has come. */
  readonly reached: Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Passes calls on to the Docker Engine, but for the first POST to a path with these words: whoever made it is told
 * nothing, and the Engine of it only when it is `after`.
 */
export async function holdDocker(
  engine: string,
  words: string,
  when: 'before' | 'after',
): Promise<HeldDocker> {
  const dir = await mkdtemp(join(tmpdir(), 'galago-held-'));
  const socket = join(dir, 'docker.sock');
  let reach = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const server = createServer((asked, answer) => {
    const { method = 'GET', url = '', headers } = asked;
    const isHeld = method === 'POST' && url.includes(words);
    if (isHeld && when === 'before') return reach();
    const call = request({ socketPath: engine, method, path: url, headers }, (response) => {
      if (isHeld) return reach();
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
    });
    call.on('error', () => answer.destroy());
    asked.pipe(call);
  });
  server.listen(socket);
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true });
  };
  return { socket, reached, close };
}
