import { createHash } from 'node:crypto';
import { parseSchema } from './parse-schema.ts';
import { reconcileSchema } from './reconcile-schema.ts';
import type { DatabaseSchema } from './schema.ts';

/** The schemas in use that came from servers, by what they came as. */
class SchemasInUse {
  readonly #schemas = new Map<string, WeakRef<DatabaseSchema>>();
  readonly #gone = new FinalizationRegistry<string>((id) => {
    if (this.#schemas.get(id)?.deref() === undefined) this.#schemas.delete(id);
  });

  get(id: string, make: () => DatabaseSchema): DatabaseSchema {
    const known = this.#schemas.get(id)?.deref();
    if (known !== undefined) return known;
    const schema = make();
    this.#schemas.set(id, new WeakRef(schema));
    this.#gone.register(schema, id);
    return schema;
  }
}

const untyped = new SchemasInUse();
const typed = new WeakMap<DatabaseSchema, SchemasInUse>();

/**
 * The schema that a server has sent, as far as our types go with it: one object for all servers that send the same, for
 * it takes more memory than many a database.
 * @throws as parseSchema and reconcileSchema
 */
export function sharedSchema(json: unknown, ours: DatabaseSchema | undefined): DatabaseSchema {
  const id = createHash('sha256')
    .update(JSON.stringify(json ?? null))
    .digest('base64');
  if (ours === undefined) return untyped.get(id, () => parseSchema(json));
  let schemas = typed.get(ours);
  if (schemas === undefined) {
    schemas = new SchemasInUse();
    typed.set(ours, schemas);
  }
  return schemas.get(id, () => reconcileSchema(ours, parseSchema(json)));
}
