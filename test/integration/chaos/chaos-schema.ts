import { defineSchema } from '../../../src/ovsdb/index.ts';

/** Rows that nothing keeps from being written twice: no index, so that a repeated insertion shows. */
export const chaosSchema = defineSchema({
  name: 'Chaos',
  tables: {
    Row: {
      columns: {
        id: { type: 'string', mutable: false },
        version: { type: 'integer' },
        tags: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
      },
      isRoot: true,
    },
    Counter: { columns: { inserted: { type: 'integer' } }, isRoot: true, maxRows: 1 },
  },
});

export type Chaos = typeof chaosSchema.json;
