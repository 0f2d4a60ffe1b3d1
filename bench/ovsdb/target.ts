import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineSchema } from 'galago/ovsdb';
import { UsageError } from '../../src/util/errors.ts';
import { Lab, missingRequirements, run } from '../../test/lab/index.ts';
import { cpuMs, ownCpuMs } from '../harness/cpu.ts';
import type { Turn } from '../harness/rounds.ts';
import { RawClient } from './raw-client.ts';

/** The database of the benches: one table with an index and a column of each kind. */
export const benchSchema = defineSchema({
  name: 'Bench',
  version: '1.0.0',
  tables: {
    Endpoint: {
      columns: {
        name: { type: 'string' },
        mac: { type: 'string' },
        key: { type: { key: { type: 'integer', minInteger: 0, maxInteger: 16777215 } } },
        host: { type: { key: 'string', min: 0, max: 1 } },
        addresses: { type: { key: 'string', min: 0, max: 'unlimited' } },
        external_ids: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
      },
      isRoot: true,
      indexes: [['name']],
    },
  },
});

/** A row of it, as a client of ours takes it. */
export function endpoint(number: number) {
  const [high, middle, low] = [(number >> 16) & 255, (number >> 8) & 255, number & 255];
  const hex = [high, middle, low].map((byte) => byte.toString(16).padStart(2, '0'));
  return {
    name: `endpoint-${number}`,
    mac: `02:00:00:${hex.join(':')}`,
    key: 0x10000 + (number % 1000),
    host: `host-${number % 100}`,
    addresses: [`10.${high}.${middle}.${low}`, `fd00::${hex[0]}:${hex[1]}${hex[2]}`],
    external_ids: new Map([
      ['galago-pod', `pod-${number % 1000}`],
      ['container', `c${number}`],
    ]),
  };
}

/** The same in the notation of RFC 7047, 5.1. */
export function endpointJson(number: number) {
  const { addresses, external_ids, ...row } = endpoint(number);
  return { ...row, addresses: ['set', addresses], external_ids: ['map', [...external_ids]] };
}

/** The `<operation>` that inserts it. */
export function insertion(number: number) {
  return { op: 'insert', table: 'Endpoint', row: endpointJson(number) };
}

/** An ovsdb-server with that database. */
export class Target implements AsyncDisposable {
  readonly method: string;
  readonly schemaFile: string;
  readonly pid: number;
  readonly #lab: Lab;
  #rows = 0;

  /** @throws UsageError `BENCH_REQUIREMENTS_MISSING` */
  static async start(): Promise<Target> {
    const missing = missingRequirements();
    if (missing.length > 0) {
      throw new UsageError('BENCH_REQUIREMENTS_MISSING', `needs an ovsdb-server: ${missing.join(', ')}`);
    }
    const lab = await Lab.create();
    const [schema, file, socket] = ['schema', 'db', 'sock'].map((name) => join(lab.dir, `bench.${name}`));
    await writeFile(schema!, JSON.stringify(benchSchema.json));
    await run('ovsdb-tool', ['create', file!, schema!]);
    const args = [file!, `--remote=punix:${socket}`, `--unixctl=${join(lab.dir, 'bench.ctl')}`];
    const server = await lab.start('ovsdb-server', args);
    await run('ovsdb-client', ['--timeout=30', 'wait', `unix:${socket}`, 'Bench', 'connected']);
    return new Target(lab, `unix:${socket}`, schema!, server.pid);
  }

  private constructor(lab: Lab, method: string, schemaFile: string, pid: number) {
    this.#lab = lab;
    this.method = method;
    this.schemaFile = schemaFile;
    this.pid = pid;
  }

  connect(): Promise<RawClient> {
    return RawClient.connect(this.method.replace('unix:', ''));
  }

  /** Has the database hold just the first so many rows. */
  async fill(rows: number): Promise<void> {
    if (this.#rows === rows) return;
    await using client = await this.connect();
    await client.call('transact', ['Bench', { op: 'delete', table: 'Endpoint', where: [] }]);
    for (let first = 0; first < rows; first += 1000) {
      const count = Math.min(1000, rows - first);
      const operations = Array.from({ length: count }, (_, i) => insertion(first + i));
      await client.call('transact', ['Bench', ...operations]);
    }
    this.#rows = rows;
  }

  /** Says that a contender has written to the database. */
  changed(): void {
    this.#rows = -1;
  }

  /** How many rows there are, by what the server says. */
  async count(): Promise<number> {
    await using client = await this.connect();
    const select = { op: 'select', table: 'Endpoint', where: [], columns: ['_uuid'] };
    const [{ rows }] = (await client.call('transact', ['Bench', select])) as [{ rows: unknown[] }];
    return rows.length;
  }

  /** Times work that this process does. */
  async timed(work: () => Promise<unknown>): Promise<Turn> {
    const before = { client: ownCpuMs(), server: cpuMs(this.pid) };
    const begun = performance.now();
    await work();
    const elapsedMs = performance.now() - begun;
    const used = { client: ownCpuMs() - before.client, server: cpuMs(this.pid) - before.server };
    return { elapsedMs, cpuMs: used };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lab.close();
  }
}
