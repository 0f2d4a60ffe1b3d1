import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { TimeoutError } from '../../src/util/errors.ts';
import { type CommandContext, CommandError, inContext, LabError } from './run.ts';

/** How {@link startProcess} starts a command. */
export interface StartOptions extends CommandContext {
  /** Called with each complete line of standard output, without its newline. */
  readonly onLine?: (line: string) => void;
  /** How much of the output is remembered; the oldest goes first. Default 1 MiB. */
  readonly maxOutputChars?: number;
  /** Whether its standard input is what {@link RunningProcess.write} writes. Default: it is empty. */
  readonly hasInput?: boolean;
}

/** How a process ended: one of the two is null. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Starts a command that goes on running: a controller, a ping, a capture.
 * @throws CommandError `LAB_COMMAND_FAILED` when it cannot be started.
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<RunningProcess> {
  const { file, argv, env } = inContext(command, args, options);
  const child = spawn(file, argv, { env, stdio: [options.hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
  const line = [command, ...args].join(' ');
  const running = new RunningProcess(child, line, options);
  try {
    await once(child, 'spawn');
  } catch (error) {
    const failure = { command: line, exitCode: null, stdout: '', stderr: '' };
    throw new CommandError(failure, (error as Error).message, { cause: error });
  }
  // A signal that cannot be sent changes nothing; 'close' tells the end in any case.
  child.on('error', () => {});
  return running;
}

/** A started command: its output so far and its end. */
export class RunningProcess {
  /** Settles when the process has ended and all of its output is here. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #command: string;
  readonly #maxOutputChars: number;
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #watchers = new Set<() => void>();
  #ended = false;
  #output = '';
  #partialLine = '';

  constructor(child: ChildProcess, command: string, options: StartOptions) {
    this.#child = child;
    this.#command = command;
    this.#maxOutputChars = options.maxOutputChars ?? 1024 * 1024;
    this.#onLine = options.onLine;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text, true));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#read(text, false));
    this.exited = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        this.#ended = true;
        resolve({ code, signal });
        this.#wake();
      });
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What it has printed on both of its outputs, in the order of arrival. */
  get output(): string {
    return this.#output;
  }

  /**
   * Waits until the output so far contains `pattern`, and returns the match.
   * @throws LabError `LAB_PROCESS_ENDED` when the process ends without having printed it.
   * @throws TimeoutError `LAB_WAIT_TIMEOUT` when `timeoutMs` (default 60000) have passed.
   */
  waitForOutput(pattern: RegExp, timeoutMs = 60_000): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        act();
      };
      const look = () => {
        const match = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).exec(this.#output);
        if (match) return settle(() => resolve(match));
        if (!this.#ended) return;
        const why = `ended without printing ${pattern}: ${this.#output.trim()}`;
        settle(() => reject(new LabError('LAB_PROCESS_ENDED', `${this.#command}: ${why}`)));
      };
      const timer = setTimeout(() => {
        const why = `did not print ${pattern} within ${timeoutMs} ms: ${this.#output.trim()}`;
        settle(() => reject(new TimeoutError('LAB_WAIT_TIMEOUT', `${this.#command}: ${why}`)));
      }, timeoutMs);
      this.#watchers.add(look);
      look();
    });
  }

  /** Writes to its standard input, if it was started to have one. */
  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Sends a signal; does nothing when the process has ended. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends `signal`, waits for the end, and after `graceMs` kills. Idempotent. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 5000): Promise<ProcessExit> {
    this.kill(signal);
    const timer = setTimeout(() => this.kill('SIGKILL'), graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  #read(text: string, isStdout: boolean): void {
    this.#output = (this.#output + text).slice(-this.#maxOutputChars);
    if (isStdout && this.#onLine) {
      const lines = (this.#partialLine + text).split('\n');
      this.#partialLine = lines.pop()!.slice(-this.#maxOutputChars);
      for (const line of lines) this.#onLine(line);
    }
    this.#wake();
  }

  #wake(): void {
    for (const look of [...this.#watchers]) look();
  }
}
