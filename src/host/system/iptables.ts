import { familyOf } from '../../util/tunnel-address.ts';
import type { Encapsulation } from '../setup/encapsulation.ts';
import { runCommand, tryCommand } from './command.ts';
import type { FirewallRule, FirewallState } from './firewall.ts';

/** Where iptables and ip6tables decide over tunnel packets, and the rules of ours. */
export async function readIptables(mark: string): Promise<FirewallState> {
  const [rules4, rules6] = await Promise.all(COMMANDS.map(inputRules));
  return {
    places: (localIp) => {
      const [command, rules] = familyOf(localIp) === 4 ? [COMMANDS[0], rules4!] : [COMMANDS[1], rules6!];
      if (!isActive(rules)) return [];
      return [{ name: `${command} INPUT`, open: (tunnel, label) => open(command, tunnel, localIp, label) }];
    },
    rules: [rules4!, rules6!].flatMap((rules, i) =>
      rules.flatMap((rule) => ruleOf(COMMANDS[i]!, rule, mark) ?? []),
    ),
  };
}

const COMMANDS = ['iptables', 'ip6tables'] as const;

/** What `-S INPUT` prints, a rule each; none where there is no such firewall. */
async function inputRules(command: string): Promise<readonly string[]> {
  return (await tryCommand(command, ['-w', '-S', 'INPUT']))?.split('\n') ?? [];
}

function isActive(rules: readonly string[]): boolean {
  return rules.includes('-P INPUT DROP') || rules.some((rule) => rule.startsWith('-A '));
}

async function open(command: string, { traffic }: Encapsulation, localIp: string, label: string) {
  const match = traffic.protocol === 'udp' ? ['-p', 'udp', '--dport', `${traffic.port}`] : ['-p', 'gre'];
  const rule = ['INPUT', '-d', localIp, ...match, '-m', 'comment', '--comment', label, '-j', 'ACCEPT'];
  await runCommand(command, ['-w', '-I', ...rule]);
}

function ruleOf(command: string, rule: string, mark: string): FirewallRule | undefined {
  const label = /--comment "([^"]*)"/.exec(rule)?.[1];
  if (!label?.startsWith(`${mark} `)) return undefined;
  // Words in double quotes are one, as for a shell.
  const words = [...rule.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
  return {
    place: `${command} INPUT`,
    label,
    delete: async () => {
      await runCommand(command, ['-w', '-D', ...words.slice(1)]);
    },
  };
}
