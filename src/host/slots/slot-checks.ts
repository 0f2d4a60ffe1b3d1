import type { HostDatabase } from '../database.ts';
import type { Link } from '../system/ip.ts';
import type { Nic } from './nic.ts';
import { type Slot, slotOf } from './slot.ts';
import { isRemnant, type SlotState } from './slot-state.ts';
import type { Vswitch } from './vswitch.ts';

/** What is in the way, and is Galago's. */
export interface Remnants {
  readonly container: string | undefined;
  readonly ports: readonly string[];
  readonly links: readonly string[];
}

/** True when a virtual switch has a slot of that number. */
export function hasSlot(vswitch: Vswitch, number: number, host: string): boolean {
  try {
    slotOf(vswitch, number, host);
    return true;
  } catch {
    return false;
  }
}

/** What is known when a slot is looked at. */
interface Known {
  readonly slot: Slot;
  readonly states: ReadonlyMap<string, SlotState>;
  readonly links: readonly Link[];
  /** The id of the container that is to be put there, if it is there already. */
  readonly own: string | undefined;
}

/** Why a slot cannot be had; undefined when it can. */
export function findObstacle(
  db: HostDatabase,
  nics: readonly Nic[],
  { slot, states, links, own }: Known,
): string | undefined {
  const state = states.get(slot.name);
  const { container } = state ?? {};
  if (state !== undefined && container !== undefined && container.id !== own && !isRemnant(state)) {
    const { image, status } = container;
    return `slot ${slot.number} of ${slot.vswitch} is taken: ${slot.name} has ${image}, ${status.toLowerCase()}`;
  }
  for (const { port, insideName, vswitch } of nics) {
    const isPort = state?.ports.some(({ name }) => name === port) === true;
    if (db.interface(port) !== undefined && !isPort)
      return `slot ${slot.number} of ${vswitch} is taken: another port is called ${port}`;
    const link = links.find(({ name, kind }) => (name === port || name === insideName) && kind !== 'veth');
    if (link !== undefined && !isPort)
      return `slot ${slot.number} is taken: another link is called ${link.name}`;
    const rival = vswitch === slot.vswitch ? undefined : states.get(port);
    if (rival?.container !== undefined) return `slot ${slot.number} of ${vswitch} is taken by ${rival.name}`;
  }
  return undefined;
}

/** What an interrupted command has left of a slot. */
export function remnantsOf(
  nics: readonly Nic[],
  { state, links, own }: { readonly state: SlotState | undefined } & Pick<Known, 'links' | 'own'>,
): Remnants {
  const id = state?.container?.id;
  const names = nics.flatMap(({ port, insideName }) => [port, insideName]);
  return {
    container: id === own ? undefined : id,
    ports: state?.ports.map(({ name }) => name) ?? [],
    links: links.filter(({ name, kind }) => kind === 'veth' && names.includes(name)).map(({ name }) => name),
  };
}
