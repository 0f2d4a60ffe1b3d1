import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
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

  /** Does work for which a process of Node.js is started with the options given, and saves the profile of that process. */
  async recordProcess<T>(name: string, work: (nodeOptions: readonly string[]) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'galago-profile-'));
    try {
      const result = await work([
        '--cpu-prof',
        `--cpu-prof-interval=${INTERVAL_US}`,
        `--cpu-prof-dir=${folder}`,
      ]);
      for (const file of await readdir(folder)) {
        await this.save(name, JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile);
      }
      return result;
    } finally {
      await rm(folder, { recursive: true });
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

/** Does the work, and takes its profile if there is a profiler. */
export function profiled<T>(
  profiler: Profiler | undefined,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  return profiler === undefined ? work() : profiler.record(name, work);
}

/** For `around` of `takeTurns`: takes the profiles of our own contenders' turns. */
export function profiledTurns(
  profiler: Profiler | undefined,
): (contender: Contender, turn: () => Promise<Turn>) => Promise<Turn> {
  return ({ name, role }, turn) => profiled(role === 'ours' ? profiler : undefined, name, turn);
}
