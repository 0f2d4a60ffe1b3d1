import { WireError } from '../../util/errors.ts';
import { isJsonObject, type Json, type JsonObject, show } from '../rpc/json.ts';
import type { UntypedRow } from '../schema/row-types.ts';
import { applyRowDifference, decodeRow } from '../values/row.ts';
import { isUuid, type Uuid } from '../values/uuid.ts';
import type { TableStore } from './table-store.ts';

/** `<table-updates>` of RFC 7047, 4.1.6, or `<table-updates2>` of ovsdb-server(7), 4.1.14. */
export type UpdatesFormat = 'updates' | 'updates2';

/** The rows of one table as they are to be. */
export interface TablePlan {
  readonly store: TableStore;
  readonly uuids: readonly Uuid[];
  /** For each uuid; `undefined` when the row is gone. */
  readonly rows: readonly (UntypedRow | undefined)[];
}

/**
 * Reads a whole message of updates without applying any of them, so that a bad one changes nothing.
 * @throws WireError `OVSDB_BAD_MESSAGE`, `OVSDB_BAD_NOTATION`; `OVSDB_REPLICA_DIVERGED` when the server changes a
 * row that it has never told us of.
 */
export function planUpdates(
  stores: ReadonlyMap<string, TableStore>,
  json: Json,
  format: UpdatesFormat,
): readonly TablePlan[] {
  const planRow = format === 'updates' ? planRowUpdate : planRowUpdate2;
  return Object.entries(objectOf('table updates', json)).map(([table, updates]) => {
    const store = stores.get(table);
    if (store === undefined) throw badUpdate('a table that is monitored', table);
    const object = objectOf(table, updates);
    const uuids = Object.keys(object) as Uuid[];
    const rows = uuids.map((uuid) => {
      if (!isUuid(uuid)) throw badUpdate('a uuid', uuid);
      return planRow(store, uuid, objectOf(table, object[uuid]!));
    });
    return { store, uuids, rows };
  });
}

/** `<row-update>`: `new` holds every column, whether the row is new or not. */
function planRowUpdate(store: TableStore, uuid: Uuid, update: JsonObject): UntypedRow | undefined {
  if (update.new === undefined || update.new === null) {
    if (update.old === undefined) throw badUpdate("'old' or 'new'", update);
    return undefined;
  }
  return decodeRow(store.columns, uuid, objectOf(store.name, update.new));
}

/** `<row-update2>`: defaults are left out of new rows, and all that is unchanged out of the others. */
function planRowUpdate2(store: TableStore, uuid: Uuid, update: JsonObject): UntypedRow | undefined {
  const whole = update.initial ?? update.insert;
  if (whole !== undefined) return decodeRow(store.columns, uuid, objectOf(store.name, whole));
  if (update.delete !== undefined) return undefined;
  if (update.modify === undefined) throw badUpdate("'initial', 'insert', 'delete' or 'modify'", update);
  const old = store.rows.get(uuid);
  if (old === undefined) {
    const message = `${store.name}: the server modified row ${uuid}, which it has not told us of`;
    throw new WireError('OVSDB_REPLICA_DIVERGED', message);
  }
  return applyRowDifference(store.columns, old, objectOf(store.name, update.modify));
}

function objectOf(what: string, json: Json): JsonObject {
  if (!isJsonObject(json)) throw badUpdate(`${what} as an object`, json);
  return json;
}

function badUpdate(expected: string, got: Json): WireError {
  return new WireError('OVSDB_BAD_MESSAGE', `update: expected ${expected}, got ${show(got)}`);
}
