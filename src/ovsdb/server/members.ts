import { isJsonObject, type Json, type JsonObject } from '../rpc/json.ts';
import { type Failure, syntaxError } from './failure.ts';

/** What a member may be; an `id` is a string that names something (RFC 7047, 3.1). */
export type MemberType = 'array' | 'boolean' | 'id' | 'integer' | 'object' | 'string' | 'any';

interface MemberValues {
  array: readonly Json[];
  boolean: boolean;
  id: string;
  integer: number;
  object: JsonObject;
  string: string;
  any: Json;
}

/**
 * Takes the members of an object one by one. What is wrong is told by {@link check}, at the latest by
 * {@link finish}: first come, first told, and a member that nobody asked for is wrong as well.
 */
export class Members {
  readonly json: Json;
  readonly #what: string;
  readonly #used = new Set<string>();
  #failure: Failure | undefined;

  /** `what` names the object in failures. */
  constructor(json: Json, what: string) {
    this.json = json;
    this.#what = what;
    if (!isJsonObject(json)) this.fail('Object expected.');
  }

  /** A member that has to be there; `undefined` when something is wrong. */
  take<T extends MemberType>(name: string, type: T): MemberValues[T] | undefined {
    const value = this.#find(name, type);
    if (value === undefined) this.fail(`Required '${name}' member is missing.`);
    return value;
  }

  /** A member that may be left out. */
  takeOptional<T extends MemberType>(name: string, type: T): MemberValues[T] | undefined {
    return this.#find(name, type);
  }

  /** Notes what is wrong, unless something has been wrong before. */
  fail(details: string): void {
    const syntax = isJsonObject(this.json) ? this.json : undefined;
    this.#failure ??= syntaxError(syntax, `Parsing ${this.#what} failed: ${details}`);
  }

  /** @throws Failure when something was wrong so far. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** @throws Failure when something was wrong, or members are left that nobody has taken. */
  finish(): void {
    this.check();
    const unused = Object.keys(this.json as JsonObject).filter((name) => !this.#used.has(name));
    if (unused.length === 0) return;
    const others = unused.length - 1;
    const more = others === 0 ? ' is' : ` and ${others} other member${others === 1 ? '' : 's'} are`;
    this.fail(`Member '${unused[0]}'${more} present but not allowed here.`);
    this.check();
  }

  #find<T extends MemberType>(name: string, type: T): MemberValues[T] | undefined {
    if (!isJsonObject(this.json) || !Object.hasOwn(this.json, name)) return undefined;
    const value = this.json[name]!;
    if (!CHECKS[type](value)) {
      this.fail(`Type mismatch for member '${name}'.`);
      return undefined;
    }
    this.#used.add(name);
    return value as MemberValues[T];
  }
}

/** True for an `<id>` (RFC 7047, 3.1). */
export function isId(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

const CHECKS: Readonly<Record<MemberType, (json: Json) => boolean>> = {
  array: (json) => Array.isArray(json),
  boolean: (json) => typeof json === 'boolean',
  id: (json) => typeof json === 'string' && isId(json),
  integer: (json) => Number.isInteger(json),
  object: isJsonObject,
  string: (json) => typeof json === 'string',
  any: () => true,
};
