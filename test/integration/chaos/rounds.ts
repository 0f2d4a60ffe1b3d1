import { Backoff, OvsdbClient } from '../../../src/ovsdb/index.ts';
import { eventually } from '../../lab/index.ts';
import { chaosSchema } from './chaos-schema.ts';
import { dump } from './dump.ts';
import { canonical, EventModel } from './event-model.ts';
import { Ledger } from './ledger.ts';
import { Seeded } from './seeded.ts';
import { Writer } from './writer.ts';

/** The servers that writers write to, and what can happen to them. */
export interface Servers {
  /** How clients reach them, by way of what cuts connections. */
  readonly methods: readonly string[];
  /** How they are reached without that. */
  readonly directMethods: readonly string[];
  /** Breaks something, and mends it. */
  readonly disturb: (random: Seeded) => Promise<void>;
  /** What goes on while the writers write; ends soon after `isOver`. */
  readonly unsettle?: (isOver: () => boolean) => Promise<void>;
}

/** Writers, what they know, and what they were told, over many rounds. */
export class ChaosRounds {
  readonly #servers: Servers;
  readonly #ledger = new Ledger();
  readonly #clients: OvsdbClient<typeof chaosSchema.json>[] = [];
  readonly #writers: Writer[] = [];
  readonly #models: EventModel<never>[] = [];
  readonly outcomes = { acknowledged: 0, refused: 0, unknown: 0 };
  #settled = 0;
  #wake = () => {};
  /** An error that no write should end with. */
  #failure: unknown;

  static async create(servers: Servers, writers: number): Promise<ChaosRounds> {
    const rounds = new ChaosRounds(servers);
    for (let i = 0; i < writers; i++) await rounds.#addWriter(`w${i}-`);
    await rounds.#clients[0]!.transact((tx) => tx.insert('Counter', {}));
    return rounds;
  }

  private constructor(servers: Servers) {
    this.#servers = servers;
  }

  /** Writes while things break, waits until all is quiet, and returns what is wrong then. */
  async run(seed: number): Promise<readonly string[]> {
    const random = new Seeded(seed);
    let isOver = false;
    const going = this.#writers.map((writer, i) =>
      this.#write(writer, new Seeded(seed * 31 + i), () => isOver),
    );
    const unsettled = this.#servers.unsettle?.(() => isOver);
    for (let left = random.below(3) === 0 ? 2 : 1; left > 0; left--) {
      await this.#writes(1 + random.below(8));
      await this.#servers.disturb(random);
      await this.#writes(3 + random.below(10));
    }
    isOver = true;
    await Promise.all([...going, unsettled]);
    if (this.#failure !== undefined) throw this.#failure;
    return this.#check();
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close();
  }

  async #addWriter(name: string): Promise<void> {
    const backoff = new Backoff({ minMs: 2, maxMs: 20 });
    const client = await OvsdbClient.connect(this.#servers.methods, { schema: chaosSchema, backoff });
    this.#clients.push(client);
    const writer = await Writer.create(client, name, this.#ledger);
    this.#writers.push(writer);
    for (const table of [writer.replica.Row, writer.replica.Counter]) {
      this.#models.push(new EventModel(table as never));
    }
  }

  async #write(writer: Writer, random: Seeded, isOver: () => boolean): Promise<void> {
    try {
      while (!isOver()) {
        this.outcomes[await writer.write(random)]++;
        this.#settled++;
        this.#wake();
      }
    } catch (error) {
      this.#failure = error;
      this.#wake();
    }
  }

  /** Waits until so many more writes have ended. */
  async #writes(count: number): Promise<void> {
    const wanted = this.#settled + count;
    while (this.#settled < wanted) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #check(): Promise<readonly string[]> {
    for (const { replica } of this.#writers) await replica.synced({ timeoutMs: 30_000 });
    const tables = await dump(this.#servers.directMethods);
    const wrong: string[] = [];
    for (const { replica } of this.#writers) {
      for (const [name, rows] of tables) {
        const expected = rows.map(canonical).sort().join('\n');
        const shown = () => [...replica.tables.get(name)!].map(canonical).sort().join('\n');
        const isSame = eventually(() => shown() === expected, { timeoutMs: 20_000, intervalMs: 2 });
        await isSame.catch(() => wrong.push(`a replica differs:\n${shown()}\nfrom the dump:\n${expected}`));
      }
    }
    const [counter] = tables.get('Counter')!;
    wrong.push(...this.#ledger.settle(tables.get('Row') as never, Number(counter!.inserted)));
    for (const writer of this.#writers) wrong.push(...writer.wrong);
    for (const model of this.#models)
      wrong.push(...model.wrong, ...(model.isComplete ? [] : ['events are missing']));
    return wrong;
  }
}
