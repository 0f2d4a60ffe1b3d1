import { describe, expect, it } from '@jest/globals';
import { RowIndex } from '../../../src/ovsdb/replica/row-index.ts';

interface Row {
  readonly name: string;
  readonly ids: ReadonlyMap<string, string>;
  readonly refs: readonly number[];
}

const row = (name: string, pod: string | undefined, refs: number[] = []): Row => ({
  name,
  ids: new Map(pod === undefined ? [] : [['pod', pod]]),
  refs,
});
const hooks = { onFailure: () => {}, watch: (each: Row) => each };
const names = (rows: readonly Row[]) => rows.map(({ name }) => name);

describe('RowIndex', () => {
  it('finds the rows with a key, and leaves out those without', () => {
    const index = new RowIndex<string, Row>(({ ids }) => ids.get('pod'), hooks);
    const [a, b, c] = [row('a', 'web'), row('b', 'web'), row('c', undefined)];
    for (const each of [a, b, c]) index.added(each);
    expect([names(index.get('web')), index.first('web'), [...index.keys()]]).toEqual([
      ['a', 'b'],
      a,
      ['web'],
    ]);
    index.removed(a);
    expect(names(index.get('web'))).toEqual(['b']);
    index.removed(b);
    index.removed(c);
    expect([index.has('web'), index.get('web'), index.first('web')]).toEqual([false, [], undefined]);
  });

  it('has a row under each of several keys', () => {
    const index = new RowIndex<number, Row>(({ refs }) => refs, hooks);
    const [a, b] = [row('a', undefined, [1, 2]), row('b', undefined, [2, 3])];
    index.added(a);
    index.added(b);
    expect([1, 2, 3].map((key) => names(index.get(key)))).toEqual([['a'], ['a', 'b'], ['b']]);
    index.removed(a);
    expect([...index.keys()]).toEqual([2, 3]);
  });

  it('leaves out a row whose key cannot be made, and says so', () => {
    const failures: unknown[] = [];
    const index = new RowIndex<string, Row>(
      () => {
        throw new Error('mine');
      },
      { ...hooks, onFailure: (error) => failures.push(error) },
    );
    const a = row('a', 'web');
    index.added(a);
    index.removed(a);
    expect([failures, [...index.keys()]]).toEqual([[new Error('mine')], []]);
  });
});
