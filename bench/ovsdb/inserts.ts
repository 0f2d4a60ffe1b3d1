import { OvsdbClient } from 'galago/ovsdb';
import type { Contender } from '../harness/rounds.ts';
import { Idl } from './idl.ts';
import { benchSchema, endpoint, endpointJson, insertion, type Target } from './target.ts';
import type { Work } from './work.ts';

/** How rows are inserted. */
export interface InsertSettings {
  readonly rows: number;
  /** Transactions under way at once. */
  readonly width: number;
  /** Rows a transaction. */
  readonly size: number;
}

/** Inserts rows into an empty table; all contenders have them in memory, the raw client as text. */
export function insertWork(title: string, target: Target, settings: InsertSettings, hasIdl: boolean): Work {
  const { rows } = settings;
  return {
    title,
    count: rows,
    contenders: [galago(target, settings), ...(hasIdl ? [idl(target, settings)] : []), raw(target, settings)],
    prepare: async () => {
      await target.fill(0);
      target.changed();
    },
    verify: async () => {
      const count = await target.count();
      if (count !== rows) throw new Error(`${count} rows were inserted, expected ${rows}`);
    },
  };
}

function galago(target: Target, settings: InsertSettings): Contender {
  const rows = Array.from({ length: settings.rows }, (_, number) => endpoint(number));
  return {
    name: 'galago',
    role: 'ours',
    async turn() {
      await using client = await OvsdbClient.connect(target.method, { schema: benchSchema });
      const transact = (first: number) =>
        client.transact((tx) => {
          const end = Math.min(first + settings.size, rows.length);
          for (let number = first; number < end; number++) tx.insert('Endpoint', rows[number]!);
        });
      return await target.timed(() => pipelined(settings, transact));
    },
  };
}

function raw(target: Target, settings: InsertSettings): Contender {
  return {
    name: 'raw client',
    role: 'limit',
    async turn() {
      await using client = await target.connect();
      const requests = new Map<number, { readonly id: number; readonly text: string }>();
      for (let first = 0; first < settings.rows; first += settings.size) {
        const length = Math.min(settings.size, settings.rows - first);
        const operations = Array.from({ length }, (_, i) => insertion(first + i));
        requests.set(first, client.prepare('transact', ['Bench', ...operations]));
      }
      return await target.timed(() => pipelined(settings, (first) => client.send(requests.get(first)!)));
    },
  };
}

function idl(target: Target, { rows: length, width, size }: InsertSettings): Contender {
  const rows = Array.from({ length }, (_, number) => {
    const { addresses, external_ids, ...rest } = endpointJson(number);
    return { ...rest, addresses: addresses[1], external_ids: Object.fromEntries(external_ids[1] as never) };
  });
  return {
    name: 'Python IDL',
    role: 'peer',
    async turn() {
      await using program = new Idl(target);
      return await program.turn({ do: 'inserts', rows, width, size });
    },
  };
}

/** Begins the next transaction whenever one of `width` is done. */
async function pipelined(
  { rows, width, size }: InsertSettings,
  transact: (first: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < rows) {
      const first = next;
      next += size;
      await transact(first);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
}
