import type { Json, JsonObject } from '../rpc/json.ts';
import { OvsdbError } from '../rpc/remote-error.ts';

/** An `<error>` (RFC 7047, 3.1) that the test server answers with. */
export class Failure extends OvsdbError {
  /** The `<error>` itself. */
  readonly json: JsonObject;

  constructor(error: string, details: string, syntax?: Json) {
    const json = { error, details, ...(syntax !== undefined && { syntax: sortedJson(syntax) }) };
    super(json, { what: 'the request' });
    this.json = json;
  }
}

/** What is asked for cannot be read; `syntax` is the part in question, as ovsdb-server adds it. */
export function syntaxError(syntax: Json | undefined, details: string): Failure {
  return new Failure('syntax error', details, syntax);
}

/** A value is against what its column allows. */
export function violation(details: string): Failure {
  return new Failure('constraint violation', details);
}

/** A table or a monitor has no such column. */
export function unknownColumn(syntax: Json, column: string, table: string): Failure {
  return new Failure('unknown column', `No column ${column} in table ${table}.`, syntax);
}

/** Writes JSON as ovsdb-server does: the members of objects sorted by name, numbers with 15 digits. */
export function sortedJson(json: Json): string {
  return JSON.stringify(json, (_name, value: Json) => {
    if (typeof value === 'number' && !Number.isInteger(value)) return Number(value.toPrecision(15));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
