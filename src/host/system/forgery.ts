import { createHash } from 'node:crypto';
import { familyOf, readTunnelAddress } from '../../util/tunnel-address.ts';
import type { Encapsulation } from '../setup/encapsulation.ts';
import { runCommand, tryCommand } from './command.ts';
import type { FirewallChange } from './firewall.ts';
import { PORT_GROUP } from './ip.ts';

/**
 * The table of nftables that drops forged packets of tunnels, and what the kernel hears at ports of bridges. It has
 * nothing else in it: family and name.
 */
export const FORGERY_TABLE = ['inet', 'galago'] as const;

/** What this machine needs for the table. */
export interface ForgeryPlan {
  /** False where there is no nftables, or it has not what that takes. */
  readonly isDropped: boolean;
  readonly changes: readonly FirewallChange[];
}

/** The tunnels that packets may be forged of. */
export interface HostTunnels {
  readonly encapsulation: Encapsulation;
  readonly localIp: string;
  /** Tunnel addresses of the other hosts. */
  readonly peers: readonly string[];
}

/** Looks whether the table is there for these tunnels, if there are any, and changes nothing. */
export async function planForgery(tunnels: HostTunnels | undefined): Promise<ForgeryPlan> {
  const chains = [PORTS, ...(tunnels === undefined ? [] : forgeryChains(tunnels))];
  const comment = `galago ${digestOf(chains)}`;
  const rules = chains.flatMap(({ name, matches }) => matches.map(() => `${name} ${comment}`));
  if ((await listRules())?.join() === rules.join()) return { isDropped: true, changes: [] };
  const input = formatTable(chains, comment);
  if ((await tryCommand('nft', ['--check', ...FROM_INPUT], { input })) === undefined)
    return { isDropped: false, changes: [] };
  const what = tunnels ? `forged packets of ${tunnels.encapsulation.type}` : 'what the kernel hears at ports';
  const change = {
    text: `nftables ${FORGERY_TABLE.join(' ')}: drop ${what}`,
    carryOut: async () => {
      await runCommand('nft', FROM_INPUT, { input });
    },
  };
  return { isDropped: true, changes: [change] };
}

/** Does what {@link planForgery} finds to be done. @throws HostError as runCommand */
export async function dropForgery(tunnels: HostTunnels | undefined): Promise<void> {
  for (const change of (await planForgery(tunnels)).changes) await change.carryOut();
}

/** True when the table is there, whatever is in it. */
export async function hasForgeryTable(): Promise<boolean> {
  return (await listRules()) !== undefined;
}

/** Deletes the table. @throws HostError as runCommand */
export async function deleteForgeryTable(): Promise<void> {
  await runCommand('nft', ['delete', 'table', ...FORGERY_TABLE]);
}

/** A chain of the table, and what it drops. */
interface ForgeryChain {
  readonly name: string;
  readonly hook: 'prerouting' | 'postrouting' | 'forward' | 'input';
  readonly priority: number;
  readonly matches: readonly string[];
}

/**
 * What is forged of the packets that look like those of a tunnel. Peers know hosts by their addresses alone, and what a
 * host sends on for a container of a network with address translation, as Docker's, has the host's; others a container
 * may write into its packets itself.
 */
function forgeryChains({ encapsulation, localIp, peers }: HostTunnels): readonly ForgeryChain[] {
  const family = familyOf(localIp);
  const ip = family === 4 ? 'ip' : 'ip6';
  const known = [localIp, ...peers].flatMap((address) => readTunnelAddress(address) ?? []);
  const hosts = [...new Set(known)].filter((address) => familyOf(address) === family).sort();
  const { traffic } = encapsulation;
  const tunnel = traffic.protocol === 'udp' ? `udp dport ${traffic.port}` : 'meta l4proto gre';
  // Without ports, as in GRE, what this host sends is the reply to what a peer may have sent first. What connection
  // tracking leaves alone is in no direction, and not translated either.
  const leaving = ['original', 'reply'].map((direction) => {
    const sender = `ct direction ${direction} ct ${direction} ${ip} saddr`;
    return `${ip} saddr ${localIp} ${tunnel} ${sender} != ${localIp}`;
  });
  const passing = `${ip} saddr { ${hosts.join(', ')} } ${tunnel} ${FROM_ELSEWHERE}`;
  const arriving = `${ip} daddr ${localIp} ${tunnel} ${FROM_ELSEWHERE}`;
  return [
    { name: 'leaving', hook: 'postrouting', priority: AFTER_TRANSLATION, matches: leaving },
    { name: 'passing', hook: 'forward', priority: 0, matches: [passing] },
    { name: 'arriving', hook: 'input', priority: 0, matches: [arriving] },
  ];
}

/** What the kernel hears at ports of bridges, beside the userspace datapath. */
const PORTS: ForgeryChain = {
  name: 'ports',
  hook: 'prerouting',
  // Before what decides which connections are followed.
  priority: -300,
  matches: [`iifgroup ${PORT_GROUP}`],
};

/** Packets that have not come from where packets to their sources go; none to this host itself go anywhere. */
const FROM_ELSEWHERE = 'fib saddr . iif oif eq 0';

/** The priority of the helpers of connection tracking: sources are translated before. */
const AFTER_TRANSLATION = 300;

/** What tells one version of the table from another: nft(8) does not list rules as they were written. */
function digestOf(chains: readonly ForgeryChain[]): string {
  return createHash('sha256').update(JSON.stringify(chains)).digest('hex').slice(0, 12);
}

/** The commands of nft(8) that make the table, or make it anew, in one transaction. */
function formatTable(chains: readonly ForgeryChain[], comment: string): string {
  const bodies = chains.map(({ name, hook, priority, matches }) => {
    const rules = matches.map((match) => `${match} drop comment "${comment}"\n`).join('');
    return `chain ${name} {\ntype filter hook ${hook} priority ${priority};\n${rules}}\n`;
  });
  const table = `table ${FORGERY_TABLE.join(' ')}`;
  return `add ${table}\ndelete ${table}\n${table} {\n${bodies.join('')}}\n`;
}

/** The rules of the table, each as its chain and comment; undefined when there is no table. */
async function listRules(): Promise<readonly string[] | undefined> {
  const printed = await tryCommand('nft', ['--json', 'list', 'table', ...FORGERY_TABLE]);
  if (printed === undefined) return undefined;
  const { nftables } = JSON.parse(printed) as {
    readonly nftables: readonly { readonly rule?: { readonly chain: string; readonly comment?: string } }[];
  };
  return nftables.flatMap(({ rule }) => (rule === undefined ? [] : `${rule.chain} ${rule.comment}`));
}

const FROM_INPUT = ['--file', '-'];
