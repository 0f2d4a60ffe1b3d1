import { UsageError } from '../../util/errors.ts';
import { lockId, type OvsdbLock } from '../client/lock.ts';
import { type Json, type JsonObject, show } from '../rpc/json.ts';
import type { CheckedRow } from '../schema/checked-row.ts';
import type {
  ColumnName,
  MutableName,
  Mutator,
  MutatorValue,
  Row,
  RowInit,
  RowUpdate,
  TableName,
  UntypedRow,
} from '../schema/row-types.ts';
import { columnOf, type DatabaseSchema, type TableSchema, tableOf } from '../schema/schema.ts';
import type { SchemaJson } from '../schema/schema-json.ts';
import { decodeRow, encodeRow } from '../values/row.ts';
import { decodeUuid, encodeUuid, type Ref, type Uuid } from '../values/uuid.ts';
import { type AnyWhere, encodeCommittedRow, encodeWhere, type Where } from './condition.ts';
import { badResult, type Draft, type Operation } from './draft.ts';
import { encodeMutation, requireMutable } from './mutation.ts';
import { NewRow, type Outcome, RowCount, SelectedRows } from './outcome.ts';
import { plainRow, RowReads } from './row-reads.ts';

/** How {@link Transaction.wait} waits. */
export interface WaitOptions<C extends string = string> {
  /** The columns that are compared. Default: those of the rows given. */
  readonly columns?: readonly C[];
  /** Whether the rows found must be exactly the rows given, or must not be. Default `==`. */
  readonly until?: '==' | '!=';
  /** How long the server waits before the transaction fails with `OVSDB_TIMED_OUT`. Default 0: not at all. */
  readonly timeoutMs?: number;
}

/**
 * The operations of one transaction (RFC 7047, 5.2), which the server carries out all or none. Everything is
 * checked against the server's schema as it is added, so that a wrong table, column or value is never sent.
 */
export class Transaction<S extends SchemaJson = SchemaJson> {
  readonly #schema: DatabaseSchema;
  readonly #draft: Draft;

  constructor(schema: DatabaseSchema, draft: Draft) {
    this.#schema = schema;
    this.#draft = draft;
  }

  /**
   * Adds `insert` (RFC 7047, 5.2.1). The result stands for the new row in others of this transaction.
   * @throws UsageError `OVSDB_UNKNOWN_TABLE`, `OVSDB_UNKNOWN_COLUMN`, `OVSDB_BAD_VALUE`, `OVSDB_MISSING_VALUE`.
   */
  insert<T extends TableName<S>, const R extends RowInit<S, T>>(
    table: T,
    row: R & CheckedRow<S, T, RowInit<S, T>, R>,
  ): NewRow<T> {
    const schema = tableOf(this.#schema, table);
    requireReferences(schema, row);
    const json = encodeRow(schema, row, this.#encodeNewRow);
    const outcome: Outcome<Ref<T>> = {};
    const newRow = new NewRow(table, this.#draft.operations.length, outcome, this);
    this.#add({ op: 'insert', table, row: json }, (result) => {
      outcome.value = decodeUuid(result.uuid ?? null) as Ref<T>;
    });
    return newRow;
  }

  /**
   * Adds `update` (RFC 7047, 5.2.3). Given a row of a replica, the transaction first waits that the columns to be
   * written are still as in that row, so that nobody else's change is lost: it then fails with `OVSDB_TIMED_OUT`
   * instead.
   * @throws UsageError as `insert`, and `OVSDB_BAD_CONDITION`, `OVSDB_IMMUTABLE_COLUMN`.
   */
  update<T extends TableName<S>, const R extends RowUpdate<S, T>>(
    table: T,
    where: Where<S, NoInfer<T>>,
    row: R & CheckedRow<S, T, RowUpdate<S, T>, R>,
  ): RowCount {
    const schema = tableOf(this.#schema, table);
    const json = encodeRow(schema, row, this.#encodeNewRow);
    for (const name of Object.keys(row)) requireMutable(columnOf(schema, name));
    const whereJson = encodeWhere(schema, where as AnyWhere, this.#encodeNewRow);
    if (isRow(where)) {
      const { operations, reads } = this.#draft;
      reads.note(table, where, Object.keys(row), operations.length);
    }
    return this.#count({ op: 'update', table, where: whereJson, row: json });
  }

  /**
   * Adds `mutate` (RFC 7047, 5.2.4), which changes a value without having to know it. `insert` into a map leaves
   * the keys alone that are there already: delete them first to replace their values.
   * @throws UsageError as `update`, and `OVSDB_BAD_MUTATOR`.
   */
  mutate<
    T extends TableName<S>,
    C extends MutableName<S, T>,
    M extends Mutator<Row<S, T>[C & keyof Row<S, T>]>,
  >(
    table: T,
    where: Where<S, NoInfer<T>>,
    column: C,
    mutator: M,
    value: MutatorValue<Row<S, T>[C & keyof Row<S, T>], M>,
  ): RowCount {
    const schema = tableOf(this.#schema, table);
    const mutation = encodeMutation(columnOf(schema, column), mutator, value, this.#encodeNewRow);
    const whereJson = encodeWhere(schema, where as AnyWhere, this.#encodeNewRow);
    return this.#count({ op: 'mutate', table, where: whereJson, mutations: [mutation] });
  }

  /**
   * Adds `delete` (RFC 7047, 5.2.5). A row of a table that is no root goes by itself with the last reference to it.
   * @throws UsageError `OVSDB_UNKNOWN_TABLE`, `OVSDB_UNKNOWN_COLUMN`, `OVSDB_BAD_VALUE`, `OVSDB_BAD_CONDITION`.
   */
  delete<T extends TableName<S>>(table: T, where: Where<S, NoInfer<T>>): RowCount {
    const schema = tableOf(this.#schema, table);
    const whereJson = encodeWhere(schema, where as AnyWhere, this.#encodeNewRow);
    return this.#count({ op: 'delete', table, where: whereJson });
  }

  /**
   * Adds `select` (RFC 7047, 5.2.2) of the given columns, or of all, as they are at this point of the transaction.
   * @throws UsageError as `delete`.
   */
  select<T extends TableName<S>, C extends ColumnName<S, T> = ColumnName<S, T>>(
    table: T,
    where: Where<S, NoInfer<T>>,
    columns?: readonly C[],
  ): SelectedRows<Pick<Row<S, T>, (C | '_uuid') & keyof Row<S, T>>> {
    const schema = tableOf(this.#schema, table);
    const chosen = (columns ?? [...schema.columns.keys()]).map((name) => columnOf(schema, name));
    const whereJson = encodeWhere(schema, where as AnyWhere, this.#encodeNewRow);
    const names = ['_uuid', ...chosen.map(({ name }) => name)];
    const outcome: Outcome<readonly Pick<Row<S, T>, (C | '_uuid') & keyof Row<S, T>>[]> = {};
    this.#add({ op: 'select', table, where: whereJson, columns: names }, (result) => {
      if (!Array.isArray(result.rows)) throw badResult('rows', result);
      outcome.value = result.rows.map((row) =>
        decodeRow(chosen, decodeUuid(row._uuid) as Ref<T>, row),
      ) as never;
    });
    return new SelectedRows(outcome);
  }

  /**
   * Adds `wait` (RFC 7047, 5.2.6): goes on only if the rows found are exactly the rows given, in whatever order.
   * An empty array waits until there is no such row.
   * @throws UsageError as `delete`; `OVSDB_BAD_CONDITION` when the rows do not name the same columns.
   */
  wait<T extends TableName<S>>(
    table: T,
    where: Where<S, NoInfer<T>>,
    rows: Partial<Row<S, NoInfer<T>>> | readonly Partial<Row<S, NoInfer<T>>>[],
    options: WaitOptions<ColumnName<S, NoInfer<T>>> = {},
  ): void {
    const schema = tableOf(this.#schema, table);
    const list: readonly object[] = Array.isArray(rows) ? rows : [rows];
    const json = list.map((row) => encodeRow(schema, row as UntypedRow, this.#encodeNewRow));
    const whereJson = encodeWhere(schema, where as AnyWhere, this.#encodeNewRow);
    this.#addWait(schema, whereJson, json, options);
  }

  /**
   * Adds a `wait` that the given columns, or all that it has, are still as in a row that was read from a replica:
   * for decisions that rest on what was read before the transaction was built, or from a replica of another
   * client. It fails with `OVSDB_TIMED_OUT` when somebody else has changed them, or deleted the row.
   * @throws UsageError as `delete`.
   */
  verify<T extends TableName<S>, R extends { readonly _uuid: Ref<NoInfer<T>> }>(
    table: T,
    row: R,
    columns: readonly (keyof R & string)[] = Object.keys(row) as (keyof R & string)[],
  ): void {
    const schema = tableOf(this.#schema, table);
    const plain = plainRow(row as unknown as UntypedRow);
    const known = Object.fromEntries(columns.flatMap((name) => (name in plain ? [[name, plain[name]]] : [])));
    if (Object.keys(known).length === 0) return;
    const where = encodeWhere(schema, plain, this.#encodeNewRow);
    this.#addWait(schema, where, [encodeRow(schema, known, this.#encodeNewRow)], {});
  }

  /**
   * Adds `assert` (RFC 7047, 5.2.10): the transaction fails with `OVSDB_NOT_OWNER` unless this connection holds
   * the lock.
   * @throws UsageError `OVSDB_BAD_LOCK`.
   */
  assert(lock: string | OvsdbLock): void {
    this.#add({ op: 'assert', lock: lockId(typeof lock === 'string' ? lock : lock.name) });
  }

  /** Adds `commit` (RFC 7047, 5.2.7); `durable` has the server answer only once it is on disk. */
  commit(options: { readonly durable: boolean }): void {
    this.#add({ op: 'commit', durable: options.durable });
  }

  /** Adds `abort` (RFC 7047, 5.2.8): the transaction fails with `OVSDB_ABORTED`, a rehearsal that changes nothing. */
  abort(): void {
    this.#add({ op: 'abort' });
  }

  /** Adds `comment` (RFC 7047, 5.2.9), which the server writes to its log together with the transaction. */
  comment(text: string): void {
    this.#add({ op: 'comment', comment: text });
  }

  #addWait(table: TableSchema, where: Json, rows: readonly JsonObject[], options: WaitOptions): void {
    const { until = '==', timeoutMs = 0 } = options;
    const columns = options.columns ?? Object.keys(rows[0] ?? {});
    for (const name of columns) columnOf(table, name);
    const misfit = rows.find((row) => !haveSameKeys(row, columns));
    if (misfit !== undefined) {
      const message = `wait for ${table.name}: expected rows of the columns ${columns.join(', ')}, got ${show(misfit)}`;
      throw new UsageError('OVSDB_BAD_CONDITION', message);
    }
    this.#add({ op: 'wait', table: table.name, where, columns, until, rows, timeout: timeoutMs });
  }

  #count(operation: Operation): RowCount {
    const outcome: Outcome<number> = {};
    this.#add(operation, (result) => {
      if (typeof result.count !== 'number') throw badResult('count', result);
      outcome.value = result.count;
    });
    return new RowCount(outcome);
  }

  #add(operation: Operation, settle: (result: JsonObject) => void = () => {}): void {
    if (this.#draft.isSealed) {
      const message = `${operation.op} came after its transaction was sent: the function that builds one must not be async`;
      throw new UsageError('OVSDB_TRANSACTION_SENT', message);
    }
    this.#draft.operations.push(operation);
    this.#draft.settlers.push(settle);
  }

  /** Only a row that is referred to is given a name. */
  readonly #encodeNewRow = (row: NewRow<string>): Json => {
    if (!row.isOf(this)) return encodeUuid(row.uuid);
    const { operation, name } = row;
    const { operations } = this.#draft;
    operations[operation] = { ...operations[operation]!, 'uuid-name': name };
    return ['named-uuid', name];
  };
}

/** Lets `build` add the operations of a transaction, and note what they rest on. */
export function draftTransaction<S extends SchemaJson, T>(
  schema: DatabaseSchema,
  build: (tx: Transaction<S>, reads: RowReads) => T,
): { readonly draft: Draft; readonly value: T } {
  const reads = new RowReads();
  const draft: Draft = {
    operations: [],
    settlers: [],
    reads,
    waits: [],
    mark: undefined,
    isSealed: false,
  };
  try {
    const value = build(new Transaction<S>(schema, draft), reads);
    draft.waits = reads.waits(schema, encodeCommittedRow);
    return { draft, value };
  } finally {
    draft.isSealed = true;
  }
}

/** A strong reference that may not be empty has no default that could be committed. */
function requireReferences(table: TableSchema, row: object): void {
  for (const { name, type } of table.columns.values()) {
    if (type.key.refType !== 'strong' || type.min === 0 || Object.hasOwn(row, name)) continue;
    const message = `${table.name}.${name}: expected at least one row of ${type.key.refTable}, got none`;
    throw new UsageError('OVSDB_MISSING_VALUE', message);
  }
}

function haveSameKeys(row: object, keys: readonly string[]): boolean {
  return Object.keys(row).length === keys.length && keys.every((key) => Object.hasOwn(row, key));
}

function isRow(where: unknown): where is { readonly _uuid: Uuid } {
  return typeof where === 'object' && where !== null && '_uuid' in where;
}
