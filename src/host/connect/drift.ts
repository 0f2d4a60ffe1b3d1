import type { GalagoError } from '../../util/errors.ts';
import type { HostDatabase } from '../database.ts';
import { readNamespace } from '../system/ip.ts';
import { isAlive } from './connect-checks.ts';
import { type Endpoint, EndpointKey, isConnected, isPortName } from './endpoint.ts';
import { findTarget } from './target.ts';

/**
 * Looks for endpoints whose containers or interfaces are not what they were when they were connected, and for links
 * that an interrupted command has left.
 * @returns a line each, with what mends it
 * @throws HostError as runCommand
 */
export async function findDrift(db: HostDatabase, dockerSocket: string): Promise<readonly string[]> {
  const endpoints = db.endpoints().filter(isConnected);
  const found = new Set<string>();
  for (let i = 0; i < endpoints.length; i += AT_ONCE) {
    const some = endpoints.slice(i, i + AT_ONCE);
    for (const line of await Promise.all(some.map((endpoint) => driftOf(endpoint, dockerSocket))))
      if (line !== undefined) found.add(line);
  }
  const { links } = await readNamespace();
  for (const { name, kind } of links) {
    if (kind === 'veth' && isPortName(name) && db.interface(name) === undefined)
      found.add(`link ${name} is of no use: ip link delete dev ${name}`);
  }
  return [...found];
}

async function driftOf(endpoint: Endpoint, dockerSocket: string): Promise<string | undefined> {
  const { externalIds, port } = endpoint;
  const id = externalIds.get(EndpointKey.CONTAINER) ?? '';
  const name = externalIds.get(EndpointKey.NAME) ?? id;
  try {
    const target = await findTarget(id, dockerSocket);
    if (isAlive(endpoint, target, await readNamespace({ netns: target.netns }))) return undefined;
    return `${name} has lost ${externalIds.get(EndpointKey.IFNAME)} (${port}): connect it again`;
  } catch (error) {
    const { code, message } = error as GalagoError;
    if (code === 'HOST_CONTAINER_UNKNOWN')
      return `${name} is not there any more (${port}): galago disconnect ${id}`;
    if (code === 'HOST_CONTAINER_STOPPED')
      return `${name} does not run (${port}): start it, or galago disconnect ${id}`;
    if (code === 'HOST_DOCKER_FAILED') return message;
    throw error;
  }
}

/** Namespaces that are looked into at the same time. */
const AT_ONCE = 8;
