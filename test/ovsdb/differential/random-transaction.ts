import {
  type ColumnSchema,
  isUuid,
  type Json,
  type JsonObject,
  type TableSchema,
} from '../../../src/ovsdb/index.ts';
import type { Random } from '../../fuzz/random.ts';
import { type RowSource, randomElements, randomOperand, randomValue, wrongValue } from './random-value.ts';

/** The uuids of a table's rows, and of some that have been deleted. */
export type Rows = (table: string) => readonly string[];

/**
 * Makes transactions of which most can be carried out, and the others are wrong in one way each.
 *
 * None of them changes a row with weak references and deletes what it refers to, directly or as garbage: up to 3.7,
 * ovsdb-server keeps the reference then when it comes to the first row before the second.
 */
export class TransactionMaker implements RowSource {
  readonly #random: Random;
  readonly #tables: ReadonlyMap<string, TableSchema>;
  readonly #rows: Rows;
  /** The names that the transaction at hand gives its rows. */
  readonly #names = new Map<string, string[]>();
  #count = 0;
  #part: (typeof PARTS)[number] = 'watched';

  constructor(random: Random, tables: ReadonlyMap<string, TableSchema>, rows: Rows) {
    this.#random = random;
    this.#tables = tables;
    this.#rows = rows;
  }

  /** The operations of one transaction. */
  next(): readonly Json[] {
    const random = this.#random;
    this.#part = random.pick(PARTS);
    if (this.#part === 'unwatching') {
      const table = this.#tables.get(WATCHER)!;
      return [{ op: 'delete', table: table.name, where: this.where(table, 1) }];
    }
    const leaves = Array.from({ length: random.below(3) }, () =>
      this.#insert(this.#tables.get('Leaf')!, true),
    );
    const others = Array.from({ length: 1 + random.below(4) }, () => this.#operation());
    const operations: Json[] = [...leaves, ...others];
    if (random.oneIn(12)) operations.splice(random.below(operations.length + 1), 0, this.#brokenOperation());
    this.#names.clear();
    return operations;
  }

  reference(table: string | undefined): Json | undefined {
    const random = this.#random;
    if (random.oneIn(60)) return this.#uuidValue();
    const names = this.#names.get(table ?? 'Root') ?? [];
    if (names.length > 0 && random.oneIn(2)) return ['named-uuid', random.pick(names)];
    const rows = this.#rows(table ?? 'Root');
    if (rows.length > 0) return ['uuid', random.pick(rows)];
    return names.length > 0 ? ['named-uuid', random.pick(names)] : undefined;
  }

  /** The `where` of an operation. */
  where(table: TableSchema, least = 0): readonly Json[] {
    const random = this.#random;
    const rows = this.#rows(table.name);
    if (rows.length > 0 && random.oneIn(2)) return [['_uuid', '==', ['uuid', random.pick(rows)]]];
    return Array.from({ length: least + random.below(3) }, () => this.condition(table));
  }

  /** One condition on a column of the table. */
  condition(table: TableSchema): Json {
    const random = this.#random;
    const column = random.pick([...table.columns.values()]);
    const { kind, key } = column.type;
    const isOrdered =
      (kind === 'scalar' || kind === 'optional') && (key.type === 'integer' || key.type === 'real');
    const relation = random.pick(['==', '!=', 'includes', 'excludes', ...(isOrdered ? ORDERINGS : [])]);
    const value = randomValue(random, column, this);
    const isNone = Array.isArray(value) && value[0] === 'set' && (value[1] as readonly Json[]).length === 0;
    return [column.name, relation, isNone && ORDERINGS.includes(relation) ? 1 : value];
  }

  #operation(): JsonObject {
    const random = this.#random;
    const table = this.#table();
    const isWatching = this.#part === 'watching';
    if (isWatching && table.name !== WATCHER) return this.#insert(table);
    switch (random.below(20)) {
      case 0:
        return { op: 'select', table: table.name, where: this.where(table), columns: this.#columns(table) };
      case 1:
        return { op: 'select', table: table.name, where: this.where(table), sort: this.#columns(table) };
      case 2:
        return this.#wait(table);
      case 3:
      case 4:
        if (isWatching) return this.#insert(table);
        return { op: 'delete', table: table.name, where: this.where(table, 1) };
      case 5:
      case 6:
      case 7:
      case 8:
        return { op: 'update', table: table.name, where: this.where(table), row: this.#row(table, 2, true) };
      case 9:
      case 10:
      case 11:
      case 12:
        return {
          op: 'mutate',
          table: table.name,
          where: this.where(table),
          mutations: this.#mutations(table),
        };
      case 13:
        return random.pick<JsonObject>([
          { op: 'comment', comment: 'hello' },
          { op: 'commit', durable: random.oneIn(2) },
        ]);
      default:
        return this.#insert(table);
    }
  }

  #table(): TableSchema {
    const tables = [...this.#tables.values()];
    if (this.#part === 'watching') return this.#random.pick([this.#tables.get(WATCHER)!, ...tables]);
    return this.#random.pick(tables.filter(({ name }) => name !== WATCHER));
  }

  #insert(table: TableSchema, isNamed = this.#random.oneIn(2)): JsonObject {
    const random = this.#random;
    const row = this.#row(table, 6, false);
    const name = `new${this.#count++}`;
    const operation = {
      op: 'insert',
      table: table.name,
      row: this.#required(table, row),
      ...(isNamed && { 'uuid-name': name }),
      ...(random.oneIn(4) && { uuid: this.#freshUuid() }),
    };
    if (isNamed) this.#names.set(table.name, [...(this.#names.get(table.name) ?? []), name]);
    return operation;
  }

  /** Most rows have what the schema demands of them. */
  #required(table: TableSchema, row: JsonObject): JsonObject {
    const random = this.#random;
    if (random.oneIn(15)) return row;
    const extra: Record<string, Json> = {};
    for (const column of table.columns.values()) {
      const { min, key } = column.type;
      if (min > 0 && key.refTable !== undefined && row[column.name] === undefined) {
        extra[column.name] = randomValue(random, column, this);
      }
    }
    if (table.columns.has('name') && row.name === undefined) {
      extra.name = random.oneIn(8) ? 'same' : `n${this.#count++}`;
    }
    if (table.name === 'Root') extra.small = random.below(90);
    return { ...extra, ...row };
  }

  #row(table: TableSchema, most: number, isMutable: boolean): JsonObject {
    const random = this.#random;
    const all = [...table.columns.values()];
    const columns = isMutable && !random.oneIn(20) ? all.filter(({ mutable }) => mutable) : all;
    const row: Record<string, Json> = {};
    for (let i = random.below(most) + 1; i > 0; i--) {
      const column = random.pick(columns);
      row[column.name] = column.name === 'name' ? `n${random.below(200)}` : randomValue(random, column, this);
    }
    return row;
  }

  #mutations(table: TableSchema): readonly Json[] {
    const random = this.#random;
    const columns = [...table.columns.values()].filter(isMutatable);
    if (columns.length === 0) return [];
    return Array.from({ length: random.below(3) }, () => {
      const column = random.pick(columns);
      const { kind, key } = column.type;
      const isNumeric = kind !== 'map' && (key.type === 'integer' || key.type === 'real');
      if (isNumeric && (kind === 'scalar' || random.oneIn(3))) {
        const mutators = ['+=', '-=', '*=', '/=', ...(key.type === 'integer' ? ['%='] : [])];
        const mutator = random.pick(mutators);
        return [column.name, mutator, randomOperand(random, key, mutator)];
      }
      const mutator = random.pick(['insert', 'delete']);
      return [
        column.name,
        mutator,
        randomElements(random, column, this, mutator === 'delete' && random.oneIn(2)),
      ];
    });
  }

  #wait(table: TableSchema): JsonObject {
    const random = this.#random;
    const columns = [...table.columns.values()].slice(0, 1 + random.below(2)).map(({ name }) => name);
    const rows = Array.from({ length: random.below(2) }, () => this.#row(table, 2, false));
    const until = random.pick(['==', '!=', '!=']);
    return { op: 'wait', timeout: 0, table: table.name, where: this.where(table), columns, until, rows };
  }

  #columns(table: TableSchema): readonly string[] {
    const names = ['_uuid', ...table.columns.keys()];
    return names.filter(() => this.#random.oneIn(3));
  }

  /** An operation with one thing wrong. */
  #brokenOperation(): Json {
    const random = this.#random;
    const table = this.#table();
    const column = random.pick([...table.columns.values()]);
    const { name } = table;
    const value = wrongValue(random, column, this);
    const where = [
      random.pick<Json>([
        ['none', '==', 1],
        [column.name, '=', 1],
        [column.name, '<', value],
        [1],
        7,
        [column.name, '==', value],
      ]),
    ];
    const mutator = random.pick(['+=', '%=', 'insert', 'delete', 'remove', '/=']);
    const broken: readonly Json[] = [
      { op: 'insert', table: name, row: this.#required(table, { [column.name]: value }) },
      { op: 'insert', table: name, row: this.#required(table, { none: 1 }) },
      { op: 'insert', table: name, row: {}, uuid: 'x' },
      { op: 'insert', table: name, row: {}, 'uuid-name': 'a b' },
      { op: 'insert', table: 'None', row: {} },
      { op: 'insert', table: name, row: [] },
      { op: 'update', table: name, where: [], row: { [column.name]: value } },
      { op: 'update', table: name, where, row: {} },
      { op: 'update', table: name, where: [], row: { _uuid: this.#uuidValue() } },
      { op: 'mutate', table: name, where: [], mutations: [[column.name, mutator, value]] },
      { op: 'mutate', table: name, where: [], mutations: [['none', '+=', 1]] },
      { op: 'mutate', table: name, where: [], mutations: [[1, 2]] },
      { op: 'mutate', table: name, where: [], mutations: 7 },
      { op: 'delete', table: name, where },
      { op: 'delete', table: name },
      { op: 'delete', table: name, where: [], extra: 1 },
      { op: 'select', table: name, where, columns: [] },
      { op: 'select', table: name, where: [], columns: ['none'] },
      { op: 'select', table: name, where: [], columns: [column.name, column.name] },
      { op: 'wait', table: name, timeout: -1, where: [], columns: [], until: '==', rows: [] },
      { op: 'wait', table: name, timeout: 0, where: [], columns: [], until: '=', rows: [] },
      {
        op: 'wait',
        table: name,
        timeout: 0,
        where: [],
        columns: [column.name],
        until: '==',
        rows: [{ [column.name]: value }],
      },
      { op: 'assert', lock: 'nobody' },
      { op: 'assert', lock: 'a b' },
      { op: 'abort' },
      { op: 'abort', table: name },
      { op: 'commit' },
      { op: 'comment', comment: 1 },
      { op: 'none' },
      { op: 7 },
      {},
      null,
      'insert',
    ];
    return random.pick(broken);
  }

  #uuidValue(): Json {
    return ['uuid', this.#freshUuid()];
  }

  #freshUuid(): string {
    const hex = this.#random.bytes(16).toString('hex');
    const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    if (!isUuid(uuid)) throw new Error(`${uuid} is no uuid`);
    return uuid;
  }
}

/** Which tables a transaction is about: those that rows refer to, the one with weak references, or only its end. */
const PARTS = ['watched', 'watched', 'watched', 'watching', 'watching', 'unwatching'] as const;

/** The table with weak references. */
const WATCHER = 'Watcher';

const ORDERINGS: readonly string[] = ['<', '<=', '>', '>='];

function isMutatable({ mutable, type: { kind, key } }: ColumnSchema): boolean {
  if (!mutable) return false;
  return kind === 'scalar' ? key.type === 'integer' || key.type === 'real' : true;
}
