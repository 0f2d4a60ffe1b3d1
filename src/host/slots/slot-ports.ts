import { EndpointKey } from '../connect/endpoint.ts';
import { namespaceId } from '../connect/target.ts';
import { type HostDatabase, requireOpen } from '../database.ts';
import { inspectContainer } from '../docker/docker.ts';
import { removeContainer } from '../docker/docker-containers.ts';
import { HostError } from '../host-error.ts';
import { deleteLinks, deleteVeth } from '../system/ip.ts';
import { makeLinks, moveInside, type Nic, portInit } from './nic.ts';
import type { Slot } from './slot.ts';
import type { Remnants } from './slot-checks.ts';

/** Where there are slots. */
export interface SlotPlace {
  readonly db: HostDatabase;
  readonly dockerSocket: string;
  /** Makes the flows of a virtual switch what they should be. */
  readonly program: (vswitch: string) => Promise<void>;
}

/** A slot, and the interfaces that the container in it has. */
export interface SlotNics {
  readonly slot: Slot;
  readonly nics: readonly Nic[];
}

/**
 * Makes the ports of a slot, with their links and flows.
 * @throws HostError `HOST_PORT_FAILED`, as runCommand; TimeoutError `HOST_SWITCH_SILENT`; OvsdbError; as `program`
 */
export async function makePorts({ db, program }: SlotPlace, { slot, nics }: SlotNics): Promise<void> {
  await makeLinks(nics);
  await db.apply(`start ${slot.name}`, (tx) => {
    for (const nic of nics) db.insertPort(tx, db.bridge(nic.vswitch)!._uuid, portInit(nic, slot.name));
  });
  for (const { port, ofport } of nics) {
    const given = requireOpen(db.interface(port), port);
    if (given === ofport) continue;
    const message = `the switch gave ${port} the port number ${given}, because somebody else has ${ofport}`;
    throw new HostError('HOST_PORT_FAILED', message);
  }
  for (const vswitch of new Set(nics.map((nic) => nic.vswitch))) await program(vswitch);
}

/**
 * Has the interfaces of a slot go into its container, which runs. From then on, they are not taken for what an
 * interrupted command has left.
 * @returns false when the container has ended before it had them
 * @throws HostError as runCommand; OvsdbError
 */
export async function enterContainer(
  { db, dockerSocket }: SlotPlace,
  id: string,
  { slot, nics }: SlotNics,
): Promise<boolean> {
  const { pid } = await inspectContainer(dockerSocket, id);
  const netns = `/proc/${pid}/ns/net`;
  const namespace = pid === 0 ? undefined : await namespaceId(netns);
  if (namespace === undefined) return false;
  try {
    await moveInside(nics, pid, slot.gateway);
  } catch (error) {
    if ((await namespaceId(netns)) === namespace) throw error;
  }
  if ((await namespaceId(netns)) !== namespace) return false;
  const ids = new Map([
    [EndpointKey.NETNS, namespace],
    [EndpointKey.CONTAINER, `docker:${id}`],
  ]);
  await db.write('started', (tx) => {
    for (const { port } of nics) {
      const row = db.interface(port);
      if (row !== undefined) tx.mutate('Interface', row._uuid, 'external_ids', 'insert', ids);
    }
  });
  return true;
}

/** Removes ports with their links and flows. @throws OvsdbError; HostError as runCommand; as `program` */
export async function removePorts({ db, program }: SlotPlace, ports: readonly string[]): Promise<void> {
  const vswitches = db.bridges.filter((bridge) =>
    db.interfacesOf(bridge).some((row) => ports.includes(row.name)),
  );
  if (vswitches.length > 0)
    await db.apply(`remove ${ports.join(' ')}`, (tx) => {
      for (const port of ports) db.deletePort(tx, port);
    });
  for (const port of ports) await deleteVeth(port);
  for (const { name } of vswitches) await program(name);
}

/** Removes what is in the way. @throws as {@link removePorts}; HostError `HOST_DOCKER_FAILED` */
export async function removeRemnants(place: SlotPlace, { container, ports, links }: Remnants): Promise<void> {
  if (container !== undefined) await removeContainer(place.dockerSocket, container);
  if (ports.length > 0) await removePorts(place, ports);
  // One end takes the other one with it.
  await deleteLinks(links);
}
