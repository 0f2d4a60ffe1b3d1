import type { Duplex } from 'node:stream';
import { type Json, type JsonObject, JsonRpcPeer, OvsdbError } from '../../../src/ovsdb/index.ts';

/** What one of two servers did: its answer, and what its monitors told before it. */
interface Reaction {
  readonly answer: Json;
  readonly updates: readonly Json[];
}

/** The same request to two servers, and what they made of it. `undefined` when that is the same. */
export interface Difference {
  readonly request: Json;
  readonly expected: string;
  readonly got: string;
}

/**
 * Two servers that are asked the same, and have to answer the same. Each gives rows uuids of its own: they are compared
 * by the order in which they came.
 */
export class Differential implements AsyncDisposable {
  readonly #expected: Side;
  readonly #tested: Side;
  /** Uuids of the tested server to those of the other. */
  readonly #theirs = new Map<string, string>();
  readonly #ours = new Map<string, string>();
  #otherRows = 0;
  #updateCount = 0;

  constructor(expected: Duplex, tested: Duplex) {
    this.#expected = new Side(expected);
    this.#tested = new Side(tested);
  }

  /** How often both found the same wrong, but named another of the rows in which it was. */
  get otherRows(): number {
    return this.#otherRows;
  }

  /** How many updates the monitors have told. */
  get updateCount(): number {
    return this.#updateCount;
  }

  /** Asks both; the uuids of the request are those of the tested server, or of no row. */
  async ask(
    method: string,
    params: readonly Json[],
  ): Promise<{ readonly answer: Json; readonly difference?: Difference }> {
    const translated = JSON.parse(
      replaceUuids(JSON.stringify(params), (uuid) => this.#theirs.get(uuid) ?? uuid),
    );
    const [expected, got] = await Promise.all([
      this.#expected.ask(method, translated),
      this.#tested.ask(method, params),
    ]);
    for (const [uuid] of JSON.stringify(params).matchAll(UUID)) {
      this.#learn(uuid, this.#theirs.get(uuid) ?? uuid);
    }
    this.#updateCount += got.updates.length;
    this.#learnInserted(got.answer, expected.answer);
    this.#learnTransactions(got, expected);
    const [theirs, ours] = [
      this.#text(expected, (uuid) => this.#ours.get(uuid) ?? '?'),
      this.#text(got, (uuid) => (this.#theirs.has(uuid) ? uuid : '?')),
    ];
    if (theirs === ours) return { answer: got.answer };
    if (withoutRows(theirs) === withoutRows(ours)) {
      this.#otherRows++;
      return { answer: got.answer };
    }
    return { answer: got.answer, difference: { request: [method, ...params], expected: theirs, got: ours } };
  }

  /** Tells both something that is not answered. */
  notify(method: string, params: readonly Json[]): void {
    for (const side of [this.#expected, this.#tested]) side.notify(method, params);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#expected.close();
    await this.#tested.close();
  }

  #learn(ours: string, theirs: string): void {
    this.#theirs.set(ours, theirs);
    this.#ours.set(theirs, ours);
  }

  #learnInserted(ours: Json, theirs: Json): void {
    if (!Array.isArray(ours) || !Array.isArray(theirs)) return;
    ours.forEach((result, i) => {
      const [our, their] = [insertedUuid(result), insertedUuid(theirs[i])];
      if (our !== undefined && their !== undefined) this.#learn(our, their);
    });
  }

  /** The transactions that `monitor_cond_since` and `update3` tell of. */
  #learnTransactions(ours: Reaction, theirs: Reaction): void {
    const [our, their] = [transactionsOf(ours), transactionsOf(theirs)];
    for (const [monitor, transaction] of our) {
      const other = their.get(monitor);
      if (other !== undefined) this.#learn(transaction, other);
    }
  }

  #text(reaction: Reaction, name: (uuid: string) => string): string {
    const json = JSON.parse(replaceUuids(JSON.stringify(reaction), name)) as JsonObject;
    return JSON.stringify(canonical(json));
  }
}

/** One of the two. */
class Side {
  readonly #peer: JsonRpcPeer;
  #updates: Json[] = [];

  constructor(stream: Duplex) {
    this.#peer = new JsonRpcPeer(stream, {
      probeIntervalMs: 0,
      onNotification: (method, params) => this.#updates.push([method, ...params]),
    });
  }

  async ask(method: string, params: readonly Json[]): Promise<Reaction> {
    let answer: Json;
    try {
      answer = await this.#peer.request(method, params);
    } catch (error) {
      if (!(error instanceof OvsdbError)) throw error;
      answer = { error: error.error, details: error.details };
    }
    const updates = this.#updates;
    this.#updates = [];
    return { answer, updates };
  }

  notify(method: string, params: readonly Json[]): void {
    this.#peer.notify(method, params);
  }

  close(): Promise<void> {
    return this.#peer.close();
  }
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

function replaceUuids(text: string, name: (uuid: string) => string): string {
  return text.replace(UUID, name);
}

function insertedUuid(result: Json | undefined): string | undefined {
  const [tag, uuid] = ((result as JsonObject | null | undefined)?.uuid ?? []) as readonly Json[];
  return tag === 'uuid' ? (uuid as string) : undefined;
}

/** The same text for all that means the same: the order of sets, maps, rows and members says nothing. */
function canonical(json: Json): Json {
  if (typeof json !== 'object' || json === null) return json;
  if (!Array.isArray(json)) return canonicalObject(json as JsonObject);
  const [tag, elements] = json;
  const parts = json.map(canonical);
  if ((tag === 'set' || tag === 'map') && json.length === 2 && Array.isArray(elements)) {
    return [tag, sortedByText(parts[1] as readonly Json[])];
  }
  return parts;
}

function canonicalObject(json: JsonObject): JsonObject {
  const members = Object.entries(json).map(([name, value]): [string, Json] => {
    const part = canonical(value);
    if (name === 'rows' || name === 'updates') return [name, sortedByText(part as readonly Json[])];
    return [name, name === 'details' ? comparableDetails(String(value)) : part];
  });
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The server's longest explanations have words of their own; what they are about is compared. */
function comparableDetails(details: string): string {
  if (details.startsWith('Transaction causes multiple rows')) return details.split('.  ')[0]!;
  if (/weak reference/i.test(details)) return 'weak reference';
  if (details.startsWith('This "uuid-name"')) return 'an earlier insert has this "uuid-name"';
  return details.startsWith('This UUID would') ? 'table has, or had, a row with this uuid' : details;
}

/**
 * Of several rows that break a rule of the schema, which one is told of depends on the server's hash tables: here all
 * that is peculiar to the row is taken out of the details.
 */
function withoutRows(text: string): string {
  return text
    .replace(
      /Table \w+ column \w+ row \S+ references nonexistent row \S+ in table \w+\./,
      'reference to no row',
    )
    .replace(/cannot delete \w+ row \S+ because of \d+ remaining/, 'cannot delete because of')
    .replace(/in \\"\w+\\" table to have identical values .*?"(?=,"error)/, 'to have identical values"')
    .replace(/"-?[\d.e+]+ is (not in|not one of|less than|greater than) /, '"it is $1 ')
    .replace(/Attempted to store \d+ elements in [^.]*/, 'Attempted to store elements');
}

function transactionsOf({ answer, updates }: Reaction): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (Array.isArray(answer) && typeof answer[0] === 'boolean') found.set('answer', String(answer[1]));
  for (const update of updates) {
    const [method, id, transaction] = update as readonly Json[];
    if (method === 'update3') found.set(JSON.stringify(id), String(transaction));
  }
  return found;
}

function sortedByText(parts: readonly Json[]): readonly Json[] {
  return [...parts].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
