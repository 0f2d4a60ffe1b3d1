import { defineSchema } from '../../src/ovsdb/index.ts';

/** A small database that has every kind of column. */
export const testSchema = defineSchema({
  name: 'Test',
  version: '1.2.3',
  tables: {
    Thing: {
      columns: {
        name: { type: 'string', mutable: false },
        count: { type: { key: { type: 'integer', minInteger: 0, maxInteger: 100 } } },
        ratio: { type: 'real' },
        enabled: { type: 'boolean' },
        mode: { type: { key: { type: 'string', enum: ['set', ['fast', 'slow']] }, min: 0, max: 1 } },
        label: { type: { key: { type: 'string', minLength: 1, maxLength: 4 }, min: 0, max: 1 } },
        tags: { type: { key: 'integer', min: 0, max: 3 } },
        parts: { type: { key: { type: 'uuid', refTable: 'Part' }, min: 1, max: 'unlimited' } },
        spare: { type: { key: { type: 'uuid', refTable: 'Part', refType: 'weak' }, min: 0, max: 1 } },
        options: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
        queues: {
          type: { key: 'integer', value: { type: 'uuid', refTable: 'Part' }, min: 0, max: 'unlimited' },
        },
      },
      isRoot: true,
      indexes: [['name'], ['count', 'ratio']],
    },
    Part: {
      columns: { name: { type: 'string' }, state: { type: 'string', ephemeral: true } },
      indexes: [['name']],
    },
  },
});

/** The uuid that ends in the given number. */
export function uuidOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}
