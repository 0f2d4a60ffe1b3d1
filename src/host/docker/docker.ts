import { type GalagoError, UsageError } from '../../util/errors.ts';
import { callDocker, dockerFailure, readDockerJson } from './docker-call.ts';

/** A container, as far as Docker tells and its network needs. */
export interface DockerContainer {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** The process that its namespaces are those of; 0 while it does not run. */
  readonly pid: number;
  /** `bridge`, `none`, `host`, `container:ID` or a network's name. */
  readonly networkMode: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Asks the Docker Engine for a container by its name, its id or the beginning of that.
 * @param socketPath of the Engine's Unix socket: `/var/run/docker.sock`
 * @throws UsageError `HOST_CONTAINER_UNKNOWN`, `HOST_AMBIGUOUS`; HostError `HOST_DOCKER_FAILED`
 */
export async function inspectContainer(socketPath: string, name: string): Promise<DockerContainer> {
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) throw unknownContainer(name);
  const answer = await callDocker(socketPath, { path: `/containers/${name}/json` });
  if (answer.status === 404) throw unknownContainer(name);
  if (answer.status !== 200) {
    const failure = dockerFailure(answer);
    // Engines differ in the status that they say this with.
    if (!failure.message.includes('Multiple IDs found')) throw failure;
    throw new UsageError('HOST_AMBIGUOUS', `the ids of several containers of Docker begin with '${name}'`);
  }
  const json = readDockerJson<ContainerJson>(answer);
  return {
    id: json.Id ?? '',
    name: (json.Name ?? '').replace(/^\//, ''),
    pid: json.State?.Running === true ? (json.State.Pid ?? 0) : 0,
    networkMode: json.HostConfig?.NetworkMode ?? '',
    labels: json.Config?.Labels ?? {},
  };
}

/** The process of a container; 0 when it does not run or is not there. @throws HostError `HOST_DOCKER_FAILED` */
export async function containerPid(socketPath: string, id: string): Promise<number> {
  try {
    return (await inspectContainer(socketPath, id)).pid;
  } catch (error) {
    if ((error as GalagoError).code === 'HOST_CONTAINER_UNKNOWN') return 0;
    throw error;
  }
}

/** The names of the containers that run. @throws HostError `HOST_DOCKER_FAILED` */
export async function runningContainers(socketPath: string, timeoutMs?: number): Promise<string[]> {
  const all = await listContainers(socketPath, timeoutMs);
  return all.flatMap(({ name, isRunning }) => (isRunning ? [name] : []));
}

/** A container in a list of all. */
export interface ListedContainer {
  readonly id: string;
  readonly name: string;
  readonly isRunning: boolean;
  /** True when any of its labels may be for us. */
  readonly hasLabels: boolean;
}

/** Asks the Docker Engine for all containers, also those that do not run. @throws HostError `HOST_DOCKER_FAILED` */
export async function listContainers(
  socketPath: string,
  timeoutMs?: number,
): Promise<readonly ListedContainer[]> {
  const path = '/containers/json?all=1';
  const answer = await callDocker(socketPath, { path, ...(timeoutMs && { timeoutMs }) });
  if (answer.status !== 200) throw dockerFailure(answer);
  const list = readDockerJson<readonly ListedJson[]>(answer);
  return list.map(({ Id: id = '', Names: names = [], State: state, Labels: labels }) => ({
    id,
    name: (names[0] ?? '').replace(/^\//, ''),
    isRunning: state === 'running' || state === 'paused',
    hasLabels: Object.keys(labels ?? {}).some((label) => label.startsWith('galago.')),
  }));
}

/** What is read of `GET /containers/json` (Docker Engine API). */
interface ListedJson {
  readonly Id?: string;
  readonly Names?: readonly string[];
  readonly State?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

/** What is read of `GET /containers/{id}/json` (Docker Engine API). */
interface ContainerJson {
  readonly Id?: string;
  readonly Name?: string;
  readonly State?: { readonly Running?: boolean; readonly Pid?: number };
  readonly HostConfig?: { readonly NetworkMode?: string };
  readonly Config?: { readonly Labels?: Readonly<Record<string, string>> | null };
}

function unknownContainer(name: string): UsageError {
  return new UsageError('HOST_CONTAINER_UNKNOWN', `Docker has no container '${name}'`);
}
