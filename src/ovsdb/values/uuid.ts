import { WireError } from '../../util/errors.ts';
import { type Json, show } from '../rpc/json.ts';

declare const brand: unique symbol;

/** The `_uuid` of some row (RFC 7047, 3.1): a string like `550e8400-e29b-41d4-a716-446655440000`. */
export type Uuid = string & { readonly [brand]: unknown };

/** The `_uuid` of a row of the table `T`. */
export type Ref<T extends string> = Uuid & { readonly [brand]: T };

/** True for the text of a UUID; OVSDB writes it in lower case. */
export function isUuid(text: string): text is Uuid {
  return PATTERN.test(text);
}

const PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The UUID that no row has: the default of a uuid column, and the transaction that is never found. */
export const ZERO_UUID = '00000000-0000-0000-0000-000000000000' as Uuid;

/** Writes `<uuid>` (RFC 7047, 5.1). */
export function encodeUuid(uuid: Uuid): Json {
  return ['uuid', uuid];
}

/**
 * Reads `<uuid>` (RFC 7047, 5.1).
 * @throws WireError `OVSDB_BAD_NOTATION`.
 */
export function decodeUuid(json: Json): Uuid {
  if (Array.isArray(json) && json.length === 2 && json[0] === 'uuid') {
    const text = json[1];
    if (typeof text === 'string' && isUuid(text)) return text;
  }
  throw new WireError('OVSDB_BAD_NOTATION', `expected ["uuid", …], got ${show(json)}`);
}
