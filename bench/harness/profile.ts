import { mkdir, writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { type CpuProfile, flameGraph } from './flame-graph.ts';
import type { Contender, Turn } from './rounds.ts';

/** Something whose CPU profile is taken between two calls. */
export interface Recording {
  stop(): Promise<CpuProfile>;
}

/** How often the profiler looks what runs, in microseconds. */
const INTERVAL_US = 200;

/** Starts to take the CPU profile of this process. */
export async function startRecording(): Promise<Recording> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
  await session.post('Profiler.start');
  return {
    async stop() {
      const { profile } = await session.post('Profiler.stop');
      session.disconnect();
      return profile as CpuProfile;
    },
  };
}

/** Keeps CPU profiles of what one bench measured, as files. */
export class Profiler {
  readonly #folder: string;
  readonly #bench: string;
  readonly #files = new Set<string>();

  constructor(folder: string, bench: string) {
    this.#folder = folder;
    this.#bench = bench;
  }

  /** What has been written. */
  get files(): readonly string[] {
    return [...this.#files];
  }

  /** Does the work and saves the profile of this process meanwhile; of several of one name the last one stays. */
  async record<T>(name: string, work: () => Promise<T>): Promise<T> {
    const recording = await startRecording();
    try {
      return await work();
    } finally {
      await this.save(name, await recording.stop());
    }
  }

  /** Writes a profile for the developer tools of a browser, and as a flame graph that any browser shows. */
  async save(name: string, profile: CpuProfile): Promise<void> {
    const file = `${this.#bench} ${name}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    const path = join(this.#folder, file);
    await mkdir(this.#folder, { recursive: true });
    await writeFile(`${path}.cpuprofile`, JSON.stringify(profile));
    await writeFile(`${path}.svg`, flameGraph(profile, `${this.#bench}: ${name}`));
    for (const suffix of ['.cpuprofile', '.svg']) this.#files.add(path + suffix);
  }
}

/** For `around` of `takeTurns`: takes the profiles of our own contenders' turns. */
export function profiledTurns(
  profiler: Profiler | undefined,
): (contender: Contender, turn: () => Promise<Turn>) => Promise<Turn> {
  return (contender, turn) =>
    profiler === undefined || contender.role !== 'ours' ? turn() : profiler.record(contender.name, turn);
}
