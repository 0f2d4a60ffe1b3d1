import { Backoff, type OvsdbClient, OvsdbError, type ReplicaOf } from '../../../src/ovsdb/index.ts';
import { ClosedError } from '../../../src/util/errors.ts';
import type { Chaos } from './chaos-schema.ts';
import type { Ledger, Outcome } from './ledger.ts';
import type { Seeded } from './seeded.ts';

const SELECTION = { Row: true, Counter: true } as const;
export type ChaosReplica = ReplicaOf<Chaos, typeof SELECTION>;

/** Inserts, updates and deletes rows of its own, and writes into the ledger how it went. */
export class Writer {
  readonly replica: ChaosReplica;
  readonly wrong: string[] = [];
  readonly #client: OvsdbClient<Chaos>;
  readonly #name: string;
  readonly #ledger: Ledger;
  /** Rows that are known to be there, each with its greatest version so far. */
  readonly #rows = new Map<string, number>();
  #inserted = 0;

  static async create(client: OvsdbClient<Chaos>, name: string, ledger: Ledger): Promise<Writer> {
    return new Writer(client, await client.replicate(SELECTION), name, ledger);
  }

  private constructor(client: OvsdbClient<Chaos>, replica: ChaosReplica, name: string, ledger: Ledger) {
    this.#client = client;
    this.replica = replica;
    this.#name = name;
    this.#ledger = ledger;
  }

  /** Makes one write, and resolves when it has ended, however it did. */
  async write(random: Seeded): Promise<Outcome> {
    const ids = [...this.#rows.keys()];
    const id = ids[random.below(ids.length)];
    const choice = random.below(10);
    if (id === undefined || choice < 5) return this.#insert();
    return choice < 8 ? this.#update(id) : this.#delete(id);
  }

  async #insert(): Promise<Outcome> {
    const id = `${this.#name}${this.#inserted++}`;
    const outcome = await this.#outcome(
      this.#client.transact((tx) => {
        tx.insert('Row', { id, tags: new Map([['by', this.#name]]) });
        tx.mutate('Counter', [], 'inserted', '+=', 1);
      }),
    );
    this.#ledger.inserted(id, outcome);
    if (outcome === 'acknowledged') {
      this.#rows.set(id, 0);
      this.#expect(this.replica.Row.find({ id }) !== undefined, `${id} is not shown`);
    }
    return outcome;
  }

  async #update(id: string): Promise<Outcome> {
    const version = this.#rows.get(id)! + 1;
    this.#rows.set(id, version);
    const outcome = await this.#outcome(
      this.#client.transact(
        (tx) => {
          const row = this.replica.Row.find({ id });
          if (row === undefined) this.wrong.push(`${id} is not there to be updated`);
          else tx.update('Row', row, { version });
        },
        { retries: 3, backoff: new Backoff({ minMs: 1, maxMs: 5 }) },
      ),
    );
    this.#ledger.updated(id, version, outcome);
    if (outcome === 'acknowledged') {
      this.#expect(this.replica.Row.find({ id })?.version === version, `${id} has not version ${version}`);
    }
    return outcome;
  }

  async #delete(id: string): Promise<Outcome> {
    this.#rows.delete(id);
    // How many were deleted does not say much: a cluster that does it twice answers with the second time.
    const outcome = await this.#outcome(this.#client.transact((tx) => tx.delete('Row', [['id', '==', id]])));
    this.#ledger.deleted(id, outcome);
    if (outcome === 'acknowledged') this.#expect(!this.replica.Row.find({ id }), `${id} is still shown`);
    return outcome;
  }

  /** A replica that is not stale shows a transaction when it has been acknowledged. */
  #expect(isTrue: boolean, why: string): void {
    if (!isTrue && !this.replica.isStale) this.wrong.push(why);
  }

  async #outcome(write: Promise<unknown>): Promise<Outcome> {
    try {
      await write;
      return 'acknowledged';
    } catch (error) {
      if (error instanceof ClosedError && error.code === 'OVSDB_TRANSACTION_UNKNOWN') return 'unknown';
      if (error instanceof OvsdbError && error.code === 'OVSDB_CLUSTER_ERROR') return 'unknown';
      if (error instanceof OvsdbError && REFUSALS.has(error.code)) return 'refused';
      throw error;
    }
  }
}

const REFUSALS: ReadonlySet<string> = new Set(['OVSDB_TIMED_OUT', 'OVSDB_NOT_LEADER']);
