import { type GalagoError, UsageError } from '../../util/errors.ts';
import type { HostDatabase } from '../database.ts';
import { type ConnectRequest, connectContainer } from './connect.ts';
import { type Endpoint, EndpointKey, EndpointOwner, isConnected, type PodLabel } from './endpoint.ts';
import { findTarget, type Target } from './target.ts';

/** How one container fared in {@link reconnectContainers}. */
export interface Reconnection {
  readonly container: string;
  readonly port: string;
  /** Undefined when it is connected again. */
  readonly error?: GalagoError;
}

/** What {@link reconnectContainers} needs to know beside the database. */
export interface ReconnectOptions {
  readonly dockerSocket: string;
  /** What the name and the key of a pod stand for. */
  readonly readPod: (name: string, key: string | undefined) => PodLabel;
  /** The only container that is looked at, `docker:ID`. Default: all. */
  readonly only: string | undefined;
}

/**
 * Connects containers again whose interface has gone, as after a restart. Those that do not run are left as they are.
 */
export async function reconnectContainers(
  db: HostDatabase,
  options: ReconnectOptions,
): Promise<readonly Reconnection[]> {
  const done: Reconnection[] = [];
  for (const endpoint of db.endpoints().filter(isConnected)) {
    const { externalIds, port } = endpoint;
    if (options.only !== undefined && externalIds.get(EndpointKey.CONTAINER) !== options.only) continue;
    const container = externalIds.get(EndpointKey.NAME) ?? port;
    try {
      if (await reconnect(db, endpoint, container, options)) done.push({ container, port });
    } catch (error) {
      // Somebody has disconnected it meanwhile.
      if ((error as GalagoError).code === 'HOST_ENDPOINT_UNKNOWN') continue;
      done.push({ container, port, error: error as GalagoError });
    }
  }
  return done;
}

/** @returns false when there was nothing to do */
async function reconnect(
  db: HostDatabase,
  endpoint: Endpoint,
  name: string,
  { dockerSocket, readPod }: ReconnectOptions,
): Promise<boolean> {
  const target = await findRunning(endpoint, dockerSocket);
  if (target === undefined) return false;
  const { plan } = await connectContainer(db, requestOf(endpoint, { ...target, name }, readPod));
  return plan.existing === undefined;
}

/** A process that has ended never comes back, although another one may get its number. */
async function findRunning({ externalIds }: Endpoint, dockerSocket: string): Promise<Target | undefined> {
  const container = externalIds.get(EndpointKey.CONTAINER) ?? '';
  if (!container.startsWith('docker:') && !container.startsWith('netns:')) return undefined;
  try {
    return await findTarget(container, dockerSocket);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

function requestOf(
  { externalIds, isInternal, bridge }: Endpoint,
  target: Target,
  readPod: ReconnectOptions['readPod'],
): ConnectRequest {
  const id = (key: string) => externalIds.get(key);
  const mac = id(EndpointKey.MAC) ?? '';
  const mtu = Number(id(EndpointKey.MTU));
  return {
    target,
    settings: {
      pod: readPod(id(EndpointKey.POD) ?? '', id(EndpointKey.KEY)),
      ip: id(EndpointKey.IP) ?? '',
      mac,
      ifname: id(EndpointKey.IFNAME) ?? '',
      isInternal,
      gateway: id(EndpointKey.GATEWAY),
      replacesDefaultRoute: externalIds.has(EndpointKey.DEFAULT_ROUTE),
      mtu: mtu > 0 ? mtu : undefined,
    },
    bridge,
    isAgain: true,
    ...(id(EndpointKey.OWNER) === EndpointOwner.LABELS && { owner: EndpointOwner.LABELS }),
  };
}
