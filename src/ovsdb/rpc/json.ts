/** A JSON value (RFC 8259) as `JSON.parse` gives it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. Its keys come from the peer: look them up with `Object.hasOwn` or a Map of known names. */
export type JsonObject = { readonly [name: string]: Json };

/** True for a JSON object, false for arrays and everything else. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Shows a value in an error message, cut to a length that a log line bears. */
export function show(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : (toText(value) ?? String(value));
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

const MAX_SHOWN = 80;

function toText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  if (value instanceof Map) return `Map ${toText([...value])}`;
  if (typeof value === 'object' && !isPlain(value)) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function isPlain(value: object | null): boolean {
  return value === null || Array.isArray(value) || value.constructor === Object;
}
