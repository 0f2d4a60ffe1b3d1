import { WireError } from '../util/errors.ts';
import { isJsonObject, type Json, type JsonObject, show } from './json.ts';
import { applyRowDifference, decodeRow } from './row.ts';
import type { UntypedRow } from './row-types.ts';
import type { TableStore } from './table-store.ts';
import { isUuid, type Uuid } from './uuid.ts';

/** `<table-updates>` of RFC 7047, 4.1.6, or `<table-updates2>` of ovsdb-server(7), 4.1.14. */
export type UpdatesFormat = 'updates' | 'updates2';

/** A row as it is to be; `undefined` when it is gone. */
export interface RowUpdatePlan {
  readonly store: TableStore;
  readonly uuid: Uuid;
  readonly row: UntypedRow | undefined;
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
): readonly RowUpdatePlan[] {
  const planRow = format === 'updates' ? planRowUpdate : planRowUpdate2;
  const plans: RowUpdatePlan[] = [];
  for (const [table, rows] of Object.entries(objectOf('table updates', json))) {
    const store = stores.get(table);
    if (store === undefined) throw badUpdate('a table that is monitored', table);
    for (const [uuid, update] of Object.entries(objectOf(table, rows))) {
      if (!isUuid(uuid)) throw badUpdate('a uuid', uuid);
      plans.push({ store, uuid, row: planRow(store, uuid, objectOf(table, update)) });
    }
  }
  return plans;
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
