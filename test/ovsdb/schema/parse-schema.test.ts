import { describe, expect, it } from '@jest/globals';
import { parseSchema } from '../../../src/ovsdb/schema/parse-schema.ts';
import { reconcileSchema } from '../../../src/ovsdb/schema/reconcile-schema.ts';
import { columnOf, tableOf } from '../../../src/ovsdb/schema/schema.ts';
import { openVswitch } from '../../../src/ovsdb/schemas/index.ts';
import { testSchema } from '../test-schema.ts';

describe('parseSchema', () => {
  it('tells the kinds of columns apart', () => {
    const { columns, isRoot, indexes } = tableOf(testSchema, 'Thing');
    expect([...columns.values()].map(({ name, type }) => `${name} ${type.kind}`)).toEqual([
      'name scalar',
      'count scalar',
      'ratio scalar',
      'enabled scalar',
      'mode optional',
      'label optional',
      'tags set',
      'parts set',
      'spare optional',
      'options map',
      'queues map',
    ]);
    expect({ isRoot, indexes }).toEqual({ isRoot: true, indexes: [['name'], ['count', 'ratio']] });
    expect(columns.get('name')).toMatchObject({ mutable: false, ephemeral: false });
    expect(columns.get('spare')?.type.key).toEqual({ type: 'uuid', refTable: 'Part', refType: 'weak' });
    expect(columns.get('parts')?.type).toMatchObject({ min: 1, max: Number.POSITIVE_INFINITY });
  });

  it('reads the schema of Open vSwitch', () => {
    expect(openVswitch.tables.size).toBe(19);
    const bridge = tableOf(openVswitch, 'Bridge');
    expect(columnOf(bridge, 'fail_mode').type.key.enum).toEqual(['standalone', 'secure']);
    expect(columnOf(bridge, 'flow_tables').type).toMatchObject({
      kind: 'map',
      key: { type: 'integer', min: 0, max: 254 },
      value: { type: 'uuid', refTable: 'Flow_Table', refType: 'strong' },
    });
  });

  const table = (columns: unknown, rest = {}) => ({ name: 'Db', tables: { T: { columns, ...rest } } });
  it.each<[unknown, string]>([
    [null, 'the schema: expected an object, got null'],
    [{ tables: {} }, 'the name of the schema: expected an identifier, got undefined'],
    [{ name: 'Db', version: 'new', tables: {} }, "schema Db: expected a version like 1.2.3, got 'new'"],
    [{ name: 'Db' }, 'the tables of Db: expected an object, got undefined'],
    [{ name: 'Db', tables: { 'a b': {} } }, "a table of Db: expected an identifier, got 'a b'"],
    [{ name: 'Db', tables: { T: {} } }, 'the columns of T: expected an object, got undefined'],
    [table({ _uuid: { type: 'uuid' } }), "a column of T: expected a name that does not begin with '_'"],
    [table({ c: {} }), 'the type of T.c: expected an object, got undefined'],
    [table({ c: { type: 'strin' } }), "got 'strin'; did you mean 'string'?"],
    [table({ c: { type: { key: 'string', min: 2 } } }), 'T.c: expected min 0 or 1, got 2'],
    [table({ c: { type: { key: 'string', max: 0 } } }), "T.c: expected max 1 or more, or 'unlimited', got 0"],
    [table({ c: { type: { key: { type: 'string', enum: ['set', [1]] } } } }), 'values of type string, got 1'],
    [table({ c: { type: 'string', mutable: 1 } }), 'mutable of T.c: expected true or false, got 1'],
    [table({ c: { type: { key: { type: 'uuid', refTable: 't' } } } }), "got 't'; did you mean 'T'?"],
    [table({ name: { type: 'string' } }, { indexes: [['nam']] }), "got 'nam'; did you mean 'name'?"],
    [table({}, { maxRows: 0 }), 'maxRows of T: expected 1 or more, got 0'],
  ])('refuses %j', (json, message) => {
    expect(() => parseSchema(json)).toThrow(message);
    expect(() => parseSchema(json)).toThrow(expect.objectContaining({ code: 'OVSDB_BAD_SCHEMA' }));
  });
});

describe('tableOf and columnOf', () => {
  it('suggest the name that was meant', () => {
    expect(() => tableOf(testSchema, 'Thin')).toThrow(
      expect.objectContaining({
        code: 'OVSDB_UNKNOWN_TABLE',
        message: "Test 1.2.3 has no table 'Thin'; did you mean 'Thing'?",
      }),
    );
    expect(() => columnOf(tableOf(testSchema, 'Thing'), 'cuont')).toThrow(
      expect.objectContaining({
        code: 'OVSDB_UNKNOWN_COLUMN',
        message: "table 'Thing' has no column 'cuont'; did you mean 'count'?",
      }),
    );
  });

  it('do not find what every object has', () => {
    expect(() => tableOf(testSchema, 'constructor')).toThrow("has no table 'constructor'");
    expect(() => columnOf(tableOf(testSchema, 'Thing'), 'toString')).toThrow("has no column 'toString'");
  });
});

describe('reconcileSchema', () => {
  const json = (columns: object) =>
    parseSchema({ name: 'Test', version: '2.0.0', tables: { Thing: { columns } } });

  it("keeps the server's constraints, and refuses only columns whose values are others", () => {
    const schema = reconcileSchema(
      testSchema,
      json({
        count: { type: { key: { type: 'integer', maxInteger: 9 } } },
        tags: { type: { key: 'integer', min: 0, max: 1 } },
        extra: { type: 'string' },
      }),
    );
    const thing = tableOf(schema, 'Thing');
    expect(columnOf(thing, 'count').type.key.max).toBe(9);
    expect(columnOf(thing, 'extra').type.kind).toBe('scalar');
    expect(() => columnOf(thing, 'tags')).toThrow(
      expect.objectContaining({
        code: 'OVSDB_SCHEMA_MISMATCH',
        message: 'Thing.tags is an optional integer at the server, a set of integer in Test 1.2.3',
      }),
    );
  });

  it('refuses another database', () => {
    expect(() => reconcileSchema(testSchema, openVswitch)).toThrow(
      expect.objectContaining({ code: 'OVSDB_SCHEMA_MISMATCH' }),
    );
  });
});
