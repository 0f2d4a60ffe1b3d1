import { describe, expect, it } from '@jest/globals';
import { parseSchema } from '../../../src/ovsdb/schema/parse-schema.ts';
import { sharedSchema } from '../../../src/ovsdb/schema/shared-schema.ts';
import { WireError } from '../../../src/util/errors.ts';

const json = (column: string) => ({
  name: 'Db',
  version: '1.0.0',
  tables: { Row: { columns: { [column]: { type: 'string' } } } },
});

describe('sharedSchema', () => {
  it('gives all servers that send the same schema one object', () => {
    const ours = parseSchema(json('name'));
    expect(sharedSchema(json('name'), undefined)).toBe(sharedSchema(json('name'), undefined));
    expect(sharedSchema(json('name'), ours)).toBe(sharedSchema(json('name'), ours));
  });

  it('tells schemas apart by everything in them, and by our types', () => {
    const ours = parseSchema(json('name'));
    const other = sharedSchema(json('other'), ours);
    expect(other).not.toBe(sharedSchema(json('name'), ours));
    expect([...other.tables.get('Row')!.columns.keys()]).toEqual(['other']);
    expect(sharedSchema(json('name'), parseSchema(json('name')))).not.toBe(sharedSchema(json('name'), ours));
  });

  it('refuses what is no schema each time', () => {
    for (const wrong of [undefined, {}, { name: 'Db' }])
      for (let i = 0; i < 2; i++) expect(() => sharedSchema(wrong, undefined)).toThrow(WireError);
  });
});
