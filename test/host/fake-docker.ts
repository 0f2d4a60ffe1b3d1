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

/** Serves what `GET /containers/NAME/json` gives, by the `Id` in it as well; a text is sent as it is. */
export async function serveDocker(
  containers: Readonly<Record<string, object | string>>,
): Promise<FakeDocker> {
  const dir = await mkdtemp(join(tmpdir(), 'galago-docker-'));
  const socket = join(dir, 'docker.sock');
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const asks = /^\/containers\/([^/]+)\/json$/.exec(url)?.[1] ?? '';
    const found = containers[asks] ?? Object.values(containers).find((one) => idOf(one) === asks);
    response.statusCode = found === undefined ? 404 : 200;
    response.end(
      typeof found === 'string' ? found : JSON.stringify(found ?? { message: 'No such container' }),
    );
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

function idOf(container: object | string): unknown {
  return typeof container === 'object' && 'Id' in container ? container.Id : undefined;
}
