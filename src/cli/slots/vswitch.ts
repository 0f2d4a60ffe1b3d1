import type { Command } from 'commander';
import type { HostDatabase } from '../../host/database.ts';
import { AGENT_UNIT, startAgentUnit } from '../../host/setup/agent-unit.ts';
import {
  carryOutVswitch,
  parseIpv6Prefix,
  parseVswitchAddress,
  planVswitch,
  type VswitchPlan,
} from '../../host/slots/vswitch.ts';
import { planVswitchRemoval, removeVswitch } from '../../host/slots/vswitch-removal.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { planUnitOf, planUnitWithout } from '../host/agent-unit.ts';
import { hasAgent } from '../host/flows-lock.ts';
import { addHostOptions, type HostOptions, openDatabase, openToChange } from '../host/host-options.ts';
import { vswitchProgrammer } from '../host/vswitch-flows.ts';
import { print, printChanges, printTable } from '../print.ts';
import { printable } from '../printable.ts';
import { vswitchName } from '../values.ts';
import { vswitchRow, vswitchRows, vswitchWords } from './vswitch-row.ts';

/** What `--vswitch` and `--name` are without being given: ecDock's. */
export const DEFAULT_VSWITCH = 'ovs0';

interface CreateOptions extends HostOptions {
  readonly name: string;
  readonly ipv6Prefix?: string;
  readonly usermode?: true;
  readonly agent: boolean;
  readonly dryRun?: true;
}

interface RemoveOptions extends HostOptions {
  readonly dryRun?: true;
}

/** Adds `galago vswitch` with its subcommands. */
export function addVswitchCommand(program: Command): void {
  const vswitch = program
    .command('vswitch')
    .description(
      'A virtual switch is a network of this host alone, with an address of its own, which is the gateway of the ' +
        'containers that galago start puts into its slots. It works without an agent.',
    )
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP);
  addCreate(vswitch);
  const list = vswitch
    .command('list')
    .summary('list them')
    .description("Prints this host's virtual switches.");
  addHostOptions(list)
    .addHelpText('after', '\nExamples:\n  $ galago vswitch list --json')
    .action((options: HostOptions) => runList(options, list));
  const remove = vswitch
    .command('remove')
    .summary('remove one')
    .description('Removes a virtual switch that has no containers.')
    .argument('[name]', 'its name', DEFAULT_VSWITCH)
    .option('--dry-run', 'print what would be removed, and do nothing');
  addHostOptions(remove)
    .addHelpText('after', '\nExamples:\n  $ galago vswitch remove ovs1')
    .action((name: string, options: RemoveOptions) => runRemove(name, options, remove));
}

const CREATE_EXAMPLES = `  $ galago vswitch create 10.0.0.254/24             ovs0, with room for slots 1 to 253
  $ galago vswitch create 10.1.0.1/16 eth1 --name ovs1 --ipv6-prefix fd00:1::/64`;

const EXAMPLES = `
Examples:
${CREATE_EXAMPLES}
  $ galago vswitch list --json
  $ galago vswitch remove ovs1
`;

function addCreate(vswitch: Command): void {
  const create = vswitch
    .command('create')
    .summary('make one, or put it right')
    .description(
      'Makes a virtual switch, or puts right what a reboot has left of it. Where systemd is, it runs the agent from then ' +
        'on, which does that at every boot.',
    )
    .argument('<address>', 'its own address, with the mask of the subnet: 10.0.0.254/24')
    .argument('[device]', 'what connects it with a network outside')
    .option('--name <name>', 'its name', vswitchName, DEFAULT_VSWITCH)
    .option('--ipv6-prefix <prefix>', 'gives it and its slots IPv6 addresses too: fd00:1::/64')
    .option('--usermode', "Open vSwitch's userspace datapath, for kernels without its module")
    .option('--no-agent', 'start no agent (default: as a unit, where systemd is)')
    .option('--dry-run', 'print what would be done, and do nothing');
  addHostOptions(create)
    .addHelpText('after', `\nExamples:\n${CREATE_EXAMPLES}`)
    .action((address: string, device: string | undefined, options: CreateOptions) =>
      runCreate(address, device, options, create),
    );
}

async function runCreate(
  text: string,
  device: string | undefined,
  options: CreateOptions,
  command: Command,
): Promise<void> {
  const request = {
    name: options.name,
    address: parseVswitchAddress(text),
    ipv6Prefix: options.ipv6Prefix === undefined ? undefined : parseIpv6Prefix(options.ipv6Prefix),
    device,
    isUserspace: options.usermode,
  };
  await using db = await openToChange(options);
  const unit = options.agent ? await planUnitOf(db, options) : undefined;
  const changesOf = (plan: VswitchPlan) => [...plan.changes, ...(unit?.changes ?? [])];
  if (options.dryRun) return printChanges(command, options, changesOf(await planVswitch(db, request)));
  const plan = await db.locked(async () => {
    const made = await planVswitch(db, request);
    await carryOutVswitch(db, made, vswitchProgrammer(db, options));
    return made;
  });
  if (unit !== undefined) await startAgentUnit(unit);
  const row = vswitchRow(db, plan.vswitch);
  const agent = unit === undefined ? null : AGENT_UNIT;
  if (options.json) return print(command, JSON.stringify({ ...row, agent, changes: changesOf(plan) }));
  const before = plan.changes.length === 0 ? ', as before' : '';
  print(command, [`${vswitchWords(row)}${before}`, ...(await agentLines(db, options, agent))]);
}

async function agentLines(
  db: HostDatabase,
  { agent }: CreateOptions,
  unit: string | null,
): Promise<string[]> {
  if (unit !== null) return [`agent: ${unit} runs`];
  if (!agent || (await hasAgent(db))) return [];
  return ['next: keep galago agent running: until then nobody puts back what a reboot takes'];
}

async function runList(options: HostOptions, command: Command): Promise<void> {
  await using db = await openDatabase(options);
  const rows = vswitchRows(db);
  if (options.json) return print(command, JSON.stringify(rows));
  printTable(
    command,
    ['VSWITCH', 'ADDRESS', 'IPV6', 'DEVICE', 'DATAPATH', 'SLOTS'],
    rows.map(({ name, address, ipv6, device, datapath, slots }) =>
      [name, address, ipv6 ?? '-', device ?? '-', datapath, `${slots}`].map((cell) => printable(cell)),
    ),
  );
}

async function runRemove(name: string, options: RemoveOptions, command: Command): Promise<void> {
  await using db = await openToChange(options);
  const removal = await planVswitchRemoval(db, name);
  const unit = await planUnitWithout(name, db, options);
  const changes = [...unit.changes, ...removal];
  if (options.dryRun) return printChanges(command, options, changes);
  await unit.carryOut(() => db.locked(() => removeVswitch(db, name)));
  if (options.json) return print(command, JSON.stringify({ name, removed: true, changes }));
  print(command, [`${name}: removed`, ...unit.changes]);
}
