import { UsageError } from '../../util/errors.ts';
import { parseCidr } from '../../util/ip.ts';
import { type EndpointAddress, formatEndpointAddress, parseEndpointAddress } from '../addresses/address.ts';
import { EndpointKey } from '../connect/endpoint.ts';
import {
  type BridgeRow,
  type HostDatabase,
  type HostTransaction,
  requireBridgeOpen,
  requireOpen,
} from '../database.ts';
import { hostTunnels, readSettings, whileSettingUp } from '../setup/settings.ts';
import { dropForgery, planForgery } from '../system/forgery.ts';
import { formatIp, type Link, readNamespace } from '../system/ip.ts';
import { type VswitchAddress, vswitchMac } from './slot.ts';
import { requireRoom } from './vswitch-checks.ts';
import { isVswitchRow, VswitchKey, vswitchIds } from './vswitch-labels.ts';
import { addressesOf, carryOutLinks, type LinksPlan, planLinks } from './vswitch-links.ts';

/** A virtual switch of this host. */
export interface Vswitch extends VswitchAddress {
  /** What connects it with a network outside. */
  readonly device: string | undefined;
  /** Whether it has the userspace datapath. */
  readonly isUserspace: boolean;
}

/** What is to be done for a virtual switch to be there. */
export interface VswitchPlan {
  readonly vswitch: Vswitch;
  /** Undefined when it has to be made. */
  readonly existing: BridgeRow | undefined;
  readonly needsDevice: boolean;
  readonly links: LinksPlan;
  /** What keeps the kernel from taking in what containers send, beside the userspace datapath; a line each. */
  readonly firewall: readonly string[];
  /** A line each; empty when nothing has to be changed. */
  readonly changes: readonly string[];
}

/**
 * Reads the address of a virtual switch.
 * @throws UsageError `HOST_ADDRESS_INVALID`
 */
export function parseVswitchAddress(text: string): EndpointAddress {
  const address = parseEndpointAddress(text);
  if (address.family === 4 && address.prefixLength < 32) return address;
  const message = `'${text}' cannot be a virtual switch's address: expected IPv4 with room for others, as 10.0.0.254/24`;
  throw new UsageError('HOST_ADDRESS_INVALID', message);
}

/** Reads the first 64 bits of IPv6 addresses: `fd00:1::` or `fd00:1::/64`. @throws UsageError `HOST_ADDRESS_INVALID` */
export function parseIpv6Prefix(text: string): string {
  try {
    const { family, address, prefixLength = 64 } = parseCidr(text);
    const isUnicast = !/^(::1?$|ff|fe[89ab])/.test(address);
    if (family === 6 && prefixLength === 64 && isUnicast && /^([0-9a-f]+:){1,4}:$/.test(address))
      return address;
  } catch {
    // Said below.
  }
  throw new UsageError(
    'HOST_ADDRESS_INVALID',
    `expected the prefix of a /64 like fd00:1::/64, got '${text}'`,
  );
}

/** The virtual switches of this host, by name. */
export function readVswitches(db: HostDatabase): readonly Vswitch[] {
  return db.bridges
    .filter(isVswitchRow)
    .map((row) => readVswitch(db, row))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws UsageError `HOST_VSWITCH_UNKNOWN` */
export function requireVswitch(db: HostDatabase, name: string): Vswitch {
  const row = db.bridge(name);
  if (row !== undefined && isVswitchRow(row)) return readVswitch(db, row);
  const others = readVswitches(db).map((other) => ` '${other.name}'`);
  const but = others.length === 0 ? '' : `, but there is${others.join()}`;
  const message = `there is no virtual switch '${name}'${but}; galago vswitch create makes one`;
  throw new UsageError('HOST_VSWITCH_UNKNOWN', message);
}

/**
 * Looks at what a virtual switch depends on, and changes nothing.
 * @throws UsageError `HOST_BRIDGE_FOREIGN`, `HOST_VSWITCH_CONFLICT`, `HOST_ADDRESS_TAKEN`, `HOST_DEVICE_UNKNOWN`,
 * `HOST_DEVICE_IN_USE`; HostError as runCommand
 */
export async function planVswitch(db: HostDatabase, asked: VswitchRequest): Promise<VswitchPlan> {
  const { links } = await readNamespace();
  const existing = requireOwn(db, asked.name, links);
  const before = existing && readVswitch(db, existing);
  const vswitch: Vswitch = {
    ...asked,
    ipv6Prefix: asked.ipv6Prefix ?? before?.ipv6Prefix,
    device: asked.device ?? before?.device,
    isUserspace: asked.isUserspace ?? before?.isUserspace ?? false,
  };
  if (before !== undefined) requireSame(before, vswitch);
  const needsDevice = vswitch.device !== before?.device;
  requireRoom(db, vswitch, links);
  const { changes } = vswitch.isUserspace
    ? await planForgery(hostTunnels(readSettings(db)))
    : { changes: [] };
  const firewall = changes.map(({ text }) => text);
  const plan = { vswitch, existing, needsDevice, links: planLinks(vswitch, links), firewall };
  return { ...plan, changes: changesOf(plan) };
}

/** What {@link planVswitch} is asked for; what is undefined stays as it is. */
export interface VswitchRequest {
  readonly name: string;
  readonly address: EndpointAddress;
  readonly ipv6Prefix: string | undefined;
  readonly device: string | undefined;
  readonly isUserspace: boolean | undefined;
}

/**
 * Does what was planned; when something fails, a switch that was not there before is taken away again.
 * @param program makes the flows of a virtual switch what they should be
 * @throws HostError `HOST_PORT_FAILED`, as runCommand; TimeoutError `HOST_SWITCH_SILENT`; OvsdbError; as `program`
 */
export async function carryOutVswitch(
  db: HostDatabase,
  plan: VswitchPlan,
  program: (vswitch: string) => Promise<void>,
): Promise<void> {
  const { vswitch, existing, needsDevice, links, firewall } = plan;
  const { name, device } = vswitch;
  try {
    if (existing === undefined || needsDevice)
      await db.apply(`vswitch create ${name}`, (tx) => write(db, tx, plan));
    requireBridgeOpen(db, name, vswitch.isUserspace);
    if (device !== undefined) requireOpen(db.interface(device), device);
    if (firewall.length > 0) await whileSettingUp(db, () => dropForgery(hostTunnels(readSettings(db))));
    await carryOutLinks(name, links);
    await program(name);
  } catch (error) {
    if (existing === undefined)
      await db.undo(error, `vswitch create ${name}`, (tx) => db.deleteBridge(tx, name)).catch(() => {});
    throw error;
  }
}

function readVswitch(db: HostDatabase, row: BridgeRow): Vswitch {
  const device = db
    .interfacesOf(row)
    .find(({ external_ids }) => external_ids.get(VswitchKey.ROLE) === 'uplink');
  return {
    name: row.name,
    address: parseVswitchAddress(row.external_ids.get(VswitchKey.VSWITCH) ?? ''),
    ipv6Prefix: row.external_ids.get(VswitchKey.IPV6_PREFIX),
    device: device?.name,
    isUserspace: row.datapath_type === 'netdev',
  };
}

function write(db: HostDatabase, tx: HostTransaction, { vswitch, existing, needsDevice }: VswitchPlan): void {
  const { device } = vswitch;
  const bridge = existing?._uuid ?? insertBridge(db, tx, vswitch);
  if (device === undefined || !needsDevice) return;
  db.insertPort(tx, bridge, {
    name: device,
    ofport_request: DEVICE_OFPORT,
    external_ids: vswitchIds('uplink'),
  });
}

function insertBridge(db: HostDatabase, tx: HostTransaction, vswitch: Vswitch) {
  const { name, address, ipv6Prefix, isUserspace } = vswitch;
  const bridge = tx.insert('Bridge', {
    name,
    datapath_type: isUserspace ? 'netdev' : '',
    fail_mode: 'secure',
    other_config: new Map([
      ['disable-in-band', 'true'],
      ['hwaddr', vswitchMac(vswitch)],
    ]),
    external_ids: new Map([
      [EndpointKey.OWNER, 'vswitch'],
      [VswitchKey.VSWITCH, formatEndpointAddress(address)],
      ...(ipv6Prefix === undefined ? [] : [[VswitchKey.IPV6_PREFIX, ipv6Prefix] as const]),
    ]),
  });
  const external_ids = vswitchIds('gateway', { mac: vswitchMac(vswitch), ips: addressesOf(vswitch) });
  db.insertPort(tx, bridge, { name, type: 'internal', external_ids });
  tx.mutate('Open_vSwitch', db.root._uuid, 'bridges', 'insert', [bridge]);
  return bridge;
}

function changesOf({
  vswitch,
  existing,
  needsDevice,
  links,
  firewall,
}: Omit<VswitchPlan, 'changes'>): string[] {
  const { name, device, isUserspace } = vswitch;
  const type = isUserspace ? 'datapath_type=netdev ' : '';
  const secure = 'fail_mode=secure other_config:disable-in-band=true';
  const mac = `other_config:hwaddr=${vswitchMac(vswitch)}`;
  return [
    ...(existing === undefined ? [`ovsdb: add bridge ${name}: ${type}${secure} ${mac}`] : []),
    ...(needsDevice ? [`ovsdb: add port ${device} to ${name}: ofport_request=${DEVICE_OFPORT}`] : []),
    ...firewall,
    ...links.commands.map((command) => `ip ${formatIp(command)}`),
  ];
}

/** The bridge if it is there, and a virtual switch of ours. */
function requireOwn(db: HostDatabase, name: string, links: readonly Link[]): BridgeRow | undefined {
  const bridge = db.bridge(name);
  if (bridge === undefined ? !links.some((link) => link.name === name) : isVswitchRow(bridge)) return bridge;
  const what = bridge === undefined ? 'a link' : 'a bridge';
  const message = `there is ${what} '${name}' that is no virtual switch of Galago: choose another name with --name`;
  throw new UsageError('HOST_BRIDGE_FOREIGN', message);
}

function requireSame(is: Vswitch, wanted: Vswitch): void {
  const differing = [
    ['address', formatEndpointAddress(is.address), formatEndpointAddress(wanted.address)],
    ['IPv6 prefix', is.ipv6Prefix ?? 'none', wanted.ipv6Prefix ?? 'none'],
    ['device', is.device ?? wanted.device, wanted.device],
    ['datapath', is.isUserspace ? 'netdev' : 'system', wanted.isUserspace ? 'netdev' : 'system'],
  ].find(([, now, then]) => now !== then);
  if (differing === undefined) return;
  const [what, now, then] = differing;
  const message = `the ${what} of ${is.name} is ${now}, not ${then}: galago vswitch remove comes first`;
  throw new UsageError('HOST_VSWITCH_CONFLICT', message);
}

/** 0xfeed, ecDock's. */
const DEVICE_OFPORT = 65_261;
