import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { GalagoError, UsageError } from '../util/errors.ts';
import { addControllerCommand } from './controller.ts';
import { EXIT_CODE_HELP, ExitCode } from './exit-code.ts';
import { addHelpCommand } from './help.ts';
import { addOfpCommand } from './ofp.ts';
import { addOvsdbCommand } from './ovsdb.ts';
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
    await createProgram(output).parseAsync(args, { from: 'user' });
    return ExitCode.OK;
  } catch (error) {
    // It has been said already; help that was asked for is no failure.
    if (error instanceof CommanderError) return error.exitCode;
    if (!(error instanceof GalagoError)) throw error;
    output.stderr.write(`error: ${printable(error.message)} (${error.code})\n`);
    return error instanceof UsageError ? ExitCode.USAGE : ExitCode.FAILED;
  }
}

function createProgram({ stdout, stderr }: CliOutput): Command {
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
  addControllerCommand(program);
  addOvsdbCommand(program);
  addOfpCommand(program, stdout);
  addHelpCommand(program);
  return program;
}

const EXAMPLES = `
Examples:
  $ galago controller                      a learning switch for every bridge that calls
  $ ovs-vsctl set-controller br0 tcp:127.0.0.1:6653
  $ galago ofp dump-flows br0             the flows of a bridge
  $ galago help controller
`;

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}
