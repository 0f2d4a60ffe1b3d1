import { type GalagoError, UsageError, WireError } from '../../util/errors.ts';
import type { Reporter } from '../rpc/guarded-emitter.ts';
import { isJsonObject, type Json, type JsonObject, show } from '../rpc/json.ts';
import type { CallOptions, JsonRpcPeer } from '../rpc/json-rpc.ts';
import { OvsdbError } from '../rpc/remote-error.ts';
import { WaitingLine } from '../rpc/waiting-line.ts';
import type { UntypedRow } from '../schema/row-types.ts';
import {
  type ColumnSchema,
  columnOf,
  type DatabaseSchema,
  didYouMean,
  type TableSchema,
  tableOf,
} from '../schema/schema.ts';
import { encodeMonitorWhere } from '../transaction/condition.ts';
import { equalRows } from '../values/row.ts';
import { isUuid, type Uuid, ZERO_UUID } from '../values/uuid.ts';
import { Replica, type ReplicaSource } from './replica.ts';
import { TableStore } from './table-store.ts';
import { planUpdates, type TablePlan, type UpdatesFormat } from './table-updates.ts';

/** What a {@link Monitor} is made of. */
export interface MonitorOptions {
  /** The `<json-value>` that names it on the connection. */
  readonly id: string;
  /** The schema that our types were made from. */
  readonly ours: DatabaseSchema;
  readonly selection: Readonly<Record<string, unknown>>;
  /** See `ReplicaSource`. */
  readonly watch?: ReplicaSource['watch'];
  /** Where failed handlers are reported. */
  readonly parent: Reporter;
  readonly now: () => number;
  /** Ends the monitor at the client. */
  readonly onStop: () => Promise<void>;
  /** Has the server follow {@link Monitor.conditions}, which have just been changed in the given tables. */
  readonly onConditions: (tables: readonly string[], options: CallOptions) => Promise<void>;
}

interface Change {
  readonly table: string;
  readonly type: 'insert' | 'update' | 'delete';
  readonly row: UntypedRow;
  readonly old?: UntypedRow;
}

/**
 * Keeps one replica equal to the server, over any number of connections: by `monitor_cond_since` (ovsdb-server(7),
 * 4.1.15), or what an older server has in its place. A reply that does not continue where we stopped holds
 * everything; it is compared with the rows at hand, and only the differences are told.
 */
export class Monitor implements ReplicaSource {
  readonly id: string;
  readonly replica: Replica;
  readonly stores: ReadonlyMap<string, TableStore>;
  readonly watch: ReplicaSource['watch'];
  readonly #options: MonitorOptions;
  readonly #tables: ReadonlyMap<string, TableSelectionParts>;
  readonly #conditions = new Map<string, unknown>();
  readonly #synced: WaitingLine;
  /** The transaction that our rows are the state after. */
  #lastTransaction: Uuid = ZERO_UUID;
  #requested = '';
  #schema: DatabaseSchema;
  #unansweredConditions = 0;
  /** Counts the connections: replies of an older one say nothing of this. */
  #connection = 0;
  /** When the rows were last known to equal the server's; `undefined` while they do. */
  #staleSince: number | undefined;
  #ended: GalagoError | undefined;

  constructor(options: MonitorOptions) {
    const { id, selection, now, parent } = options;
    this.id = id;
    this.watch = options.watch ?? ((_table, row) => row);
    this.#options = options;
    this.#staleSince = now();
    this.#synced = new WaitingLine({ maxLength: 10_000, now });
    const tables = Object.entries(selection).filter(([, selected]) => selected !== undefined);
    this.stores = new Map(tables.map(([table]) => [table, new TableStore(table)]));
    this.#schema = options.ours;
    this.#tables = new Map(tables.map(([table, selected]) => [table, selectionParts(table, selected)]));
    for (const [table, { where }] of this.#tables) {
      if (where !== undefined) this.#conditions.set(table, where);
    }
    this.replica = new Replica(this, parent);
  }

  get isStale(): boolean {
    return this.#staleSince !== undefined;
  }

  get ageMs(): number {
    return this.#staleSince === undefined ? 0 : this.#options.now() - this.#staleSince;
  }

  async synced(options: CallOptions): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.isStale) await this.#synced.enter('synced', async () => {}, options);
  }

  stop(): Promise<void> {
    return this.#options.onStop();
  }

  async changeWhere(where: Readonly<Record<string, unknown>>, options: CallOptions): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    const tables = Object.keys(where).filter((table) => where[table] !== undefined);
    for (const table of tables) {
      if (!this.stores.has(table)) throw notReplicated(table, this.stores.keys());
      encodeMonitorWhere(tableOf(this.#schema, table), where[table]);
    }
    const before = new Map(this.#conditions);
    for (const table of tables) this.#conditions.set(table, where[table]);
    try {
      await this.#options.onConditions(tables, options);
    } catch (error) {
      if (error instanceof OvsdbError) this.#restoreConditions(tables, before);
      throw error;
    }
  }

  /**
   * Sends the conditions of some tables: `monitor_cond_change` (ovsdb-server(7), 4.1.13). Its updates come before
   * its reply. Until that is there, the last transaction does not say which rows we have.
   */
  async sendConditions(peer: JsonRpcPeer, tables: readonly string[], options: CallOptions): Promise<void> {
    const requests = tables.map((name): [string, Json] => {
      const where = encodeMonitorWhere(tableOf(this.#schema, name), this.#conditions.get(name));
      return [name, [{ where }]];
    });
    this.#requested = '';
    this.#unansweredConditions++;
    const connection = this.#connection;
    await peer.request('monitor_cond_change', [this.id, this.id, Object.fromEntries(requests)], {
      ...options,
      decode: () => {
        if (connection === this.#connection && --this.#unansweredConditions === 0) {
          this.#requested = JSON.stringify(this.#requests(this.#schema));
        }
      },
    });
  }

  /**
   * Begins on a new connection; when it resolves the replica equals the server.
   * @throws UsageError `OVSDB_BAD_SELECTION`, `OVSDB_UNKNOWN_TABLE`, `OVSDB_UNKNOWN_COLUMN`,
   * `OVSDB_SCHEMA_MISMATCH`.
   * @throws OvsdbError what the server answered.
   */
  async start(peer: JsonRpcPeer, schema: DatabaseSchema, options: CallOptions = {}): Promise<void> {
    const requests = this.#select(schema);
    const isConditional = this.#conditions.size > 0;
    for (const { method, since, decode } of METHODS) {
      const params = [schema.name, this.id, requests, ...(since ? [this.#lastTransaction] : [])];
      try {
        return await peer.request(method, params, {
          ...options,
          decode: (reply) => this.#guard(() => this.#begin(decode(reply))),
        });
      } catch (error) {
        const isUnknown = error instanceof OvsdbError && error.code === 'OVSDB_UNKNOWN_METHOD';
        // The last resort knows no conditions, and would replicate what was not asked for.
        const isLast = method === LAST_RESORT || (isConditional && method === 'monitor_cond');
        if (!isUnknown || isLast) throw error;
      }
    }
  }

  /**
   * Takes `update`, `update2` or `update3`.
   * @throws WireError when it cannot be followed; the next connection then begins with everything.
   */
  update(method: string, params: readonly Json[]): void {
    this.#guard(() => {
      const [, second, third] = params;
      const updates = method === 'update3' ? third : second;
      const format = method === 'update' ? 'updates' : 'updates2';
      const changes = this.#apply(planUpdates(this.stores, updates ?? null, format));
      if (method === 'update3') this.#lastTransaction = transactionAt(second);
      this.#tell(changes);
    });
  }

  /** The connection has ended; nothing has come for `idleMs`. */
  disconnected(error: GalagoError, idleMs: number): void {
    if (this.isStale) return;
    this.#staleSince = this.#options.now() - idleMs;
    this.replica.emit('stale', { error });
  }

  /** There will be no other connection. */
  end(error: GalagoError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.disconnected(error, 0);
    this.#synced.refuse(error);
  }

  /** Takes the columns from the server's schema, and returns `<monitor-cond-requests>` for those it has. */
  #select(schema: DatabaseSchema): JsonObject {
    for (const [name, store] of this.stores) {
      const table = tableOf(schema, name);
      store.setColumns(table, this.#columnsOf(table));
    }
    const requests = this.#requests(schema);
    // A transaction only says where we stopped as far as the same rows and columns go.
    const requested = JSON.stringify(requests);
    if (requested !== this.#requested) this.#lastTransaction = ZERO_UUID;
    this.#requested = requested;
    this.#schema = schema;
    this.#connection++;
    this.#unansweredConditions = 0;
    return requests;
  }

  #restoreConditions(tables: readonly string[], before: ReadonlyMap<string, unknown>): void {
    for (const table of tables) {
      if (before.has(table)) this.#conditions.set(table, before.get(table));
      else this.#conditions.delete(table);
    }
  }

  #requests(schema: DatabaseSchema): JsonObject {
    const requests = [...this.stores].map(([name, store]): [string, Json] => {
      const table = tableOf(schema, name);
      const columns = store.columns
        .map((column) => column.name)
        .filter((column) => table.columns.has(column));
      const where = this.#conditions.get(name);
      return [name, [{ columns, ...(where !== undefined && { where: encodeMonitorWhere(table, where) }) }]];
    });
    return Object.fromEntries(requests);
  }

  /** With all columns selected, one that only we know of reads as its default. */
  #columnsOf(table: TableSchema): readonly ColumnSchema[] {
    const { columns } = this.#tables.get(table.name)!;
    if (columns !== true) return columns.map((name) => columnOf(table, String(name)));
    const ours = this.#options.ours.tables.get(table.name) ?? table;
    return [...ours.columns].map(([name, column]) =>
      table.columns.has(name) ? columnOf(table, name) : column,
    );
  }

  #begin({ found, lastTransaction, updates, format }: Snapshot): void {
    const plans = planUpdates(this.stores, updates, format);
    const changes = this.#apply(found ? plans : [...plans, ...this.#goneRows(plans)]);
    this.#lastTransaction = lastTransaction;
    this.#staleSince = undefined;
    this.#tell(changes);
    this.#synced.open();
    this.replica.emit('synced');
  }

  /** The rows at hand that a reply with everything does not hold. */
  #goneRows(plans: readonly TablePlan[]): TablePlan[] {
    const filled = [...this.stores.values()].filter(({ rows }) => rows.size > 0);
    return filled.map((store) => {
      const present = new Set(plans.find((plan) => plan.store === store)?.uuids);
      const uuids = [...store.rows.keys()].filter((uuid) => !present.has(uuid));
      return { store, uuids, rows: uuids.map(() => undefined) };
    });
  }

  #apply(plans: readonly TablePlan[]): readonly Change[] {
    const changes: Change[] = [];
    for (const { store, uuids, rows } of plans) {
      // Nobody has the replica yet: there is no one to tell.
      if (store.isNew) store.load(rows);
      else for (let i = 0; i < uuids.length; i++) this.#applyRow(store, uuids[i]!, rows[i], changes);
    }
    for (const store of this.stores.values()) store.isNew = false;
    return changes;
  }

  #applyRow(store: TableStore, uuid: Uuid, row: UntypedRow | undefined, changes: Change[]): void {
    const old = store.rows.get(uuid);
    const table = store.name;
    if (row === undefined) {
      if (old === undefined) return;
      store.delete(uuid);
      changes.push({ table, type: 'delete', row: old });
    } else if (old === undefined) {
      store.put(row, undefined);
      changes.push({ table, type: 'insert', row });
    } else if (!equalRows(store.columns, row, old)) {
      store.put(row, old);
      changes.push({ table, type: 'update', row, old });
    }
  }

  #tell(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    for (const { table, type, row, old } of changes) {
      const events = this.replica.tables.get(table)!;
      if (type === 'update') events.emit('update', row as never, old as never);
      else events.emit(type, row as never);
    }
    this.replica.emit('change', changes as never);
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#lastTransaction = ZERO_UUID;
      throw error;
    }
  }
}

/** What `replicate` was given for one table. */
interface TableSelectionParts {
  readonly columns: true | readonly unknown[];
  readonly where: unknown;
}

function selectionParts(table: string, selected: unknown): TableSelectionParts {
  const isParts = isJsonObject(selected) && Object.keys(selected).every((key) => PARTS.has(key));
  const { columns = true, where }: { columns?: unknown; where?: unknown } = isParts
    ? selected
    : { columns: selected };
  if (columns === true || Array.isArray(columns)) return { columns, where };
  const message = `replica of ${table}: expected true, an array of columns or { columns, where }, got ${show(selected)}`;
  throw new UsageError('OVSDB_BAD_SELECTION', message);
}

const PARTS: ReadonlySet<string> = new Set(['columns', 'where']);

function notReplicated(table: string, tables: Iterable<string>): UsageError {
  const message = `the replica has no table '${table}'${didYouMean(table, tables)}`;
  return new UsageError('OVSDB_UNKNOWN_TABLE', message);
}

interface Snapshot {
  /** True when it holds what has changed since the last transaction, false when it holds everything. */
  readonly found: boolean;
  readonly lastTransaction: Uuid;
  readonly updates: Json;
  readonly format: UpdatesFormat;
}

const LAST_RESORT = 'monitor';

/** From the newest to that of RFC 7047, 4.1.5, which every server has. */
const METHODS: readonly {
  readonly method: string;
  readonly since: boolean;
  readonly decode: (reply: Json) => Snapshot;
}[] = [
  { method: 'monitor_cond_since', since: true, decode: decodeSince },
  { method: 'monitor_cond', since: false, decode: (updates) => everything(updates, 'updates2') },
  { method: LAST_RESORT, since: false, decode: (updates) => everything(updates, 'updates') },
];

function decodeSince(reply: Json): Snapshot {
  const [found, lastTransaction, updates] = Array.isArray(reply) ? reply : [];
  if (typeof found !== 'boolean' || updates === undefined) {
    const message = `monitor_cond_since: expected [found, last-txn-id, updates], got ${show(reply)}`;
    throw new WireError('OVSDB_BAD_MESSAGE', message);
  }
  return { found, lastTransaction: transactionAt(lastTransaction), updates, format: 'updates2' };
}

function transactionAt(json: Json | undefined): Uuid {
  if (typeof json === 'string' && isUuid(json)) return json;
  throw new WireError('OVSDB_BAD_MESSAGE', `expected the uuid of a transaction, got ${show(json)}`);
}

function everything(updates: Json, format: UpdatesFormat): Snapshot {
  return { found: false, lastTransaction: ZERO_UUID, updates, format };
}
