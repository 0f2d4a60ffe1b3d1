import { cpuMs } from '../harness/cpu.ts';
import type { Contender } from '../harness/rounds.ts';
import { PythonProgram } from './python-program.ts';

/** os-ken as a client of a switch: in one process that goes on running from turn to turn. */
export class OsKenClient implements AsyncDisposable {
  readonly #program: PythonProgram;
  readonly #vswitchdPid: number;

  constructor(path: string, vswitchdPid: number) {
    this.#program = new PythonProgram('client.py', path);
    this.#vswitchdPid = vswitchdPid;
  }

  /** One that does a job of `client.py`. */
  contender(job: string): Contender {
    return {
      name: 'os-ken',
      role: 'peer',
      turn: async () => {
        this.#program.say(job);
        await this.#program.next(PATIENCE_MS);
        const switchBefore = cpuMs(this.#vswitchdPid);
        const begun = performance.now();
        const { cpuSeconds } = await this.#program.next(PATIENCE_MS);
        const elapsedMs = performance.now() - begun;
        const used = {
          client: 1000 * (cpuSeconds as number),
          switch: cpuMs(this.#vswitchdPid) - switchBefore,
        };
        return { elapsedMs, cpuMs: used };
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program.close();
  }
}

/** It may take this long for one step of a job. */
const PATIENCE_MS = 180_000;
