import { type DatabaseSchema, defineSchema, parseSchema } from '../../../src/ovsdb/index.ts';

/**
 * A database with every type of column, every constraint, and strong references in circles. The weak ones are in a
 * table of their own: see {@link TransactionMaker}.
 */
export const differentialSchema = defineSchema({
  name: 'Differential',
  version: '1.0.0',
  tables: {
    Root: {
      columns: {
        name: { type: 'string', mutable: false },
        small: { type: { key: { type: 'integer', minInteger: -5, maxInteger: 100 } } },
        natural: { type: { key: { type: 'integer', minInteger: 0 } } },
        level: { type: { key: { type: 'integer', enum: ['set', [0, 10, 20]] } } },
        big: { type: 'integer' },
        share: { type: { key: { type: 'real', minReal: 0, maxReal: 1.5 } } },
        ratio: { type: 'real' },
        enabled: { type: 'boolean' },
        label: { type: { key: { type: 'string', maxLength: 4 } } },
        code: { type: { key: { type: 'string', minLength: 2, maxLength: 5 }, min: 0, max: 1 } },
        mode: { type: { key: { type: 'string', enum: ['set', ['fast', 'slow', 'auto']] }, min: 0, max: 1 } },
        limit: { type: { key: 'integer', min: 0, max: 1 } },
        tags: { type: { key: { type: 'integer', maxInteger: 50 }, min: 0, max: 3 } },
        words: { type: { key: 'string', min: 0, max: 'unlimited' } },
        some: { type: { key: 'integer', min: 1, max: 'unlimited' } },
        flags: { type: { key: 'boolean', min: 0, max: 2 } },
        options: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
        weights: { type: { key: { type: 'integer', minInteger: 0 }, value: 'real', min: 0, max: 2 } },
        leaves: { type: { key: { type: 'uuid', refTable: 'Leaf' }, min: 0, max: 'unlimited' } },
        queues: {
          type: { key: 'integer', value: { type: 'uuid', refTable: 'Leaf' }, min: 0, max: 'unlimited' },
        },
        any: { type: { key: 'uuid', min: 0, max: 'unlimited' } },
        note: { type: 'string', ephemeral: true },
      },
      isRoot: true,
      indexes: [['name'], ['small', 'mode']],
    },
    Leaf: {
      columns: {
        name: { type: 'string' },
        next: { type: { key: { type: 'uuid', refTable: 'Leaf' }, min: 0, max: 1 } },
      },
      indexes: [['name']],
    },
    Peer: {
      columns: {
        key: { type: 'integer' },
        leaf: { type: { key: { type: 'uuid', refTable: 'Leaf' } } },
        fixed: { type: { key: 'integer', min: 0, max: 'unlimited' }, mutable: false },
      },
      isRoot: true,
      maxRows: 6,
    },
    Watcher: {
      columns: {
        name: { type: 'string' },
        friend: { type: { key: { type: 'uuid', refTable: 'Root', refType: 'weak' }, min: 0, max: 1 } },
        known: {
          type: {
            key: { type: 'uuid', refTable: 'Leaf', refType: 'weak' },
            value: { type: 'uuid', refTable: 'Peer', refType: 'weak' },
            min: 0,
            max: 'unlimited',
          },
        },
        named: {
          type: {
            key: 'string',
            value: { type: 'uuid', refTable: 'Root', refType: 'weak' },
            min: 0,
            max: 'unlimited',
          },
        },
        follows: { type: { key: { type: 'uuid', refTable: 'Peer', refType: 'weak' }, min: 1, max: 2 } },
        others: {
          type: { key: { type: 'uuid', refTable: 'Watcher', refType: 'weak' }, min: 0, max: 'unlimited' },
        },
      },
      isRoot: true,
    },
    Ballast: {
      columns: { atoms: { type: { key: 'integer', min: 0, max: 'unlimited' } } },
      isRoot: true,
    },
    Single: {
      columns: {
        state: { type: 'string' },
        peers: { type: { key: { type: 'uuid', refTable: 'Peer' }, min: 0, max: 4 } },
      },
      isRoot: true,
      maxRows: 1,
    },
  },
});

/**
 * The schema with sets and maps of any size. A cluster of ovsdb-server 3.1 keeps what changes of them: it answers a
 * transaction that changes more elements than a column may hold as committed, but cannot read it back then; and it takes
 * the change of a column that holds its default, and may not be empty, for its new value.
 */
export const clusterSchema = parseSchema(
  JSON.parse(JSON.stringify(differentialSchema.json), (_name, json) => {
    return json?.max === 'unlimited' || json?.max > 1 ? { ...json, min: 0, max: 'unlimited' } : json;
  }),
) as DatabaseSchema<typeof differentialSchema.json>;
