import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ClosedError } from '../../src/util/errors.ts';
import { run } from '../../test/lab/index.ts';
import { cpuMs } from '../harness/cpu.ts';
import { endProcess } from '../harness/end-process.ts';
import type { Turn } from '../harness/rounds.ts';
import type { Target } from './target.ts';

/** Debian's own, which finds Debian's packages. */
const PYTHON = '/usr/bin/python3';

/** Said where the IDL would have taken part. */
export const IDL_MISSING = 'the Python IDL is not installed (apt-get install python3-openvswitch)';

/** Whether the IDL is there, with its JSON parser in C. */
export async function hasIdl(): Promise<boolean> {
  try {
    await run(PYTHON, ['-c', 'import ovs.db.idl, ovs.json; assert ovs.json.PARSER == ovs.json.PARSER_C']);
    return true;
  } catch {
    return false;
  }
}

/** What `idl.py` answers to a job. */
interface Done {
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly rows: number;
  /** What its memory has grown by. */
  readonly bytes: number;
}

/** The Python IDL, in a process of its own that lasts one turn. */
export class Idl implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #target: Target;

  constructor(target: Target) {
    const program = fileURLToPath(new URL('idl.py', import.meta.url));
    this.#target = target;
    this.#child = spawn(PYTHON, [program, target.method, target.schemaFile], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }) as never;
    this.#child.stdin.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Begins a job. */
  say(job: object): void {
    this.#child.stdin.write(`${JSON.stringify(job)}\n`);
  }

  /** @throws ClosedError `BENCH_PEER_FAILED` when it has ended. */
  async next<T = Done>(): Promise<T> {
    const { done, value } = await this.#lines.next();
    if (done) throw new ClosedError('BENCH_PEER_FAILED', 'the Python IDL has ended');
    return JSON.parse(value);
  }

  /** Has it do a job, which it times itself. */
  async turn(job: object): Promise<Turn & Done> {
    const before = cpuMs(this.#target.pid);
    this.say(job);
    const done = await this.next();
    return { ...done, cpuMs: { client: done.cpuMs, server: cpuMs(this.#target.pid) - before } } as never;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcess(this.#child);
  }
}
