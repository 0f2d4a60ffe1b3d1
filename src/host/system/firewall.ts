import type { Encapsulation } from '../setup/encapsulation.ts';
import {
  deleteForgeryTable,
  FORGERY_TABLE,
  type ForgeryPlan,
  type HostTunnels,
  hasForgeryTable,
  planForgery,
} from './forgery.ts';
import { readIptables } from './iptables.ts';
import { readNftables } from './nftables.ts';

/** A firewall of this machine, as far as tunnels go. */
export interface FirewallState {
  /** Where it decides over tunnel packets to an address. */
  places(localIp: string): readonly FirewallPlace[];
  /** The rules of ours. */
  readonly rules: readonly FirewallRule[];
}

/** A chain that decides over tunnel packets. */
interface FirewallPlace {
  /** For people: `nftables inet filter input`. */
  readonly name: string;
  /** Lets a tunnel in, by a rule with that label. */
  open(tunnel: Encapsulation, label: string): Promise<void>;
}

/** A rule of ours. */
export interface FirewallRule {
  /** The name of the place that it is in. */
  readonly place: string;
  readonly label: string;
  delete(): Promise<void>;
}

/** What this machine's firewall is like and what has to be done to it for a tunnel. */
export interface FirewallPlan {
  /** Where tunnels are let in, then. */
  readonly places: readonly string[];
  /** Those of them where they are not yet. */
  readonly shut: readonly string[];
  readonly forgery: ForgeryPlan;
  readonly changes: readonly FirewallChange[];
}

/** One step of a {@link FirewallPlan}. */
export interface FirewallChange {
  /** For people: `nftables inet filter input: let vxlan in`. */
  readonly text: string;
  carryOut(): Promise<void>;
}

/**
 * What this machine's firewall needs, if one is active, to let tunnels in: a rule in each chain of nftables, or of
 * iptables where that is all there is, that looks at incoming packets and has rules, or drops what no rule takes.
 * Rules of ours for another tunnel, or twice the same, go. Forged packets of the tunnel are dropped in any case.
 * @param tunnels undefined for a host with virtual switches only
 */
export async function planFirewall(tunnels: HostTunnels | undefined): Promise<FirewallPlan> {
  const { places, rules } = await readFirewall();
  const label = tunnels === undefined ? '' : `${MARK} ${tunnels.encapsulation.type} ${tunnels.localIp}`;
  const wanted = tunnels === undefined ? [] : places(tunnels.localIp);
  const kept = new Map(rules.filter((rule) => rule.label === label).map((rule) => [rule.place, rule]));
  const stale = rules.filter((rule) => kept.get(rule.place) !== rule);
  const forgery = await planForgery(tunnels);
  const shut = wanted.filter(({ name }) => !kept.has(name));
  return {
    places: wanted.map(({ name }) => name),
    shut: shut.map(({ name }) => name),
    forgery,
    changes: [
      ...forgery.changes,
      ...(tunnels === undefined ? [] : shut.map((place) => opening(place, tunnels.encapsulation, label))),
      ...stale.map((rule) => ({
        text: `${rule.place}: delete the rule '${rule.label}'`,
        carryOut: () => rule.delete(),
      })),
    ],
  };
}

function opening(place: FirewallPlace, tunnel: Encapsulation, label: string): FirewallChange {
  return { text: `${place.name}: let ${tunnel.type} in`, carryOut: () => place.open(tunnel, label) };
}

/** Does what {@link planFirewall} finds to be done. @returns that, a line each @throws HostError as runCommand */
export async function openFirewall(tunnels: HostTunnels | undefined): Promise<readonly string[]> {
  const { changes } = await planFirewall(tunnels);
  for (const change of changes) await change.carryOut();
  return changes.map(({ text }) => text);
}

/** Takes all that is ours out of the firewall. @returns what that was, a line each */
export async function closeFirewall(isDryRun = false): Promise<readonly string[]> {
  const { rules } = await readFirewall();
  const hasTable = await hasForgeryTable();
  if (!isDryRun) {
    for (const rule of rules) await rule.delete();
    if (hasTable) await deleteForgeryTable();
  }
  const s = rules.length === 1 ? '' : 's';
  return [
    ...(rules.length > 0 ? [`firewall: delete ${rules.length} rule${s}`] : []),
    ...(hasTable ? [`nftables: delete table ${FORGERY_TABLE.join(' ')}`] : []),
  ];
}

async function readFirewall(): Promise<FirewallState> {
  return (await readNftables(MARK)) ?? (await readIptables(MARK));
}

/** What the comments of our rules begin with. */
const MARK = 'galago';
