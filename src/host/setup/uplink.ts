import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { UsageError } from '../../util/errors.ts';
import {
  type Addressing,
  addCommands,
  describeAddressing,
  readAddressing,
  removeCommands,
} from '../addresses/addressing.ts';
import { EndpointKey } from '../connect/endpoint.ts';
import { type BridgeRow, type HostDatabase, type HostTransaction, requireOpen } from '../database.ts';
import { runCommand } from '../system/command.ts';
import { giveToKernel, isKeptFromKernel, keepFromKernel } from '../system/device-traffic.ts';
import { findLink, ipBatch, ipBatchForced, type Link } from '../system/ip.ts';
import { clearSettings, INIT_OWNER, readSettings, SettingKey, whileSettingUp } from './settings.ts';
import { settleFirewall } from './settle-firewall.ts';

/** The bridge that takes a device's place on the host's network. */
export const UPLINK_BRIDGE = 'br-phy';

/** A device that is to go into a bridge, with what the bridge takes over from it. */
export interface UplinkPlan {
  readonly device: string;
  readonly mac: string;
  /** What moves; undefined when it has moved already. */
  readonly addressing: Addressing | undefined;
  /** True once its move has been confirmed, also after a reboot. */
  readonly isConfirmed: boolean;
  /** True when the kernel listens to the device beside the bridge. */
  readonly isHeardTwice: boolean;
  /** What has to be changed for that, a line each; empty when nothing has. */
  readonly changes: readonly string[];
}

/** What it takes to undo a move. */
export interface MovedUplink {
  readonly device: string;
  /** What it had. */
  readonly addressing: Addressing;
  /** The bridge for containers that was made together with it, which goes as well unless somebody uses it. */
  readonly madeBridge: string | undefined;
}

/**
 * Looks at a device that is to be the uplink, and changes nothing.
 * @throws UsageError `HOST_UPLINK_INVALID`, `HOST_BRIDGE_FOREIGN`; HostError as runCommand
 */
export async function planUplink(
  db: HostDatabase,
  links: readonly Link[],
  device: string,
): Promise<UplinkPlan> {
  const bridge = db.bridge(UPLINK_BRIDGE);
  if (bridge === undefined ? links.some(({ name }) => name === UPLINK_BRIDGE) : !isUplinkBridge(bridge)) {
    const message = `there is a '${UPLINK_BRIDGE}' that Galago has not made: without --uplink, its address is used`;
    throw new UsageError('HOST_BRIDGE_FOREIGN', message);
  }
  const before = uplinkOf(db);
  if (before !== undefined && before !== device) {
    const message = `the uplink of this host is ${before}, not ${device}: galago cleanup comes first`;
    throw new UsageError('HOST_INIT_CONFLICT', message);
  }
  const link = requireDevice(db, links, device);
  const current = await readAddressing(device);
  const isMoved = bridge !== undefined && current.addresses.length === 0;
  if (!isMoved && current.addresses.length === 0)
    throw invalid(`${device} has no address that tunnels could end at`);
  const isHeardTwice = !(await isKeptFromKernel());
  return {
    device,
    mac: link.mac!,
    addressing: isMoved ? undefined : current,
    isHeardTwice,
    isConfirmed: db.root.external_ids.get(SettingKey.UPLINK) === device,
    changes: [
      ...(bridge === undefined
        ? [
            `ovsdb: add bridge ${UPLINK_BRIDGE}: datapath_type=netdev other_config:hwaddr=${link.mac}, with ${device}`,
          ]
        : []),
      ...(isHeardTwice ? [keepingLine(device)] : []),
      ...(isMoved ? [] : [`ip: move ${describeAddressing(current)} from ${device} to ${UPLINK_BRIDGE}`]),
    ],
  };
}

/** Puts the device into the bridge and moves what it has there. @throws HostError; TimeoutError `HOST_SWITCH_SILENT` */
export async function moveToBridge(db: HostDatabase, { device, mac, addressing }: UplinkPlan): Promise<void> {
  if (db.bridge(UPLINK_BRIDGE) === undefined)
    await db.apply(`uplink ${device}`, (tx) => insertBridge(db, tx, device, mac));
  for (const name of [UPLINK_BRIDGE, device]) requireOpen(db.interface(name), name);
  await copySettings(device, UPLINK_BRIDGE);
  await moveAddressing(device, UPLINK_BRIDGE, addressing!);
  await keepFromKernel(device);
}

/**
 * Keeps what an uplink receives from the kernel, where somebody has undone that since its move was confirmed.
 * @returns what was done, a line each
 * @throws HostError as runCommand
 */
export async function keepUplink(db: HostDatabase): Promise<readonly string[]> {
  const { uplink: device, localIp } = readSettings(db);
  if (device === undefined || device !== uplinkOf(db) || (await isKeptFromKernel())) return [];
  // After a reboot the kernel needs it until `galago init` has moved the addresses again.
  const bridge = await findLink(UPLINK_BRIDGE);
  if (!bridge?.addresses.some((address) => address.startsWith(`${localIp}/`))) return [];
  await keepFromKernel(device);
  return [keepingLine(device)];
}

function keepingLine(device: string): string {
  return `nftables netdev galago: keep what ${device} receives from the kernel`;
}

function insertBridge(db: HostDatabase, tx: HostTransaction, device: string, mac: string): void {
  const external_ids = new Map([[EndpointKey.OWNER, INIT_OWNER]]);
  const bridge = tx.insert('Bridge', {
    name: UPLINK_BRIDGE,
    datapath_type: 'netdev',
    fail_mode: 'standalone',
    // Neighbours know the host by this address, and so may its router or switch.
    other_config: new Map([['hwaddr', mac]]),
    external_ids: new Map([...external_ids, [SettingKey.UPLINK, device]]),
  });
  db.insertPort(tx, bridge, { name: UPLINK_BRIDGE, type: 'internal', external_ids });
  db.insertPort(tx, bridge, { name: device, external_ids });
  tx.mutate('Open_vSwitch', db.root._uuid, 'bridges', 'insert', [bridge]);
}

/**
 * Gives a device back what {@link moveToBridge} has moved, however far that has come. What can be done without Open
 * vSwitch is done first.
 * @throws HostError as runCommand; what HostDatabase throws
 */
export async function moveToDevice(
  { device, addressing, madeBridge }: MovedUplink,
  openDatabase: () => Promise<HostDatabase>,
): Promise<void> {
  await giveToKernel();
  await moveAddressing(UPLINK_BRIDGE, device, addressing);
  await using db = await openDatabase();
  const made = madeBridge === undefined ? undefined : db.bridge(madeBridge);
  const isUsed = db.endpoints().some(({ bridge }) => bridge === madeBridge);
  await whileSettingUp(db, async () => {
    try {
      await db.apply(`uplink ${device} given back`, (tx) => {
        const bridge = db.bridge(UPLINK_BRIDGE);
        if (bridge !== undefined && isUplinkBridge(bridge)) db.deleteBridge(tx, UPLINK_BRIDGE);
        if (made === undefined || isUsed)
          return db.writeSettings(tx, new Map([[SettingKey.UPLINK, undefined]]));
        db.deleteBridge(tx, made.name);
        clearSettings(db, tx);
      });
    } finally {
      // An agent may have kept it from the kernel again before the settings went.
      await giveToKernel();
    }
    if (made !== undefined && !isUsed) await settleFirewall(db);
  });
}

/**
 * Gives a device once more what {@link moveToDevice} gave it, where an address is missing; not while there is a bridge in
 * its place again.
 * @throws UsageError `HOST_UPLINK_INVALID`; HostError as runCommand
 */
export async function keepPutBack({ device, addressing }: MovedUplink): Promise<void> {
  if ((await findLink(UPLINK_BRIDGE)) !== undefined) return;
  await giveToKernel();
  const { addresses } = await readAddressing(device);
  const there = new Set(addresses.map(({ key }) => key.join(' ')));
  if (addressing.addresses.some(({ key }) => !there.has(key.join(' '))))
    await moveAddressing(UPLINK_BRIDGE, device, addressing);
}

/** The device that was put into the bridge of ours, if one was. */
export function uplinkOf(db: HostDatabase): string | undefined {
  const bridge = db.bridge(UPLINK_BRIDGE);
  return bridge !== undefined && isUplinkBridge(bridge)
    ? bridge.external_ids.get(SettingKey.UPLINK)
    : undefined;
}

function isUplinkBridge({ external_ids }: BridgeRow): boolean {
  return external_ids.get(EndpointKey.OWNER) === INIT_OWNER && external_ids.has(SettingKey.UPLINK);
}

/** Also right when some of it has moved before. */
async function moveAddressing(from: string, to: string, addressing: Addressing): Promise<void> {
  const detection = `/proc/sys/net/ipv6/conf/${to}/accept_dad`;
  const before = readSetting(detection);
  // The addresses are this host's already: there is nothing to find out, and a second without them is long.
  await trySetting(detection, before && '0');
  try {
    await ipBatchForced([...removeCommands(from, addressing), ...removeCommands(to, addressing)]);
    await ipBatch([['link', 'set', 'dev', to, 'up'], ...addCommands(to, addressing)]);
    if (before !== undefined) await untilUsable(to);
  } finally {
    await trySetting(detection, before);
  }
}

/** The kernel settles this right after the command. */
async function untilUsable(device: string): Promise<void> {
  for (let look = 0; look < 50; look++) {
    const tentative = await runCommand('ip', ['-oneline', 'address', 'show', 'dev', device, 'tentative']);
    if (tentative.trim() === '') return;
    await delay(20);
  }
}

/** Has the bridge take advertisements of routers as the device did. */
async function copySettings(from: string, to: string): Promise<void> {
  for (const name of DEVICE_SETTINGS) {
    const [family, key] = name.split('/') as [string, string];
    const [value, is] = [from, to].map((device) =>
      readSetting(`/proc/sys/net/${family}/conf/${device}/${key}`),
    );
    if (value !== undefined && is !== undefined && value !== is)
      await runCommand('tee', [`/proc/sys/net/${family}/conf/${to}/${key}`], { input: value });
  }
}

/** What the kernel has for a setting; undefined for what it knows nothing of. */
function readSetting(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Changes a setting that it also goes without. */
async function trySetting(path: string, value: string | undefined): Promise<void> {
  if (value !== undefined) await runCommand('tee', [path], { input: value }).catch(() => {});
}

const DEVICE_SETTINGS = [
  'ipv4/forwarding',
  'ipv4/rp_filter',
  'ipv6/disable_ipv6',
  'ipv6/forwarding',
  'ipv6/accept_ra',
  'ipv6/autoconf',
  'ipv6/use_tempaddr',
];

/** The link of that name, if it can be in a bridge and nothing hangs on it. */
function requireDevice(db: HostDatabase, links: readonly Link[], name: string): Link {
  const link = links.find((one) => one.name === name);
  if (link === undefined) throw invalid(`there is no device '${name}'`);
  if (link.type !== 'ether' || link.mac === undefined || link.kind === 'tun' || link.kind === 'openvswitch')
    throw invalid(`${name} is no network card`);
  if (!link.isUp) throw invalid(`${name} is down: ip link set ${name} up`);
  if (link.master !== undefined) throw invalid(`${name} is a part of ${link.master}`);
  const onTop = links.find(({ lower, kind }) => lower === name && kind !== 'veth');
  if (onTop !== undefined) throw invalid(`${onTop.name} is on top of ${name}`);
  if (existsSync(`/sys/class/net/${name}/phy80211`))
    throw invalid(`${name} is a wireless device, and they cannot be in bridges`);
  const bridge = db.bridges.find((one) => db.interfacesOf(one).some((row) => row.name === name));
  if (bridge !== undefined && !isUplinkBridge(bridge))
    throw invalid(`${name} is in the bridge ${bridge.name}`);
  return link;
}

function invalid(why: string): UsageError {
  return new UsageError('HOST_UPLINK_INVALID', `${why}, so that it cannot be the uplink`);
}
