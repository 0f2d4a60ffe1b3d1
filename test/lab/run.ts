import { execFile } from 'node:child_process';
import { GalagoError, TimeoutError } from '../../src/util/errors.ts';

/** What went wrong in the lab itself, as opposed to in what it tests. */
export class LabError extends GalagoError {}

/** What a command that failed left behind. */
export interface CommandFailure {
  /** The command line, joined by spaces: to be read, not to be run. */
  readonly command: string;
  /** Null when a signal ended the command, or when it could not be started. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that ended in failure, or could not be started. Its code is `LAB_COMMAND_FAILED`. */
export class CommandError extends LabError implements CommandFailure {
  readonly command: string;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(failure: CommandFailure, why: string, options?: ErrorOptions) {
    super('LAB_COMMAND_FAILED', `${failure.command}: ${why}`, options);
    this.command = failure.command;
    this.exitCode = failure.exitCode;
    this.stdout = failure.stdout;
    this.stderr = failure.stderr;
  }
}

/** Where a command runs. */
export interface CommandContext {
  /** The network namespace, by the name that `ip netns` shows. Default: that of this process. */
  readonly netns?: string | undefined;
  /** Variables added to those of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** How {@link run} runs a command. */
export interface RunOptions extends CommandContext {
  /** Text for the command's standard input. */
  readonly input?: string;
  /** The command is killed after this long. Default 30000. */
  readonly timeoutMs?: number;
}

/** What a command printed. */
export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command to its end and returns its standard output. No shell is involved.
 * @throws CommandError `LAB_COMMAND_FAILED` when it cannot be started or ends with anything but 0.
 * @throws TimeoutError `LAB_COMMAND_TIMEOUT` when `timeoutMs` have passed.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return (await runForOutput(command, args, options)).stdout;
}

/** As {@link run}, and returns what was printed as errors too. */
export function runForOutput(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<CommandOutput> {
  const { file, argv, env } = inContext(command, args, options);
  const timeoutMs = options.timeoutMs ?? 30_000;
  return new Promise((resolve, reject) => {
    const settings = { env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES } as const;
    const child = execFile(file, argv, settings, (error, stdout, stderr) => {
      if (!error) return resolve({ stdout, stderr });
      const line = [command, ...args].join(' ');
      if (error.killed && error.signal === 'SIGKILL') {
        const why = `not finished after ${timeoutMs} ms`;
        return reject(new TimeoutError('LAB_COMMAND_TIMEOUT', `${line}: ${why}`, { cause: error }));
      }
      const exitCode = typeof error.code === 'number' ? error.code : null;
      const end = exitCode === null ? (error.signal ?? String(error.code)) : `exit code ${exitCode}`;
      const said = stderr.trim() || stdout.trim();
      const why = said === '' ? end : `${end}: ${said}`;
      reject(new CommandError({ command: line, exitCode, stdout, stderr }, why, { cause: error }));
    });
    // A command that ends without reading its input breaks the pipe; its exit code says what matters.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input);
  });
}

/** The file, arguments and environment that start `command` in its namespace. */
export function inContext(
  command: string,
  args: readonly string[],
  context: CommandContext,
): { readonly file: string; readonly argv: readonly string[]; readonly env: NodeJS.ProcessEnv } {
  const env = { ...process.env, PATH: SEARCH_PATH, ...context.env };
  if (context.netns === undefined) return { file: command, argv: args, env };
  return { file: 'nsenter', argv: [`--net=/run/netns/${context.netns}`, '--', command, ...args], env };
}

/** Directories to find commands in: `su` without `-` leaves root without the `sbin` directories. */
export const SEARCH_PATH: string = `${process.env.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`;

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
