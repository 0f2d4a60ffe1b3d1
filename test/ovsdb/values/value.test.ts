import { describe, expect, it } from '@jest/globals';
import type { Json } from '../../../src/ovsdb/rpc/json.ts';
import type { Value } from '../../../src/ovsdb/schema/row-types.ts';
import { columnOf, tableOf } from '../../../src/ovsdb/schema/schema.ts';
import {
  applyDifference,
  decodeValue,
  defaultValue,
  encodeValue,
  equalValues,
} from '../../../src/ovsdb/values/value.ts';
import { testSchema, uuidOf } from '../test-schema.ts';

const column = (name: string) => columnOf(tableOf(testSchema, 'Thing'), name);
const encode = (name: string, value: unknown) =>
  encodeValue(column(name), value, (row) => ['named-uuid', row.name]);
const part1 = uuidOf(1);
const part2 = uuidOf(2);

const NOTATIONS: readonly (readonly [column: string, value: Value, json: Json])[] = [
  ['name', 'a "b" 東', 'a "b" 東'],
  ['count', 7, 7],
  ['ratio', 0.5, 0.5],
  ['enabled', true, true],
  ['mode', 'fast', 'fast'],
  ['mode', undefined, ['set', []]],
  ['tags', [], ['set', []]],
  ['tags', [3], ['set', [3]]],
  ['tags', [3, 1], ['set', [3, 1]]],
  [
    'parts',
    [part1, part2],
    [
      'set',
      [
        ['uuid', part1],
        ['uuid', part2],
      ],
    ],
  ],
  ['spare', part1, ['uuid', part1]],
  ['options', new Map(), ['map', []]],
  ['options', new Map([['k', 'v']]), ['map', [['k', 'v']]]],
  ['queues', new Map([[1, part1]]), ['map', [[1, ['uuid', part1]]]]],
];

describe('encodeValue and decodeValue', () => {
  it.each(NOTATIONS)('agree on %s %p', (name, value, json) => {
    expect(encode(name, value)).toEqual(json);
    expect(decodeValue(column(name), json)).toEqual(value);
  });
});

describe('decodeValue', () => {
  it('reads the one element of a set without its wrapping, and the other way round', () => {
    expect(decodeValue(column('tags'), 3)).toEqual([3]);
    expect(decodeValue(column('parts'), ['uuid', part1])).toEqual([part1]);
    expect(decodeValue(column('mode'), ['set', ['slow']])).toBe('slow');
    expect(decodeValue(column('count'), ['set', [4]])).toBe(4);
  });

  it.each<[string, Json]>([
    ['count', 1.5],
    ['count', '1'],
    ['count', ['set', []]],
    ['name', null],
    ['enabled', 0],
    ['mode', ['set', ['fast', 'slow']]],
    ['tags', ['set', 3]],
    ['tags', ['map', []]],
    ['parts', ['set', [part1]]],
    ['parts', ['uuid', 'nonsense']],
    ['parts', ['named-uuid', 'row0']],
    ['options', ['set', []]],
    ['options', ['map', [['k']]]],
    ['options', ['map', [['k', 1]]]],
    ['options', { k: 'v' }],
  ])('rejects for %s %j', (name, json) => {
    expect(() => decodeValue(column(name), json)).toThrow(
      expect.objectContaining({ name: 'WireError', code: 'OVSDB_BAD_NOTATION' }),
    );
  });
});

describe('encodeValue', () => {
  it.each<[string, unknown, string]>([
    ['count', 101, 'Thing.count: expected an integer from 0 to 100, got 101'],
    ['count', 1.5, 'Thing.count: expected an integer from 0 to 100, got 1.5'],
    ['count', undefined, 'Thing.count: expected an integer from 0 to 100, got undefined'],
    ['ratio', Number.NaN, 'Thing.ratio: expected a number, got NaN'],
    ['name', 7, 'Thing.name: expected a string, got 7'],
    ['name', 'half \ud83e', 'Thing.name: expected a string'],
    ['name', 'zero \0', 'Thing.name: expected a string'],
    ['mode', 'fats', "Thing.mode: expected one of 'fast', 'slow', got 'fats'; did you mean 'fast'?"],
    ['label', '', "Thing.label: expected a string from 1 to 4 characters, got ''"],
    ['label', 'abcde', 'Thing.label: expected a string from 1 to 4 characters'],
    ['tags', 3, 'Thing.tags: expected an array, got 3'],
    ['tags', [1, 2, 3, 4], 'Thing.tags: expected at most 3 elements, not 4, got [1,2,3,4]'],
    ['tags', [1, 1], 'Thing.tags: expected each element once, got [1,1]'],
    ['parts', [], 'Thing.parts: expected at least 1 element, got []'],
    ['parts', ['eth0'], "Thing.parts: expected the uuid of a row of Part, got 'eth0'"],
    ['options', { k: 'v' }, 'Thing.options: expected a Map, got {"k":"v"}'],
    ['options', new Map([['k', 1]]), 'Thing.options: expected a string, got 1'],
  ])('refuses for %s %p', (name, value, message) => {
    expect(() => encode(name, value)).toThrow(expect.objectContaining({ code: 'OVSDB_BAD_VALUE' }));
    expect(() => encode(name, value)).toThrow(message);
  });

  it('counts characters, not UTF-16 units', () => {
    expect(encode('label', '🦥🦥🦥🦥')).toBe('🦥🦥🦥🦥');
  });
});

describe('defaultValue', () => {
  it.each<[string, Value]>([
    ['name', ''],
    ['count', 0],
    ['enabled', false],
    ['mode', undefined],
    ['tags', []],
    ['parts', ['00000000-0000-0000-0000-000000000000']],
    ['options', new Map()],
  ])('of %s is %p', (name, value) => {
    expect(defaultValue(column(name))).toEqual(value);
  });
});

describe('applyDifference', () => {
  it.each<[string, Value, Json, Value]>([
    ['count', 3, 4, 4],
    ['mode', 'fast', 'slow', 'slow'],
    ['mode', 'fast', ['set', []], undefined],
    ['mode', undefined, 'slow', 'slow'],
    ['tags', [1, 2], ['set', [2, 3]], [1, 3]],
    ['tags', [1], 1, []],
    [
      'options',
      new Map([
        ['gone', 'x'],
        ['kept', 'y'],
        ['changed', 'old'],
      ]),
      [
        'map',
        [
          ['gone', 'x'],
          ['changed', 'new'],
          ['added', 'z'],
        ],
      ],
      new Map([
        ['kept', 'y'],
        ['changed', 'new'],
        ['added', 'z'],
      ]),
    ],
  ])('to %s %p of %j gives %p', (name, old, json, expected) => {
    expect(applyDifference(column(name), old, json)).toEqual(expected);
  });
});

describe('equalValues', () => {
  it('ignores the order of sets and maps', () => {
    expect(equalValues([1, 2, 3], [3, 1, 2])).toBe(true);
    expect(equalValues([1, 2, 3], [3, 1, 4])).toBe(false);
    expect(equalValues([1], [1, 2])).toBe(false);
    const map = new Map([
      ['a', 1],
      ['b', 2],
    ]);
    expect(
      equalValues(
        map,
        new Map([
          ['b', 2],
          ['a', 1],
        ]),
      ),
    ).toBe(true);
    expect(
      equalValues(
        map,
        new Map([
          ['b', 2],
          ['c', 1],
        ]),
      ),
    ).toBe(false);
    expect(equalValues(undefined, 0)).toBe(false);
  });
});
