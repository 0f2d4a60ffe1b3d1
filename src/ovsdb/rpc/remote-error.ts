import { RemoteError } from '../../util/errors.ts';
import { isJsonObject, type Json, show } from './json.ts';

/** The `<error>` of an OVSDB server (RFC 7047, 3.1). */
export class OvsdbError extends RemoteError {
  /** The server's `error` string, such as `constraint violation`. */
  readonly error: string;
  /** The server's explanation, or an empty string. */
  readonly details: string;
  /** Which operation of the transaction failed, from 0; `undefined` when the commit or another request did. */
  readonly operation: number | undefined;
  /** The table of that operation. */
  readonly table: string | undefined;

  constructor(json: Json, context: OvsdbErrorContext) {
    const { error, details } = read(json);
    const place = context.table === undefined ? '' : ` ${context.table}`;
    const index = context.operation === undefined ? '' : ` (operation ${context.operation})`;
    const why = details === '' ? error : `${error}: ${details}`;
    super(CODES.get(error) ?? 'OVSDB_REMOTE_ERROR', `${context.what}${place}${index} failed: ${why}`);
    this.error = error;
    this.details = details;
    this.operation = context.operation;
    this.table = context.table;
  }
}

/** What was asked when the server answered with an error. */
export interface OvsdbErrorContext {
  /** The method or the operation. */
  readonly what: string;
  readonly operation?: number | undefined;
  readonly table?: string | undefined;
}

/**
 * The `error` strings of RFC 7047 and of ovsdb-server(7), 3.1, by the code that stands for each. Any other is
 * `OVSDB_REMOTE_ERROR`.
 */
const CODES: ReadonlyMap<string, string> = new Map([
  // RFC 7047, 4.1
  ['canceled', 'OVSDB_CANCELED'],
  ['unknown database', 'OVSDB_UNKNOWN_DATABASE'],
  ['unknown method', 'OVSDB_UNKNOWN_METHOD'],
  ['unknown monitor', 'OVSDB_UNKNOWN_MONITOR'],
  // RFC 7047, 4.1.3 and 5.2
  ['aborted', 'OVSDB_ABORTED'],
  ['constraint violation', 'OVSDB_CONSTRAINT_VIOLATION'],
  ['domain error', 'OVSDB_DOMAIN_ERROR'],
  ['duplicate uuid-name', 'OVSDB_DUPLICATE_UUID_NAME'],
  ['I/O error', 'OVSDB_IO_ERROR'],
  ['not owner', 'OVSDB_NOT_OWNER'],
  ['not supported', 'OVSDB_NOT_SUPPORTED'],
  ['range error', 'OVSDB_RANGE_ERROR'],
  ['referential integrity violation', 'OVSDB_REFERENTIAL_INTEGRITY_VIOLATION'],
  ['resources exhausted', 'OVSDB_RESOURCES_EXHAUSTED'],
  ['timed out', 'OVSDB_TIMED_OUT'],
  // ovsdb-server
  ['cluster error', 'OVSDB_CLUSTER_ERROR'],
  ['duplicate uuid', 'OVSDB_DUPLICATE_UUID'],
  ['internal error', 'OVSDB_INTERNAL_ERROR'],
  ['not leader', 'OVSDB_NOT_LEADER'],
  ['ovsdb error', 'OVSDB_ERROR'],
  ['permission error', 'OVSDB_PERMISSION_ERROR'],
  ['syntax error', 'OVSDB_SYNTAX_ERROR'],
  ['unknown column', 'OVSDB_UNKNOWN_COLUMN'],
  ['unknown table', 'OVSDB_UNKNOWN_TABLE'],
]);

/** An `<error>` is an object; JSON-RPC errors of ovsdb-server are often the bare string. */
function read(json: Json): { error: string; details: string } {
  if (typeof json === 'string') return { error: json, details: '' };
  if (isJsonObject(json) && typeof json.error === 'string') {
    return { error: json.error, details: typeof json.details === 'string' ? json.details : '' };
  }
  return { error: 'unknown', details: show(json) };
}
