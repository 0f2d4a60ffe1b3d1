import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TableStore } from '../../../src/ovsdb/replica/table-store.ts';
import { planUpdates, type UpdatesFormat } from '../../../src/ovsdb/replica/table-updates.ts';
import type { Json } from '../../../src/ovsdb/rpc/json.ts';
import { tableOf } from '../../../src/ovsdb/schema/schema.ts';
import { WireError } from '../../../src/util/errors.ts';
import { testSchema, uuidOf } from '../test-schema.ts';

function thingStore() {
  const table = tableOf(testSchema, 'Thing');
  const store = new TableStore('Thing');
  store.setColumns(table, [...table.columns.values()]);
  return new Map([['Thing', store]]);
}

describe('planUpdates', () => {
  it.each<[UpdatesFormat, Json]>([
    ['updates2', null],
    ['updates2', []],
    ['updates2', { Thing: [] }],
    ['updates2', { Thing: { nonsense: { delete: null } } }],
    ['updates2', { Thing: { [uuidOf(1)]: null } }],
    ['updates2', { Thing: { [uuidOf(1)]: {} } }],
    ['updates2', { Thing: { [uuidOf(1)]: { insert: [] } } }],
    ['updates', { Thing: { [uuidOf(1)]: {} } }],
    ['updates', { Thing: { [uuidOf(1)]: { new: 1 } } }],
    ['updates', { toString: {} }],
  ])('rejects as %s %j', (format, json) => {
    expect(() => planUpdates(thingStore(), json, format)).toThrow(
      expect.objectContaining({ code: 'OVSDB_BAD_MESSAGE' }),
    );
  });

  it('takes or rejects whatever a server may send', () => {
    const atom = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(['uuid', uuidOf(1)]));
    const value = fc.oneof(
      atom,
      fc.tuple(fc.constantFrom('set', 'map', 'uuid'), fc.jsonValue()),
      fc.jsonValue(),
    );
    const names = [...tableOf(testSchema, 'Thing').columns.keys(), '__proto__', 'other'];
    const row = fc.oneof(fc.dictionary(fc.constantFrom(...names), value), fc.jsonValue());
    const kind = fc.constantFrom('initial', 'insert', 'modify', 'delete', 'old', 'new');
    fc.assert(
      fc.property(kind, row, fc.constantFrom<UpdatesFormat>('updates', 'updates2'), (key, json, format) => {
        const updates = { Thing: { [uuidOf(1)]: { [key]: json } } } as Json;
        try {
          for (const plan of planUpdates(thingStore(), updates, format))
            expect(plan.uuids).toEqual([uuidOf(1)]);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
