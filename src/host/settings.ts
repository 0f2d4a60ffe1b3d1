import type { HostDatabase, HostTransaction } from './database.ts';
import { ENCAPSULATIONS, type Encapsulation, encapsulationOf, overheadBytes } from './encapsulation.ts';

/** `external_ids` keys of the table `Open_vSwitch` that are written. */
export const SettingKey = {
  BRIDGE: 'galago-bridge',
  LOCAL_IP: 'galago-local-ip',
  ENCAPSULATION: 'galago-encap',
  UNDERLAY_MTU: 'galago-underlay-mtu',
  PEERS: 'galago-peers',
} as const;

/** What a host has been set up with. */
export interface HostSettings {
  /** The bridge for containers; undefined before `galago init`. */
  readonly bridge: string | undefined;
  readonly localIp: string | undefined;
  readonly encapsulation: Encapsulation | undefined;
  /** Largest packet of the network between the hosts, in bytes. */
  readonly underlayMtu: number | undefined;
  /** Tunnel addresses of other hosts. */
  readonly peers: readonly string[];
}

/** Reads what a host has been set up with. */
export function readSettings({ root }: HostDatabase): HostSettings {
  const ids = root.external_ids;
  const mtu = Number(ids.get(SettingKey.UNDERLAY_MTU));
  return {
    bridge: ids.get(SettingKey.BRIDGE),
    localIp: ids.get(SettingKey.LOCAL_IP),
    encapsulation: encapsulationOf(ids.get(SettingKey.ENCAPSULATION)),
    underlayMtu: Number.isInteger(mtu) && mtu > 0 ? mtu : undefined,
    peers: (ids.get(SettingKey.PEERS) ?? '').split(' ').filter((peer) => peer !== ''),
  };
}

/** Forgets all of it. */
export function clearSettings(db: HostDatabase, tx: HostTransaction): void {
  db.writeSettings(tx, new Map(Object.values(SettingKey).map((key) => [key, undefined])));
}

/** True when a host has any. */
export function hasSettings({ root }: HostDatabase): boolean {
  return Object.values(SettingKey).some((key) => root.external_ids.has(key));
}

/** The largest packet that an endpoint can send: what the network between the hosts has left beside the tunnel. */
export function endpointMtu({
  underlayMtu = 1500,
  encapsulation = ENCAPSULATIONS.vxlan,
  localIp,
}: Pick<HostSettings, 'underlayMtu' | 'encapsulation' | 'localIp'>): number {
  return underlayMtu - overheadBytes(encapsulation, localIp);
}
