import { formatEndpointAddress } from '../../host/addresses/address.ts';
import type { HostDatabase } from '../../host/database.ts';
import { readVswitches, type Vswitch } from '../../host/slots/vswitch.ts';
import { slotInterfaces } from '../../host/slots/vswitch-labels.ts';

/** What is said of a virtual switch. */
export interface VswitchRow {
  readonly name: string;
  readonly address: string;
  readonly ipv6: string | null;
  readonly device: string | null;
  readonly datapath: 'netdev' | 'system';
  /** In use. */
  readonly slots: number;
}

/** Every virtual switch of this host. */
export function vswitchRows(db: HostDatabase): readonly VswitchRow[] {
  return readVswitches(db).map((vswitch) => vswitchRow(db, vswitch));
}

/** A virtual switch that is there. */
export function vswitchRow(db: HostDatabase, vswitch: Vswitch): VswitchRow {
  const { name, address, ipv6Prefix, device, isUserspace } = vswitch;
  const bridge = db.bridge(name);
  const ports = new Set(bridge && db.interfacesOf(bridge).map((row) => row.name));
  const used = [...slotInterfaces(db).values()].filter((rows) => rows.some((row) => ports.has(row.name)));
  return {
    name,
    address: formatEndpointAddress(address),
    ipv6: ipv6Prefix === undefined ? null : `${ipv6Prefix}/64`,
    device: device ?? null,
    datapath: isUserspace ? 'netdev' : 'system',
    slots: used.length,
  };
}

/** `ovs0: 10.0.0.254/24, connected by eth1`. */
export function vswitchWords({ name, address, ipv6, device }: VswitchRow): string {
  const by = device === null ? '' : `, connected by ${device}`;
  return `${name}: ${[address, ipv6 ?? []].flat().join(' ')}${by}`;
}
