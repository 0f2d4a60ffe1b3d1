import { UsageError } from '../../util/errors.ts';
import { callDocker, dockerFailure, readDockerJson } from './docker-call.ts';

/** A container to be made. */
export interface ContainerInit {
  readonly name: string;
  readonly hostname: string;
  readonly image: string;
  /** What it runs in place of what its image says; empty for that. */
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly isPrivileged: boolean;
}

/** A container as Docker lists it. */
export interface ListedContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`. */
  readonly state: string;
  /** For people: `Up 5 minutes`. */
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Looks whether Docker has an image. None is ever pulled.
 * @throws UsageError `HOST_IMAGE_UNKNOWN`; HostError `HOST_DOCKER_FAILED`
 */
export async function requireImage(socketPath: string, image: string): Promise<void> {
  if (!/^[A-Za-z0-9][\w.:/@-]*$/.test(image) || image.includes('..')) throw unknownImage(image);
  const answer = await callDocker(socketPath, { path: `/images/${image}/json` });
  if (answer.status === 404) throw unknownImage(image);
  if (answer.status !== 200) throw dockerFailure(answer);
}

/** The names of the images that Docker has, with their tags. @throws HostError `HOST_DOCKER_FAILED` */
export async function listImages(socketPath: string, timeoutMs: number): Promise<readonly string[]> {
  const answer = await callDocker(socketPath, { path: '/images/json', timeoutMs });
  if (answer.status !== 200) throw dockerFailure(answer);
  const images = readDockerJson<readonly { readonly RepoTags?: readonly string[] | null }[]>(answer);
  return images.flatMap(({ RepoTags: tags }) => tags ?? []).filter((tag) => tag !== '<none>:<none>');
}

/**
 * Makes a container with a terminal and without a network, and does not start it.
 * @returns its id
 * @throws UsageError `HOST_IMAGE_UNKNOWN`, `HOST_SLOT_TAKEN`; HostError `HOST_DOCKER_FAILED`
 */
export async function createContainer(socketPath: string, init: ContainerInit): Promise<string> {
  const { name, hostname, image, command, labels, isPrivileged } = init;
  const answer = await callDocker(socketPath, {
    method: 'POST',
    path: `/containers/create?name=${encodeURIComponent(name)}`,
    body: {
      ...{ Image: image, Hostname: hostname, Labels: labels, Tty: true, OpenStdin: true },
      ...(command.length > 0 && { Cmd: command }),
      HostConfig: { NetworkMode: 'none', Privileged: isPrivileged },
    },
    timeoutMs: SLOW_MS,
  });
  if (answer.status === 404) throw unknownImage(image);
  if (answer.status === 409)
    throw new UsageError('HOST_SLOT_TAKEN', `Docker has a container '${name}' already`);
  if (answer.status !== 201) throw dockerFailure(answer);
  return readDockerJson<{ readonly Id: string }>(answer).Id;
}

/** Starts a container; one that runs is nothing to do. @throws HostError `HOST_DOCKER_FAILED` with what Docker says */
export async function startContainer(socketPath: string, id: string): Promise<void> {
  await post(socketPath, `/containers/${id}/start`, [204, 304]);
}

/**
 * Ends a container: asks it to, and kills it after `graceSec` seconds. One that does not run is nothing to do.
 * @throws HostError `HOST_DOCKER_FAILED`
 */
export async function stopContainer(socketPath: string, id: string, graceSec: number): Promise<void> {
  await post(socketPath, `/containers/${id}/stop?t=${graceSec}`, [204, 304, 404], graceSec * 1000);
}

/**
 * Waits until a container has ended, which is to be soon.
 * @returns its exit status; undefined when it was removed
 * @throws HostError `HOST_DOCKER_FAILED`, also when it goes on, as one does that Docker has started again
 */
export async function waitForContainer(socketPath: string, id: string): Promise<number | undefined> {
  const path = `/containers/${id}/wait`;
  const answer = await callDocker(socketPath, { method: 'POST', path });
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw dockerFailure(answer);
  return readDockerJson<{ readonly StatusCode: number }>(answer).StatusCode;
}

/** Removes a container and its anonymous volumes, also when it runs. @throws HostError `HOST_DOCKER_FAILED` */
export async function removeContainer(socketPath: string, id: string): Promise<void> {
  const path = `/containers/${id}?force=true&v=true`;
  const answer = await callDocker(socketPath, { method: 'DELETE', path, timeoutMs: SLOW_MS });
  // 409: somebody else is removing it.
  if (![204, 404, 409].includes(answer.status)) throw dockerFailure(answer);
}

/**
 * Lists containers, also those that do not run.
 * @param filters as of the Engine API: `{ name: ['-s[0-9]+$'] }`
 * @throws HostError `HOST_DOCKER_FAILED`
 */
export async function listContainers(
  socketPath: string,
  filters: Readonly<Record<string, readonly string[]>>,
): Promise<readonly ListedContainer[]> {
  const query = `all=true&filters=${encodeURIComponent(JSON.stringify(filters))}`;
  const answer = await callDocker(socketPath, { path: `/containers/json?${query}` });
  if (answer.status !== 200) throw dockerFailure(answer);
  return readDockerJson<readonly ListedJson[]>(answer).map((row) => ({
    id: row.Id ?? '',
    name: (row.Names?.[0] ?? '').replace(/^\//, ''),
    image: row.Image ?? '',
    state: row.State ?? '',
    status: row.Status ?? '',
    labels: row.Labels ?? {},
  }));
}

/** What is read of `GET /containers/json` (Docker Engine API). */
interface ListedJson {
  readonly Id?: string;
  readonly Names?: readonly string[];
  readonly Image?: string;
  readonly State?: string;
  readonly Status?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

async function post(
  socketPath: string,
  path: string,
  expected: readonly number[],
  extraMs = 0,
): Promise<void> {
  const answer = await callDocker(socketPath, { method: 'POST', path, timeoutMs: SLOW_MS + extraMs });
  if (!expected.includes(answer.status)) throw dockerFailure(answer);
}

function unknownImage(image: string): UsageError {
  return new UsageError('HOST_IMAGE_UNKNOWN', `Docker has no image '${image}': docker pull it first`);
}

/** What takes long on a busy machine. */
const SLOW_MS = 60_000;
