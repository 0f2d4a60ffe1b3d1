import { runCommand } from './command.ts';
import type { Encapsulation } from './encapsulation.ts';
import { HostError } from './host-error.ts';

/** A place of this machine's firewall that decides over tunnel packets. */
export interface FirewallPlace {
  /** For people: `nftables inet filter input`. */
  readonly name: string;
  /** True when it lets them in already, by a rule of ours. */
  readonly isOpen: boolean;
  open(): Promise<void>;
}

/**
 * Where this machine's firewall, if one is active, has to let tunnels in: the chains of nftables, or of iptables where
 * that is all there is, that look at incoming packets and have rules, or drop what no rule takes.
 */
export async function findFirewall(
  tunnel: Encapsulation,
  localIp: string,
): Promise<readonly FirewallPlace[]> {
  const label = `${MARK} ${tunnel.type} ${localIp}`;
  const ruleset = await readNftables();
  if (ruleset === undefined) return findIptables(tunnel, localIp);
  return ruleset.chains
    .filter((chain) => isActive(chain, ruleset.rules))
    .map((chain) => {
      const place = [chain.family, chain.table, chain.name];
      const match = ['ip', 'daddr', localIp, ...nftMatch(tunnel), 'accept', 'comment', `"${label}"`];
      return {
        name: `nftables ${place.join(' ')}`,
        isOpen: ruleset.rules.some((rule) => isIn(rule, chain) && rule.comment === label),
        open: async () => {
          await runCommand('nft', ['insert', 'rule', ...place, ...match]);
        },
      };
    });
}

/** Takes every rule of ours out of the firewall. @returns how many there were */
export async function closeFirewall(isDryRun = false): Promise<number> {
  const ruleset = await readNftables();
  if (ruleset === undefined) return closeIptables(isDryRun);
  const ours = ruleset.rules.filter(({ comment }) => comment?.startsWith(`${MARK} `));
  for (const { family, table, chain, handle } of isDryRun ? [] : ours)
    await runCommand('nft', ['delete', 'rule', family, table, chain, 'handle', `${handle}`]);
  return ours.length;
}

/** What `nft --json list ruleset` prints (libnftables-json(5)), as far as it is looked at. */
interface NftChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly type?: string;
  readonly hook?: string;
  readonly policy?: string;
}

interface NftRule {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly handle: number;
  readonly comment?: string;
}

interface Ruleset {
  readonly chains: readonly NftChain[];
  readonly rules: readonly NftRule[];
}

/** Undefined where there is no nftables. */
async function readNftables(): Promise<Ruleset | undefined> {
  const printed = await printedBy('nft', ['--json', 'list', 'ruleset']);
  if (printed === undefined) return undefined;
  const { nftables } = JSON.parse(printed) as {
    readonly nftables: readonly { readonly chain?: NftChain; readonly rule?: NftRule }[];
  };
  return {
    chains: nftables.flatMap(({ chain }) => chain ?? []),
    rules: nftables.flatMap(({ rule }) => rule ?? []),
  };
}

function isActive(chain: NftChain, rules: readonly NftRule[]): boolean {
  const decides = chain.type === 'filter' && chain.hook === 'input' && ['ip', 'inet'].includes(chain.family);
  return decides && (chain.policy === 'drop' || rules.some((rule) => isIn(rule, chain)));
}

function isIn(rule: NftRule, { family, table, name }: NftChain): boolean {
  return rule.family === family && rule.table === table && rule.chain === name;
}

function nftMatch({ traffic }: Encapsulation): string[] {
  return traffic.protocol === 'udp' ? ['udp', 'dport', `${traffic.port}`] : ['ip', 'protocol', 'gre'];
}

async function findIptables(tunnel: Encapsulation, localIp: string): Promise<readonly FirewallPlace[]> {
  const rules = await iptablesRules();
  if (
    rules === undefined ||
    (!rules.includes('-P INPUT DROP') && !rules.some((rule) => rule.startsWith('-A ')))
  ) {
    return [];
  }
  const { traffic } = tunnel;
  const match = traffic.protocol === 'udp' ? ['-p', 'udp', '--dport', `${traffic.port}`] : ['-p', 'gre'];
  const label = `${MARK} ${tunnel.type} ${localIp}`;
  const rule = ['INPUT', '-d', localIp, ...match, '-m', 'comment', '--comment', label, '-j', 'ACCEPT'];
  return [
    {
      name: 'iptables INPUT',
      isOpen: rules.some((text) => text.includes(`--comment "${label}"`)),
      open: async () => {
        await runCommand('iptables', ['-w', '-I', ...rule]);
      },
    },
  ];
}

async function closeIptables(isDryRun: boolean): Promise<number> {
  const rules = (await iptablesRules()) ?? [];
  const ours = rules.filter((rule) => rule.includes(`--comment "${MARK} `));
  for (const rule of isDryRun ? [] : ours) {
    // Words in double quotes are one, as for a shell.
    const words = [...rule.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
    await runCommand('iptables', ['-w', '-D', ...words.slice(1)]);
  }
  return ours.length;
}

/** Undefined where there is no iptables. */
async function iptablesRules(): Promise<readonly string[] | undefined> {
  return (await printedBy('iptables', ['-w', '-S', 'INPUT']))?.split('\n');
}

/** Undefined when the command is not there, or the kernel has no such firewall. */
async function printedBy(name: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return await runCommand(name, args);
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

/** What the comments of our rules begin with. */
const MARK = 'galago';
