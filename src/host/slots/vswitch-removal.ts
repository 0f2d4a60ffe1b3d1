import { UsageError } from '../../util/errors.ts';
import type { HostDatabase } from '../database.ts';
import { whileSettingUp } from '../setup/settings.ts';
import { firewallNeeds, planSettling, settleFirewall } from '../setup/settle-firewall.ts';
import { requireVswitch } from './vswitch.ts';
import { hasUserspaceVswitch, VswitchKey } from './vswitch-labels.ts';

/**
 * Takes a virtual switch away. Its device stays, without an address, as it was.
 * @throws as {@link requireRemovable}; OvsdbError; TimeoutError `HOST_SWITCH_SILENT`
 */
export async function removeVswitch(db: HostDatabase, name: string): Promise<void> {
  requireRemovable(db, name);
  const hadPorts = hasUserspaceVswitch(db);
  await whileSettingUp(db, async () => {
    await db.apply(`vswitch remove ${name}`, (tx) => db.deleteBridge(tx, name));
    if (hadPorts) await settleFirewall(db);
  });
}

/** What {@link removeVswitch} is going to do, a line each. @throws as requireRemovable */
export async function planVswitchRemoval(db: HostDatabase, name: string): Promise<readonly string[]> {
  requireRemovable(db, name);
  const isLast = hasUserspaceVswitch(db) && firewallNeeds(db, name) === undefined;
  return [`ovsdb: delete bridge ${name}`, ...(isLast ? await planSettling(undefined) : [])];
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
