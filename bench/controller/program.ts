import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ClosedError, RemoteError, TimeoutError } from '../../src/util/errors.ts';
import { endProcess } from '../harness/end-process.ts';
import { pinned } from '../harness/pinned.ts';

/** A program of `bench/controller/programs` that runs as a process of its own and talks with this one. */
export class Program {
  readonly #child: ChildProcess;
  readonly #name: string;

  /** Starts it, on the CPU that its role has; resolves with what it says first. */
  static async start(
    role: 'controller' | 'switches',
    name: string,
    ...args: readonly string[]
  ): Promise<{ readonly program: Program; readonly hello: unknown }> {
    const file = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
    const node = ['--expose-gc', '--import', 'tsx', file, ...args];
    const line = pinned(role, { command: process.execPath, args: node });
    const child = spawn(line.command, line.args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const program = new Program(child, name);
    try {
      return { program, hello: await program.next(START_MS) };
    } catch (error) {
      await program.close();
      throw error;
    }
  }

  private constructor(child: ChildProcess, name: string) {
    this.#child = child;
    this.#name = name;
    child.on('error', () => {});
  }

  get pid(): number {
    return this.#child.pid!;
  }

  send(message: object | string): void {
    this.#child.send(message);
  }

  /**
   * Waits for the next message.
   * @throws ClosedError `BENCH_PROGRAM_ENDED` when it ends instead.
   * @throws RemoteError `BENCH_PROGRAM_FAILED` with the error that the message is about.
   * @throws TimeoutError `BENCH_PROGRAM_SILENT` when `timeoutMs` have passed.
   */
  async next(timeoutMs: number): Promise<unknown> {
    const signal = AbortSignal.timeout(timeoutMs);
    const ended = new AbortController();
    try {
      const exit = once(this.#child, 'exit', { signal: ended.signal }).then(([code]) => {
        throw new ClosedError('BENCH_PROGRAM_ENDED', `${this.#name} has ended with exit code ${code}`);
      });
      const message = once(this.#child, 'message', { signal });
      const [answer] = (await Promise.race([message, exit])) as [{ readonly error?: string }];
      if (answer.error === undefined) return answer;
      throw new RemoteError('BENCH_PROGRAM_FAILED', `${this.#name}: ${answer.error}`);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new TimeoutError('BENCH_PROGRAM_SILENT', `${this.#name}: nothing after ${timeoutMs} ms`);
    } finally {
      ended.abort();
    }
  }

  /** Ends it and waits for its end. */
  async close(): Promise<void> {
    await endProcess(this.#child);
  }
}

/** A program may take this long until it is ready. */
const START_MS = 30_000;
