import { familyOf } from '../../util/tunnel-address.ts';
import type { Encapsulation } from '../setup/encapsulation.ts';
import { runCommand, tryCommand } from './command.ts';
import type { FirewallRule, FirewallState } from './firewall.ts';
import { FORGERY_TABLE } from './forgery.ts';

/**
 * Where nftables decides over tunnel packets, and the rules of ours there; undefined where there is no nftables. The
 * table that drops forged ones is left out: it lets all others pass.
 */
export async function readNftables(mark: string): Promise<FirewallState | undefined> {
  const ruleset = await listRuleset();
  if (ruleset === undefined) return undefined;
  const { chains, rules } = ruleset;
  return {
    places: (localIp) =>
      chains
        .filter((chain) => isActive(chain, rules, familyOf(localIp)))
        .map((chain) => ({
          name: nameOf(chain.family, chain.table, chain.name),
          open: (tunnel, label) => openChain(chain, tunnel, localIp, label),
        })),
    rules: rules.flatMap((rule) =>
      rule.comment?.startsWith(`${mark} `) ? [ruleOf(rule, rule.comment)] : [],
    ),
  };
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

async function listRuleset() {
  // Sets may have a million elements.
  const printed = await tryCommand('nft', ['--json', '--terse', 'list', 'ruleset']);
  if (printed === undefined) return undefined;
  const { nftables } = JSON.parse(printed) as {
    readonly nftables: readonly { readonly chain?: NftChain; readonly rule?: NftRule }[];
  };
  const isOthers = ({ family, table }: NftChain | NftRule) =>
    family !== FORGERY_TABLE[0] || table !== FORGERY_TABLE[1];
  return {
    chains: nftables.flatMap(({ chain }) => chain ?? []).filter(isOthers),
    rules: nftables.flatMap(({ rule }) => rule ?? []).filter(isOthers),
  };
}

/** Chains of type filter at the input hook that have rules, or drop what no rule takes. */
function isActive(chain: NftChain, rules: readonly NftRule[], family: 4 | 6): boolean {
  const families = ['inet', family === 4 ? 'ip' : 'ip6'];
  const decides = chain.type === 'filter' && chain.hook === 'input' && families.includes(chain.family);
  const isOf = (rule: NftRule) =>
    rule.family === chain.family && rule.table === chain.table && rule.chain === chain.name;
  return decides && (chain.policy === 'drop' || rules.some(isOf));
}

async function openChain(
  { family, table, name }: NftChain,
  { traffic }: Encapsulation,
  localIp: string,
  label: string,
): Promise<void> {
  const to = [familyOf(localIp) === 4 ? 'ip' : 'ip6', 'daddr', localIp];
  const what = traffic.protocol === 'udp' ? ['udp', 'dport', `${traffic.port}`] : ['meta', 'l4proto', 'gre'];
  const rule = [...to, ...what, 'accept', 'comment', `"${label}"`];
  await runCommand('nft', ['insert', 'rule', family, table, name, ...rule]);
}

function ruleOf({ family, table, chain, handle }: NftRule, label: string): FirewallRule {
  return {
    place: nameOf(family, table, chain),
    label,
    delete: async () => {
      await runCommand('nft', ['delete', 'rule', family, table, chain, 'handle', `${handle}`]);
    },
  };
}

function nameOf(...place: readonly string[]): string {
  return `nftables ${place.join(' ')}`;
}
