import type { Json, JsonObject, TableSchema } from '../../../src/ovsdb/index.ts';
import type { Random } from '../../fuzz/random.ts';
import type { TransactionMaker } from './random-transaction.ts';

/** A request about monitors. */
export interface MonitorRequest {
  readonly method: string;
  readonly params: readonly Json[];
}

/** Makes requests that begin, change and end monitors, of which most can be served. */
export class MonitorMaker {
  readonly #random: Random;
  readonly #transactions: TransactionMaker;
  readonly #database: string;
  readonly #tables: readonly TableSchema[];
  /** The tables of each monitor. */
  readonly #open = new Map<string, readonly TableSchema[]>();
  #count = 0;

  constructor(
    random: Random,
    transactions: TransactionMaker,
    database: string,
    tables: Iterable<TableSchema>,
  ) {
    this.#random = random;
    this.#transactions = transactions;
    this.#database = database;
    this.#tables = [...tables];
  }

  /** `since` is a transaction to go on from. */
  next(since: string): MonitorRequest {
    const random = this.#random;
    const method = random.pick([
      'monitor',
      'monitor_cond',
      'monitor_cond_since',
      'change',
      'change',
      'cancel',
    ]);
    const isKnown = this.#open.size > 0 && !random.oneIn(10);
    const id = isKnown ? random.pick([...this.#open.keys()]) : 'none';
    if (method === 'cancel' || this.#open.size > 6) {
      this.#open.delete(id);
      return { method: 'monitor_cancel', params: [id] };
    }
    if (method === 'change') return { method: 'monitor_cond_change', params: [id, id, this.#changes(id)] };
    const tables = this.#tables.filter(() => random.oneIn(2));
    const requests = tables.map((table): [string, Json] => [
      table.name,
      [this.#request(table, method !== 'monitor')],
    ]);
    const json = Object.fromEntries(requests);
    if (random.oneIn(8)) return { method, params: this.#broken(json) };
    const name = `m${this.#count++}`;
    this.#open.set(name, tables);
    const params = [this.#database, name, json];
    return { method, params: method === 'monitor_cond_since' ? [...params, since] : params };
  }

  #request(table: TableSchema, isConditional: boolean): JsonObject {
    const where = isConditional && this.#random.oneIn(2) ? { where: this.#where(table) } : {};
    return { ...this.#columns(table), ...this.#select(), ...where };
  }

  /** New conditions; what is wrong with them is wrong with the first table, since ovsdb-server keeps what comes before. */
  #changes(id: string): JsonObject {
    const random = this.#random;
    if (random.oneIn(12))
      return { [random.pick(this.#tables).name]: random.pick<Json>([7, [{ columns: [] }], [{ other: 1 }]]) };
    const tables = (this.#open.get(id) ?? []).filter(() => random.oneIn(2));
    return Object.fromEntries(tables.map((table) => [table.name, [{ where: this.#where(table) }]]));
  }

  #where(table: TableSchema): readonly Json[] {
    const random = this.#random;
    const count = random.below(3);
    return Array.from({ length: count }, () =>
      random.oneIn(8) ? random.oneIn(2) : this.#transactions.condition(table),
    );
  }

  #columns(table: TableSchema): JsonObject {
    const random = this.#random;
    if (random.oneIn(3)) return {};
    const names = ['_uuid', '_version', ...table.columns.keys()].filter(() => random.oneIn(3));
    return { columns: names };
  }

  #select(): JsonObject {
    const random = this.#random;
    if (random.oneIn(2)) return {};
    const types = ['initial', 'insert', 'delete', 'modify'].filter(() => random.oneIn(2));
    return { select: Object.fromEntries(types.map((type) => [type, random.oneIn(2)])) };
  }

  #broken(requests: JsonObject): readonly Json[] {
    const { name } = this.#random.pick(this.#tables);
    const wrong: readonly Json[] = [
      { None: {} },
      { [name]: { columns: ['none'] } },
      { [name]: { columns: ['name', 'name'] } },
      { [name]: { columns: [7] } },
      { [name]: { columns: 'name' } },
      { [name]: { select: { initial: 1 } } },
      { [name]: { select: { other: true } } },
      { [name]: { other: true } },
      { [name]: 7 },
      7,
    ];
    const [first] = this.#open.keys();
    if (first !== undefined && this.#random.oneIn(4)) return [this.#database, first, requests];
    return [this.#random.oneIn(6) ? 'None' : this.#database, 'broken', this.#random.pick(wrong)];
  }
}
