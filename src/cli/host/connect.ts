import type { Command } from 'commander';
import { GLOBAL_POD } from '../../app/hosts/pod.ts';
import { subnetKey } from '../../host/addresses/subnet.ts';
import {
  type ConnectPlan,
  connectContainer,
  describeConnect,
  planConnect,
} from '../../host/connect/connect.ts';
import { parseEndpointWords, readEndpointWords } from '../../host/connect/endpoint-words.ts';
import { findTarget, parseTarget } from '../../host/connect/target.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { print, printChanges } from '../print.ts';
import { bytes } from '../values.ts';
import { hasAgent } from './flows-lock.ts';
import { addHostOptions, dockerSocket, type HostOptions, openToChange } from './host-options.ts';
import { POD_READER } from './pod-reader.ts';

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
    .description(
      'Gives a container of this host an interface in a pod, with an address, an MTU that fits into the tunnels, and ' +
        'port security. Everything is looked at before anything is changed, and a failure leaves nothing behind. The ' +
        'same again is nothing to do.',
    )
    .argument('<container>', 'name or id of a Docker container, netns:NAME or pid:N')
    .argument(
      '<address>',
      'IP[/PREFIX LENGTH], by default /24 or /64; auto, for the next free one of the pod; or dhcp, for a client in ' +
        'the container to ask',
    )
    .argument('[pod]', "the pod's name", GLOBAL_POD.name)
    .option('--ifname <name>', 'name of the interface in the container', 'eth1')
    .option('--mac <mac>', 'MAC address (default: made of the address)')
    .option('--gateway <ip>', 'next hop of a default route')
    .option(
      '--default-route',
      "replace the default route; without --gateway by the pod's router, or the subnet's first address",
    )
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
  $ galago connect web 10.0.0.2/16 7 --default-route        by 10.0.0.1
  $ galago connect web auto 7                       see galago pods set
  $ galago connect netns:blue 10.0.0.2 backend --key 1000 --ifname eth2
  $ galago connect pid:4711 fd00::1/64 7 --dry-run
`;

interface Words {
  readonly container: string;
  readonly address: string;
  readonly pod: string;
}

async function run(words: Words, options: ConnectOptions, command: Command): Promise<void> {
  const { container, address, pod } = words;
  const { defaultRoute: replacesDefaultRoute = false, internal: isInternal = false } = options;
  parseTarget(container);
  const asked = { ...options, address, pod, replacesDefaultRoute, isInternal };
  const parsed = parseEndpointWords(asked, POD_READER);
  const opening = openToChange(options);
  // Both are waited for together; an error of the first must not leave the other unheard.
  const [opened, found] = await Promise.allSettled([opening, findTarget(container, options.docker)]);
  if (opened.status === 'rejected') throw opened.reason;
  await using db = opened.value;
  if (found.status === 'rejected') throw found.reason;
  const request = { ...readEndpointWords(db, parsed, POD_READER), target: found.value };
  if (options.dryRun) return printChanges(command, options, describeConnect(await planConnect(db, request)));
  const { plan, ofport } = await connectContainer(db, request);
  // So that the first packet finds them: an ARP request that is dropped is repeated only a second later.
  const agent = await hasAgent(db);
  if (agent && plan.existing === undefined) await db.flowsFollow(plan.bridge.name, AGENT_PATIENCE_MS);
  print(command, options.json ? JSON.stringify(resultOf(plan, ofport)) : linesOf(plan, agent));
}

/** An agent takes a few milliseconds; one that is that late has said in its log what keeps it. */
const AGENT_PATIENCE_MS = 5000;

/** What `--json` prints. */
function resultOf({ settings, target, bridge, mtu, wiring, existing }: ConnectPlan, ofport: number): object {
  const { pod, ip, mac, ifname, gateway = null } = settings;
  return {
    ...{ container: target.name, ifname, pod: pod.name, key: pod.key, ip, mac, gateway, mtu },
    ...{ bridge: bridge.name, port: wiring.port, ofport, changed: existing === undefined },
  };
}

function linesOf({ settings, target, bridge, mtu, wiring, existing }: ConnectPlan, agent: boolean): string[] {
  const { pod, ip, mac, ifname } = settings;
  const already = existing === undefined ? '' : ' already';
  const isUnserved = ip === 'dhcp' && !bridge.external_ids.has(subnetKey(pod.name));
  return [
    `${target.name}: ${ifname} is${already} in pod ${pod.name} with ${ip} (${mac}, MTU ${mtu}, port ${wiring.port})`,
    ...(agent || bridge.controller.length > 0
      ? []
      : ['next: galago agent: until then nobody gives the bridge its flows']),
    ...(isUnserved
      ? [`next: galago pods set ${pod.name} --subnet ...: until then nobody answers DHCP there`]
      : []),
  ];
}
