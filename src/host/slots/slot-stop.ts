import type { HostDatabase } from '../database.ts';
import { removeContainer, stopContainer } from '../docker/docker-containers.ts';
import { deleteLinks, readNamespace } from '../system/ip.ts';
import { removePorts, type SlotPlace } from './slot-ports.ts';
import { hasEnded, isOurs, isRemnant, readSlots, requireOurs, type SlotState } from './slot-state.ts';
import { isVswitchRow } from './vswitch-labels.ts';

/** How {@link stopSlot} ends a container. */
export interface StopOptions {
  /** Keeps the container, to be started again. */
  readonly keepsContainer: boolean;
  /** How long it has between being asked and being killed, in seconds. */
  readonly graceSec: number;
}

/**
 * Ends the container of a slot, and takes its ports away. An empty slot is nothing to do.
 * @returns false when there was nothing to do
 * @throws UsageError `HOST_SLOT_FOREIGN`; HostError `HOST_DOCKER_FAILED`, as runCommand; as `program`
 */
export async function stopSlot(
  place: SlotPlace,
  name: string,
  { keepsContainer, graceSec }: StopOptions,
): Promise<boolean> {
  const { db, dockerSocket } = place;
  const before = (await readSlots(db, dockerSocket)).get(name);
  if (before === undefined) return false;
  requireOurs(before);
  // An internal port must not go with its namespace: ovs-vswitchd does not cope with that.
  if (before.ports.some(({ type }) => type === 'internal'))
    await db.locked(() => removePorts(place, portsOf(before)));
  // Nobody else should have to wait for that.
  if (before.container !== undefined) await stopContainer(dockerSocket, before.container.id, graceSec);
  await db.locked(async () => {
    const state = (await readSlots(db, dockerSocket)).get(name);
    if (state === undefined || state.container?.id !== before.container?.id) return;
    if (state.container !== undefined && !keepsContainer)
      await removeContainer(dockerSocket, state.container.id);
    await removePorts(place, portsOf(state));
  });
  return true;
}

/**
 * What {@link stopSlot} would do, a line each.
 * @throws UsageError `HOST_SLOT_FOREIGN`; HostError `HOST_DOCKER_FAILED`
 */
export async function describeStop(
  { db, dockerSocket }: Pick<SlotPlace, 'db' | 'dockerSocket'>,
  name: string,
  { keepsContainer }: Pick<StopOptions, 'keepsContainer'>,
): Promise<string[]> {
  const state = (await readSlots(db, dockerSocket)).get(name);
  if (state === undefined) return [];
  requireOurs(state);
  const ending = keepsContainer ? 'end' : 'end and remove';
  return [
    ...(state.container === undefined ? [] : [`docker: ${ending} ${name}`]),
    ...portsOf(state).map((port) => `ovsdb: delete port ${port}`),
  ];
}

/** What of slots is to be removed, because nobody needs it any more. */
export interface SlotCleanup {
  readonly slots: readonly SlotState[];
  /** Of veth pairs that belong to no port. */
  readonly links: readonly string[];
  /** A line each; empty when there is nothing. */
  readonly changes: readonly string[];
}

/**
 * Finds containers of slots that have ended, and what interrupted commands have left; changes nothing.
 * @throws HostError `HOST_DOCKER_FAILED`, as runCommand
 */
export async function planSlotCleanup({
  db,
  dockerSocket,
}: Pick<SlotPlace, 'db' | 'dockerSocket'>): Promise<SlotCleanup> {
  const states = [...(await readSlots(db, dockerSocket)).values()];
  const slots = states.filter((state) => {
    const { container } = state;
    return isRemnant(state) || (container !== undefined && isOurs(container) && hasEnded(container));
  });
  const links = await looseLinks(db);
  return {
    slots,
    links,
    changes: [
      ...slots.flatMap(({ name, container, ports }) => [
        ...(container === undefined ? [] : [`docker: remove ${name}, which is ${container.state}`]),
        ...ports.map((port) => `ovsdb: delete port ${port.name}`),
      ]),
      ...links.map((link) => `ip link delete dev ${link}`),
    ],
  };
}

/** Removes what was found. @throws as planSlotCleanup; as `program` */
export async function carryOutSlotCleanup(place: SlotPlace, { slots, links }: SlotCleanup): Promise<void> {
  for (const { container } of slots)
    if (container !== undefined) await removeContainer(place.dockerSocket, container.id);
  const ports = slots.flatMap(portsOf);
  if (ports.length > 0) await removePorts(place, ports);
  await deleteLinks(links);
}

/** The outer ends of veth pairs that are called as slots are, and are no ports. */
async function looseLinks(db: HostDatabase): Promise<readonly string[]> {
  const vswitches = db.bridges.filter(isVswitchRow).map(({ name }) => name);
  const { links } = await readNamespace();
  const isSlots = (name: string) =>
    vswitches.some((on) => name.startsWith(on) && /^-[so]\d{2,}$/.test(name.slice(on.length)));
  return links
    .filter(({ name, kind }) => kind === 'veth' && isSlots(name) && db.interface(name) === undefined)
    .map(({ name }) => name);
}

function portsOf({ ports }: SlotState): string[] {
  return ports.map(({ name }) => name);
}
