import { describe, expect, it } from '@jest/globals';
import type { Json } from '../../../src/ovsdb/rpc/json.ts';
import { sentOperations, settleTransaction } from '../../../src/ovsdb/transaction/draft.ts';
import { draftTransaction, type Transaction } from '../../../src/ovsdb/transaction/transaction.ts';
import type { Ref } from '../../../src/ovsdb/values/uuid.ts';
import { testSchema, uuidOf } from '../test-schema.ts';

type Test = typeof testSchema.json;

const thing1 = uuidOf(1) as Ref<'Thing'>;
const part1 = uuidOf(11) as Ref<'Part'>;
const part2 = uuidOf(12) as Ref<'Part'>;

const draft = <T>(build: (tx: Transaction<Test>) => T) => draftTransaction<Test, T>(testSchema, build);
const operations = (build: (tx: Transaction<Test>) => unknown) => sentOperations(draft(build).draft);
/** As a caller without types sees it. */
const untyped = (build: (tx: Transaction) => unknown) => () =>
  draftTransaction(testSchema, (tx: Transaction) => build(tx));

describe('Transaction', () => {
  it('names new rows, and refers to them by name', () => {
    const sent = operations((tx) => {
      const part = tx.insert('Part', { name: 'wheel' });
      const thing = tx.insert('Thing', {
        name: 'cart',
        mode: 'slow',
        parts: [part, part1],
        spare: part,
        queues: new Map([[1, part]]),
      });
      tx.update('Thing', thing, { count: 4, label: undefined });
    });
    const wheel = ['named-uuid', 'row0'];
    expect(sent).toEqual([
      { op: 'insert', table: 'Part', row: { name: 'wheel' }, 'uuid-name': 'row0' },
      {
        op: 'insert',
        table: 'Thing',
        row: {
          name: 'cart',
          mode: 'slow',
          parts: ['set', [wheel, ['uuid', part1]]],
          spare: wheel,
          queues: ['map', [[1, wheel]]],
        },
        'uuid-name': 'row1',
      },
      {
        op: 'update',
        table: 'Thing',
        where: [['_uuid', '==', ['named-uuid', 'row1']]],
        row: { count: 4, label: ['set', []] },
      },
    ]);
  });

  it('names no row that nothing refers to, and none twice', () => {
    const sent = operations((tx) => {
      tx.insert('Part', { name: 'alone' });
      const part = tx.insert('Part', { name: 'wheel' });
      tx.delete('Part', part);
      tx.delete('Part', part);
    });
    const where = [['_uuid', '==', ['named-uuid', 'row1']]];
    expect(sent).toEqual([
      { op: 'insert', table: 'Part', row: { name: 'alone' } },
      { op: 'insert', table: 'Part', row: { name: 'wheel' }, 'uuid-name': 'row1' },
      { op: 'delete', table: 'Part', where },
      { op: 'delete', table: 'Part', where },
    ]);
  });

  it('writes conditions', () => {
    const [first, second] = operations((tx) => {
      tx.delete('Thing', [
        ['name', '!=', 'cart'],
        ['count', '<=', 3],
        ['tags', 'includes', [1]],
        ['mode', '==', undefined],
        ['options', 'excludes', new Map([['k', 'v']])],
        ['parts', 'includes', [part1]],
      ]);
      tx.delete('Part', []);
    });
    expect(first).toEqual({
      op: 'delete',
      table: 'Thing',
      where: [
        ['name', '!=', 'cart'],
        ['count', '<=', 3],
        ['tags', 'includes', ['set', [1]]],
        ['mode', '==', ['set', []]],
        ['options', 'excludes', ['map', [['k', 'v']]]],
        ['parts', 'includes', ['set', [['uuid', part1]]]],
      ],
    });
    expect(second?.where).toEqual([]);
  });

  it('writes mutations', () => {
    const sent = operations((tx) => {
      tx.mutate('Thing', thing1, 'count', '+=', 200);
      tx.mutate('Thing', thing1, 'tags', '*=', 2);
      tx.mutate('Thing', thing1, 'parts', 'delete', [part1, part2]);
      tx.mutate('Thing', thing1, 'options', 'insert', new Map([['k', 'v']]));
      tx.mutate('Thing', thing1, 'options', 'delete', ['k']);
      tx.mutate('Thing', thing1, 'options', 'delete', new Map([['k', 'v']]));
    });
    expect(sent.map(({ mutations }) => mutations)).toEqual([
      [['count', '+=', 200]],
      [['tags', '*=', 2]],
      [
        [
          'parts',
          'delete',
          [
            'set',
            [
              ['uuid', part1],
              ['uuid', part2],
            ],
          ],
        ],
      ],
      [['options', 'insert', ['map', [['k', 'v']]]]],
      [['options', 'delete', ['set', ['k']]]],
      [['options', 'delete', ['map', [['k', 'v']]]]],
    ]);
  });

  it('waits that the columns it writes are as in the row it was given', () => {
    const row = { _uuid: thing1, name: 'cart', count: 3, tags: [1, 2] };
    const sent = operations((tx) => {
      tx.update('Thing', row, { tags: [], enabled: true });
      tx.update('Thing', row._uuid, { tags: [] });
    });
    expect(sent.map(({ op }) => op)).toEqual(['wait', 'update', 'update']);
    expect(sent[0]).toEqual({
      op: 'wait',
      table: 'Thing',
      where: [['_uuid', '==', ['uuid', thing1]]],
      columns: ['tags'],
      until: '==',
      rows: [{ tags: ['set', [1, 2]] }],
      timeout: 0,
    });
  });

  it('waits for several rows, or for none', () => {
    const [rows, none] = operations((tx) => {
      tx.wait(
        'Thing',
        [],
        [
          { name: 'cart', count: 1 },
          { count: 2, name: 'sled' },
        ],
      );
      tx.wait('Thing', [['name', '==', 'cart']], [], { columns: ['name'] });
    });
    expect(rows).toMatchObject({
      columns: ['name', 'count'],
      rows: [
        { name: 'cart', count: 1 },
        { name: 'sled', count: 2 },
      ],
    });
    expect(none).toMatchObject({ op: 'wait', columns: ['name'], until: '==', rows: [], timeout: 0 });
    const uneven = untyped((tx) => tx.wait('Thing', [], [{ name: 'cart' }, { count: 2 }]));
    expect(uneven).toThrow(expect.objectContaining({ code: 'OVSDB_BAD_CONDITION' }));
    const unknown = untyped((tx) => tx.wait('Thing', [], [], { columns: ['nam'] }));
    expect(unknown).toThrow(expect.objectContaining({ code: 'OVSDB_UNKNOWN_COLUMN' }));
  });

  it('verifies what was read without being written', () => {
    const row = { _uuid: part1, name: 'wheel', state: 'ok' };
    const sent = operations((tx) => {
      tx.verify('Part', row);
      tx.verify('Part', row, ['state']);
    });
    const where = [['_uuid', '==', ['uuid', part1]]];
    const wait = { op: 'wait', table: 'Part', where, until: '==', timeout: 0 };
    expect(sent).toEqual([
      {
        ...wait,
        columns: ['_uuid', 'name', 'state'],
        rows: [{ _uuid: ['uuid', part1], name: 'wheel', state: 'ok' }],
      },
      { ...wait, columns: ['state'], rows: [{ state: 'ok' }] },
    ]);
  });

  it('writes assertions, durable commits and aborts', () => {
    const sent = operations((tx) => {
      tx.assert('leader');
      tx.commit({ durable: true });
      tx.abort();
    });
    expect(sent).toEqual([
      { op: 'assert', lock: 'leader' },
      { op: 'commit', durable: true },
      { op: 'abort' },
    ]);
    expect(untyped((tx) => tx.assert('no name'))).toThrow(
      expect.objectContaining({ code: 'OVSDB_BAD_LOCK' }),
    );
  });

  it('writes waits, selections and comments', () => {
    const sent = operations((tx) => {
      tx.wait('Thing', [['name', '==', 'cart']], { mode: 'fast' }, { until: '!=', timeoutMs: 50 });
      tx.select('Part', [], ['name']);
      tx.comment('why');
    });
    expect(sent).toEqual([
      {
        op: 'wait',
        table: 'Thing',
        where: [['name', '==', 'cart']],
        columns: ['mode'],
        until: '!=',
        rows: [{ mode: 'fast' }],
        timeout: 50,
      },
      { op: 'select', table: 'Part', where: [], columns: ['_uuid', 'name'] },
      { op: 'comment', comment: 'why' },
    ]);
  });

  it.each<[string, (tx: Transaction) => unknown, string, string]>([
    ['a table', (tx) => tx.insert('Prat', {}), 'OVSDB_UNKNOWN_TABLE', "did you mean 'Part'?"],
    ['a column', (tx) => tx.insert('Part', { nam: '' }), 'OVSDB_UNKNOWN_COLUMN', "did you mean 'name'?"],
    ['a value', (tx) => tx.insert('Part', { name: 1 }), 'OVSDB_BAD_VALUE', 'expected a string, got 1'],
    ['a lack', (tx) => tx.insert('Thing', {}), 'OVSDB_MISSING_VALUE', 'at least one row of Part, got none'],
    [
      'a row',
      (tx) => tx.update('Thing', 'cart', {}),
      'OVSDB_BAD_VALUE',
      "the uuid of a row of Thing, got 'cart'",
    ],
    [
      'an immutable column',
      (tx) => tx.update('Thing', thing1, { name: 'x' }),
      'OVSDB_IMMUTABLE_COLUMN',
      'Thing.name cannot be changed',
    ],
    [
      'an immutable column to mutate',
      (tx) => tx.mutate('Thing', thing1, 'name', 'insert', ['x']),
      'OVSDB_IMMUTABLE_COLUMN',
      'Thing.name cannot be changed',
    ],
    [
      'a mutator',
      (tx) => tx.mutate('Thing', thing1, 'tags', 'append' as 'insert', []),
      'OVSDB_BAD_MUTATOR',
      "Thing.tags is a set of integer, which has no mutator 'append'",
    ],
    [
      'arithmetic on a set of references',
      (tx) => tx.mutate('Thing', thing1, 'parts', '+=', 1),
      'OVSDB_BAD_MUTATOR',
      "Thing.parts is a set of uuid, which has no mutator '+='",
    ],
    [
      'a function',
      (tx) => tx.delete('Thing', [['tags', 'include' as 'includes', []]]),
      'OVSDB_BAD_CONDITION',
      "got 'include'; did you mean 'includes'?",
    ],
    ['a condition', (tx) => tx.delete('Thing', ['tags'] as never), 'OVSDB_BAD_CONDITION', "got 'tags'"],
    ['a where', (tx) => tx.delete('Thing', undefined as never), 'OVSDB_BAD_VALUE', 'got undefined'],
  ])('refuses %s that cannot be right', (_, build, code, message) => {
    expect(untyped(build)).toThrow(expect.objectContaining({ name: 'UsageError', code }));
    expect(untyped(build)).toThrow(message);
  });

  it('refuses a new row of another table, or of another transaction', () => {
    expect(untyped((tx) => tx.insert('Thing', { parts: [tx.insert('Thing', { parts: [part1] })] }))).toThrow(
      'expected the uuid of a row of Part, got a new row of Thing',
    );
    const { value: part } = draft((tx) => tx.insert('Part', { name: 'wheel' }));
    expect(untyped((tx) => tx.insert('Thing', { parts: [part] }))).toThrow(
      expect.objectContaining({ code: 'OVSDB_NOT_COMMITTED' }),
    );
  });

  it('refuses operations that come after it was sent', async () => {
    const { value } = draft(async (tx) => {
      await Promise.resolve();
      tx.comment('too late');
    });
    await expect(value).rejects.toMatchObject({ code: 'OVSDB_TRANSACTION_SENT' });
  });
});

describe('settleTransaction', () => {
  const committed = () => {
    const { draft: sent, value } = draft((tx) => ({
      part: tx.insert('Part', { name: 'wheel' }),
      count: tx.delete('Thing', []),
      parts: tx.select('Part', [], ['name']),
    }));
    return { settle: (results: Json) => settleTransaction(sent, results), ...value };
  };

  it('gives operations their results', () => {
    const { settle, part, count, parts } = committed();
    expect(() => part.uuid).toThrow(expect.objectContaining({ code: 'OVSDB_NOT_COMMITTED' }));
    settle([{ uuid: ['uuid', part1] }, { count: 0 }, { rows: [{ _uuid: ['uuid', part2], name: 'axle' }] }]);
    expect(part.uuid).toBe(part1);
    expect(count.count).toBe(0);
    expect(parts.rows).toEqual([{ _uuid: part2, name: 'axle' }]);
    const [next] = operations((tx) => tx.insert('Thing', { parts: [part] }));
    expect(next?.row).toEqual({ parts: ['set', [['uuid', part1]]] });
  });

  it('counts the operations without the waits before them, which are of the updates that need them', () => {
    const row = { _uuid: thing1, count: 3, enabled: false };
    const { draft: sent } = draft((tx) => {
      tx.comment('first');
      tx.update('Thing', row, { count: 4 });
      tx.update('Thing', row, { count: 5, enabled: true });
    });
    expect(sentOperations(sent).map(({ op, columns }) => [op, columns])).toEqual([
      ['wait', ['count', 'enabled']],
      ['comment', undefined],
      ['update', undefined],
      ['update', undefined],
    ]);
    const failed = (results: Json) => () => settleTransaction(sent, results);
    expect(failed([{ error: 'timed out' }, null, null, null])).toThrow(
      expect.objectContaining({
        code: 'OVSDB_TIMED_OUT',
        operation: 1,
        table: 'Thing',
        message: 'verify Thing (operation 1) failed: timed out',
      }),
    );
    expect(failed([{}, {}, { count: 1 }, { error: 'constraint violation' }])).toThrow(
      expect.objectContaining({ operation: 2, table: 'Thing' }),
    );
    expect(failed([{}, {}, { count: 1 }, { count: 1 }, { error: 'constraint violation' }])).toThrow(
      expect.objectContaining({ operation: undefined, table: undefined }),
    );
  });

  it('names the operation that failed', () => {
    const { settle, part } = committed();
    const results = [{ uuid: ['uuid', part1] }, { error: 'constraint violation', details: 'no' }, null];
    expect(() => settle(results)).toThrow(
      expect.objectContaining({
        code: 'OVSDB_CONSTRAINT_VIOLATION',
        error: 'constraint violation',
        details: 'no',
        operation: 1,
        table: 'Thing',
        message: 'delete Thing (operation 1) failed: constraint violation: no',
      }),
    );
    expect(() => part.uuid).toThrow(expect.objectContaining({ code: 'OVSDB_NOT_COMMITTED' }));
  });

  it('tells a commit that failed from an operation', () => {
    const { settle } = committed();
    const results = [{ uuid: ['uuid', part1] }, { count: 1 }, { rows: [] }, { error: 'brand new' }];
    expect(() => settle(results)).toThrow(
      expect.objectContaining({ code: 'OVSDB_REMOTE_ERROR', error: 'brand new', operation: undefined }),
    );
  });

  it.each<[Json]>([[null], [[]], [[{}, {}, {}]], [[{ uuid: 'x' }, { count: 1 }, { rows: [] }]]])(
    'rejects %j, which is no answer to it',
    (results) => {
      const { settle } = committed();
      expect(() => settle(results)).toThrow(expect.objectContaining({ name: 'WireError' }));
    },
  );
});
