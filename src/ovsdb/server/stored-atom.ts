import type { Json } from '../rpc/json.ts';
import type { Atom } from '../schema/row-types.ts';
import type { BaseType } from '../schema/schema.ts';
import { isUuid } from '../values/uuid.ts';
import { syntaxError, violation } from './failure.ts';
import { isId } from './members.ts';
import { randomUuid } from './random-uuid.ts';

/** The names that a transaction gives to its new rows (RFC 7047, 5.1); a name may be used before it is given. */
export class RowNames {
  readonly #names = new Map<string, { uuid: string; isGiven: boolean }>();

  /** The uuid that a name stands for, or is going to. */
  uuidOf(name: string): string {
    return this.#find(name).uuid;
  }

  /** Gives the name to a row, and returns the row's uuid; `undefined` when another row has it. */
  give(name: string, uuid: string | undefined): string | undefined {
    const entry = this.#find(name);
    if (entry.isGiven) return undefined;
    entry.isGiven = true;
    entry.uuid = uuid ?? entry.uuid;
    return entry.uuid;
  }

  #find(name: string): { uuid: string; isGiven: boolean } {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const entry = { uuid: randomUuid(), isGiven: false };
    this.#names.set(name, entry);
    return entry;
  }
}

/**
 * Reads `<atom>` (RFC 7047, 5.1); `names` is what named-uuids are looked up in.
 * @throws Failure when it is not of the type, or against its constraints.
 */
export function parseAtom(base: BaseType, json: Json, names: RowNames | undefined): Atom {
  if (base.type === 'uuid') return parseUuid(json, names);
  if (!IS_OF_TYPE[base.type](json)) throw syntaxError(json, `expected ${base.type}`);
  // The server reads a negative zero as zero.
  const atom = json === 0 ? 0 : (json as Atom);
  checkAtom(base, atom);
  return atom;
}

/** @throws Failure when the atom is against the constraints of its type; those of references are for the commit. */
export function checkAtom(base: BaseType, atom: Atom): void {
  if (base.enum !== undefined && !base.enum.includes(atom)) {
    const allowed = base.enum.toSorted(compareAtoms).map((value) => formatAtom(base, value));
    const text = `[${allowed.join(', ')}]`;
    throw violation(`${formatAtom(base, atom)} is not one of the allowed values (${text})`);
  }
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = base;
  if (typeof atom === 'string') {
    if (base.type === 'string' && (base.min !== undefined || base.max !== undefined)) {
      checkLength(atom, min, max);
    }
    return;
  }
  if (typeof atom === 'boolean' || (atom >= min && atom <= max)) return;
  const [text, least, most] = [atom, min, max].map((number) => formatAtom(base, number));
  if (base.min !== undefined && base.max !== undefined) {
    throw violation(`${text} is not in the valid range ${least} to ${most} (inclusive)`);
  }
  if (base.min !== undefined) throw violation(`${text} is less than minimum allowed value ${least}`);
  throw violation(`${text} is greater than maximum allowed value ${most}`);
}

/** Writes `<atom>`. Reals have the 15 digits that ovsdb-server writes. */
export function atomToJson(base: BaseType, atom: Atom): Json {
  if (base.type === 'uuid') return ['uuid', atom];
  return base.type === 'real' ? Number((atom as number).toPrecision(REAL_DIGITS)) : atom;
}

/** The order in which sets and maps hold their atoms. */
export function compareAtoms(a: Atom, b: Atom): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Writes an atom as it stands in error messages and in the commands of Open vSwitch. */
export function formatAtom(base: BaseType, atom: Atom): string {
  if (base.type === 'real') return formatReal(atom as number);
  if (base.type !== 'string') return String(atom);
  const text = atom as string;
  return needsQuotes(text) ? JSON.stringify(text) : text;
}

/** DBL_DIG of C, for doubles of IEEE 754. */
const REAL_DIGITS = 15;

const IS_OF_TYPE = {
  integer: (json: Json) => Number.isInteger(json) && Math.abs(json as number) < 2 ** 63,
  real: (json: Json) => typeof json === 'number',
  boolean: (json: Json) => typeof json === 'boolean',
  string: (json: Json) => typeof json === 'string',
} as const;

function parseUuid(json: Json, names: RowNames | undefined): string {
  const [tag, text] = Array.isArray(json) && json.length === 2 ? json : [];
  if (typeof text === 'string') {
    if (tag === 'uuid') {
      const uuid = text.toLowerCase();
      if (isUuid(uuid)) return uuid;
      throw syntaxError(json, `"${text}" is not a valid UUID`);
    }
    if (tag === 'named-uuid' && names !== undefined) {
      if (isId(text)) return names.uuidOf(text);
      throw syntaxError(json, 'named-uuid string is not a valid <id>');
    }
  }
  throw syntaxError(json, 'expected ["uuid", <string>]');
}

function checkLength(text: string, min: number, max: number): void {
  const length = [...text].length;
  const place = `"${text}" length ${length} is`;
  if (length < min) throw violation(`${place} less than minimum allowed length ${min}`);
  if (length > max) throw violation(`${place} greater than maximum allowed length ${max}`);
}

/** As `%.15g` of printf(3). */
function formatReal(value: number): string {
  const [mantissa = '', power = '0'] = value.toExponential(REAL_DIGITS - 1).split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < REAL_DIGITS) return String(Number(value.toPrecision(REAL_DIGITS)));
  const digits = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  const sign = exponent < 0 ? '-' : '+';
  return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function needsQuotes(text: string): boolean {
  return (
    !/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text) ||
    text === 'true' ||
    text === 'false' ||
    isUuid(text.toLowerCase())
  );
}
