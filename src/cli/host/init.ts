import { type Command, Option } from 'commander';
import { AGENT_UNIT, startAgentUnit } from '../../host/setup/agent-unit.ts';
import { ENCAPSULATIONS, encapsulationOf } from '../../host/setup/encapsulation.ts';
import { type InitPlan, planInit } from '../../host/setup/init.ts';
import { endpointMtu, SettingKey } from '../../host/setup/settings.ts';
import { UPLINK_BRIDGE, type UplinkPlan } from '../../host/setup/uplink.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { print, printChanges } from '../print.ts';
import { bridgeName, bytes, oneOf, seconds, tunnelAddress } from '../values.ts';
import { planUnit, planUnitOf } from './agent-unit.ts';
import { addHostOptions, openToChange } from './host-options.ts';
import { confirmMove, initWithUplink, putBackUplink, type UplinkOptions } from './uplink.ts';

interface InitOptions extends UplinkOptions {
  readonly uplink?: string;
  readonly confirm?: true;
  readonly bridge?: string;
  readonly encap?: string;
  readonly localIp?: string;
  readonly usermode?: true;
  readonly mtu?: number;
  /** True in the foreground, false not at all, undefined as a unit of systemd, where that is. */
  readonly agent?: boolean;
  readonly dryRun?: true;
}

/** Adds `galago init`. */
export function addInitCommand(program: Command): void {
  const init = program
    .command('init')
    .description(
      'Makes a bridge for containers with a port for tunnels, lets tunnel packets through the firewall where one is ' +
        'active, has nftables drop those that containers forge, starts the agent where systemd is, and looks whether the ' +
        'switch has done as it was told. The same again is nothing to do.',
    )
    .option('--bridge <name>', 'the bridge (default: br-int)', bridgeName)
    .addOption(
      oneOf(
        new Option('--encap <type>', 'the encapsulation of tunnels (default: vxlan)'),
        Object.keys(ENCAPSULATIONS),
      ),
    )
    .option('--local-ip <ip>', 'where tunnels to this host end (default: its only address)', tunnelAddress)
    .option(
      '--uplink <device>',
      'with --usermode, the device that a bridge is to take the place of: the host keeps its addresses',
    )
    .option('--yes', 'move the addresses of the uplink, which may cut this connection off')
    .option('--confirm', 'leave the uplink where it was moved; nothing else is done')
    .addOption(
      new Option('--confirm-within <seconds>', 'after which the uplink is put back unless confirmed')
        .argParser(seconds)
        .default(60, '60'),
    )
    .option('--usermode', "Open vSwitch's userspace datapath, for kernels without its module")
    .option(
      '--mtu <bytes>',
      'largest packet of the network between the hosts (default: that of its link)',
      bytes,
    )
    .option('--agent', 'go on as the agent, in the foreground')
    .option('--no-agent', 'start no agent (default: as a unit, where systemd is)')
    .option('--dry-run', 'print what would be done, and do nothing');
  addHostOptions(init)
    .addHelpText('after', INIT_EXAMPLES + EXIT_CODE_HELP)
    .action((options: InitOptions) => runInit(options, init));
}

const INIT_EXAMPLES = `
Examples:
  $ galago init
  $ galago init --local-ip 192.0.2.1 --encap geneve
  $ galago init --usermode --uplink eth0 --dry-run
  $ galago init --usermode --uplink eth0 --yes
  $ galago init --confirm
`;

async function runInit(options: InitOptions, command: Command): Promise<void> {
  if (options.confirm) return runConfirm(options, command);
  if (options.uplink !== undefined && options.yes && !options.dryRun) await putBackUplink(options);
  await using db = await openToChange(options);
  const request = {
    bridge: options.bridge,
    encapsulation: encapsulationOf(options.encap),
    localIp: options.localIp,
    underlayMtu: options.mtu,
    isUserspace: options.usermode,
    uplink: options.uplink,
  };
  const plan = await planInit(db, request, DEFAULTS);
  const isSettled = plan.uplink?.isConfirmed !== false;
  const unit = options.agent === undefined && isSettled ? await planUnit(options, plan) : undefined;
  const changes = [...plan.changes, ...(unit?.changes ?? [])];
  if (options.dryRun) return printChanges(command, options, changes);
  const ofport = await initWithUplink(db, plan, options);
  if (unit !== undefined) await startAgentUnit(unit);
  const agent = unit === undefined ? null : AGENT_UNIT;
  if (options.json) print(command, JSON.stringify({ ...resultOf(plan, ofport), agent, changes }));
  else
    print(command, [
      ...linesOf(plan, ofport, options.confirmWithin),
      ...nextLines(isSettled, options, agent),
    ]);
  if (options.agent) await runInForeground(options);
}

/** Runs `galago init --confirm`. */
async function runConfirm(options: InitOptions, command: Command): Promise<void> {
  await using db = await openToChange(options);
  const device = await confirmMove(db, options, options.dryRun ?? false);
  if (options.dryRun)
    return printChanges(command, options, [
      `ovsdb: set Open_vSwitch external_ids:${SettingKey.UPLINK}=${device}`,
    ]);
  const unit = options.agent === undefined ? await planUnitOf(db, options) : undefined;
  if (unit !== undefined) await startAgentUnit(unit);
  const agent = unit === undefined ? null : AGENT_UNIT;
  const lines = [`uplink:   ${device} stays in ${UPLINK_BRIDGE}`, ...nextLines(true, options, agent)];
  print(command, options.json ? JSON.stringify({ uplink: device, agent }) : lines);
  if (options.agent) await runInForeground(options);
}

/** As `galago agent` does. */
async function runInForeground({ db, json }: InitOptions): Promise<void> {
  const { AGENT_DEFAULTS, runAgent } = await import('./agent.ts');
  await runAgent({ ...AGENT_DEFAULTS, db, ...(json && { json }) });
}

const DEFAULTS = { bridge: 'br-int', encapsulation: ENCAPSULATIONS.vxlan };

function resultOf(plan: InitPlan, ofport: number): object {
  const { bridge, encapsulation, localIp, underlayMtu, isUserspace } = plan;
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
    firewall: plan.firewall.places,
    dropsForgery: plan.firewall.forgery.isDropped,
    uplink: plan.uplink?.device ?? null,
    mustConfirm: plan.uplink?.isConfirmed === false,
  };
}

function linesOf(
  { bridge, encapsulation, localIp, underlayMtu, firewall, changes, uplink }: InitPlan,
  ofport: number,
  confirmWithin: number,
): string[] {
  const mtu = endpointMtu({ underlayMtu, encapsulation, localIp });
  const { places, forgery } = firewall;
  return [
    `bridge:   ${bridge}${changes.length === 0 ? ', as before' : ''}`,
    ...(uplink === undefined ? [] : [`uplink:   ${uplinkLine(uplink, confirmWithin)}`]),
    `tunnels:  ${encapsulation.type} from ${localIp}, port ${ofport}; containers have MTU ${mtu}`,
    `firewall: ${places.length === 0 ? 'none is active' : `open in ${places.join(', ')}`}`,
    ...(forgery.isDropped
      ? []
      : ["forgery:  containers' other networks are not kept out of the tunnels: that takes nftables"]),
  ];
}

function nextLines(isSettled: boolean, { agent }: InitOptions, unit: string | null): string[] {
  if (!isSettled && !agent) return ['next:     galago init --confirm'];
  const next = 'next:     galago cluster <ip>... for the other hosts';
  if (agent === false) return [next];
  if (agent) return ['agent:    from here on', next];
  if (unit !== null) return [`agent:    ${unit} runs`, next];
  return [`${next}, and keep galago agent running`];
}

function uplinkLine({ device, isConfirmed, addressing }: UplinkPlan, confirmWithin: number): string {
  const is = `${device} in ${UPLINK_BRIDGE}`;
  if (isConfirmed) return is;
  const since = addressing === undefined ? ', not confirmed yet' : ` for ${confirmWithin} s`;
  return `${is}${since}: to keep it there, run galago init --confirm from a new connection`;
}
