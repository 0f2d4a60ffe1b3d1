import { readFileSync } from 'node:fs';
import { eventually } from './eventually.ts';
import { type CommandContext, run } from './run.ts';

/** What a {@link Daemon} runs. */
export interface DaemonOptions {
  readonly command: string;
  /** All but `--pidfile` and `--detach`. */
  readonly args: readonly string[];
  /** Absolute path. Unique among daemons: it is how the process is told from one that got its pid later. */
  readonly pidFile: string;
  readonly context: CommandContext;
}

/** A process of Open vSwitch that detaches itself once it is ready, and is known by its pid file from then on. */
export class Daemon {
  readonly #options: DaemonOptions;

  constructor(options: DaemonOptions) {
    this.#options = options;
  }

  /**
   * Starts the process; resolves when it says that it is ready.
   * @throws CommandError `LAB_COMMAND_FAILED` when it does not start, as when it runs already.
   */
  async start(): Promise<void> {
    const { command, args, pidFile, context } = this.#options;
    await run(command, [...args, `--pidfile=${pidFile}`, '--detach'], context);
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    const { pidFile } = this.#options;
    const pid = Number(readIfThere(pidFile).trim());
    // The pid file outlives a killed process. A zombie has no command line.
    return pid > 0 && readIfThere(`/proc/${pid}/cmdline`).includes(`--pidfile=${pidFile}\0`)
      ? pid
      : undefined;
  }

  /** Ends the process with SIGTERM, or with SIGKILL when that takes longer than `graceMs`. Idempotent. */
  async stop(graceMs = 5000): Promise<void> {
    this.#signal('SIGTERM');
    try {
      await this.ended(graceMs);
    } catch {
      await this.kill();
    }
  }

  /** Sends `signal` and waits for the end. Idempotent. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#signal(signal);
    await this.ended(10_000);
  }

  /**
   * Waits for the end, whoever brings it about.
   * @throws TimeoutError `LAB_WAIT_TIMEOUT` when `timeoutMs` have passed.
   */
  async ended(timeoutMs: number): Promise<void> {
    const what = `${this.#options.command} to end`;
    await eventually(() => this.pid === undefined, { timeoutMs, intervalMs: 5, what });
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this;
    if (pid === undefined) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
