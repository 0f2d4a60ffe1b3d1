import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Docker Engine that knows how to inspect containers, and nothing else. */
export interface FakeDocker extends AsyncDisposable {
  readonly socket: string;
  /** The paths that were asked for. */
  readonly asked: readonly string[];
}

/** Serves what `GET /containers/NAME/json` gives, by how the `Id` in it begins as well; a text is sent as it is. */
export async function serveDocker(
  containers: Readonly<Record<string, object | string>>,
): Promise<FakeDocker> {
  const dir = await mkdtemp(join(tmpdir(), 'galago-docker-'));
  const socket = join(dir, 'docker.sock');
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const asks = /^\/containers\/([^/]+)\/json$/.exec(url)?.[1] ?? '';
    const all = Object.values(containers).filter((one) => idOf(one).startsWith(asks));
    const [found, other] = asks in containers ? [containers[asks]] : all;
    const message = `${found === undefined ? 'No such container' : 'Multiple IDs found with provided prefix'}: ${asks}`;
    const answer = other === undefined ? found : undefined;
    if (answer === undefined) response.statusCode = found === undefined ? 404 : 400;
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? { message }));
  });
  server.listen(socket);
  await once(server, 'listening');
  return {
    socket,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await rm(dir, { recursive: true });
    },
  };
}

function idOf(container: object | string): string {
  return typeof container === 'object' && 'Id' in container ? `${container.Id}` : '';
}
