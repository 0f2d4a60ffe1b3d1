import { describe, expect, it } from '@jest/globals';
import { formatTable, formatValue, rowToJson } from '../../../src/cli/ovsdb/text.ts';
import type { UntypedRow, Value } from '../../../src/ovsdb/index.ts';

const uuid = '00000000-0000-4000-8000-000000000001';

describe('formatValue', () => {
  it.each<[Value, string]>([
    ['br0', 'br0'],
    ['a b', '"a b"'],
    ['', '""'],
    ['true', '"true"'],
    ['1', '"1"'],
    ['say "no"\n\u001b[31m\u202e', '"say \\"no\\"\\n\\u001b[31m\\u{202e}"'],
    [uuid, uuid],
    [-3, '-3'],
    [false, 'false'],
    [undefined, '[]'],
    [['b', 'a'], '[a, b]'],
    [
      new Map([
        ['b', '2'],
        ['a', 'x'],
      ]),
      '{a=x, b="2"}',
    ],
  ])('writes %j as OVS does: %s', (value, text) => {
    expect(formatValue(value)).toBe(text);
  });
});

describe('formatTable', () => {
  it('aligns columns, and orders rows by what is shown', () => {
    const rows = [
      { _uuid: uuid, name: 'veth10', tag: 5 },
      { _uuid: uuid, name: 'br0', tag: undefined },
    ] as unknown as UntypedRow[];
    expect(formatTable('Port', ['name', 'tag'], rows)).toBe(
      ['Port table', 'name   tag', '------ ---', 'br0    []', 'veth10 5', ''].join('\n'),
    );
  });
});

describe('rowToJson', () => {
  it('makes objects of maps, arrays of sets, and null of nothing', () => {
    const row = {
      _uuid: uuid,
      ids: new Map([['k', 'v']]),
      tags: [1, 2],
      tag: undefined,
    } as unknown as UntypedRow;
    expect(rowToJson(row)).toEqual({ _uuid: uuid, ids: { k: 'v' }, tags: [1, 2], tag: null });
  });
});
