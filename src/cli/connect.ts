import type { Command } from 'commander';
import { GLOBAL_POD } from '../app/pod.ts';
import {
  defaultMac,
  type EndpointAddress,
  firstAddress,
  formatEndpointAddress,
  parseEndpointAddress,
  parseEndpointMac,
  parseGateway,
} from '../host/address.ts';
import { type ConnectPlan, carryOutConnect, describeConnect, planConnect } from '../host/connect.ts';
import type { HostDatabase } from '../host/database.ts';
import { EndpointKey, type PodLabel } from '../host/endpoint.ts';
import { findTarget } from '../host/target.ts';
import { UsageError } from '../util/errors.ts';
import { EXIT_CODE_HELP } from './exit-code.ts';
import { addHostOptions, dockerSocket, type HostOptions, openDatabase, print } from './host-options.ts';
import { isKeyNeeded, podLabel } from './pod-label.ts';
import { bytes } from './values.ts';

/** The options of `galago connect` as they were read. */
interface ConnectOptions extends HostOptions {
  readonly mac?: string;
  readonly ifname: string;
  readonly internal?: true;
  readonly gateway?: string;
  readonly defaultRoute?: true;
  readonly key?: string;
  readonly bridge?: string;
  readonly mtu?: number;
  readonly docker: string;
  readonly dryRun?: true;
}

/** Adds `galago connect`. */
export function addConnectCommand(program: Command): void {
  const command = program
    .command('connect')
    .summary('put a container into a pod')
    .description(
      'Gives a container of this host an interface in a pod, with an address, an MTU that fits into the tunnels, and ' +
        'port security. Everything is looked at before anything is changed, and a failure leaves nothing behind. The ' +
        'same again is nothing to do.',
    )
    .argument('<container>', 'name or id of a Docker container, netns:NAME or pid:N')
    .argument(
      '<address>',
      'IP[/PREFIX LENGTH], by default /24 or /64; or dhcp, for a client in the container to ask',
    )
    .argument('[pod]', "the pod's name", GLOBAL_POD.name)
    .option('--ifname <name>', 'name of the interface in the container', 'eth1')
    .option('--mac <mac>', 'MAC address (default: made of the address)')
    .option('--gateway <ip>', 'next hop of a default route')
    .option('--default-route', "replace the default route; without --gateway by the subnet's first address")
    .option('--internal', 'an internal port of Open vSwitch in place of a veth pair')
    .option('--key <number>', "the pod's tunnel key, for names that are no numbers")
    .option('--bridge <name>', 'the bridge (default: that of galago init)')
    .option('--mtu <bytes>', 'MTU (default: what the tunnels leave)', bytes)
    .option('--docker <socket>', "Docker's socket", dockerSocket())
    .option('--dry-run', 'print what would be done, and do nothing');
  addHostOptions(command)
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP)
    .action((container: string, address: string, pod: string, options: ConnectOptions) =>
      run({ container, address, pod }, options, command),
    );
}

const EXAMPLES = `
Examples:
  $ galago connect web 10.0.0.1                     a Docker container, in the pod 'global'
  $ galago connect web 10.0.0.1/16 7 --default-route
  $ galago connect netns:blue 10.0.0.2 backend --key 1000 --ifname eth2
  $ galago connect pid:4711 fd00::1/64 7 --dry-run
`;

interface Words {
  readonly container: string;
  readonly address: string;
  readonly pod: string;
}

async function run(words: Words, options: ConnectOptions, command: Command): Promise<void> {
  const address = words.address === 'dhcp' ? undefined : parseEndpointAddress(words.address);
  const asked = {
    ip: address === undefined ? 'dhcp' : formatEndpointAddress(address),
    mac: options.mac === undefined ? undefined : parseEndpointMac(options.mac),
    ifname: parseIfname(options.ifname),
    isInternal: options.internal ?? false,
    gateway: readGateway(address, options),
    replacesDefaultRoute: options.defaultRoute ?? false,
    mtu: options.mtu,
  };
  const opening = openDatabase(options);
  // Both are waited for together; an error of the first must not leave the other unheard.
  const [opened, found] = await Promise.allSettled([opening, findTarget(words.container, options.docker)]);
  if (opened.status === 'rejected') throw opened.reason;
  await using db = opened.value;
  if (found.status === 'rejected') throw found.reason;
  const request = {
    target: found.value,
    settings: { ...asked, pod: readPod(db, words.pod, options.key) },
    defaultMac: defaultMac(address),
    bridge: options.bridge,
  };
  if (options.dryRun) return print(command, describeConnect(await planConnect(db, request)));
  const { plan, ofport } = await db.locked(async () => {
    const made = await planConnect(db, request);
    return { plan: made, ofport: await carryOutConnect(db, made) };
  });
  print(command, options.json ? JSON.stringify(resultOf(plan, ofport)) : sentenceOf(plan));
}

/** What `--json` prints. */
function resultOf({ settings, target, bridge, mtu, wiring, existing }: ConnectPlan, ofport: number): object {
  const { pod, ip, mac, ifname, gateway = null } = settings;
  return {
    ...{ container: target.name, ifname, pod: pod.name, key: pod.key, ip, mac, gateway, mtu },
    ...{ bridge: bridge.name, port: wiring.port, ofport, changed: existing === undefined },
  };
}

function sentenceOf({ settings, target, mtu, wiring, existing }: ConnectPlan): string {
  const { pod, ip, mac, ifname } = settings;
  const already = existing === undefined ? '' : ' already';
  return `${target.name}: ${ifname} is${already} in pod ${pod.name} with ${ip} (${mac}, MTU ${mtu}, port ${wiring.port})`;
}

/** The pod that is meant; the key of one that this host has need not be said again. */
function readPod(db: HostDatabase, name: string, key: string | undefined): PodLabel {
  const known = db.endpoints().find(({ externalIds }) => externalIds.get(EndpointKey.POD) === name);
  const found = key ?? known?.externalIds.get(EndpointKey.KEY);
  if (found === undefined && isKeyNeeded(name) && /^[A-Za-z][\w.-]*$/.test(name)) {
    throw new UsageError('POD_INVALID', `pod '${name}' is new here and needs a tunnel key: add --key`);
  }
  return podLabel(name, found);
}

function readGateway(address: EndpointAddress | undefined, options: ConnectOptions): string | undefined {
  if (options.gateway === undefined && options.defaultRoute === undefined) return undefined;
  if (address === undefined) {
    throw new UsageError('HOST_GATEWAY_INVALID', 'with dhcp, the default route comes from the DHCP server');
  }
  if (options.gateway !== undefined) return parseGateway(options.gateway, address);
  if (address.family === 6)
    throw new UsageError('HOST_GATEWAY_INVALID', 'an IPv6 default route needs a --gateway');
  return parseGateway(firstAddress(address), address);
}

/** A name that interfaces may have, and that no path or option can be mistaken for. */
function parseIfname(name: string): string {
  if (/^[A-Za-z][\w.-]{0,14}$/.test(name)) return name;
  const expected = "a letter, then letters, digits, '.', '_' or '-', at most 15";
  throw new UsageError('HOST_INTERFACE_INVALID', `expected an interface's name (${expected}), got '${name}'`);
}
