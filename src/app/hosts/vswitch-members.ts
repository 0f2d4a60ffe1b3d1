import { parseAddresses } from './addresses.ts';
import type { Member } from './host-view.ts';
import { openPort } from './open-port.ts';

/** The `external_ids` key of a bridge that is a virtual switch; its value is the switch's own address. */
const VSWITCH = 'galago-vswitch';
/** The `external_ids` key of what an interface is on a virtual switch: `gateway`, `slot`, `inline`, `uplink`. */
const ROLE = 'galago-role';

/** An interface, as far as its place on a virtual switch follows from it. */
export interface VswitchInterface {
  readonly name: string;
  readonly ofport: number | undefined;
  readonly external_ids: ReadonlyMap<string, string>;
}

/** True for a bridge that `galago vswitch create` has made. */
export function isVswitch({ external_ids }: Pick<VswitchInterface, 'external_ids'>): boolean {
  return external_ids.has(VSWITCH);
}

/**
 * Who is on a virtual switch: one pod, whose key matters to nobody but the flows of this bridge. Interfaces without
 * a role, or with labels that cannot be read, have no part in it.
 */
export function vswitchMembers(name: string, interfaces: readonly VswitchInterface[]): readonly Member[] {
  return interfaces.flatMap((row) => {
    const member = known.get(row) ?? readMember(name, row);
    if (member !== undefined) known.set(row, member);
    return member ?? [];
  });
}

/** Rows are replaced when they change: one that was read gives the same member again. */
const known = new WeakMap<VswitchInterface, Member>();

function readMember(
  pod: string,
  { name, ofport: number, external_ids }: VswitchInterface,
): Member | undefined {
  const role = external_ids.get(ROLE);
  const ofport = openPort({ ofport: number });
  if (role === undefined || ofport === undefined) return undefined;
  const member = { interface: name, ofport, pod: { name: pod, key: KEY } };
  if (role === 'uplink') return { ...member, role };
  const addresses = readAddresses(external_ids);
  if (role === 'inline') return { ...member, role, ...(addresses && { addresses }) };
  if (addresses === undefined) return undefined;
  if (role === 'gateway') return { ...member, addresses: { ...addresses, isRouter: true } };
  return role === 'slot' ? { ...member, addresses } : undefined;
}

function readAddresses(ids: VswitchInterface['external_ids']): Member['addresses'] {
  try {
    return parseAddresses(ids.get('galago-mac'), ids.get('galago-ip'));
  } catch {
    return undefined;
  }
}

const KEY = 1;
