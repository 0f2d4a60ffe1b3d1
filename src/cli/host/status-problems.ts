import { parseDhcpSubnet } from '../../app/dhcp/subnet.ts';
import { formatEndpointAddress } from '../../host/addresses/address.ts';
import { readSubnets } from '../../host/addresses/subnet.ts';
import { findDrift } from '../../host/connect/drift.ts';
import { type Endpoint, EndpointKey } from '../../host/connect/endpoint.ts';
import type { BridgeRow, HostDatabase, InterfaceRow } from '../../host/database.ts';
import { AGENT_UNIT } from '../../host/setup/agent-unit.ts';
import { readSettings } from '../../host/setup/settings.ts';
import { firewallNeeds } from '../../host/setup/settle-firewall.ts';
import { findUnderlay } from '../../host/setup/underlay.ts';
import { UPLINK_BRIDGE, uplinkOf } from '../../host/setup/uplink.ts';
import { findSlotDrift, mendVswitch } from '../../host/slots/slot-drift.ts';
import { readVswitches } from '../../host/slots/vswitch.ts';
import { planFirewall } from '../../host/system/firewall.ts';
import { readNamespace } from '../../host/system/ip.ts';
import type { GalagoError } from '../../util/errors.ts';
import type { VswitchRow } from '../slots/vswitch-row.ts';
import { isUnitOf } from './agent-unit.ts';
import { type HostOptions, isLocal } from './host-options.ts';
import { isUplinkOverdue, isUplinkPending } from './uplink.ts';

/** A virtual switch, with how many flows of ours it has; null when it does not answer. */
export interface VswitchStatus extends VswitchRow {
  readonly flows: number | null;
}

/** The options of `galago status` as they were read. */
export interface StatusOptions extends HostOptions {
  readonly docker: string;
}

/** What has been read of a host. */
interface Seen {
  /** That of pods; undefined where there is none. */
  readonly bridge: BridgeRow | undefined;
  readonly tunnel: InterfaceRow | undefined;
  readonly endpoints: readonly Endpoint[];
  readonly flows: number | null;
  /** Why a switch does not answer; undefined when all do. */
  readonly silence: GalagoError | undefined;
  readonly vswitches: readonly VswitchStatus[];
  readonly agent: boolean;
}

/** What is not as it should be on a host, a line each, with what mends it. @throws HostError as runCommand */
export async function findProblems(
  db: HostDatabase,
  options: StatusOptions,
  seen: Seen,
): Promise<readonly string[]> {
  return [
    ...problemsOfSetUp(db, options, seen),
    ...(await problemsOfUnderlay(db, options, seen)),
    ...(await problemsOfFirewall(db, options)),
    ...(seen.bridge === undefined ? [] : problemsOfBridge(db, seen.bridge)),
    ...(await problemsOfFlows(options, seen)),
    ...seen.endpoints.flatMap(problemsOfConflicts),
    ...(await findDrift(db, options.docker)),
    ...(await findSlotDrift(db, options.docker)),
  ];
}

function problemsOfSetUp(
  db: HostDatabase,
  options: StatusOptions,
  { bridge: row, tunnel, vswitches }: Seen,
): readonly string[] {
  const { bridge, uplink } = readSettings(db);
  const found: string[] = [];
  if (bridge === undefined) {
    if (vswitches.length === 0) found.push('the host is not set up: galago init');
  } else if (row === undefined) found.push(`there is no bridge ${bridge} any more: galago init`);
  else if (row.fail_mode !== 'secure' || row.other_config.get('disable-in-band') !== 'true')
    found.push(`${bridge} is not secure: galago init`);
  const device = uplinkOf(db);
  if (device !== undefined && device !== uplink) found.push(problemOfUplink(device, options));
  if (row !== undefined && tunnel === undefined) found.push(`${bridge} has no tunnel port: galago init`);
  return found;
}

function problemOfUplink(device: string, options: HostOptions): string {
  const is = `${device} is in ${UPLINK_BRIDGE}, unconfirmed`;
  // As after a reboot, or when galago cleanup was killed.
  if (!isUplinkPending(options)) return `${is}, and it is too late for that: galago cleanup --yes`;
  return isUplinkOverdue(options)
    ? `${is}, and what should have put it back was killed: galago cleanup --yes, or galago init --confirm`
    : `${is}: galago init --confirm, or galago cleanup --yes`;
}

/** The address may have gone from the host, or the bridge from under it, as when a move of the uplink was put back. */
async function problemsOfUnderlay(
  db: HostDatabase,
  options: StatusOptions,
  { bridge }: Seen,
): Promise<readonly string[]> {
  const { localIp } = readSettings(db);
  if (bridge === undefined || localIp === undefined || !isLocal(options)) return [];
  const { links } = await readNamespace();
  const isUserspace = bridge.datapath_type === 'netdev';
  try {
    findUnderlay(db, links, { localIp, bridge: bridge.name, isUserspace, uplink: undefined });
    return [];
  } catch (error) {
    return [`no tunnels: ${(error as GalagoError).message}`];
  }
}

async function problemsOfFirewall(db: HostDatabase, options: StatusOptions): Promise<readonly string[]> {
  const needs = firewallNeeds(db);
  if (needs === undefined || !isLocal(options)) return [];
  const { tunnels } = needs;
  const { shut, forgery } = await planFirewall(tunnels);
  const found = shut.map((place) => `${place} does not let ${tunnels?.encapsulation.type} in: galago init`);
  const [open, mend] =
    tunnels === undefined
      ? ['the kernel takes in what containers send to virtual switches', mendUserspaceVswitch(db)]
      : ["containers' other networks are not kept out of the tunnels", 'galago init'];
  if (!forgery.isDropped) found.push(`${open}: install nftables, then ${mend}`);
  else if (forgery.changes.length > 0) found.push(`${open}: ${mend}`);
  return found;
}

function mendUserspaceVswitch(db: HostDatabase): string {
  const { name, address } = readVswitches(db).find(({ isUserspace }) => isUserspace)!;
  return mendVswitch(name, formatEndpointAddress(address));
}

function problemsOfBridge(db: HostDatabase, bridge: BridgeRow): readonly string[] {
  const errors = db.interfacesOf(bridge).filter(({ error }) => error !== undefined);
  return [...errors.map(({ name, error }) => `${name}: ${error}`), ...problemsOfSubnets(bridge)];
}

function problemsOfSubnets(bridge: BridgeRow): string[] {
  return [...readSubnets(bridge)].flatMap(([pod, text]) => {
    try {
      parseDhcpSubnet(text);
      return [];
    } catch (error) {
      return [`the subnet of pod ${pod}: ${(error as Error).message}: galago pods set ${pod}`];
    }
  });
}

async function problemsOfFlows(
  options: StatusOptions,
  { bridge, endpoints, flows, silence, vswitches, agent }: Seen,
): Promise<readonly string[]> {
  const found: string[] = [];
  if (silence !== undefined) found.push(`ovs-vswitchd does not answer, does it run? ${silence.message}`);
  const hasUnit = !agent && (await isUnitOf(options));
  // Virtual switches do without, unless one should be there.
  const needsAgent = bridge === undefined ? hasUnit && vswitches.length > 0 : bridge.controller.length === 0;
  if (needsAgent && !agent)
    found.push(
      `no agent looks after this host: ${hasUnit ? `journalctl --unit ${AGENT_UNIT}` : 'galago agent'}`,
    );
  else if (flows === 0 && endpoints.length > 0)
    found.push('the switch has no flows: see the log of its controller');
  for (const vswitch of vswitches) {
    const { name, address } = vswitch;
    const mend = agent ? 'see the log of galago agent' : mendVswitch(name, address);
    if (vswitch.flows === 0) found.push(`${name} has no flows: ${mend}`);
  }
  return found;
}

/** As the agent has written them: `10.0.0.1 192.0.2.2`, an address and the tunnel address of a host that has it too. */
function problemsOfConflicts({ externalIds, port }: Endpoint): string[] {
  const name = externalIds.get(EndpointKey.NAME) ?? port;
  const conflicts = externalIds.get(EndpointKey.CONFLICT)?.split(',') ?? [];
  return conflicts.map((conflict) => {
    const [address, peer] = conflict.split(' ');
    const pod = externalIds.get(EndpointKey.POD);
    return `${address} of ${name} (${port}) in pod ${pod} is in use on the host at ${peer} as well: disconnect one of them`;
  });
}
