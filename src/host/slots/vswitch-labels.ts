import { EndpointKey } from '../connect/endpoint.ts';
import type { BridgeRow, HostDatabase, InterfaceRow } from '../database.ts';

/** `external_ids` keys of virtual switches, beside those of endpoints. */
export const VswitchKey = {
  /** Of a bridge: its own address, `10.0.0.254/24`. */
  VSWITCH: 'galago-vswitch',
  /** Of a bridge: the first 64 bits of IPv6 addresses, `fd00::`. */
  IPV6_PREFIX: 'galago-ipv6-prefix',
  /** Of an interface: what it is on its virtual switch. */
  ROLE: 'galago-role',
  /** Of an interface: the name of the slot whose container has it. */
  SLOT: 'galago-slot',
} as const;

/** What an interface is on its virtual switch. */
export type VswitchRole =
  /** The bridge's own port, by which the host is reached, and what the host routes to. */
  | 'gateway'
  /** A container's: it may send from its own addresses only. */
  | 'slot'
  /** One of two of a container that passes frames on: it may send anything, and hears no broadcasts. */
  | 'inline'
  /** A device of the host: what is for nobody known goes there. */
  | 'uplink';

/** What `galago-owner` says of bridges and ports of virtual switches. */
const VSWITCH_OWNER = 'vswitch';

/** The labels of an interface of a virtual switch. */
export function vswitchIds(
  role: VswitchRole,
  { slot, ifname, mac, ips = [] }: VswitchInterfaceIds = {},
): ReadonlyMap<string, string> {
  return new Map([
    [EndpointKey.OWNER, VSWITCH_OWNER],
    [VswitchKey.ROLE, role],
    ...(slot === undefined ? [] : [[VswitchKey.SLOT, slot] as const]),
    ...(ifname === undefined ? [] : [[EndpointKey.IFNAME, ifname] as const]),
    ...(mac === undefined ? [] : [[EndpointKey.MAC, mac] as const]),
    ...(ips.length === 0 ? [] : [[EndpointKey.IP, ips.join(' ')] as const]),
  ]);
}

/** What {@link vswitchIds} is told, as far as there is anything to tell. */
interface VswitchInterfaceIds {
  readonly slot?: string;
  readonly ifname?: string;
  readonly mac?: string;
  readonly ips?: readonly string[];
}

/** True for bridges that are virtual switches. */
export function isVswitchRow({ external_ids }: BridgeRow): boolean {
  return external_ids.has(VswitchKey.VSWITCH);
}

/** True where a virtual switch has the userspace datapath; all of them, or those but one. */
export function hasUserspaceVswitch(db: HostDatabase, but?: string): boolean {
  const rows = db.bridges.filter((row) => isVswitchRow(row) && row.name !== but);
  return rows.some(({ datapath_type }) => datapath_type === 'netdev');
}

/** The interfaces of slots, by the name of the slot whose container they are for. */
export function slotInterfaces(db: HostDatabase): ReadonlyMap<string, readonly InterfaceRow[]> {
  const found = new Map<string, InterfaceRow[]>();
  for (const bridge of db.bridges.filter(isVswitchRow)) {
    for (const row of db.interfacesOf(bridge)) {
      const slot = row.external_ids.get(VswitchKey.SLOT);
      if (slot !== undefined) found.set(slot, [...(found.get(slot) ?? []), row]);
    }
  }
  return found;
}
