import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { systemCode } from '../net/reason.ts';
import { GalagoError, UsageError } from '../util/errors.ts';
import { readCommandLine, requireCommand } from './command-line.ts';
import { COMMAND_GROUPS } from './commands.ts';
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
  const wanted = commandIn(args);
  const program = await createProgram(output, (name) => name === wanted);
  const line = readCommandLine(program, args);
  try {
    requireCommand(line);
    await program.parseAsync(args, { from: 'user' });
    return ExitCode.OK;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help that was asked for is no failure, and has been printed.
      if (!HELP_CODES.has(error.code)) say(output, error.message + usageFor(error, line.command));
      return error.exitCode;
    }
    if (!(error instanceof GalagoError)) throw error;
    say(output, `error: ${messageOf(error)}`);
    return error instanceof UsageError ? ExitCode.USAGE : ExitCode.FAILED;
  }
}

function say({ stderr }: CliOutput, message: string): void {
  stderr.write(`${printable(message, ' ')}\n`);
}

/** What Commander ends with when it has printed what was asked for, or its help in place of an error. */
const HELP_CODES: ReadonlySet<string> = new Set([
  'commander.helpDisplayed',
  'commander.help',
  'commander.version',
]);

/** How the command is called, where that is what was wrong. */
function usageFor({ code }: CommanderError, command: Command): string {
  const isAboutArguments = code === 'commander.missingArgument' || code === 'commander.excessArguments';
  return isAboutArguments ? ` (usage: ${command.createHelp().commandUsage(command)})` : '';
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
function commandIn(args: readonly string[]): string | undefined {
  return args.find((word) => !word.startsWith('-') && word !== 'help' && word !== 'complete');
}

/** The program with all its commands, of which only those wanted can be run: of the others it knows what help says. */
export async function createProgram(
  { stdout, stderr }: CliOutput,
  isWanted: (name: string) => boolean,
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
      // runCli says what is wrong, with more than Commander knows.
      outputError: () => {},
    });
  for (const { heading, commands } of COMMAND_GROUPS) {
    for (const { name, summary, load } of commands) {
      if (isWanted(name)) (await load())(program, stdout);
      else program.command(name, { hidden: summary === undefined });
      program.commands
        .at(-1)!
        .summary(summary ?? '')
        .helpGroup(heading);
    }
  }
  program.commandsGroup('Help:');
  addCompletionCommands(program);
  addHelpCommands(program);
  // The commands' own help says how they are called.
  return program.configureHelp({ subcommandTerm: (command) => command.name() });
}

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
