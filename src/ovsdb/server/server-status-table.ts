import type { Json, JsonObject } from '../rpc/json.ts';
import { defineSchema } from '../schema/parse-schema.ts';
import { Database } from './database.ts';
import { sortedJson } from './failure.ts';

/** What a server says of one of its databases in `_Server` (ovsdb-server(5)). */
export interface DatabaseStatus {
  readonly model: 'standalone' | 'clustered';
  readonly connected: boolean;
  readonly leader: boolean;
  /** Of the cluster, and of this server in it. */
  readonly cid?: string | undefined;
  readonly sid?: string | undefined;
  /** How many transactions the server has seen of the cluster. */
  readonly index?: number | undefined;
}

/** The database `_Server`, with a row of `Database` for each database of a server. */
export class ServerStatusTable {
  readonly database = new Database({ schema: SERVER_SCHEMA, historyLength: 0, isReserved: true });

  readonly #names = new Set<string>();

  constructor() {
    this.set(this.database, { model: 'standalone', connected: true, leader: true });
  }

  /** Writes the row of a database, and its schema when it is another. */
  set({ name, schema }: Database, status: DatabaseStatus): void {
    const { model, connected, leader, cid, sid, index } = status;
    const where = [['name', '==', name]];
    const row: JsonObject = {
      name,
      model,
      connected,
      leader,
      schema: sortedJson(schema.json as unknown as Json),
      cid: cid === undefined ? NOTHING : ['uuid', cid],
      sid: sid === undefined ? NOTHING : ['uuid', sid],
      index: index ?? NOTHING,
    };
    const operation = this.#names.has(name) ? { op: 'update', where } : { op: 'insert' };
    this.#names.add(name);
    this.database.execute([{ ...operation, table: 'Database', row }], { isServer: true });
  }
}

const NOTHING: Json = ['set', []];

/** As ovsdb-server 3.x has it. */
const SERVER_SCHEMA = defineSchema({
  name: '_Server',
  version: '1.2.0',
  tables: {
    Database: {
      columns: {
        name: { type: 'string' },
        model: { type: { key: { type: 'string', enum: ['set', ['standalone', 'clustered', 'relay']] } } },
        connected: { type: 'boolean' },
        leader: { type: 'boolean' },
        schema: { type: { key: { type: 'string' }, min: 0, max: 1 } },
        cid: { type: { key: { type: 'uuid' }, min: 0, max: 1 } },
        sid: { type: { key: { type: 'uuid' }, min: 0, max: 1 } },
        index: { type: { key: { type: 'integer' }, min: 0, max: 1 } },
      },
      isRoot: true,
    },
  },
});
