import { describe, expect, it } from '@jest/globals';
import { compare, comparisonTable, formatSeconds, rateTable } from '../../../bench/harness/comparison.ts';
import type { Role, Series } from '../../../bench/harness/rounds.ts';

const COUNT = 1000;

function series(name: string, role: Role, ...elapsed: number[]): Series {
  const turns = elapsed.map((elapsedMs) => ({ elapsedMs, cpuMs: { client: elapsedMs / 2 } }));
  return { name, role, turns, errors: [] };
}

const OURS = series('ours', 'ours', 200, 100, 400);
const SLOW = series('slow', 'peer', 1000);
const FAST = series('fast', 'peer', 500);
const LIMIT = series('limit', 'limit', 100);

describe('compare', () => {
  it('gives the rate by the median of the time, and the spread', () => {
    const [{ measured }] = compare([OURS], COUNT) as [ReturnType<typeof compare>[0]];
    expect(measured).toEqual({
      turns: 3,
      elapsedMs: { median: 200, min: 100, max: 400 },
      cpuMs: { client: { median: 100, min: 50, max: 200 } },
      cpuUs: { client: 100 },
      rate: { median: 5000, min: 2500, max: 10_000 },
      perSecond: 5000,
    });
  });

  it('gives the ratio to the fastest peer and to the limit, for everybody', () => {
    const all = compare([OURS, SLOW, FAST, LIMIT], COUNT);
    expect(all.map(({ measured }) => measured!.ofBestPeer)).toEqual([2.5, 0.5, 1, 5]);
    expect(all.map(({ measured }) => measured!.ofLimit)).toEqual([0.5, 0.1, 0.2, 1]);
  });

  it('takes the count of a turn that has one', () => {
    const timed: Series = {
      ...series('timed', 'ours'),
      turns: [100, 200, 300].map((count) => ({ elapsedMs: 500, count, cpuMs: { client: 1 } })),
    };
    const { measured } = compare([timed])[0]!;
    expect(measured!.rate).toEqual({ median: 400, min: 200, max: 600 });
    expect(measured!.cpuUs).toEqual({ client: 5 });
  });

  it('leaves out whom no turn went well for, and keeps the errors', () => {
    const failed = { ...series('failed', 'peer'), errors: ['round 1: it broke'] };
    const [ours, peer] = compare([OURS, failed], COUNT);
    expect(ours!.measured).not.toHaveProperty('ofBestPeer');
    expect(peer).toEqual({
      name: 'failed',
      role: 'peer',
      measured: undefined,
      errors: ['round 1: it broke'],
    });
  });

  it('keeps the time of a whole command apart', () => {
    const command: Series = {
      ...series('command', 'peer'),
      turns: [{ elapsedMs: 100, commandMs: 300, cpuMs: {} }],
    };
    expect(compare([command], COUNT)[0]!.measured!.commandMs).toEqual({ median: 300, min: 300, max: 300 });
  });
});

describe('comparisonTable', () => {
  it('has a row for each contender, and a column for each owner of CPU', () => {
    const table = comparisonTable(compare([OURS, FAST, LIMIT], COUNT), 'flows', ['client']);
    expect(table.columns).toEqual([
      '',
      'median s',
      'min..max s',
      'flows/s',
      'client CPU s',
      'of best peer',
      'of limit',
    ]);
    expect(table.rows[0]).toEqual(['ours', '0.200', '0.100..0.400', '5,000', '0.10', '2.50x', '0.50x']);
  });

  it('says error, and nothing else, of whom no turn went well for', () => {
    const table = comparisonTable(compare([series('failed', 'peer')], COUNT), 'flows', []);
    expect(table.rows).toEqual([['failed', 'error', '', '', '', '']]);
  });
});

describe('rateTable', () => {
  it('has rates with their spread, and CPU a piece of work', () => {
    const table = rateTable(compare([OURS, FAST, LIMIT], COUNT), 'answers', ['client']);
    expect(table.columns).toEqual(['', 'answers/s', 'min..max', 'client CPU us', 'of best peer', 'of limit']);
    expect(table.rows[0]).toEqual(['ours', '5,000', '2,500..10,000', '100.00', '2.50x', '0.50x']);
  });

  it('says error, and nothing else, of whom no turn went well for', () => {
    const table = rateTable(compare([series('failed', 'peer')], COUNT), 'answers', []);
    expect(table.rows).toEqual([['failed', 'error', '', '', '']]);
  });
});

describe('formatSeconds', () => {
  it('writes milliseconds as seconds', () => expect(formatSeconds(1234.5678)).toBe('1.235'));
});
