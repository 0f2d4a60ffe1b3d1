import { UsageError } from '../util/errors.ts';
import { HostError } from './host-error.ts';

/** A container, as far as Docker tells and its network needs. */
export interface DockerContainer {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** The process that its namespaces are those of; 0 while it does not run. */
  readonly pid: number;
  /** `bridge`, `none`, `host`, `container:ID` or a network's name. */
  readonly networkMode: string;
}

/**
 * Asks the Docker Engine for a container by its name, its id or the beginning of that.
 * @param socketPath of the Engine's Unix socket: `/var/run/docker.sock`
 * @throws UsageError `HOST_CONTAINER_UNKNOWN`; HostError `HOST_DOCKER_FAILED`
 */
export async function inspectContainer(socketPath: string, name: string): Promise<DockerContainer> {
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) throw unknownContainer(name);
  const { status, body } = await get(socketPath, `/containers/${name}/json`);
  if (status === 404) throw unknownContainer(name);
  if (status !== 200)
    throw new HostError('HOST_DOCKER_FAILED', `docker: HTTP ${status}: ${body.slice(0, 200)}`);
  const json = readJson(body);
  return {
    id: json.Id ?? '',
    name: (json.Name ?? '').replace(/^\//, ''),
    pid: json.State?.Running === true ? (json.State.Pid ?? 0) : 0,
    networkMode: json.HostConfig?.NetworkMode ?? '',
  };
}

/** What is read of `GET /containers/{id}/json` (Docker Engine API). */
interface ContainerJson {
  readonly Id?: string;
  readonly Name?: string;
  readonly State?: { readonly Running?: boolean; readonly Pid?: number };
  readonly HostConfig?: { readonly NetworkMode?: string };
}

function readJson(body: string): ContainerJson {
  try {
    return JSON.parse(body) as ContainerJson;
  } catch (cause) {
    throw new HostError('HOST_DOCKER_FAILED', 'docker: the answer is no JSON', { cause });
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function get(socketPath: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown) =>
      reject(new HostError('HOST_DOCKER_FAILED', `docker at ${socketPath}: ${why}`, { cause }));
    // Loaded here, since containers that are namespaces or processes can do without, and it takes its time.
    const call = process
      .getBuiltinModule('node:http')
      .request({ socketPath, path, headers: { host: 'docker' }, timeout: TIMEOUT_MS }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_BYTES) response.destroy(new Error(`the answer is longer than ${MAX_BYTES} bytes`));
          chunks.push(chunk);
        });
        response.on('error', (error) => fail(error.message, error));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
        });
      });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    call.on('error', (error) => fail(error.message, error));
    call.end();
  });
}

function unknownContainer(name: string): UsageError {
  return new UsageError('HOST_CONTAINER_UNKNOWN', `Docker has no container '${name}'`);
}

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 4 * 1024 * 1024;
