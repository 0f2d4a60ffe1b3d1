import type { Atom, BaseType, ColumnSchema, Json } from '../../../src/ovsdb/index.ts';
import type { Random } from '../../fuzz/random.ts';

/** Where random values take rows from, to refer to. */
export interface RowSource {
  /** A row of the table, in whatever way a transaction may name it; rarely one that is not there. */
  reference(table: string | undefined): Json | undefined;
}

/** A value that the column's type allows; references may well be to rows that are not there. */
export function randomValue(random: Random, column: ColumnSchema, rows: RowSource): Json {
  const { kind, key, value, min, max } = column.type;
  const isEmpty = min === 0 && [key, value].some((base) => isUnreferable(base, rows));
  if (isEmpty) return kind === 'map' ? ['map', []] : ['set', []];
  const count = kind === 'scalar' ? 1 : Math.max(min, random.below(Math.min(max, 4) + 1));
  if (kind === 'map') return ['map', randomPairs(random, key, value!, count, rows)];
  const atoms = distinct(Array.from({ length: count }, () => randomAtom(random, key, rows)));
  return atoms.length === 1 && !random.oneIn(4) ? atoms[0]! : ['set', atoms];
}

/** Elements to put into a set or a map, or to take out. */
export function randomElements(
  random: Random,
  column: ColumnSchema,
  rows: RowSource,
  onlyKeys: boolean,
): Json {
  const { key, value } = column.type;
  const count = random.below(4);
  if (value !== undefined && !onlyKeys) return ['map', randomPairs(random, key, value, count, rows)];
  return ['set', distinct(Array.from({ length: count }, () => randomAtom(random, key, rows)))];
}

/** A value that the column's type does not allow, most of the time. */
export function wrongValue(random: Random, column: ColumnSchema, rows: RowSource): Json {
  const { kind, key } = column.type;
  const good = randomAtom(random, key, rows);
  const wrong: readonly Json[] = [
    null,
    {},
    [],
    'x',
    '',
    ['set', [good, good]],
    ['set', [good, wrongAtom(random, key)]],
    ['set', Array.from({ length: 6 }, (_, i) => (key.type === 'string' ? `w${i}` : i))],
    ['set', []],
    ['set'],
    ['set', good],
    ['map', [[good]]],
    [
      'map',
      [
        [good, good],
        [good, good],
      ],
    ],
    ['map', [[good, null]]],
    ['uuid', 'none'],
    ['named-uuid', '1bad'],
    wrongAtom(random, key),
    ...(kind === 'map' ? [['set', [good]], good] : []),
  ];
  return random.pick(wrong);
}

/** A number for an arithmetic mutation. Multiplying a negative integer by 0 ends ovsdb-server (up to 3.7) itself. */
export function randomOperand(random: Random, base: BaseType, mutator: string): Json {
  if (base.type === 'real') return random.pick([0.5, -1, 0, 2, 1.25, 3, 1e10]);
  return random.pick(mutator === '*=' ? [1, 2, -3, 7, 100] : [1, 2, -3, 0, 7, 10, 100]);
}

function isUnreferable(base: BaseType | undefined, rows: RowSource): boolean {
  return base?.type === 'uuid' && rows.reference(base.refTable) === undefined;
}

function randomAtom(random: Random, base: BaseType, rows: RowSource): Json {
  if (base.enum !== undefined) return random.pick(base.enum as readonly Json[]);
  switch (base.type) {
    case 'integer':
      return Math.max(base.min ?? -1000, Math.min(base.max ?? 1000, random.below(12) - 3));
    case 'real':
      return random.pick([0, 0.5, 1, 1.25, 0.1, 1 / 3]);
    case 'boolean':
      return random.oneIn(2);
    case 'string':
      return random.pick(
        STRINGS.filter((text) => [...text].length >= (base.min ?? 0) && [...text].length <= (base.max ?? 9)),
      );
    case 'uuid':
      return rows.reference(base.refTable) ?? ['uuid', NOBODY];
  }
}

function wrongAtom(random: Random, base: BaseType): Json {
  switch (base.type) {
    case 'integer':
      return random.pick<Json>([1000, -1000, 0.5, 'one', true, null, 5]);
    case 'real':
      return random.pick<Json>([-0.25, 1e300, 2.5, 'half', null, ['uuid', 'x']]);
    case 'boolean':
      return random.pick<Json>([0, 'true', null]);
    case 'string':
      return random.pick<Json>(['', 'much too long', 'true', 'a b', 1, null, ['a'], 'ä"ö']);
    case 'uuid':
      return random.pick<Json>(['x', ['uuid', 'x'], ['uuid'], ['named-uuid', 'a b'], ['named-uuid', 7]]);
  }
}

function randomPairs(
  random: Random,
  key: BaseType,
  value: BaseType,
  count: number,
  rows: RowSource,
): readonly Json[] {
  const keys = distinct(Array.from({ length: count }, () => randomAtom(random, key, rows)));
  return keys.map((atom) => [atom, randomAtom(random, value, rows)]);
}

function distinct(atoms: readonly Json[]): readonly Json[] {
  return [...new Map(atoms.map((atom) => [JSON.stringify(atom), atom])).values()];
}

/** The uuid that no row has. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

const STRINGS: readonly (string & Atom)[] = [
  '',
  'a',
  'b',
  'ab',
  'abc',
  'true',
  'x y',
  'äöü',
  '"q"',
  'w1',
  'long1',
];
