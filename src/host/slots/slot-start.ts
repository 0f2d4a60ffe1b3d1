import { UsageError } from '../../util/errors.ts';
import {
  createContainer,
  removeContainer,
  requireImage,
  startContainer,
  stopContainer,
  waitForContainer,
} from '../docker/docker-containers.ts';
import { HostError } from '../host-error.ts';
import { type Link, readNamespace } from '../system/ip.ts';
import { nicsOf, type PlacedSlot } from './nic.ts';
import { lowestSlot, type Slot, slotOf } from './slot.ts';
import { findObstacle, hasSlot, type Remnants, remnantsOf } from './slot-checks.ts';
import { type SlotSettings, slotLabels } from './slot-labels.ts';
import {
  enterContainer,
  makePorts,
  removePorts,
  removeRemnants,
  type SlotNics,
  type SlotPlace,
} from './slot-ports.ts';
import { readSlots } from './slot-state.ts';
import { requireVswitch, type Vswitch } from './vswitch.ts';

/** What is to run in a slot. */
export type SlotProgram =
  /** A new container. */
  | { readonly type: 'create'; readonly image: string; readonly command: readonly string[] }
  /** One that is there. */
  | { readonly type: 'existing'; readonly id: string };

/** What {@link planStart} is asked for. */
export interface StartRequest {
  readonly vswitch: string;
  /** Undefined for the lowest that is free. */
  readonly number: number | undefined;
  readonly settings: SlotSettings;
  readonly program: SlotProgram;
  /** The name of this machine. */
  readonly host: string;
}

/** What is to be done for a container to be in its slot. */
export interface StartPlan extends SlotNics {
  readonly settings: SlotSettings;
  readonly program: SlotProgram;
  /** What an interrupted command has left. */
  readonly remnants: Remnants;
}

/**
 * Looks at everything that starting a container in a slot depends on, and changes nothing.
 * @throws UsageError `HOST_VSWITCH_UNKNOWN`, `HOST_SLOT_INVALID`, `HOST_SLOTS_FULL`, `HOST_SLOT_TAKEN`,
 * `HOST_IMAGE_UNKNOWN`; HostError `HOST_DOCKER_FAILED`, as runCommand
 */
export async function planStart(
  { db, dockerSocket }: Pick<SlotPlace, 'db' | 'dockerSocket'>,
  { vswitch: name, number, settings, program, host }: StartRequest,
): Promise<StartPlan> {
  const vswitch = requireVswitch(db, name);
  const others = [...settings.others].map(([ifname, other]) => [ifname, requireVswitch(db, other)] as const);
  if (program.type === 'create') await requireImage(dockerSocket, program.image);
  const [states, { links }] = await Promise.all([readSlots(db, dockerSocket), readNamespace()]);
  const own = program.type === 'existing' ? program.id : undefined;
  const nicsIn = (slot: Slot) => {
    const further = others.map(([ifname, other]) =>
      placeOf(ifname, other, slotOf(other, slot.number, host), links),
    );
    return nicsOf([placeOf('eth0', vswitch, slot, links), ...further], settings);
  };
  const obstacleOf = (slot: Slot) => findObstacle(db, nicsIn(slot), { slot, states, links, own });
  const isTaken = (slot: Slot) =>
    others.some(([, other]) => !hasSlot(other, slot.number, host)) || obstacleOf(slot) !== undefined;
  const slot = number === undefined ? lowestSlot(vswitch, host, isTaken) : slotOf(vswitch, number, host);
  const obstacle = obstacleOf(slot);
  if (obstacle !== undefined) throw new UsageError('HOST_SLOT_TAKEN', obstacle);
  const nics = nicsIn(slot);
  const remnants = remnantsOf(nics, { state: states.get(slot.name), links, own });
  return { slot, settings, program, nics, remnants };
}

/**
 * Does what was planned, all of it: when something fails, what was done is undone. Ports come before the container,
 * so that what is wrong with them leaves none.
 * @returns the container's id
 * @throws HostError `HOST_PORT_FAILED`, `HOST_DOCKER_FAILED`, `HOST_CONTAINER_ENDED`, as runCommand; UsageError
 * `HOST_SLOT_TAKEN`; TimeoutError `HOST_SWITCH_SILENT`; as `program`
 */
export async function carryOutStart(place: SlotPlace, plan: StartPlan): Promise<string> {
  const { dockerSocket } = place;
  await removeRemnants(place, plan.remnants);
  let id = plan.program.type === 'existing' ? plan.program.id : undefined;
  try {
    await makePorts(place, plan);
    id ??= await create(dockerSocket, plan);
    await startContainer(dockerSocket, id);
    if (await enterContainer(place, id, plan)) return id;
    throw await endedTooSoon(dockerSocket, id, plan.slot);
  } catch (error) {
    await undo(place, plan, id);
    throw error;
  }
}

/** What a plan is going to do, a line each. */
export function describeStart({ slot, program, nics, remnants }: StartPlan): string[] {
  const { name } = slot;
  const isNew = program.type === 'create';
  return [
    ...(remnants.container === undefined
      ? []
      : [`docker: remove ${name}, which an interrupted command has left`]),
    ...remnants.ports.map((port) => `ovsdb: delete port ${port}`),
    ...remnants.links.map((link) => `ip link delete dev ${link}`),
    ...nics.map(
      ({ port, vswitch, ofport }) => `ovsdb: add port ${port} to ${vswitch}: ofport_request=${ofport}`,
    ),
    ...(isNew ? [`docker: create ${name} of ${program.image}`] : []),
    `docker: start ${name}`,
    ...nics.map(({ ifname, mac, ips }) => `${name}: ${[ifname, mac, ...ips].join(' ')}`),
  ];
}

function placeOf(ifname: string, vswitch: Vswitch, slot: Slot, links: readonly Link[]): PlacedSlot {
  return { ifname, vswitch, slot, mtu: links.find(({ name }) => name === vswitch.name)?.mtu ?? 1500 };
}

async function create(dockerSocket: string, { slot, settings, program }: StartPlan): Promise<string> {
  const { image, command } = program as Extract<SlotProgram, { type: 'create' }>;
  const { name, hostname } = slot;
  const { isPrivileged } = settings;
  const labels = slotLabels(slot, settings);
  return createContainer(dockerSocket, { name, hostname, image, command, labels, isPrivileged });
}

/** Says with which status a program has ended, unless Docker has started it again. */
async function endedTooSoon(dockerSocket: string, id: string, { name }: Slot): Promise<HostError> {
  const status = await waitForContainer(dockerSocket, id).catch(() => undefined);
  const how = status === undefined ? '' : ` with status ${status}`;
  const message = `the program in ${name} ended${how} before its network was there`;
  return new HostError('HOST_CONTAINER_ENDED', message);
}

/** As far as it can be: the rest is put right by the next command. */
async function undo(place: SlotPlace, { program, nics }: StartPlan, id: string | undefined): Promise<void> {
  const { dockerSocket } = place;
  if (program.type === 'existing') await stopContainer(dockerSocket, program.id, 0).catch(() => {});
  else if (id !== undefined) await removeContainer(dockerSocket, id).catch(() => {});
  const ports = nics.map(({ port }) => port);
  await removePorts(place, ports).catch(() => {});
}
