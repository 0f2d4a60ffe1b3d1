import { Program } from '../controller/program.ts';
import type { FleetOrder } from '../controller/programs/fleet.ts';
import { askProgram } from './ask.ts';

/** So many endpoints are in one process, give or take a host: what one heap holds with ease. */
const ENDPOINTS_OF_PROCESS = 20_000;

interface Started {
  readonly programs: readonly Program[];
  readonly databases: readonly string[];
  readonly each: number;
  readonly hosts: number;
  readonly endpoints: number;
}

/** Hosts in processes of their own, as many as it takes. */
export class Fleets implements AsyncDisposable {
  readonly members: number;
  readonly databases: readonly string[];
  readonly #programs: readonly Program[];
  /** How many hosts each program has, but for the last one. */
  readonly #each: number;
  readonly #hosts: number;
  readonly #endpoints: number;

  static async start(hosts: number, endpoints: number): Promise<Fleets> {
    const each = Math.max(1, Math.floor(ENDPOINTS_OF_PROCESS / endpoints));
    const programs: Program[] = [];
    const databases: string[] = [];
    try {
      for (let first = 0; first < hosts; first += each) {
        const { program } = await Program.start('switches', 'fleet');
        programs.push(program);
        const slice = { first, hosts: Math.min(each, hosts - first), endpoints };
        const started = await ask<{ databases: readonly string[] }>(program, { type: 'start', slice });
        databases.push(...started.databases);
      }
    } catch (error) {
      await Promise.all(programs.map((program) => program.close()));
      throw error;
    }
    return new Fleets({ programs, databases, each, hosts, endpoints });
  }

  private constructor({ programs, databases, each, hosts, endpoints }: Started) {
    this.#programs = programs;
    this.#each = each;
    this.databases = databases;
    this.members = hosts * endpoints;
    this.#hosts = hosts;
    this.#endpoints = endpoints;
  }

  /** Has every switch call the controller. */
  async call(port: number): Promise<void> {
    await Promise.all(this.#programs.map((program) => ask(program, { type: 'call', port })));
  }

  /** Takes an endpoint out of its pod, or puts it back. @returns when that was in the database, on the shared clock */
  async setMember(number: number, isMember: boolean): Promise<number> {
    const host = number % this.#hosts;
    const program = this.#programs[Math.floor(host / this.#each)]!;
    const endpoint = number % this.#endpoints;
    const { atMs } = await ask<{ atMs: number }>(program, { type: 'set', host, endpoint, isMember });
    return atMs;
  }

  /** Flows of all switches. */
  async flows(): Promise<number> {
    const counts = this.#programs.map((program) => ask<{ flows: number }>(program, { type: 'count' }));
    return (await Promise.all(counts)).reduce((sum, { flows }) => sum + flows, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.close()));
  }
}

function ask<T>(program: Program, order: FleetOrder): Promise<T> {
  return askProgram<T>(program, order);
}
