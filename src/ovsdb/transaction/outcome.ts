import { UsageError } from '../../util/errors.ts';
import type { Ref } from '../values/uuid.ts';

/** What an operation comes to: filled when the transaction has been committed. */
export interface Outcome<V> {
  value?: V;
}

/**
 * A row that a transaction inserts. It stands for its `_uuid` in other rows of that transaction, whose
 * named-uuids (RFC 7047, 5.1) are made from it; once committed it has a `_uuid`.
 */
export class NewRow<T extends string> {
  readonly table: T;
  /** The index of the operation that inserts it. */
  readonly operation: number;
  readonly #outcome: Outcome<Ref<T>>;
  readonly #transaction: object;

  constructor(table: T, operation: number, outcome: Outcome<Ref<T>>, transaction: object) {
    this.table = table;
    this.operation = operation;
    this.#outcome = outcome;
    this.#transaction = transaction;
  }

  /** The `uuid-name` within its transaction, if that refers to it. */
  get name(): string {
    return `row${this.operation}`;
  }

  /** Whether this transaction inserts it, so that it has a name there. */
  isOf(transaction: object): boolean {
    return this.#transaction === transaction;
  }

  /**
   * The `_uuid` that the server gave it.
   * @throws UsageError `OVSDB_NOT_COMMITTED` before the transaction has been committed.
   */
  get uuid(): Ref<T> {
    return committed(this.#outcome, `the uuid of ${this}`);
  }

  toString(): string {
    return `a new row of ${this.table}`;
  }
}

/** How many rows an `update`, `mutate` or `delete` found. */
export class RowCount {
  readonly #outcome: Outcome<number>;

  constructor(outcome: Outcome<number>) {
    this.#outcome = outcome;
  }

  /** @throws UsageError `OVSDB_NOT_COMMITTED` before the transaction has been committed. */
  get count(): number {
    return committed(this.#outcome, 'the count of rows');
  }
}

/** The rows that a `select` found. */
export class SelectedRows<R> {
  readonly #outcome: Outcome<readonly R[]>;

  constructor(outcome: Outcome<readonly R[]>) {
    this.#outcome = outcome;
  }

  /** @throws UsageError `OVSDB_NOT_COMMITTED` before the transaction has been committed. */
  get rows(): readonly R[] {
    return committed(this.#outcome, 'the selection');
  }
}

function committed<V>(outcome: Outcome<V>, what: string): V {
  if (outcome.value !== undefined) return outcome.value;
  throw new UsageError(
    'OVSDB_NOT_COMMITTED',
    `${what} is only known once its transaction has been committed`,
  );
}
