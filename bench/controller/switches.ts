import { Program } from './program.ts';
import type { LoadOrder, LoadResult } from './programs/load.ts';
import type { StormOrder, StormResult } from './programs/storm.ts';
import type { SwitchOrder } from './programs/switches.ts';

/**
 * Switches without anything behind them, in a process of their own. After an error it is another process: nobody
 * knows what the one before is still doing.
 */
export class Switches implements AsyncDisposable {
  #program: Program;

  /** @throws ClosedError, TimeoutError as {@link Program.next} */
  static async start(): Promise<Switches> {
    return new Switches(await startProgram());
  }

  private constructor(program: Program) {
    this.#program = program;
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** Loads a controller with packet-ins; `onBegun` is called when counting begins. */
  load(order: LoadOrder, onBegun: () => unknown): Promise<LoadResult> {
    return this.#obey({ type: 'load', ...order }, onBegun) as Promise<LoadResult>;
  }

  /** Connects to a controller, all at once; the connections stay until {@link release}. */
  storm(order: StormOrder): Promise<StormResult> {
    return this.#obey({ type: 'storm', ...order }) as Promise<StormResult>;
  }

  /** Closes the connections of a storm. */
  release(): Promise<unknown> {
    return this.#obey({ type: 'release' });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program.close();
  }

  async #obey(order: SwitchOrder, onBegun: () => unknown = () => {}): Promise<unknown> {
    try {
      this.#program.send(order);
      for (;;) {
        const { isBegun, result } = (await this.#program.next(PATIENCE_MS)) as {
          readonly isBegun?: true;
          readonly result?: unknown;
        };
        if (!isBegun) return result;
        onBegun();
      }
    } catch (error) {
      await this.#program.close();
      this.#program = await startProgram();
      throw error;
    }
  }
}

async function startProgram(): Promise<Program> {
  return (await Program.start('switches', 'switches')).program;
}

/** The slowest of controllers may take this long for one step. */
const PATIENCE_MS = 120_000;
