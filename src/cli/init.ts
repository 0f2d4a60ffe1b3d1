import { type Command, Option } from 'commander';
import { carryOutCleanup, planCleanup } from '../host/cleanup.ts';
import { ENCAPSULATIONS, encapsulationOf } from '../host/encapsulation.ts';
import { carryOutInit, type InitPlan, planInit } from '../host/init.ts';
import { endpointMtu } from '../host/settings.ts';
import { EXIT_CODE_HELP } from './exit-code.ts';
import { addHostOptions, type HostOptions, openDatabase, print } from './host-options.ts';
import { bytes, tunnelAddress } from './values.ts';

interface InitOptions extends HostOptions {
  readonly bridge?: string;
  readonly encap?: string;
  readonly localIp?: string;
  readonly usermode?: true;
  readonly mtu?: number;
  readonly dryRun?: true;
}

interface CleanupOptions extends HostOptions {
  readonly dryRun?: true;
}

/** Adds `galago init` and `galago cleanup`. */
export function addInitCommands(program: Command): void {
  const init = program
    .command('init')
    .summary('prepare this host for containers')
    .description(
      'Makes a bridge for containers with a port for tunnels, lets tunnel packets through the firewall where one is ' +
        'active, and looks whether the switch has done as it was told. The same again is nothing to do.',
    )
    .option('--bridge <name>', 'the bridge (default: br-int)')
    .addOption(
      new Option('--encap <type>', 'the encapsulation of tunnels (default: vxlan)').choices(
        Object.keys(ENCAPSULATIONS),
      ),
    )
    .option('--local-ip <ip>', 'where tunnels to this host end (default: its only address)', tunnelAddress)
    .option('--usermode', "Open vSwitch's userspace datapath, for kernels without its module")
    .option(
      '--mtu <bytes>',
      'largest packet of the network between the hosts (default: that of its link)',
      bytes,
    )
    .option('--dry-run', 'print what would be done, and do nothing');
  addHostOptions(init)
    .addHelpText('after', INIT_EXAMPLES + EXIT_CODE_HELP)
    .action((options: InitOptions) => runInit(options, init));
  const cleanup = program
    .command('cleanup')
    .summary('remove everything that init and connect have made')
    .description(
      'Removes the bridge and its ports, the links of containers, the settings and the firewall rules that galago init ' +
        'and galago connect have made, and nothing else. End the agent first.',
    )
    .option('--dry-run', 'print what would be removed, and do nothing');
  addHostOptions(cleanup)
    .addHelpText('after', CLEANUP_EXAMPLES + EXIT_CODE_HELP)
    .action((options: CleanupOptions) => runCleanup(options, cleanup));
}

const INIT_EXAMPLES = `
Examples:
  $ galago init
  $ galago init --local-ip 192.0.2.1 --encap geneve
  $ galago init --usermode --dry-run
`;

const CLEANUP_EXAMPLES = `
Examples:
  $ galago cleanup --dry-run
  $ galago cleanup
`;

async function runInit(options: InitOptions, command: Command): Promise<void> {
  await using db = await openDatabase(options);
  const request = {
    bridge: options.bridge,
    encapsulation: encapsulationOf(options.encap),
    localIp: options.localIp,
    underlayMtu: options.mtu,
    isUserspace: options.usermode,
  };
  const plan = await planInit(db, request, { bridge: 'br-int', encapsulation: ENCAPSULATIONS.vxlan });
  if (options.dryRun) return print(command, plan.changes);
  const ofport = await carryOutInit(db, plan);
  print(command, options.json ? JSON.stringify(resultOf(plan, ofport)) : linesOf(plan, ofport));
}

function resultOf(plan: InitPlan, ofport: number): object {
  const { bridge, encapsulation, localIp, underlayMtu, isUserspace, changes } = plan;
  const mtu = endpointMtu({ underlayMtu, encapsulation, localIp });
  return {
    ...{
      bridge,
      encapsulation: encapsulation.type,
      localIp,
      underlayMtu,
      mtu,
      usermode: isUserspace,
      ofport,
    },
    ...{ firewall: plan.firewall.places, changes },
  };
}

function linesOf(
  { bridge, encapsulation, localIp, underlayMtu, firewall, changes }: InitPlan,
  ofport: number,
): string[] {
  const mtu = endpointMtu({ underlayMtu, encapsulation, localIp });
  const { places } = firewall;
  return [
    `bridge:   ${bridge}${changes.length === 0 ? ', as before' : ''}`,
    `tunnels:  ${encapsulation.type} from ${localIp}, port ${ofport}; containers have MTU ${mtu}`,
    `firewall: ${places.length === 0 ? 'none is active' : `open in ${places.join(', ')}`}`,
    'next:     galago cluster <ip>... for the other hosts, and keep galago agent running',
  ];
}

async function runCleanup(options: CleanupOptions, command: Command): Promise<void> {
  await using db = await openDatabase(options);
  const plan = await planCleanup(db);
  if (!options.dryRun) await carryOutCleanup(db, plan);
  const { changes } = plan;
  print(command, options.json ? JSON.stringify({ changes }) : changes);
}
