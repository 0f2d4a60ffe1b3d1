import type { HostDatabase } from '../database.ts';
import { hasUserspaceVswitch } from '../slots/vswitch-labels.ts';
import { closeFirewall, openFirewall, planFirewall } from '../system/firewall.ts';
import type { HostTunnels } from '../system/forgery.ts';
import { hostTunnels, readSettings } from './settings.ts';

/** What a host needs of its firewall. */
export interface FirewallNeeds {
  /** Undefined for a host with virtual switches only. */
  readonly tunnels: HostTunnels | undefined;
}

/** What this host needs of its firewall, or will need without one of its virtual switches; undefined when nothing. */
export function firewallNeeds(db: HostDatabase, withoutVswitch?: string): FirewallNeeds | undefined {
  const tunnels = hostTunnels(readSettings(db));
  return tunnels !== undefined || hasUserspaceVswitch(db, withoutVswitch) ? { tunnels } : undefined;
}

/** Has the firewall have what this host needs, and nothing else of ours. @returns what was done @throws as openFirewall */
export function settleFirewall(db: HostDatabase): Promise<readonly string[]> {
  const needs = firewallNeeds(db);
  return needs === undefined ? closeFirewall() : openFirewall(needs.tunnels);
}

/** What {@link settleFirewall} will do once there are these needs. */
export async function planSettling(needs: FirewallNeeds | undefined): Promise<readonly string[]> {
  if (needs === undefined) return closeFirewall(true);
  return (await planFirewall(needs.tunnels)).changes.map(({ text }) => text);
}
