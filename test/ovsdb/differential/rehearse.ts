import {
  type DatabaseSchema,
  isJsonObject,
  type Json,
  type OvsdbTestServer,
} from '../../../src/ovsdb/index.ts';
import { Random } from '../../fuzz/random.ts';
import type { Difference, Differential } from './differential.ts';
import { MonitorMaker } from './random-monitor.ts';
import { TransactionMaker } from './random-transaction.ts';
import type { differentialSchema } from './schema.ts';

/** What a run came to. */
interface Report {
  /** The first one, which ends the run. */
  readonly difference: Difference | undefined;
  /** How many transactions were committed, and how many failed with each error. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** How many updates the monitors have told. */
  readonly updates: number;
  /** How often both found the same wrong, but named another of the rows in which it was. */
  readonly otherRows: number;
}

/** Has two servers carry out the same random transactions, with the same monitors, until they differ. */
export async function rehearse(
  both: Differential,
  server: OvsdbTestServer<typeof differentialSchema.json>,
  schema: DatabaseSchema,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<Report> {
  const random = new Random(seed);
  const { name } = schema;
  const tables = new Map([...schema.tables].filter(([table]) => table !== BALLAST));
  const known = new Map<string, readonly string[]>();
  const rowsOf = (table: string) => {
    const rows = known.get(table) ?? server.rows(table as 'Root').map(({ _uuid }) => _uuid as string);
    known.set(table, rows);
    return rows;
  };
  const transactions = new TransactionMaker(random, tables, rowsOf);
  const monitors = new MonitorMaker(random, transactions, name, tables.values());
  const all = [...tables.keys()];
  const everything = all.map((table) => ({ op: 'select', table, where: [] }));
  const outcomes: Record<string, number> = {};
  let difference: Difference | undefined;
  const ask = async (method: string, params: readonly Json[]) => {
    const reaction = await both.ask(method, params);
    known.clear();
    difference ??= reaction.difference;
    return reaction.answer;
  };
  await ask('transact', [name, ballast()]);
  await ask('monitor', [name, 'all', Object.fromEntries(all.map((table) => [table, {}]))]);
  let since = '00000000-0000-0000-0000-000000000000';
  for (let i = 1; i <= count && difference === undefined; i++) {
    const outcome = outcomeOf(await ask('transact', [name, ...transactions.next()]));
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (i % 10 === 0) {
      const { method, params } = monitors.next(since);
      const answer = await ask(method, params);
      if (Array.isArray(answer) && typeof answer[1] === 'string') since = answer[1];
    }
    if (i % 100 === 0 || i === count) await ask('transact', [name, ...everything]);
  }
  return { difference, outcomes, updates: both.updateCount, otherRows: both.otherRows };
}

const BALLAST = 'Ballast';

/** Much that never changes: a cluster remembers no more transactions than its database is worth. */
function ballast(): Json {
  const atoms = Array.from({ length: 50_000 }, (_, atom) => atom);
  return { op: 'insert', table: BALLAST, row: { atoms: ['set', atoms] } };
}

/** What the first failure of a transaction was. */
function outcomeOf(answer: Json): string {
  const results = Array.isArray(answer) ? answer : [];
  const failure = results.find((result) => isJsonObject(result) && result.error !== undefined);
  return isJsonObject(failure) ? String(failure.error) : 'committed';
}
