import type { Command } from 'commander';
import { type DhcpSubnet, parseDhcpSubnet } from '../../app/dhcp/subnet.ts';
import { readSubnets, subnetKey, writeSubnet } from '../../host/addresses/subnet.ts';
import { addressesOf, EndpointKey } from '../../host/connect/endpoint.ts';
import type { HostDatabase } from '../../host/database.ts';
import { readSettings, requireBridge } from '../../host/setup/settings.ts';
import { UsageError } from '../../util/errors.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { print, printChanges, printTable } from '../print.ts';
import { printable } from '../printable.ts';
import { addHostOptions, type HostOptions, openDatabase } from './host-options.ts';
import { keyOf, requirePod } from './pod-reader.ts';

interface ChangeOptions extends HostOptions {
  readonly bridge?: string;
  readonly dryRun?: true;
}

/** The options of `galago pods set`, which are the words of a subnet. */
interface SetOptions extends ChangeOptions {
  readonly subnet: string;
  readonly range?: string;
  readonly server?: string;
  readonly router?: string;
  readonly dns?: readonly string[];
  readonly domain?: string;
  readonly mtu?: string;
  readonly lease?: string;
  readonly route?: readonly string[];
}

/** Adds `galago pods` and its commands. */
export function addPodsCommand(program: Command): void {
  const pods = program
    .command('pods')
    .description('Prints the pods that this host has endpoints or subnets of, with their tunnel keys.')
    .helpCommand(false);
  addHostOptions(pods)
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP)
    .action((options: HostOptions) => list(options, pods));
  const set = pods
    .command('set')
    .summary('give a pod a subnet')
    .description(
      'Gives a pod a subnet, from which galago connect ... auto and DHCP take addresses on this host. Hosts do not know ' +
        'of what others have given: each needs a range of its own. What is not given has its default.',
    )
    .argument('<pod>')
    .requiredOption('--subnet <network>', 'the network: 10.7.0.0/16')
    .option('--range <first-last>', 'the addresses that this host gives (default: all of the subnet)')
    .option('--server <ip>', "the DHCP server's own address (default: the first that is not the router's)")
    .option('--router <ip>', 'the default route (default: none)')
    .option('--dns <ip...>', 'name servers')
    .option('--domain <name>', 'the domain')
    .option('--mtu <bytes>', 'the MTU that DHCP tells')
    .option('--lease <seconds>', 'how long DHCP gives an address (default: 3600)')
    .option('--route <network,ip...>', 'other routes, each a network and the router to it');
  addChangeOptions(set)
    .addHelpText('after', SET_EXAMPLES)
    .action((pod: string) => setSubnet(pod, set.optsWithGlobals(), set));
  const unset = pods
    .command('unset')
    .summary("take a pod's subnet away")
    .description("Takes a pod's subnet away. Endpoints keep the addresses that they have.")
    .argument('<pod>');
  addChangeOptions(unset)
    .addHelpText('after', '\nExamples:\n  $ galago pods unset 7')
    .action((pod: string) => change(pod, undefined, unset.optsWithGlobals(), unset));
}

const EXAMPLES = `
Examples:
  $ galago pods
  $ galago pods set 7 --subnet 10.7.0.0/16 --range 10.7.1.0-10.7.1.255
  $ galago pods unset 7
`;

const SET_EXAMPLES = `
Examples:
  $ galago pods set 7 --subnet 10.7.0.0/16 --range 10.7.1.0-10.7.1.255   on the first host
  $ galago pods set 7 --subnet 10.7.0.0/16 --range 10.7.2.0-10.7.2.255   on the second
  $ galago pods set 8 --subnet 10.8.0.0/24 --router 10.8.0.1 --dns 10.8.0.53 192.0.2.53
  $ galago pods set 8 --subnet 10.8.0.0/24 --route 10.9.0.0/16,10.8.0.1 --dry-run`;

function addChangeOptions(command: Command): Command {
  command
    .option('--bridge <name>', 'the bridge (default: that of galago init)')
    .option('--dry-run', 'print what would be done, and do nothing');
  return addHostOptions(command);
}

function setSubnet(pod: string, options: SetOptions, command: Command): Promise<void> {
  const words = WORDS.flatMap((name) => [options[name] ?? []].flat().map((value) => [name, value] as const));
  const wrong = words.find(([, value]) => /\s/.test(value));
  if (wrong !== undefined)
    throw new UsageError('POD_DHCP_INVALID', `--${wrong[0]} '${wrong[1]}' has a blank in it`);
  return change(pod, words.map((word) => word.join('=')).join(' '), options, command);
}

const WORDS = ['subnet', 'range', 'server', 'router', 'dns', 'domain', 'mtu', 'lease', 'route'] as const;

/** Has a pod have a subnet, or none, and prints what has changed. */
async function change(
  pod: string,
  text: string | undefined,
  options: ChangeOptions,
  command: Command,
): Promise<void> {
  requirePod(pod);
  const subnet = text === undefined ? undefined : parseDhcpSubnet(text);
  await using db = await openDatabase(options);
  const bridge = requireBridge(db, options.bridge);
  if (subnet !== undefined) requireFreeServer(db, pod, subnet);
  const changed = bridge.external_ids.get(subnetKey(pod)) !== text;
  if (options.dryRun) {
    const key = `${bridge.name}: external_ids:${subnetKey(pod)}`;
    const plan = text === undefined ? `ovsdb: unset bridge ${key}` : `ovsdb: set bridge ${key}="${text}"`;
    return printChanges(command, options, changed ? [plan] : []);
  }
  if (changed) await writeSubnet(db, bridge, pod, text);
  const result = { pod, ...describe(subnet), changed };
  print(command, options.json ? JSON.stringify(result) : sentenceOf(pod, subnet, changed));
}

/** The controller would leave whoever has the server's address out of the pod. */
function requireFreeServer(db: HostDatabase, pod: string, { server }: DhcpSubnet): void {
  const owner = db
    .endpoints()
    .filter(({ externalIds }) => externalIds.get(EndpointKey.POD) === pod)
    .find((endpoint) => addressesOf(endpoint).includes(server));
  if (owner === undefined) return;
  const name = owner.externalIds.get(EndpointKey.NAME) ?? owner.port;
  const message = `'${name}' has ${server} in pod '${pod}': choose another for the DHCP server with --server`;
  throw new UsageError('HOST_ADDRESS_TAKEN', message);
}

function sentenceOf(pod: string, subnet: DhcpSubnet | undefined, changed: boolean): string {
  if (subnet === undefined) return `pod ${pod}: has no subnet${changed ? ' any more' : ''}`;
  const { network, prefixLength, first, last, server, router } = subnet;
  const already = changed ? '' : ' already';
  const via = router === undefined ? 'no router' : `router ${router}`;
  return `pod ${pod}: has${already} ${network}/${prefixLength}, gives ${first} to ${last}, server ${server}, ${via}`;
}

function describe(subnet: DhcpSubnet | undefined): { subnet: string | null; range: string | null } {
  if (subnet === undefined) return { subnet: null, range: null };
  const { network, prefixLength, first, last } = subnet;
  return { subnet: `${network}/${prefixLength}`, range: `${first}-${last}` };
}

async function list(options: HostOptions, command: Command): Promise<void> {
  await using db = await openDatabase(options);
  const endpoints = db.endpoints().map(({ externalIds }) => externalIds);
  const name = readSettings(db).bridge;
  const bridge = name === undefined ? undefined : db.bridge(name);
  const subnets = bridge === undefined ? new Map<string, string>() : readSubnets(bridge);
  const names = new Set([...endpoints.map((ids) => ids.get(EndpointKey.POD) ?? ''), ...subnets.keys()]);
  const rows = [...names].sort().map((pod) => {
    const members = endpoints.filter((ids) => ids.get(EndpointKey.POD) === pod);
    const key = keyOf(members[0] ?? new Map([[EndpointKey.POD, pod]]));
    return { pod, key, endpoints: members.length, ...describe(readable(subnets.get(pod))) };
  });
  if (options.json) return print(command, JSON.stringify(rows));
  printTable(
    command,
    ['POD', 'KEY', 'ENDPOINTS', 'SUBNET', 'RANGE'],
    rows.map(({ pod, key, endpoints: count, subnet, range }) => {
      return [printable(pod), `${key ?? '-'}`, `${count}`, subnet ?? '-', range ?? '-'];
    }),
  );
}

/** What cannot be read is a problem of `galago status`, and no subnet here. */
function readable(text: string | undefined): DhcpSubnet | undefined {
  try {
    return text === undefined ? undefined : parseDhcpSubnet(text);
  } catch {
    return undefined;
  }
}
