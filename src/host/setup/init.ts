import { UsageError } from '../../util/errors.ts';
import { familyOf, tunnelInterfaceType } from '../../util/tunnel-address.ts';
import { EndpointKey } from '../connect/endpoint.ts';
import {
  type BridgeRow,
  type HostDatabase,
  type HostTransaction,
  type InterfaceRow,
  requireBridgeOpen,
  requireOpen,
} from '../database.ts';
import { type FirewallPlan, openFirewall, planFirewall } from '../system/firewall.ts';
import { type Link, readNamespace } from '../system/ip.ts';
import type { Encapsulation } from './encapsulation.ts';
import { INIT_OWNER, readSettings, SettingKey, whileSettingUp } from './settings.ts';
import { findUnderlay } from './underlay.ts';
import { planUplink, UPLINK_BRIDGE, type UplinkPlan } from './uplink.ts';

/** How a host is to be set up; what is undefined stays as it is, or gets a default. */
export interface InitRequest {
  readonly bridge?: string | undefined;
  readonly encapsulation?: Encapsulation | undefined;
  readonly localIp?: string | undefined;
  /** Largest packet of the network between the hosts. */
  readonly underlayMtu?: number | undefined;
  readonly isUserspace?: boolean | undefined;
  /** The device that a bridge is to take the place of. */
  readonly uplink?: string | undefined;
}

/** How a host is going to be. */
export interface InitPlan {
  readonly bridge: string;
  readonly encapsulation: Encapsulation;
  readonly localIp: string;
  readonly underlayMtu: number;
  readonly isUserspace: boolean;
  /** Undefined when it has to be made. */
  readonly existing: BridgeRow | undefined;
  readonly tunnel: InterfaceRow | undefined;
  readonly firewall: FirewallPlan;
  /** Undefined when there is none. */
  readonly uplink: UplinkPlan | undefined;
  /** What has to be changed for that, a line each; empty when nothing has. */
  readonly changes: readonly string[];
}

/**
 * Looks at what setting this host up depends on, and changes nothing.
 * @throws UsageError `HOST_INIT_CONFLICT`, `HOST_BRIDGE_FOREIGN`, `HOST_TUNNEL_TAKEN`, `HOST_LOCAL_IP_INVALID`,
 * `HOST_UNDERLAY_INVALID`, `HOST_UPLINK_INVALID`; HostError as runCommand
 */
export async function planInit(
  db: HostDatabase,
  request: InitRequest,
  defaults: { readonly bridge: string; readonly encapsulation: Encapsulation },
): Promise<InitPlan> {
  const settings = readSettings(db);
  const bridge = request.bridge ?? settings.bridge ?? defaults.bridge;
  const encapsulation = request.encapsulation ?? settings.encapsulation ?? defaults.encapsulation;
  requireUnchanged('bridge', settings.bridge, bridge);
  requireUnchanged('encapsulation', settings.encapsulation?.type, encapsulation.type);
  const { links } = await readNamespace();
  const existing = requireOwn(db, bridge, links);
  const isUserspace = request.isUserspace ?? existing?.datapath_type === 'netdev';
  if (existing !== undefined)
    requireUnchanged('datapath', existing.datapath_type || 'system', isUserspace ? 'netdev' : 'system');
  const device = request.uplink ?? settings.uplink;
  if (device !== undefined) requireUserspace(isUserspace, bridge);
  const uplink = device === undefined ? undefined : await planUplink(db, links, device);
  const underlay = findUnderlay(db, links, {
    localIp: request.localIp ?? settings.localIp,
    bridge,
    isUserspace,
    uplink: device,
  });
  requireFamily(settings.peers, underlay.localIp);
  const tunnel = requireTunnel(db, existing, encapsulation, underlay.localIp);
  const firewall = await planFirewall({ encapsulation, localIp: underlay.localIp, peers: settings.peers });
  const keptMtu = settings.localIp === underlay.localIp ? settings.underlayMtu : undefined;
  const underlayMtu = request.underlayMtu ?? keptMtu ?? underlay.mtu;
  const plan = { ...{ bridge, encapsulation, underlayMtu, isUserspace }, localIp: underlay.localIp };
  const whole = { ...plan, existing, tunnel, firewall, uplink };
  return { ...whole, changes: changesOf(db, whole) };
}

/**
 * Does what was planned, and looks whether the switch has what it was told; when it has not, it is taken back.
 * @returns the port number of the tunnel port
 * @throws HostError `HOST_PORT_FAILED`, as runCommand; TimeoutError `HOST_SWITCH_SILENT`; OvsdbError
 */
export function carryOutInit(db: HostDatabase, plan: InitPlan): Promise<number> {
  return whileSettingUp(db, async () => {
    const name = plan.tunnel?.name ?? tunnelName(plan);
    const { external_ids: ids } = db.root;
    const before = new Map([...settingsOf(plan).keys()].map((key) => [key, ids.get(key)]));
    try {
      if (plan.changes.length > 0) await db.apply(`init ${plan.bridge}`, (tx) => write(db, tx, plan));
      requireBridgeOpen(db, plan.bridge, plan.isUserspace);
      const ofport = requireOpen(db.interface(name), name);
      await openFirewall({ ...plan, peers: readSettings(db).peers });
      return ofport;
    } catch (error) {
      if (plan.changes.length > 0) await db.undo(error, 'init', (tx) => undo(db, tx, plan, before));
      throw error;
    }
  });
}

/** True for bridges that {@link carryOutInit} has made. */
export function isOwnBridge({ external_ids }: BridgeRow): boolean {
  return external_ids.get(EndpointKey.OWNER) === INIT_OWNER;
}

function write(db: HostDatabase, tx: HostTransaction, plan: InitPlan): void {
  const { existing, tunnel, localIp, encapsulation } = plan;
  const owner = new Map([[EndpointKey.OWNER, INIT_OWNER]]);
  const type = tunnelInterfaceType(encapsulation.type, localIp);
  const options = new Map([
    ['remote_ip', 'flow'],
    ['key', 'flow'],
    ['local_ip', localIp],
  ]);
  if (existing !== undefined) secure(tx, existing);
  const bridge = existing?._uuid ?? insertBridge(db, tx, plan, owner);
  if (tunnel === undefined)
    db.insertPort(tx, bridge, {
      name: tunnelName(plan),
      type,
      options,
      external_ids: owner,
    });
  else tx.update('Interface', tunnel._uuid, { type, options });
  db.writeSettings(tx, settingsOf(plan));
}

/** Has everything as it was planned from. */
function undo(
  db: HostDatabase,
  tx: HostTransaction,
  { existing, tunnel, ...plan }: InitPlan,
  settings: ReadonlyMap<string, string | undefined>,
): void {
  if (existing === undefined) db.deleteBridge(tx, plan.bridge);
  else if (tunnel === undefined) db.deletePort(tx, tunnelName(plan));
  else tx.update('Interface', tunnel._uuid, { type: tunnel.type, options: tunnel.options });
  db.writeSettings(tx, settings);
}

function insertBridge(
  db: HostDatabase,
  tx: HostTransaction,
  { bridge: name, isUserspace }: InitPlan,
  external_ids: ReadonlyMap<string, string>,
) {
  const bridge = tx.insert('Bridge', {
    name,
    datapath_type: isUserspace ? 'netdev' : '',
    fail_mode: 'secure',
    other_config: new Map([['disable-in-band', 'true']]),
    external_ids,
  });
  db.insertPort(tx, bridge, { name, type: 'internal', external_ids: new Map() });
  tx.mutate('Open_vSwitch', db.root._uuid, 'bridges', 'insert', [bridge]);
  return bridge;
}

function secure(tx: HostTransaction, bridge: BridgeRow): void {
  tx.update('Bridge', bridge._uuid, { fail_mode: 'secure' });
  tx.mutate('Bridge', bridge._uuid, 'other_config', 'delete', ['disable-in-band']);
  tx.mutate('Bridge', bridge._uuid, 'other_config', 'insert', new Map([['disable-in-band', 'true']]));
}

function settingsOf({ bridge, localIp, encapsulation, underlayMtu }: InitPlan): ReadonlyMap<string, string> {
  return new Map([
    [SettingKey.BRIDGE, bridge],
    [SettingKey.LOCAL_IP, localIp],
    [SettingKey.ENCAPSULATION, encapsulation.type],
    [SettingKey.UNDERLAY_MTU, `${underlayMtu}`],
  ]);
}

function changesOf(db: HostDatabase, plan: Omit<InitPlan, 'changes'>): readonly string[] {
  const { bridge, existing, tunnel, isUserspace, localIp, encapsulation, firewall } = plan;
  const changes: string[] = [...(plan.uplink?.changes ?? [])];
  const tunnelType = tunnelInterfaceType(encapsulation.type, localIp);
  const type = isUserspace ? 'datapath_type=netdev ' : '';
  if (existing === undefined)
    changes.push(`ovsdb: add bridge ${bridge}: ${type}fail_mode=secure other_config:disable-in-band=true`);
  else if (existing.fail_mode !== 'secure' || existing.other_config.get('disable-in-band') !== 'true')
    changes.push(`ovsdb: set bridge ${bridge}: fail_mode=secure other_config:disable-in-band=true`);
  const isSame = tunnel?.type === tunnelType && tunnel.options.get('local_ip') === localIp;
  if (!isSame) {
    const verb = tunnel === undefined ? 'add' : 'set';
    const options = `options:remote_ip=flow options:key=flow options:local_ip=${localIp}`;
    changes.push(`ovsdb: ${verb} port ${tunnel?.name ?? tunnelName(plan)}: type=${tunnelType} ${options}`);
  }
  const ids = db.root.external_ids;
  for (const [key, value] of settingsOf({ ...plan, changes }))
    if (ids.get(key) !== value) changes.push(`ovsdb: set Open_vSwitch external_ids:${key}=${value}`);
  return [...changes, ...firewall.changes.map(({ text }) => text)];
}

function requireUnchanged(what: string, is: string | undefined, wanted: string): void {
  if (is === undefined || is === wanted) return;
  const message = `the ${what} of this host is ${is}, not ${wanted}: galago cleanup comes first`;
  throw new UsageError('HOST_INIT_CONFLICT', message);
}

/** The kernel's datapath sends tunnel packets as the host sends any others. */
function requireUserspace(isUserspace: boolean, bridge: string): void {
  if (!isUserspace) {
    const message =
      "--uplink is for --usermode: the kernel's datapath sends tunnels by the host's own routes";
    throw new UsageError('HOST_UPLINK_INVALID', message);
  }
  if (bridge !== UPLINK_BRIDGE) return;
  throw new UsageError('HOST_UPLINK_INVALID', `the uplink's bridge is ${bridge}: name another with --bridge`);
}

/** The other hosts' tunnel addresses have to be of the same family as this one's. */
function requireFamily(peers: readonly string[], localIp: string): void {
  const stranger = peers.find((peer) => familyOf(peer) !== familyOf(localIp));
  if (stranger === undefined) return;
  const message = `the cluster has ${stranger}, to which no tunnel leads from ${localIp}: galago cluster remove it first`;
  throw new UsageError('HOST_INIT_CONFLICT', message);
}

/** The bridge if it is there, and ours. */
function requireOwn(db: HostDatabase, name: string, links: readonly Link[]): BridgeRow | undefined {
  const bridge = db.bridge(name);
  if (bridge === undefined ? !links.some((link) => link.name === name) : isOwnBridge(bridge)) return bridge;
  const what = bridge === undefined ? 'a link' : 'a bridge';
  const message = `there is ${what} '${name}' that Galago has not made: choose another name with --bridge`;
  throw new UsageError('HOST_BRIDGE_FOREIGN', message);
}

/** The tunnel port of the bridge, if it is there, and nobody else's that would take its packets. */
function requireTunnel(
  db: HostDatabase,
  bridge: BridgeRow | undefined,
  { type }: Encapsulation,
  localIp: string,
): InterfaceRow | undefined {
  const types: readonly string[] = type === 'gre' ? ['gre', 'ip6gre'] : [type];
  const isTunnel = (row: InterfaceRow) => types.includes(row.type) && row.options.get('remote_ip') === 'flow';
  const own = bridge === undefined ? [] : db.interfacesOf(bridge).filter(isTunnel);
  const rival = db.interfaces.find(
    (row) =>
      isTunnel(row) && !own.includes(row) && [undefined, localIp].includes(row.options.get('local_ip')),
  );
  if (rival === undefined) return own[0];
  const message = `${rival.name} takes all ${type} packets for ${localIp}: there can be only one such port`;
  throw new UsageError('HOST_TUNNEL_TAKEN', message);
}

function tunnelName({ encapsulation }: Pick<InitPlan, 'encapsulation'>): string {
  return `gal-${encapsulation.type}`;
}
