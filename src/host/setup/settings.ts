import { UsageError } from '../../util/errors.ts';
import { readTunnelAddress } from '../../util/tunnel-address.ts';
import type { BridgeRow, HostDatabase, HostTransaction } from '../database.ts';
import { isVswitchRow } from '../slots/vswitch-labels.ts';
import type { HostTunnels } from '../system/forgery.ts';
import { ENCAPSULATIONS, type Encapsulation, encapsulationOf, overheadBytes } from './encapsulation.ts';

/** `external_ids` keys of the table `Open_vSwitch` that are written. */
export const SettingKey = {
  BRIDGE: 'galago-bridge',
  LOCAL_IP: 'galago-local-ip',
  ENCAPSULATION: 'galago-encap',
  UNDERLAY_MTU: 'galago-underlay-mtu',
  PEERS: 'galago-peers',
  /** The device that is in a bridge for good. */
  UPLINK: 'galago-uplink',
} as const;

/** What `galago-owner` says of bridges and ports that `galago init` has made. */
export const INIT_OWNER = 'init';

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
  /** The device whose place a bridge has taken, once that was confirmed. */
  readonly uplink: string | undefined;
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
    uplink: ids.get(SettingKey.UPLINK),
    peers: (ids.get(SettingKey.PEERS) ?? '').split(' ').filter((peer) => peer !== ''),
  };
}

/** The tunnels of a host; undefined where there are none, or whose address somebody has made another text of. */
export function hostTunnels({ encapsulation, localIp, peers }: HostSettings): HostTunnels | undefined {
  if (encapsulation === undefined || localIp === undefined) return undefined;
  return readTunnelAddress(localIp) === undefined ? undefined : { encapsulation, localIp, peers };
}

/**
 * Has nobody else change meanwhile what this host was set up with, or what its firewall has for that. What the one before
 * has written can be read then: the database tells of changes before it gives the lock.
 * @throws TimeoutError `OVSDB_NO_ANSWER` when another one keeps it for half a minute; ClosedError `OVSDB_CALL_ABORTED`;
 * what `run` throws
 */
export async function whileSettingUp<T>(
  db: HostDatabase,
  run: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  await using _lock = await db.lock('galago_setup', { timeoutMs: 30_000, ...(signal && { signal }) });
  return await run();
}

/**
 * The bridge for containers: the one asked for, or the one that the host was set up with.
 * @throws UsageError `HOST_NOT_INITIALIZED`, `HOST_BRIDGE_UNKNOWN`
 */
export function requireBridge(db: HostDatabase, asked?: string): BridgeRow {
  const name = asked ?? readSettings(db).bridge;
  if (name === undefined) {
    const message = 'this host has no bridge for containers: run galago init, or name one with --bridge';
    throw new UsageError('HOST_NOT_INITIALIZED', message);
  }
  const bridge = db.bridge(name);
  if (bridge !== undefined && isVswitchRow(bridge)) {
    const message = `'${name}' is a virtual switch, not a bridge for pods: galago start puts containers there`;
    throw new UsageError('HOST_BRIDGE_UNKNOWN', message);
  }
  if (bridge !== undefined) return bridge;
  throw new UsageError('HOST_BRIDGE_UNKNOWN', `there is no bridge '${name}': run galago init`);
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
