import { UsageError } from '../../util/errors.ts';
import { type Addressing, describeAddressing, readAddressing } from '../addresses/addressing.ts';
import { EndpointKey, isConnected, isPortName } from '../connect/endpoint.ts';
import type { BridgeRow, HostDatabase } from '../database.ts';
import { hasUserspaceVswitch } from '../slots/vswitch-labels.ts';
import { deleteLinks, readNamespace } from '../system/ip.ts';
import { isOwnBridge } from './init.ts';
import { clearSettings, hasSettings, whileSettingUp } from './settings.ts';
import { planSettling, settleFirewall } from './settle-firewall.ts';
import { UPLINK_BRIDGE, uplinkOf } from './uplink.ts';

/** What of a host is Galago's. */
export interface CleanupPlan {
  readonly bridges: readonly BridgeRow[];
  /** Ports of containers, and tunnel ports that are on no bridge of ours. */
  readonly ports: readonly string[];
  /** Links on the host. */
  readonly links: readonly string[];
  readonly hasSettings: boolean;
  /** What of the firewall, a line each. */
  readonly firewall: readonly string[];
  /** The device that gets its place back, with what the bridge has for it. */
  readonly uplink: { readonly device: string; readonly addressing: Addressing } | undefined;
  /** What is going to be removed, a line each; empty when there is nothing. */
  readonly changes: readonly string[];
}

/**
 * Finds everything that `init` and `connect` have made, and changes nothing.
 * @throws UsageError `HOST_BRIDGE_IN_USE` when a bridge of ours has ports that are not; HostError as runCommand
 */
export async function planCleanup(db: HostDatabase): Promise<CleanupPlan> {
  const own = db.bridges.filter(isOwnBridge);
  for (const bridge of own) requireUnused(db, bridge);
  const device = uplinkOf(db);
  const bridges = own.filter(({ name }) => device === undefined || name !== UPLINK_BRIDGE);
  const uplink =
    device === undefined ? undefined : { device, addressing: await readAddressing(UPLINK_BRIDGE) };
  const endpoints = db.endpoints().filter(isConnected);
  const ports = endpoints.map(({ port }) => port);
  const { links } = await readNamespace();
  const veths = links.filter(({ name, kind }) => kind === 'veth' && isPortName(name)).map(({ name }) => name);
  const firewall = await planSettling(hasUserspaceVswitch(db) ? { tunnels: undefined } : undefined);
  const settings = hasSettings(db);
  return {
    ...{ bridges, ports, links: veths, firewall, hasSettings: settings, uplink },
    changes: [
      ...ports.map((name) => `ovsdb: delete port ${name}`),
      ...bridges.map(({ name }) => `ovsdb: delete bridge ${name} with its tunnel port`),
      ...(settings ? ['ovsdb: remove the settings in Open_vSwitch external_ids'] : []),
      ...veths.map((name) => `ip link delete dev ${name}`),
      ...(uplink === undefined ? [] : linesOf(uplink)),
      ...firewall,
    ],
  };
}

function linesOf({ device, addressing }: NonNullable<CleanupPlan['uplink']>): string[] {
  return [
    `ip: move ${describeAddressing(addressing)} from ${UPLINK_BRIDGE} to ${device}`,
    `ovsdb: delete bridge ${UPLINK_BRIDGE}`,
  ];
}

/** Removes what was found, but for the uplink, which takes a guard. @throws as planCleanup; TimeoutError `HOST_SWITCH_SILENT`; OvsdbError */
export function carryOutCleanup(db: HostDatabase, plan: CleanupPlan): Promise<void> {
  return whileSettingUp(db, async () => {
    if (plan.ports.length > 0 || plan.bridges.length > 0 || plan.hasSettings) {
      await db.apply('cleanup', (tx) => {
        for (const port of plan.ports) db.deletePort(tx, port);
        for (const bridge of plan.bridges) db.deleteBridge(tx, bridge.name);
        clearSettings(db, tx);
      });
    }
    await deleteLinks(plan.links);
    // An agent may have put right meanwhile what was missing.
    await settleFirewall(db);
  });
}

/** What others have put on our bridge would go with it. */
function requireUnused(db: HostDatabase, bridge: BridgeRow): void {
  const foreign = db
    .interfacesOf(bridge)
    .filter(({ name, external_ids }) => name !== bridge.name && !external_ids.has(EndpointKey.OWNER))
    .map(({ name }) => name);
  if (foreign.length === 0) return;
  const message = `${bridge.name} has ports that Galago has not made: ${foreign.join(', ')}; take them off it first`;
  throw new UsageError('HOST_BRIDGE_IN_USE', message);
}
