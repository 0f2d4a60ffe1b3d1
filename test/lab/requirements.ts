import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VSWITCH_SCHEMA } from './openvswitch.ts';
import { SEARCH_PATH } from './run.ts';

/**
 * What the lab lacks on this machine, one phrase each, with the way to mend it. Empty when it can run.
 * @param more commands that are needed beside those of the lab itself
 */
export function missingRequirements(more: readonly OptionalCommand[] = []): string[] {
  return [...missingPrivileges(), ...missingCommands(more), ...missingFiles()];
}

function missingPrivileges(): string[] {
  if (process.getuid?.() !== 0) return ['not root (run as root)'];
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return CAPABILITIES.filter(({ bit }) => ((BigInt(`0x${effective}`) >> bit) & 1n) === 0n).map(
    ({ name }) => `no ${name} (run outside a container, or in a privileged one)`,
  );
}

function missingCommands(more: readonly OptionalCommand[]): string[] {
  return [...Object.entries(PACKAGE_OF), ...more.map((command) => [command, OPTIONAL[command]] as const)]
    .filter(([command]) => !SEARCH_PATH.split(':').some((folder) => isExecutable(join(folder, command))))
    .map(([command, name]) => `no ${command} (apt-get install ${name})`);
}

function missingFiles(): string[] {
  const missing: string[] = [];
  if (!existsSync('/dev/net/tun')) missing.push('no /dev/net/tun (modprobe tun)');
  if (!existsSync(VSWITCH_SCHEMA)) missing.push(`no ${VSWITCH_SCHEMA} (apt-get install openvswitch-switch)`);
  return missing;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The bits of capabilities(7) that namespaces and links need. */
const CAPABILITIES = [
  { name: 'CAP_NET_ADMIN', bit: 12n },
  { name: 'CAP_SYS_ADMIN', bit: 21n },
] as const;

/** A command that only some tests need. */
export type OptionalCommand = keyof typeof OPTIONAL;

/** The Debian package that provides each of them. */
const OPTIONAL = {
  udhcpc: 'udhcpc',
  dhclient: 'isc-dhcp-client',
  dockerd: 'docker.io',
  docker: 'docker.io',
  busybox: 'busybox-static',
  nft: 'nftables',
  iptables: 'iptables',
  script: 'bsdutils',
} as const;

/** The Debian package that provides each command of the lab. */
const PACKAGE_OF: Readonly<Record<string, string>> = {
  'ovs-vswitchd': 'openvswitch-switch',
  'ovsdb-server': 'openvswitch-switch',
  'ovsdb-tool': 'openvswitch-switch',
  'ovs-vsctl': 'openvswitch-switch',
  'ovs-ofctl': 'openvswitch-switch',
  'ovs-appctl': 'openvswitch-switch',
  ip: 'iproute2',
  ping: 'iputils-ping',
  ethtool: 'ethtool',
  nsenter: 'util-linux',
};
