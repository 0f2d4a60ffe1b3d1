import type { Json } from '../rpc/json.ts';
import { isUuid, ZERO_UUID } from '../values/uuid.ts';
import type { CommittedRow, Database } from './database.ts';
import { Failure, syntaxError } from './failure.ts';
import type { LockTable } from './lock-table.ts';
import { isId } from './members.ts';
import type { PendingTransactions } from './pending-transactions.ts';
import { ServerMonitor, type UpdateMethod } from './server-monitor.ts';
import type { TestConnection } from './test-connection.ts';

/** What the sessions of a server share. */
export interface ServerState {
  readonly id: string;
  readonly databases: ReadonlyMap<string, Database>;
  readonly locks: LockTable<TestConnection>;
  readonly pending: PendingTransactions;
  /** Transactions of one connection that may wait. */
  readonly maxWaiting: number;
}

/** What one client has asked for: the methods of RFC 7047, 4.1, and those of ovsdb-server(7), 4.1. */
export class ServerSession {
  readonly #state: ServerState;
  readonly #connection: TestConnection;
  /** By the JSON that each is called. */
  readonly #monitors = new Map<string, { readonly monitor: ServerMonitor; readonly end: () => void }>();
  readonly #waiting = new Map<
    string,
    { readonly id: Json; readonly database: Database; readonly giveUp: () => void }
  >();

  constructor(state: ServerState, connection: TestConnection) {
    this.#state = state;
    this.#connection = connection;
  }

  request(method: string, params: readonly Json[], id: Json): void {
    try {
      if (method === 'transact') return this.#transact(params, id);
      const answer = METHODS.get(method);
      if (answer === undefined) return this.#connection.replyError(id, 'unknown method');
      this.#connection.reply(id, answer(this, params));
    } catch (error) {
      const failure = error instanceof Failure ? error : new Failure('internal error', String(error));
      this.#connection.replyError(id, BARE_ERRORS.has(failure.error) ? failure.error : failure.json);
    }
  }

  notification(method: string, params: readonly Json[]): void {
    if (method === 'cancel' && params.length === 1) this.#giveUp(JSON.stringify(params[0]));
  }

  /** The database is another one now: what concerns it ends. */
  leave(database: Database): void {
    for (const [key, waiting] of [...this.#waiting]) if (waiting.database === database) this.#giveUp(key);
    for (const [key, { monitor, end }] of [...this.#monitors]) {
      if (monitor.database !== database) continue;
      end();
      this.#monitors.delete(key);
      if (this.#connection.isDbChangeAware) this.#connection.notify('monitor_canceled', [monitor.id]);
    }
  }

  close(): void {
    for (const { giveUp } of this.#waiting.values()) giveUp();
    for (const { end } of this.#monitors.values()) end();
    this.#waiting.clear();
    this.#monitors.clear();
    this.#state.locks.unlockAll(this.#connection);
  }

  listDbs(): Json {
    return [...this.#state.databases.keys()];
  }

  getSchema(params: readonly Json[]): Json {
    return this.#databaseOf('get_schema', params).schema.json as unknown as Json;
  }

  getServerId(): Json {
    return this.#state.id;
  }

  setDbChangeAware(params: readonly Json[]): Json {
    const [isAware] = params;
    if (params.length !== 1 || typeof isAware !== 'boolean') {
      throw syntaxError(params, 'set_db_change_aware: true or false parameter expected');
    }
    this.#connection.isDbChangeAware = isAware;
    return {};
  }

  convert(params: readonly Json[]): Json {
    const database = this.#databaseOf('convert', params);
    if (params.length !== 2) throw syntaxError(params, 'array expected');
    database.convert(params[1]!);
    return {};
  }

  lock(method: 'lock' | 'steal', params: readonly Json[]): Json {
    const name = lockName(method, params);
    const { locks } = this.#state;
    if (locks.isAskedFor(name, this.#connection)) {
      throw syntaxError(params, `must issue "unlock" before new "${method}"`);
    }
    return { locked: locks.lock(name, this.#connection, method === 'steal') };
  }

  unlock(params: readonly Json[]): Json {
    const name = lockName('unlock', params);
    const { locks } = this.#state;
    if (!locks.isAskedFor(name, this.#connection)) {
      throw syntaxError(params, 'unlock: "unlock" without "lock" or "steal"');
    }
    locks.unlock(name, this.#connection);
    return {};
  }

  monitor(method: MonitorMethod, params: readonly Json[]): Json {
    const database = this.#databaseOf(method, params);
    const { paramCount, updateMethod } = MONITORS[method];
    if (params.length !== paramCount) throw syntaxError(params, 'invalid parameters');
    const [, id, requests, last] = params as readonly [Json, Json, Json, Json?];
    if (this.#monitors.has(JSON.stringify(id))) throw syntaxError(id, 'duplicate monitor ID');
    const monitor = new ServerMonitor(database, updateMethod, id, requests);
    const reply = last === undefined ? monitor.initial() : monitorSince(monitor, last);
    const end = database.follow({ onCommit: (rows) => this.#tell(monitor, rows) });
    this.#monitors.set(JSON.stringify(id), { monitor, end });
    return reply;
  }

  monitorCondChange(params: readonly Json[]): Json {
    if (params.length !== 3) throw syntaxError(params, 'invalid parameters');
    const [id, newId, requests] = params as readonly [Json, Json, Json];
    const [key, newKey] = [JSON.stringify(id), JSON.stringify(newId)];
    const entry = this.#monitors.get(key);
    if (entry === undefined) throw syntaxError(id, 'unknown monitor session');
    if (key !== newKey && this.#monitors.has(newKey)) throw syntaxError(newId, 'duplicate monitor ID');
    const updates = entry.monitor.changeConditions(requests);
    entry.monitor.id = newId;
    this.#monitors.delete(key);
    this.#monitors.set(newKey, entry);
    if (updates !== undefined) this.#sendUpdates(entry.monitor, updates);
    return {};
  }

  monitorCancel(params: readonly Json[]): Json {
    if (params.length !== 1) throw new Failure('invalid parameters', '');
    const key = JSON.stringify(params[0]);
    const entry = this.#monitors.get(key);
    if (entry === undefined) throw new Failure('unknown monitor', '');
    entry.end();
    this.#monitors.delete(key);
    return {};
  }

  #transact(params: readonly Json[], id: Json): void {
    const database = this.#databaseOf('transact', params);
    const key = JSON.stringify(id);
    if (this.#waiting.has(key)) throw syntaxError(params, 'transact: duplicate request ID');
    if (this.#waiting.size >= this.#state.maxWaiting) {
      const details = `${this.#waiting.size} transactions of this connection wait already`;
      throw new Failure('resources exhausted', details);
    }
    let isAnswered = false;
    const giveUp = this.#state.pending.add({
      database,
      operations: params.slice(1),
      holdsLock: (name) => this.#state.locks.isHeldBy(name, this.#connection),
      onResults: (results) => {
        isAnswered = true;
        this.#waiting.delete(key);
        this.#connection.reply(id, results);
      },
    });
    if (!isAnswered) this.#waiting.set(key, { id, database, giveUp });
  }

  /** A client that does not say that it is aware of changes gets no answer, as with ovsdb-server. */
  #giveUp(key: string): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    this.#waiting.delete(key);
    waiting.giveUp();
    if (this.#connection.isDbChangeAware) this.#connection.replyError(waiting.id, 'canceled');
  }

  #tell(monitor: ServerMonitor, rows: readonly CommittedRow[]): void {
    const updates = monitor.changes(rows);
    if (updates !== undefined) this.#sendUpdates(monitor, updates);
  }

  #sendUpdates(monitor: ServerMonitor, updates: Json): void {
    const { method, id, database } = monitor;
    const params = method === 'update3' ? [id, database.lastTransaction, updates] : [id, updates];
    this.#connection.notify(method, params);
  }

  #databaseOf(method: string, params: readonly Json[]): Database {
    const [name] = params;
    if (typeof name !== 'string')
      throw syntaxError(params, `${method} request params must begin with <db-name>`);
    const database = this.#state.databases.get(name);
    if (database !== undefined) return database;
    throw new Failure('unknown database', `${method} request specifies unknown database ${name}`, params);
  }
}

/** Errors that ovsdb-server answers as a string and nothing else. */
const BARE_ERRORS: ReadonlySet<string> = new Set(['invalid parameters', 'unknown monitor']);

type MonitorMethod = 'monitor' | 'monitor_cond' | 'monitor_cond_since';

const MONITORS: Readonly<
  Record<MonitorMethod, { readonly paramCount: number; readonly updateMethod: UpdateMethod }>
> = {
  monitor: { paramCount: 3, updateMethod: 'update' },
  monitor_cond: { paramCount: 3, updateMethod: 'update2' },
  monitor_cond_since: { paramCount: 4, updateMethod: 'update3' },
};

const METHODS: ReadonlyMap<string, (session: ServerSession, params: readonly Json[]) => Json> = new Map([
  ['list_dbs', (session) => session.listDbs()],
  ['get_schema', (session, params) => session.getSchema(params)],
  ['get_server_id', (session) => session.getServerId()],
  ['set_db_change_aware', (session, params) => session.setDbChangeAware(params)],
  ['convert', (session, params) => session.convert(params)],
  ['lock', (session, params) => session.lock('lock', params)],
  ['steal', (session, params) => session.lock('steal', params)],
  ['unlock', (session, params) => session.unlock(params)],
  ['monitor', (session, params) => session.monitor('monitor', params)],
  ['monitor_cond', (session, params) => session.monitor('monitor_cond', params)],
  ['monitor_cond_since', (session, params) => session.monitor('monitor_cond_since', params)],
  ['monitor_cond_change', (session, params) => session.monitorCondChange(params)],
  ['monitor_cancel', (session, params) => session.monitorCancel(params)],
  ['echo', (_session, params) => params],
] as const);

/** The reply to `monitor_cond_since`: whether the transaction is remembered, the last one, and what is new. */
function monitorSince(monitor: ServerMonitor, last: Json): Json {
  if (typeof last !== 'string') throw syntaxError(last, 'last-txn-id must be string');
  if (!isUuid(last.toLowerCase())) throw syntaxError(last, 'last-txn-id must be UUID format.');
  const { database } = monitor;
  const rows = last === ZERO_UUID ? undefined : database.since(last.toLowerCase());
  const updates = rows === undefined ? monitor.initial() : (monitor.changesOf(rows) ?? {});
  return [rows !== undefined, database.lastTransaction, updates];
}

function lockName(method: string, params: readonly Json[]): string {
  const [name] = params;
  if (params.length === 1 && typeof name === 'string' && isId(name)) return name;
  throw syntaxError(params, `${method} request params must be <id>`);
}
