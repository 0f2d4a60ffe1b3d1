import type { NetworkNamespace } from './network-namespace.ts';
import { run } from './run.ts';
import type { RunningProcess } from './running-process.ts';

/** A real terminal, on which a command runs: a pseudo-terminal of script(1). */
export class Terminal {
  readonly #script: RunningProcess;
  readonly #path: string;
  /** As it was before the command. */
  readonly #modes: string;
  readonly #pid: number;

  /** Starts a command on a terminal of 30 lines with 100 characters. It stays after the command has ended. */
  static async start(
    place: NetworkNamespace,
    command: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Terminal> {
    const words = command.map((word) => `'${word}'`).join(' ');
    // What replaces the inner shell keeps its process id. The outer one keeps the terminal open.
    const script = 'stty rows 30 cols 100; tty; stty --save; sh -c "$COMMAND"; echo "=ended $?="; read end';
    const process = await place.start('script', ['-qec', script, '/dev/null'], {
      env: { ...env, SHELL: '/bin/sh', COMMAND: `echo "pid $$"; exec ${words}` },
      hasInput: true,
    });
    const [, path = '', modes = '', pid] = await process.waitForOutput(
      /^(\/dev\/pts\/\d+)\s+([0-9a-f:]+)\s+pid (\d+)/m,
    );
    return new Terminal(process, path, modes, Number(pid));
  }

  private constructor(script: RunningProcess, path: string, modes: string, pid: number) {
    this.#script = script;
    this.#path = path;
    this.#modes = modes;
    this.#pid = pid;
  }

  /** What was to be seen on it so far. */
  get output(): string {
    return this.#script.output;
  }

  /** Waits until something is to be seen. @throws as RunningProcess.waitForOutput */
  see(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#script.waitForOutput(pattern);
  }

  /** Types: `\r` is the key that ends a line. */
  type(keys: string): void {
    this.#script.write(keys);
  }

  /** True when it treats what is typed and printed as before the command. */
  async isAsBefore(): Promise<boolean> {
    return (await run('stty', ['-F', this.#path, '--save'])).trim() === this.#modes;
  }

  /** Gives it another size, and has the kernel tell the command. */
  async resize(rows: number, columns: number): Promise<void> {
    await run('stty', ['-F', this.#path, 'rows', `${rows}`, 'cols', `${columns}`]);
  }

  /** Sends the command a signal. */
  kill(signal: NodeJS.Signals): void {
    process.kill(this.#pid, signal);
  }

  /** Waits for the end of the command. @returns its exit status, 128 and the signal if that ended it */
  async ended(): Promise<number> {
    return Number((await this.see(/=ended (\d+)=/))[1]);
  }

  async close(): Promise<void> {
    await this.#script.stop('SIGKILL');
  }
}
