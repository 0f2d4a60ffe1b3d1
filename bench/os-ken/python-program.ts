import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { ClosedError, RemoteError, TimeoutError } from '../../src/util/errors.ts';
import { endProcess } from '../harness/end-process.ts';
import { PYTHON, programPath } from './os-ken.ts';

/** A Python program of this folder: lines of text in, lines of JSON out. */
export class PythonProgram {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  readonly #iterator: AsyncIterator<string>;

  constructor(name: string, ...args: readonly string[]) {
    this.#child = spawn(PYTHON, [programPath(name), ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }) as never;
    this.#child.on('error', () => {});
    this.#child.stdin.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#iterator = this.#lines[Symbol.asyncIterator]();
  }

  say(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /**
   * Waits for the next line.
   * @throws RemoteError `BENCH_PEER_FAILED` with the error that the line is about.
   * @throws ClosedError `BENCH_PEER_FAILED` when it has ended.
   * @throws TimeoutError `BENCH_PEER_FAILED` when `timeoutMs` have passed.
   */
  async next(timeoutMs: number): Promise<Readonly<Record<string, unknown>>> {
    const late = timeout(timeoutMs);
    try {
      const { done, value } = await Promise.race([this.#iterator.next(), late.promise]);
      if (done) throw new ClosedError('BENCH_PEER_FAILED', 'os-ken has ended');
      const answer = JSON.parse(value);
      if (answer.error === undefined) return answer;
      throw new RemoteError('BENCH_PEER_FAILED', `os-ken: ${answer.error}`);
    } finally {
      late.cancel();
    }
  }

  /** Ends it and waits for its end. */
  async close(): Promise<void> {
    await endProcess(this.#child);
    this.#lines.close();
  }
}

function timeout(ms: number): { readonly promise: Promise<never>; cancel(): void } {
  let timer: NodeJS.Timeout;
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new TimeoutError('BENCH_PEER_FAILED', `os-ken: nothing after ${ms} ms`)),
      ms,
    );
  });
  return { promise, cancel: () => clearTimeout(timer) };
}
