import { UsageError } from '../../util/errors.ts';
import type { HostDatabase } from '../database.ts';
import { whileSettingUp } from '../setup/settings.ts';
import { firewallNeeds } from '../setup/settle-firewall.ts';
import { closeFirewall } from '../system/firewall.ts';
import { requireVswitch } from './vswitch.ts';
import { VswitchKey } from './vswitch-labels.ts';

/**
 * Takes a virtual switch away. Its device stays, without an address, as it was.
 * @throws as {@link requireRemovable}; OvsdbError; TimeoutError `HOST_SWITCH_SILENT`
 */
export async function removeVswitch(db: HostDatabase, name: string): Promise<void> {
  requireRemovable(db, name);
  await whileSettingUp(db, async () => {
    const isLast = needsFirewallLast(db, name);
    await db.apply(`vswitch remove ${name}`, (tx) => db.deleteBridge(tx, name));
    if (isLast) await closeFirewall();
  });
}

/** What {@link removeVswitch} is going to do, a line each. @throws as requireRemovable */
export async function planVswitchRemoval(db: HostDatabase, name: string): Promise<readonly string[]> {
  requireRemovable(db, name);
  const firewall = needsFirewallLast(db, name) ? await closeFirewall(true) : [];
  return [`ovsdb: delete bridge ${name}`, ...firewall];
}

/** True when nothing else on this host needs its firewall. */
function needsFirewallLast(db: HostDatabase, name: string): boolean {
  return firewallNeeds(db) !== undefined && firewallNeeds(db, name) === undefined;
}

/** @throws UsageError `HOST_VSWITCH_UNKNOWN`, `HOST_VSWITCH_IN_USE`, `HOST_BRIDGE_IN_USE` */
function requireRemovable(db: HostDatabase, name: string): void {
  requireVswitch(db, name);
  const rows = db.interfacesOf(db.bridge(name)!);
  const slots = rows.flatMap(({ external_ids }) => external_ids.get(VswitchKey.SLOT) ?? []);
  if (slots.length > 0) {
    const message = `${name} has containers: ${[...new Set(slots)].join(', ')}; galago stop ends them`;
    throw new UsageError('HOST_VSWITCH_IN_USE', message);
  }
  const foreign = rows.filter(({ external_ids }) => !external_ids.has(VswitchKey.ROLE));
  if (foreign.length > 0) {
    const names = foreign.map((row) => row.name).join(', ');
    const message = `${name} has ports that Galago has not made: ${names}; take them off it first`;
    throw new UsageError('HOST_BRIDGE_IN_USE', message);
  }
}
