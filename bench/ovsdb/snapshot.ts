import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { OvsdbClient } from 'galago/ovsdb';
import { RemoteError } from '../../src/util/errors.ts';
import { childrenCpuMs, cpuMs } from '../harness/cpu.ts';
import type { Contender } from '../harness/rounds.ts';
import { Idl } from './idl.ts';
import { benchSchema, endpoint, type Target } from './target.ts';
import type { Work } from './work.ts';

/** Reads a full table into a replica that is typed and has the index of the schema. */
export function snapshotWork(target: Target, rows: number, hasIdl: boolean): Work {
  return {
    title: 'first snapshot',
    count: rows,
    contenders: [
      galago(target, rows),
      ...(hasIdl ? [idl(target, rows)] : []),
      ovsdbClient(target),
      raw(target, rows),
    ],
    prepare: () => target.fill(rows),
    verify: async () => {},
  };
}

/** Bytes that a row takes in the memory of a replica of ours, and in that of the IDL. */
export async function memoryPerRow(
  target: Target,
  rows: number,
  hasIdl: boolean,
): Promise<{ readonly galago: number; readonly idl: number | undefined }> {
  await target.fill(rows);
  await using client = await OvsdbClient.connect(target.method, { schema: benchSchema });
  const before = heapBytes();
  const replica = await client.replicate({ Endpoint: true });
  const galago = (heapBytes() - before) / replica.Endpoint.rows.size;
  if (!hasIdl) return { galago, idl: undefined };
  await using program = new Idl(target);
  program.say({ do: 'snapshot' });
  const { bytes } = await program.next();
  return { galago, idl: bytes / rows };
}

function galago(target: Target, rows: number): Contender {
  const wanted = endpoint(rows - 1);
  return {
    name: 'galago',
    role: 'ours',
    async turn() {
      await using client = await OvsdbClient.connect(target.method, { schema: benchSchema });
      return await target.timed(async () => {
        const replica = await client.replicate({ Endpoint: true });
        const found = replica.Endpoint.find({ name: wanted.name })?.mac === wanted.mac;
        if (!found || replica.Endpoint.rows.size !== rows) throw new Error('the replica is not whole');
      });
    },
  };
}

function raw(target: Target, rows: number): Contender {
  return {
    name: 'raw client',
    role: 'limit',
    async turn() {
      await using client = await target.connect();
      const columns = Object.keys(benchSchema.json.tables.Endpoint.columns);
      const none = '00000000-0000-0000-0000-000000000000';
      const request = client.prepare('monitor_cond_since', [
        'Bench',
        'raw',
        { Endpoint: [{ columns }] },
        none,
      ]);
      return await target.timed(async () => {
        const [, , updates] = (await client.send(request)) as [boolean, string, { Endpoint: object }];
        if (Object.keys(updates.Endpoint).length !== rows) throw new Error('the snapshot is not whole');
      });
    },
  };
}

function idl(target: Target, rows: number): Contender {
  return {
    name: 'Python IDL',
    role: 'peer',
    async turn() {
      await using program = new Idl(target);
      const turn = await program.turn({ do: 'snapshot' });
      if (turn.rows !== rows) throw new Error(`the IDL has ${turn.rows} rows`);
      return turn;
    },
  };
}

/** Timed with its start, which takes some milliseconds. What it prints is read and dropped. */
function ovsdbClient(target: Target): Contender {
  return {
    name: 'ovsdb-client dump',
    role: 'peer',
    async turn() {
      const serverBefore = cpuMs(target.pid);
      const begun = performance.now();
      const child = spawn('ovsdb-client', ['dump', target.method, 'Bench'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const clientBefore = childrenCpuMs(child);
      child.stdout.resume();
      await once(child, 'close');
      const elapsedMs = performance.now() - begun;
      if (child.exitCode !== 0) throw new RemoteError('BENCH_PEER_FAILED', `exit code ${child.exitCode}`);
      const used = { client: childrenCpuMs(child) - clientBefore, server: cpuMs(target.pid) - serverBefore };
      return { elapsedMs, cpuMs: used };
    },
  };
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
