import type { GalagoError } from '../../util/errors.ts';
import { formatEndpointAddress } from '../addresses/address.ts';
import type { HostDatabase } from '../database.ts';
import { containerPid } from '../docker/docker.ts';
import { type Link, readNamespace } from '../system/ip.ts';
import { countInterfaces, readSlotLabels } from './slot-labels.ts';
import { hasEnded, isPluggedIn, readSlots, type SlotState } from './slot-state.ts';
import { readVswitches, type Vswitch } from './vswitch.ts';
import { slotInterfaces, VswitchKey } from './vswitch-labels.ts';
import { planPresentLinks } from './vswitch-links.ts';

/**
 * Looks for what virtual switches have lost, and for slots whose containers and ports do not go together. What a command
 * has under way looks the same.
 * @returns a line each, with what mends it
 * @throws HostError as runCommand
 */
export async function findSlotDrift(db: HostDatabase, dockerSocket: string): Promise<readonly string[]> {
  const vswitches = readVswitches(db);
  if (vswitches.length === 0) return [];
  const { links } = await readNamespace();
  return [
    ...vswitches.flatMap((vswitch) => driftOfVswitch(db, vswitch, links)),
    ...(await driftOfSlots(db, dockerSocket, links)),
  ];
}

/** The command that puts a virtual switch right again. */
export function mendVswitch(name: string, address: string): string {
  return `galago vswitch create ${address} --name ${name}`;
}

function driftOfVswitch(db: HostDatabase, vswitch: Vswitch, links: readonly Link[]): string[] {
  const { name } = vswitch;
  const mend = mendVswitch(name, formatEndpointAddress(vswitch.address));
  const { missing = [], down = [] } = planPresentLinks(vswitch, links) ?? {};
  const rows = db
    .interfacesOf(db.bridge(name)!)
    .filter(({ external_ids }) => !external_ids.has(VswitchKey.SLOT));
  return [
    ...missing.map((address) => `${name} is without its address ${address}: ${mend}`),
    ...down.map((link) => `${link} is down, which is of ${name}: ${mend}`),
    ...rows.flatMap((row) => (row.error === undefined ? [] : [`${row.name}: ${row.error}`])),
  ];
}

async function driftOfSlots(
  db: HostDatabase,
  dockerSocket: string,
  links: readonly Link[],
): Promise<readonly string[]> {
  const found: string[] = [];
  try {
    const states = [...(await readSlots(db, dockerSocket)).values()];
    for (let i = 0; i < states.length; i += AT_ONCE) {
      const some = states.slice(i, i + AT_ONCE);
      const lines = await Promise.all(some.map((state) => driftOfSlot(state, dockerSocket, links)));
      found.push(...lines.flatMap((line) => line ?? []));
    }
  } catch (error) {
    const { code, message } = error as GalagoError;
    if (code !== 'HOST_DOCKER_FAILED') throw error;
    // Who has nothing in slots may do without Docker.
    if (slotInterfaces(db).size > 0) found.push(message);
  }
  return found;
}

async function driftOfSlot(
  { name, container, ports }: SlotState,
  dockerSocket: string,
  links: readonly Link[],
): Promise<string | undefined> {
  const names = ports.map((port) => port.name).join(', ');
  if (container === undefined) return `${names}: there is no container ${name}: galago cleanup --containers`;
  const settings = readSlotLabels(container.labels)?.settings;
  if (settings === undefined) {
    if (ports.length === 0) return undefined;
    return `${names}: galago start has not made ${name}: rename that, then galago cleanup --containers`;
  }
  if (container.state === 'created') return `${name} was never started: galago cleanup --containers`;
  if (hasEnded(container) && ports.length > 0)
    return `${name} does not run (${names}): galago restart ${name}, or galago stop ${name}`;
  if (container.state !== 'running' && container.state !== 'paused') return undefined;
  const pid = await containerPid(dockerSocket, container.id);
  if (pid === 0) return undefined;
  const isWhole = ports.length === countInterfaces(settings) && (await isPluggedIn(ports, pid, links));
  return isWhole ? undefined : `${name} runs, and is not plugged in: galago restart ${name}`;
}

/** Containers that are looked into at the same time. */
const AT_ONCE = 8;
