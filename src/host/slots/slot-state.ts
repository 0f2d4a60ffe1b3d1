import { UsageError } from '../../util/errors.ts';
import { EndpointKey } from '../connect/endpoint.ts';
import { namespaceId } from '../connect/target.ts';
import type { HostDatabase, InterfaceRow } from '../database.ts';
import { type ListedContainer, listContainers } from '../docker/docker-containers.ts';
import { type Link, readNamespace } from '../system/ip.ts';
import { readSlotLabels } from './slot-labels.ts';
import { slotInterfaces } from './vswitch-labels.ts';

/** What there is of a slot. */
export interface SlotState {
  /** `ovs0-s03`. */
  readonly name: string;
  readonly container: ListedContainer | undefined;
  /** Its ports, on all virtual switches. */
  readonly ports: readonly InterfaceRow[];
}

/** Reads what there is of every slot of this host, by name. @throws HostError `HOST_DOCKER_FAILED` */
export async function readSlots(
  db: HostDatabase,
  dockerSocket: string,
): Promise<ReadonlyMap<string, SlotState>> {
  const listed = await listContainers(dockerSocket, { name: ['-s[0-9]+$'] });
  const containers = new Map(listed.map((container) => [container.name, container]));
  const ports = slotInterfaces(db);
  const names = [...new Set([...containers.keys(), ...ports.keys()])].sort();
  return new Map(
    names.map((name) => {
      return [name, { name, container: containers.get(name), ports: ports.get(name) ?? [] }];
    }),
  );
}

/** True for containers that `galago start` has made. */
export function isOurs({ labels }: ListedContainer): boolean {
  return readSlotLabels(labels) !== undefined;
}

/**
 * True for what an interrupted command has left: ports whose container is not there, or is not known to have them.
 * Whoever asks has the lock under which slots are changed.
 */
export function isRemnant({ container, ports }: SlotState): boolean {
  if (container === undefined) return true;
  if (!isOurs(container)) return false;
  return container.state === 'created' || ports.some((row) => !row.external_ids.has(EndpointKey.NETNS));
}

/**
 * True when what is in a container now are the inner ends of ports, whatever it calls them.
 * @param pid a process of the container
 * @param outside the links of the host
 * @throws HostError as runCommand
 */
export async function isPluggedIn(
  ports: readonly InterfaceRow[],
  pid: number,
  outside: readonly Link[],
): Promise<boolean> {
  const netns = `/proc/${pid}/ns/net`;
  const namespace = await namespaceId(netns);
  const isTheirs = (row: InterfaceRow) => row.external_ids.get(EndpointKey.NETNS) === namespace;
  if (namespace === undefined || !ports.every(isTheirs)) return false;
  const hasInternal = ports.some(({ type }) => type === 'internal');
  const inside = hasInternal ? (await readNamespace({ netns })).links : [];
  return ports.every(({ name, type, external_ids }) =>
    type === 'internal'
      ? inside.some((link) => link.name === external_ids.get(EndpointKey.IFNAME))
      : outside.some((link) => link.name === name),
  );
}

/** True for a container that ran, and has ended. */
export function hasEnded({ state }: ListedContainer): boolean {
  return state === 'exited' || state === 'dead';
}

/**
 * The container of a slot.
 * @throws UsageError `HOST_SLOT_EMPTY`, `HOST_SLOT_FOREIGN`
 */
export function requireContainer(name: string, state: SlotState | undefined): ListedContainer {
  if (state?.container === undefined)
    throw new UsageError('HOST_SLOT_EMPTY', `there is no container in ${name}: galago start puts one there`);
  requireOurs(state);
  return state.container;
}

/** @throws UsageError `HOST_SLOT_FOREIGN` when somebody else has made a container of that name */
export function requireOurs({ name, container }: SlotState): void {
  if (container === undefined || isOurs(container)) return;
  throw new UsageError('HOST_SLOT_FOREIGN', `'${name}' is a container that galago start has not made`);
}
