import { randomUUID } from 'node:crypto';
import type { Uuid } from '../values/uuid.ts';

/** A uuid that no row has had. */
export function randomUuid(): Uuid {
  return randomUUID() as string as Uuid;
}
