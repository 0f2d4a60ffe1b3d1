import { OvsdbClient } from 'galago/ovsdb';
import type { Contender, Turn } from '../harness/rounds.ts';
import { Idl } from './idl.ts';
import type { RawClient } from './raw-client.ts';
import { benchSchema, type Target } from './target.ts';
import type { Work } from './work.ts';

/** Rows that the table has meanwhile. */
const ROWS = 1000;

/** The 99th percentiles of all turns, in microseconds, by contender. */
export type Tails = Map<string, number[]>;

/** Sees changes that another client makes, one after the other. The time of a turn is the median of its updates. */
export function latencyWork(target: Target, updates: number, hasIdl: boolean, tails: Tails): Work {
  const contender = (name: string, role: Contender['role'], watch: Watch): Contender => ({
    name,
    role,
    turn: () => turn(target, updates, watch, (p99) => tails.set(name, [...(tails.get(name) ?? []), p99])),
  });
  return {
    title: 'update latency',
    count: 1,
    contenders: [
      contender('galago', 'ours', galago),
      ...(hasIdl ? [contender('Python IDL', 'peer', idl)] : []),
      contender('raw client', 'limit', raw),
    ],
    prepare: () => target.fill(ROWS),
    verify: async () => {},
  };
}

/** Begins to watch the row; what it resolves with gives the time of the next update, by `process.hrtime`. */
type Watch = (target: Target, uuid: string, updates: number) => Promise<Watching>;

interface Watching extends AsyncDisposable {
  next(): Promise<bigint>;
}

async function turn(
  target: Target,
  updates: number,
  watch: Watch,
  onTail: (p99: number) => void,
): Promise<Turn> {
  await using writer = await target.connect();
  const where = [['name', '==', `endpoint-${ROWS - 1}`]];
  const select = { op: 'select', table: 'Endpoint', where, columns: ['_uuid'] };
  const [found] = (await writer.call('transact', ['Bench', select])) as [
    { rows: [{ _uuid: [string, string] }] },
  ];
  const uuid = found.rows[0]._uuid[1];
  await using watching = await watch(target, uuid, updates);
  const latenciesUs: number[] = [];
  const { cpuMs } = await target.timed(async () => {
    for (let i = 0; i < updates; i++) latenciesUs.push(await update(writer, uuid, i, watching));
  });
  latenciesUs.sort((a, b) => a - b);
  onTail(latenciesUs[Math.floor(updates * 0.99)]!);
  return { elapsedMs: latenciesUs[Math.floor(updates / 2)]! / 1000, cpuMs };
}

async function update(writer: RawClient, uuid: string, key: number, watching: Watching): Promise<number> {
  const where = [['_uuid', '==', ['uuid', uuid]]];
  const request = writer.prepare('transact', [
    'Bench',
    { op: 'update', table: 'Endpoint', where, row: { key } },
  ]);
  const seen = watching.next();
  const begun = process.hrtime.bigint();
  const written = writer.send(request);
  const latencyNs = (await seen) - begun;
  await written;
  return Number(latencyNs) / 1000;
}

/** Resolves the promise at hand with the time of each call. */
class Clock {
  #resolve: (time: bigint) => void = () => {};

  readonly tick = (): void => this.#resolve(process.hrtime.bigint());

  next(): Promise<bigint> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
}

async function galago(target: Target): Promise<Watching> {
  const client = await OvsdbClient.connect(target.method, { schema: benchSchema });
  const replica = await client.replicate({ Endpoint: true });
  const clock = new Clock();
  replica.Endpoint.on('update', clock.tick);
  return { next: () => clock.next(), [Symbol.asyncDispose]: () => client.close() };
}

async function raw(target: Target): Promise<Watching> {
  const client = await target.connect();
  const columns = Object.keys(benchSchema.json.tables.Endpoint.columns);
  await client.call('monitor_cond_since', [
    'Bench',
    'raw',
    { Endpoint: [{ columns }] },
    '00000000-0000-0000-0000-000000000000',
  ]);
  const clock = new Clock();
  client.onUpdate = clock.tick;
  return { next: () => clock.next(), [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

/** Another process, with the same clock. */
async function idl(target: Target, uuid: string, updates: number): Promise<Watching> {
  const program = new Idl(target);
  program.say({ do: 'updates', uuid, count: updates });
  await program.next();
  return {
    next: async () => BigInt((await program.next<{ seenNs: number }>()).seenNs),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
