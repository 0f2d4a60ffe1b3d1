import { stat, statfs } from 'node:fs/promises';
import { type GalagoError, UsageError } from '../../util/errors.ts';
import { type DockerContainer, inspectContainer } from '../docker/docker.ts';

/** A container that runs: where its network namespace is, and how it is told from others. */
export interface Target {
  /** What was asked for: `web`, `netns:blue`, `pid:4711`. */
  readonly name: string;
  /** The same for as long as the container is there: `docker:ID`, `netns:NAME`, `pid:N`. */
  readonly container: string;
  /** The file that stands for its network namespace. */
  readonly netns: string;
  /** What `ip link … netns` takes for it: a name, or a process id. */
  readonly linkNetns: string;
  /** Changes when the container gets another namespace, as by a restart. */
  readonly inode: string;
}

/** Where `ip netns` keeps the namespaces that it has named. */
export const NETNS_DIRECTORY = '/var/run/netns';

/** A container by name, before anybody has looked whether it runs. */
export type TargetName =
  | { readonly type: 'netns'; readonly name: string }
  | { readonly type: 'pid'; readonly pid: number }
  | { readonly type: 'docker'; readonly name: string };

/**
 * Reads `netns:NAME`, `pid:N`, or the name or id of a Docker container.
 * @throws UsageError `HOST_TARGET_INVALID`
 */
export function parseTarget(text: string): TargetName {
  const [, type, rest = ''] = /^(netns|pid|docker):(.*)$/s.exec(text) ?? [undefined, 'docker', text];
  if (type === 'pid' && /^[1-9]\d{0,9}$/.test(rest)) return { type, pid: Number(rest) };
  if (type === 'netns' && /^[A-Za-z0-9_][\w.-]*$/.test(rest)) return { type, name: rest };
  if (type === 'docker' && /^[A-Za-z0-9][\w.-]*$/.test(rest)) return { type, name: rest };
  const expected = 'netns:NAME, pid:N, or the name or id of a Docker container';
  throw new UsageError('HOST_TARGET_INVALID', `expected ${expected}, got '${text}'`);
}

/**
 * What a container is told from others by, also when it does not run; undefined when Docker has none of that name, or
 * does not answer.
 * @throws UsageError `HOST_TARGET_INVALID`, `HOST_AMBIGUOUS`
 */
export async function identify(text: string, dockerSocket: string): Promise<string | undefined> {
  const target = parseTarget(text);
  if (target.type !== 'docker') return text;
  try {
    return dockerTarget(await inspectContainer(dockerSocket, target.name));
  } catch (error) {
    const { code } = error as GalagoError;
    if (code === 'HOST_CONTAINER_UNKNOWN' || code === 'HOST_DOCKER_FAILED') return undefined;
    throw error;
  }
}

/**
 * Finds the namespace of a container that runs.
 * @throws UsageError `HOST_CONTAINER_UNKNOWN`, `HOST_AMBIGUOUS`, `HOST_CONTAINER_STOPPED`, `HOST_NAMESPACE_SHARED`
 * @throws HostError `HOST_DOCKER_FAILED`
 */
export async function findTarget(text: string, dockerSocket: string): Promise<Target> {
  const target = await locate(parseTarget(text), text, dockerSocket);
  const [inode, own] = await Promise.all([namespaceId(target.netns), namespaceId('/proc/self/ns/net')]);
  if (inode === undefined) throw stopped(text, `${target.netns} is not there${ROOT_HINT}`);
  if (inode === own) {
    const message = `'${text}' has the network namespace of the host itself: there is nothing to connect`;
    throw new UsageError('HOST_NAMESPACE_SHARED', message);
  }
  return { ...target, name: text, inode };
}

type Located = Omit<Target, 'name' | 'inode'>;

async function locate(target: TargetName, text: string, dockerSocket: string): Promise<Located> {
  switch (target.type) {
    case 'netns': {
      const netns = `${NETNS_DIRECTORY}/${target.name}`;
      return { container: `netns:${target.name}`, netns, linkNetns: target.name };
    }
    case 'pid':
      return { container: `pid:${target.pid}`, ...ofProcess(target.pid) };
    case 'docker': {
      const found = await inspectContainer(dockerSocket, target.name);
      const { pid, networkMode } = found;
      if (pid === 0) throw stopped(text, 'start it first');
      if (networkMode.startsWith('container:')) {
        const message = `'${text}' shares the network of ${networkMode}: connect that one`;
        throw new UsageError('HOST_NAMESPACE_SHARED', message);
      }
      return { container: dockerTarget(found), ...ofProcess(pid) };
    }
  }
}

function dockerTarget({ id }: DockerContainer): string {
  return `docker:${id}`;
}

function ofProcess(pid: number): { readonly netns: string; readonly linkNetns: string } {
  return { netns: `/proc/${pid}/ns/net`, linkNetns: `${pid}` };
}

/** Tells a namespace from all others, by the file that stands for it; undefined when there is none. */
export async function namespaceId(path: string): Promise<string | undefined> {
  try {
    const [{ dev, ino }, { type }] = await Promise.all([stat(path), statfs(path)]);
    return type === NSFS_MAGIC ? `${dev}:${ino}` : undefined;
  } catch {
    return undefined;
  }
}

function stopped(text: string, why: string): UsageError {
  return new UsageError('HOST_CONTAINER_STOPPED', `'${text}' does not run: ${why}`);
}

/** Others do not see the namespaces of what root runs. */
const ROOT_HINT = process.geteuid?.() === 0 ? '' : ', or only root may see it';

/** The file system of namespaces (statfs(2)); a name that `ip netns` has not given one yet is a plain file. */
const NSFS_MAGIC = 0x6e73_6673;
