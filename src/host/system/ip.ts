import { readFile } from 'node:fs/promises';
import { UsageError } from '../../util/errors.ts';
import { HostError } from '../host-error.ts';
import { type CommandOptions, runCommand } from './command.ts';

/** The words of one `ip` command: `['link', 'set', 'dev', 'eth1', 'up']`. */
export type IpCommand = readonly string[];

/**
 * Runs `ip` commands in one process, in order, until one fails (ip(8), `-batch`).
 * @throws HostError as {@link runCommand}; UsageError `HOST_ARGUMENT_INVALID` before anything is run.
 */
export async function ipBatch(commands: readonly IpCommand[], options: CommandOptions = {}): Promise<void> {
  if (commands.length === 0) return;
  await runCommand('ip', ['-batch', '-'], { ...options, input: formatBatch(commands) });
}

/** Runs all of them, also those after one that fails. @throws as {@link ipBatch}, but for their failures */
export async function ipBatchForced(commands: readonly IpCommand[]): Promise<void> {
  const input = formatBatch(commands);
  try {
    await runCommand('ip', ['-force', '-batch', '-'], { input });
  } catch (error) {
    if (!(error instanceof HostError && error.code === 'HOST_COMMAND_FAILED')) throw error;
  }
}

function formatBatch(commands: readonly IpCommand[]): string {
  return commands.map((command) => `${formatIp(command)}\n`).join('');
}

/**
 * The line of a batch that an `ip` command is. A word with a blank, a quote or a line end in it would be read as
 * something else than it is.
 * @throws UsageError `HOST_ARGUMENT_INVALID`
 */
export function formatIp(command: IpCommand): string {
  const wrong = command.find((word) => !/^[\w.:/@%+-]+$/.test(word));
  if (wrong === undefined) return command.join(' ');
  throw new UsageError('HOST_ARGUMENT_INVALID', `expected a plain word for ip, got '${wrong}'`);
}

/** A link, as far as it is looked at (ip-address(8)). */
export interface Link {
  readonly name: string;
  readonly mtu: number;
  readonly mac: string | undefined;
  /** `ether`, `loopback`. */
  readonly type: string | undefined;
  readonly isUp: boolean;
  /** `veth`, `bridge`; undefined for a plain device. */
  readonly kind: string | undefined;
  /** The bridge or bond that it is a part of. */
  readonly master: string | undefined;
  /** The device that it is on top of, as a VLAN is, or its peer. */
  readonly lower: string | undefined;
  /** With prefix lengths: `10.0.0.1/24`. */
  readonly addresses: readonly string[];
}

/** What is in a network namespace. */
export interface NamespaceState {
  readonly links: readonly Link[];
  /** True when it has an IPv4 default route. */
  readonly hasDefaultRoute: boolean;
}

/** Looks into a network namespace. @throws HostError as {@link runCommand} */
export async function readNamespace(options: CommandOptions = {}): Promise<NamespaceState> {
  const input = 'address show\nroute show default\n';
  const printed = await runCommand('ip', ['-json', '-details', '-batch', '-'], { ...options, input });
  const [links = '[]', routes = '[]'] = printed.split('\n').filter((line) => line !== '');
  return {
    links: (JSON.parse(links) as readonly IpLink[]).flatMap((link) => readLink(link) ?? []),
    hasDefaultRoute: (JSON.parse(routes) as readonly object[]).length > 0,
  };
}

/** The link of that name in this process's namespace, if there is one. @throws HostError as {@link runCommand} */
export async function findLink(name: string): Promise<Link | undefined> {
  // Mostly there is none: what tells so without a process is asked first.
  const all = await readFile('/proc/self/net/dev', 'utf8');
  if (!all.split('\n').some((line) => line.trimStart().startsWith(`${name}:`))) return undefined;
  try {
    const printed = await runCommand('ip', ['-json', '-details', 'address', 'show', 'dev', name]);
    return (JSON.parse(printed) as readonly IpLink[]).map(readLink).find((link) => link?.name === name);
  } catch (error) {
    if (error instanceof HostError && error.message.includes('does not exist')) return undefined;
    throw error;
  }
}

/**
 * Deletes links of this process's namespace. One that is not there is none to delete: that of a container that has
 * ended goes by itself, at any moment.
 * @throws HostError as {@link runCommand}
 */
export async function deleteLinks(names: readonly string[]): Promise<void> {
  for (const name of names) {
    await ipBatch([['link', 'delete', 'dev', name]]).catch((error: Error) => {
      if (!error.message.includes('Cannot find device')) throw error;
    });
  }
}

/** Deletes the veth pair that a link of this process's namespace is an end of, if it is. @throws as {@link findLink} */
export async function deleteVeth(name: string): Promise<void> {
  if ((await findLink(name))?.kind === 'veth') await deleteLinks([name]);
}

/** The group of links (ip-link(8)) that are ports of a bridge, and from which the kernel shall take nothing itself. */
export const PORT_GROUP = 27162;

/**
 * Makes a veth pair, the outer end of which is a port of a bridge and nothing else. The userspace datapath only listens
 * there, and the kernel takes in the same frames: it neither answers ARP by it, nor has an address of its own there,
 * and by its group the rest is dropped.
 */
export function addVeth(port: string, inside: VethEnd): IpCommand[] {
  const { name, mac, mtu, netns } = inside;
  const size = ['mtu', `${mtu}`];
  const peer = [
    'peer',
    'name',
    name,
    ...(netns === undefined ? [] : ['netns', netns]),
    'address',
    mac,
    ...size,
  ];
  return [
    ['link', 'add', 'name', port, ...size, 'group', `${PORT_GROUP}`, 'type', 'veth', ...peer],
    ['link', 'set', 'dev', port, 'addrgenmode', 'none'],
    ['link', 'set', 'dev', port, 'arp', 'off', 'up'],
  ];
}

/** The end of a veth pair that a container has. */
export interface VethEnd {
  readonly name: string;
  readonly mac: string;
  /** Of both ends. */
  readonly mtu: number;
  /** Default: this process's, from where it can be moved. */
  readonly netns?: string;
}

/**
 * Adds an address to a link. Whoever calls has looked whether others have it: an IPv6 address can be used at once, and
 * nobody is asked again.
 */
export function addAddress(address: string, link: string): IpCommand {
  return ['address', 'add', address, 'dev', link, ...(address.includes(':') ? ['nodad'] : [])];
}

/**
 * Has links take IPv6 addresses, which Docker keeps those of its containers from.
 * @param netns as of {@link CommandOptions}: what is written goes to the namespace of the process that writes
 * @throws HostError as runCommand
 */
export async function allowIpv6(links: readonly string[], netns?: string): Promise<void> {
  const files = links.map((name) => `/proc/sys/net/ipv6/conf/${name}/disable_ipv6`);
  await runCommand('tee', files, { ...(netns !== undefined && { netns }), input: '0' });
}

function readLink(link: IpLink): Link | undefined {
  const { ifname, mtu = 0, address, linkinfo, addr_info = [], flags = [] } = link;
  if (ifname === undefined) return undefined;
  const addresses = addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  return {
    ...{ name: ifname, mtu, mac: address, type: link.link_type, isUp: flags.includes('UP') },
    ...{ kind: linkinfo?.info_kind, master: link.master, lower: link.link, addresses },
  };
}

/** What `ip -json -details address` prints of one link. */
interface IpLink {
  readonly ifname?: string;
  readonly mtu?: number;
  readonly address?: string;
  readonly link_type?: string;
  readonly flags?: readonly string[];
  readonly master?: string;
  readonly link?: string;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
}
