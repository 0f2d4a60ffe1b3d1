import { isJsonObject, type Json, type JsonObject } from '../rpc/json.ts';
import { parseSchema } from '../schema/parse-schema.ts';
import type { DatabaseSchema } from '../schema/schema.ts';
import { type Uuid, ZERO_UUID } from '../values/uuid.ts';
import { checkCommit } from './commit-checks.ts';
import { datumToJson, parseDatum } from './datum.ts';
import { Failure } from './failure.ts';
import { Members } from './members.ts';
import { type Execution, OPERATIONS, Waiting } from './operations.ts';
import { randomUuid } from './random-uuid.ts';
import { type StagedRow, Staging } from './staging.ts';
import { RowNames } from './stored-atom.ts';
import { equalRows } from './stored-row.ts';
import { indexKey, type StoredRow, type Table, tablesOf, uuidDatum, VERSION_INDEX } from './table.ts';

/** A row that a transaction has changed. */
export interface CommittedRow {
  readonly table: Table;
  readonly uuid: string;
  /** `undefined` for a new row. */
  readonly old: StoredRow | undefined;
  /** `undefined` for a row that is gone. */
  readonly row: StoredRow | undefined;
}

/** A transaction that has been committed. */
interface Committed {
  readonly id: Uuid;
  readonly rows: readonly CommittedRow[];
}

/** Who follows a {@link Database}. */
export interface Follower {
  /** Called for each transaction that changes something, before {@link Database.execute} returns. */
  readonly onCommit: (rows: readonly CommittedRow[]) => void;
  /** Called when the database has been given another schema. */
  readonly onConvert?: () => void;
}

/** How a {@link Database} is kept. */
export interface DatabaseOptions {
  readonly schema: DatabaseSchema;
  /** How many transactions it remembers; 0 for one that does not number them, as a standalone one does not. */
  readonly historyLength: number;
  /** True for a database that only the server itself writes. */
  readonly isReserved?: boolean;
}

/** How {@link Database.execute} is told of who sent the transaction. */
export type ExecuteOptions = Partial<Pick<Execution, 'waitedMs' | 'holdsLock'>> & {
  /** True for the server itself. */
  readonly isServer?: boolean;
};

/** What came of a transaction: its results, or for how long to wait and try again. */
export type Executed = { readonly results: readonly Json[] } | { readonly waitTimeoutMs: number };

/**
 * A database in memory, with the transactions of RFC 7047. It knows of no connections: followers are called in the
 * order in which they began.
 */
export class Database {
  readonly #followers = new Set<Follower>();
  readonly #historyLength: number;
  readonly #isReserved: boolean;
  #schema: DatabaseSchema;
  #tables: ReadonlyMap<string, Table>;
  #history: Committed[] = [];
  #index = 0;

  constructor({ schema, historyLength, isReserved = false }: DatabaseOptions) {
    this.#schema = schema;
    this.#tables = tablesOf(schema);
    this.#historyLength = historyLength;
    this.#isReserved = isReserved;
  }

  get schema(): DatabaseSchema {
    return this.#schema;
  }

  get name(): string {
    return this.#schema.name;
  }

  get tables(): ReadonlyMap<string, Table> {
    return this.#tables;
  }

  /** How many transactions have changed something. */
  get index(): number {
    return this.#index;
  }

  /** The transaction that the rows are the state after; zero when transactions are not numbered. */
  get lastTransaction(): Uuid {
    return this.#history.at(-1)?.id ?? ZERO_UUID;
  }

  /** What has been committed after the transaction; `undefined` when it is not remembered. */
  since(transaction: string): readonly CommittedRow[] | undefined {
    const at = this.#history.findIndex(({ id }) => id === transaction);
    return at < 0 ? undefined : this.#history.slice(at + 1).flatMap(({ rows }) => rows);
  }

  /** Tells the follower of each change from now on; the result ends that. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Carries out the operations of a `transact` (RFC 7047, 4.1.3), all or none. */
  execute(operations: readonly Json[], options: ExecuteOptions = {}): Executed {
    const execution: Execution = {
      tables: this.#tables,
      staging: new Staging(),
      names: new RowNames(),
      waitedMs: 0,
      holdsLock: () => false,
      ...options,
      waitTimeoutMs: Number.POSITIVE_INFINITY,
    };
    const results: Json[] = [];
    try {
      for (const [i, operation] of operations.entries()) {
        const what = `ovsdb operation ${i + 1} of ${operations.length}`;
        results.push(this.#perform(execution, operation, what, options.isServer === true));
      }
      this.#commit(execution.staging);
    } catch (error) {
      execution.staging.rollBack();
      if (error instanceof Waiting) return { waitTimeoutMs: execution.waitTimeoutMs };
      if (!(error instanceof Failure)) throw error;
      results.push(error.json);
      while (results.length < operations.length) results.push(null);
    }
    return { results };
  }

  /**
   * Gives the database another schema of the same name (ovsdb-server(7), 4.1.19). Columns and tables that it does not
   * have are lost, new ones have their defaults.
   * @throws Failure when the schema cannot be read, or what is there is against it; nothing is changed then.
   */
  convert(json: Json): void {
    const schema = readSchema(json);
    if (schema.name !== this.name) {
      const details = `new schema name (${schema.name}) does not match database name (${this.name})`;
      throw new Failure('invalid parameters', details);
    }
    const converted = new Database({ schema, historyLength: 0 });
    converted.#copy(this.#tables);
    this.#schema = schema;
    this.#tables = converted.#tables;
    this.#history = [];
    this.#index++;
    for (const { onConvert } of [...this.#followers]) onConvert?.();
  }

  #perform(execution: Execution, json: Json, what: string, isServer: boolean): JsonObject {
    const members = new Members(json, what);
    const name = members.take('op', 'id');
    const operation = name === undefined ? undefined : OPERATIONS.get(name);
    if (name !== undefined && operation === undefined) members.fail(`No operation "${name}"`);
    let result: JsonObject = {};
    let failure: unknown;
    try {
      result = operation?.execute(execution, members) ?? {};
    } catch (error) {
      failure = error;
    }
    // What cannot be read is told before what cannot be done.
    members.finish();
    if (failure !== undefined) throw failure;
    if (this.#isReserved && !isServer && operation?.isReading === false) {
      throw new Failure(
        'not allowed',
        `${name} operation not allowed on table in reserved database ${this.name}`,
      );
    }
    return result;
  }

  #commit(staging: Staging): void {
    staging.dropUnchanged();
    checkCommit(this.#tables, staging);
    const rows = this.#apply(staging);
    if (rows.length === 0) return;
    this.#index++;
    if (this.#historyLength > 0) {
      this.#history.push({ id: randomUuid(), rows });
      if (this.#history.length > this.#historyLength) this.#history.shift();
    }
    for (const { onCommit } of this.#followers) onCommit(rows);
  }

  /** Makes what is staged final. */
  #apply(staging: Staging): readonly CommittedRow[] {
    const all = [...staging];
    for (const staged of all) forgetIndexed(staged);
    const committed: CommittedRow[] = [];
    for (const staged of all) {
      const { table, uuid, old, references } = staged;
      const row = this.#finalRow(staged);
      if (row !== undefined) {
        table.rows.set(uuid, row);
        table.indexes.forEach((columns, i) => void table.indexed[i]!.set(indexKey(columns, row), uuid));
      }
      if (references > 0) table.references.set(uuid, references);
      else table.references.delete(uuid);
      if (row !== old) committed.push({ table, uuid, old, row });
    }
    return committed;
  }

  /**
   * The row with a new version when it was changed. What a transaction changed and its weak references changed back is
   * still a change, but not to a cluster, which only sees what comes out of its log.
   */
  #finalRow({ old, row }: StagedRow): StoredRow | undefined {
    if (old === undefined || row === undefined || row === old) return row;
    if (this.#historyLength > 0 && equalRows(old, row)) return old;
    return row.with(VERSION_INDEX, uuidDatum(randomUuid()));
  }

  #copy(tables: ReadonlyMap<string, Table>): void {
    const staging = new Staging();
    for (const [name, { columns, rows }] of tables) {
      const table = this.#tables.get(name);
      if (table !== undefined)
        for (const row of rows.values()) staging.put(table, convertRow(table, columns, row));
    }
    this.#commit(staging);
  }
}

function forgetIndexed({ table, old }: StagedRow): void {
  if (old === undefined) return;
  table.indexes.forEach((columns, i) => void table.indexed[i]!.delete(indexKey(columns, old)));
}

function convertRow(table: Table, from: Table['columns'], row: StoredRow): StoredRow {
  const converted = table.defaultRow();
  for (const { name, index, type } of from) {
    const column = table.find(name);
    if (column !== undefined)
      converted[column.index] = parseDatum(column.type, datumToJson(type, row[index]!), undefined);
  }
  return converted;
}

function readSchema(json: Json): DatabaseSchema {
  try {
    return parseSchema(json);
  } catch (error) {
    throw new Failure('syntax error', (error as Error).message, isJsonObject(json) ? undefined : json);
  }
}
