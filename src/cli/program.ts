import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { systemCode } from '../net/reason.ts';
import { GalagoError, UsageError } from '../util/errors.ts';
import { addCompletionCommands } from './completion/completion.ts';
import { EXIT_CODE_HELP, ExitCode } from './exit-code.ts';
import { addHelpCommands } from './help.ts';
import { printable } from './printable.ts';

/** Where the command writes what it is asked for, and what is wrong. */
export interface CliOutput {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/**
 * Runs the command line and resolves with the exit status: {@link ExitCode}. What is wrong with it is said in one
 * line on standard error.
 */
export async function runCli(args: readonly string[], output: CliOutput = process): Promise<number> {
  try {
    const program = await createProgram(output, commandIn(args));
    await program.parseAsync(args, { from: 'user' });
    return ExitCode.OK;
  } catch (error) {
    // It has been said already; help that was asked for is no failure.
    if (error instanceof CommanderError) return error.exitCode;
    if (!(error instanceof GalagoError)) throw error;
    output.stderr.write(`error: ${printable(messageOf(error))}\n`);
    return error instanceof UsageError ? ExitCode.USAGE : ExitCode.FAILED;
  }
}

/** What went wrong, and its code, unless that is in it: a switch's own names of errors are their codes. */
function messageOf(error: GalagoError): string {
  const { code, message } = error;
  return new RegExp(`\\b${code}\\b`).test(message) ? message : `${message}${hintOf(error)} (${code})`;
}

/** What to look at when a socket of this machine cannot be used: who listens there is known. */
function hintOf({ code, message, cause }: GalagoError): string {
  const isLocal =
    code === 'HOST_DOCKER_FAILED' || (code === 'NET_CONNECT_FAILED' && message.includes('unix:'));
  if (!isLocal) return '';
  const reason = systemCode(cause);
  if (reason === 'EACCES') return '; root may';
  if (reason !== 'ENOENT' && reason !== 'ECONNREFUSED') return '';
  return code === 'HOST_DOCKER_FAILED'
    ? '; does Docker run?'
    : '; does Open vSwitch run, and is the name right?';
}

/** The command that is called, or that help or completion is asked for. */
function commandIn([first, ...rest]: readonly string[]): string | undefined {
  return first === 'help' || first === 'complete' ? rest.find((word) => !word.startsWith('-')) : first;
}

/** The program, with the command of that name, or with all of them. */
export async function createProgram(
  { stdout, stderr }: CliOutput,
  first: string | undefined,
): Promise<Command> {
  const program = new Command('galago')
    .description('A pod network on Open vSwitch, spoken to in OpenFlow 1.3 and OVSDB')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: (text, write) => write(`${printable(text.trim(), ' ')}\n`),
    });
  for (const { load } of commandsFor(first)) (await load())(program, stdout);
  addCompletionCommands(program);
  addHelpCommands(program);
  return program;
}

/** Loading all of them takes longer than `connect` does: only help needs more than one. */
function commandsFor(first: string | undefined): typeof COMMANDS {
  if (first === '-V' || first === '--version') return [];
  const wanted = COMMANDS.filter(({ names }) => first !== undefined && names.includes(first));
  return wanted.length > 0 ? wanted : COMMANDS;
}

/** What adds a command to the program. */
type AddCommand = (program: Command, stdout: CliOutput['stdout']) => void;

/** The commands in the order of help, with where they are. */
const COMMANDS: readonly { readonly names: readonly string[]; readonly load: () => Promise<AddCommand> }[] = [
  { names: ['connect'], load: async () => (await import('./host/connect.ts')).addConnectCommand },
  { names: ['disconnect'], load: async () => (await import('./host/disconnect.ts')).addDisconnectCommand },
  { names: ['endpoints'], load: async () => (await import('./host/endpoints.ts')).addEndpointsCommand },
  { names: ['pods'], load: async () => (await import('./host/pods.ts')).addPodsCommand },
  { names: ['init'], load: async () => (await import('./host/init.ts')).addInitCommand },
  { names: ['cleanup'], load: async () => (await import('./host/cleanup.ts')).addCleanupCommand },
  { names: ['uplink-guard'], load: async () => (await import('./host/uplink.ts')).addUplinkGuardCommand },
  { names: ['cluster'], load: async () => (await import('./host/cluster.ts')).addClusterCommand },
  { names: ['agent'], load: async () => (await import('./host/agent.ts')).addAgentCommand },
  { names: ['vswitch'], load: async () => (await import('./slots/vswitch.ts')).addVswitchCommand },
  { names: ['start'], load: async () => (await import('./slots/start.ts')).addStartCommand },
  { names: ['attach'], load: async () => (await import('./slots/attach.ts')).addAttachCommand },
  { names: ['stop'], load: async () => (await import('./slots/stop.ts')).addStopCommand },
  { names: ['restart'], load: async () => (await import('./slots/restart.ts')).addRestartCommand },
  { names: ['ps'], load: async () => (await import('./slots/ps.ts')).addPsCommand },
  { names: ['status'], load: async () => (await import('./host/status.ts')).addStatusCommand },
  { names: ['controller'], load: async () => (await import('./controller.ts')).addControllerCommand },
  { names: ['ovsdb'], load: async () => (await import('./ovsdb/ovsdb.ts')).addOvsdbCommand },
  { names: ['ofp'], load: async () => (await import('./ofp/ofp.ts')).addOfpCommand },
];

const EXAMPLES = `
Examples:
  $ galago controller                      a learning switch for every bridge that calls
  $ ovs-vsctl set-controller br0 tcp:127.0.0.1:6653
  $ galago init                            this host, for containers
  $ galago connect web 10.0.0.1/24 7       a container, into a pod
  $ galago ofp dump-flows br0              the flows of a bridge
  $ galago help controller
`;

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}
