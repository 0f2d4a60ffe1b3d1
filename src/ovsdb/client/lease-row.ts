import type { Replica } from '../replica/replica.ts';
import type { ReplicaTable } from '../replica/replica-table.ts';
import type { UntypedRow } from '../schema/row-types.ts';
import type { Transaction } from '../transaction/transaction.ts';

/**
 * The table of a schema that leases are kept in: `defineSchema({ name, tables: { Lease: leaseTable, … } })`. Any other
 * with such columns will do, and may have more.
 */
export const leaseTable = {
  columns: {
    /** What is leased: one row for each. */
    name: { type: 'string', mutable: false },
    /** Who has it; empty when nobody has. */
    owner: { type: 'string' },
    /** When it ends unless it is renewed: milliseconds since 1970 by the owner's clock. */
    expiry: { type: 'integer' },
    /** Grows by one with each new holder. */
    term: { type: 'integer' },
  },
  indexes: [['name']],
  isRoot: true,
} as const;

/** The columns of a table that has leases, by what they hold; see {@link leaseTable}. */
export interface LeaseColumns<C extends string = string> {
  readonly name: C;
  readonly owner: C;
  readonly expiry: C;
  readonly term: C;
}

/** Where leases are kept unless the caller says otherwise. */
export const DEFAULT_TABLE = 'Lease';
export const DEFAULT_COLUMNS: LeaseColumns = {
  name: 'name',
  owner: 'owner',
  expiry: 'expiry',
  term: 'term',
};

/** What the row of a lease says. */
export interface LeaseState {
  readonly owner: string;
  readonly expiry: number;
  readonly term: number;
}

/** The row of one lease, as a replica shows it, and the operations on it. */
export class LeaseRow {
  readonly #name: string;
  readonly #columns: LeaseColumns;
  readonly #table: ReplicaTable<UntypedRow>;

  constructor(name: string, replica: Replica, table: string, columns: LeaseColumns) {
    this.#name = name;
    this.#columns = columns;
    this.#table = replica.tables.get(table)!;
  }

  /** As the replica shows it; `undefined` while there is no such row. */
  read(): LeaseState | undefined {
    const { name, owner, expiry, term } = this.#columns;
    const row = this.#table.find({ [name]: this.#name } as never);
    return row && { owner: String(row[owner]), expiry: Number(row[expiry]), term: Number(row[term]) };
  }

  /** Replaces it, if it is still as it was seen. */
  replace(tx: Transaction, seen: LeaseState | undefined, next: LeaseState): void {
    this.#wait(tx, seen);
    const { owner, expiry, term } = this.#columns;
    const row = { [owner]: next.owner, [expiry]: next.expiry, [term]: next.term };
    if (seen === undefined) tx.insert(this.#table.name, { [this.#columns.name]: this.#name, ...row });
    else tx.update(this.#table.name, [[this.#columns.name, '==', this.#name]], row);
  }

  /** Has the transaction fail unless this is the owner, in this term. */
  guard(tx: Transaction, { owner, term }: Pick<LeaseState, 'owner' | 'term'>): void {
    this.#wait(tx, { owner, term });
  }

  #wait(tx: Transaction, state: Partial<LeaseState> | undefined): void {
    const { name } = this.#columns;
    const where = [[name, '==', this.#name]] as const;
    if (state === undefined) return tx.wait(this.#table.name, where, [], { columns: [name] });
    const values = Object.entries(state).map(([key, value]) => [
      this.#columns[key as keyof LeaseState],
      value,
    ]);
    tx.wait(this.#table.name, where, Object.fromEntries(values));
  }
}
