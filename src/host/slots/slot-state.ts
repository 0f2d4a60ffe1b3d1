import { UsageError } from '../../util/errors.ts';
import { EndpointKey } from '../connect/endpoint.ts';
import type { HostDatabase, InterfaceRow } from '../database.ts';
import { type ListedContainer, listContainers } from '../docker/docker-containers.ts';
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
