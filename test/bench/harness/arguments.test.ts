import { describe, expect, it } from '@jest/globals';
import { parseRequest, usageText } from '../../../bench/harness/arguments.ts';
import type { Bench } from '../../../bench/harness/bench.ts';
import { UsageError } from '../../../src/util/errors.ts';

const BENCHES: readonly Bench[] = [
  bench('flow-mod', {
    flows: { default: 1000, summary: 'flow-mods a turn' },
    rounds: { default: 5, summary: 'turns of each contender' },
  }),
  bench('codec', { rounds: { default: 9, summary: 'measured slices' } }),
];

function bench(name: string, options: Bench['options']): Bench {
  return { name, summary: `what ${name} measures`, options, run: () => Promise.reject(new Error('not run')) };
}

function settings(...argv: string[]): object[] {
  return parseRequest(argv, BENCHES)!.runs.map((run) => run.settings);
}

function refusal(...argv: string[]): UsageError {
  try {
    parseRequest(argv, BENCHES);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('was taken');
}

describe('the command line of the benches', () => {
  it('names a bench, whose options have their defaults', () => {
    const request = parseRequest(['flow-mod'], BENCHES)!;
    expect(request.runs).toEqual([{ bench: BENCHES[0], settings: { flows: 1000, rounds: 5 } }]);
    expect(request.flags).toEqual({ json: false, check: false, profile: false, write: false });
  });

  it.each([[['--flows', '7']], [['--flows=7']]])('sets an option: %j', (options) => {
    expect(settings('flow-mod', ...options)).toEqual([{ flows: 7, rounds: 5 }]);
  });

  it.each(['json', 'check', 'profile', 'write'] as const)('takes --%s beside options', (flag) => {
    const request = parseRequest(['codec', `--${flag}`, '--rounds', '2'], BENCHES)!;
    expect([request.flags[flag], request.runs[0]!.settings]).toEqual([true, { rounds: 2 }]);
  });

  it('names several benches, in their own order, and gives each the options that it has', () => {
    expect(settings('codec', 'flow-mod', '--flows', '7', '--rounds', '2')).toEqual([
      { flows: 7, rounds: 2 },
      { rounds: 2 },
    ]);
  });

  it('means every bench by all', () => {
    expect(parseRequest(['all'], BENCHES)!.runs.map(({ bench }) => bench)).toEqual(BENCHES);
  });

  it('takes less of what would take too long with all', () => {
    const slow = bench('slow', { most: { default: 1000, inAll: 10, summary: 'how much' } });
    const most = (...argv: string[]) => parseRequest(argv, [slow])!.runs[0]!.settings;
    expect([most('slow'), most('all'), most('all', '--most', '7')]).toEqual([
      { most: 1000 },
      { most: 10 },
      { most: 7 },
    ]);
    expect(usageText([slow])).toContain('(default 1000, with all 10)');
  });

  it('asks for help with --help, wherever it stands', () => {
    expect(parseRequest(['--help'], BENCHES)).toBeUndefined();
    expect(parseRequest(['flow-mod', '--help'], BENCHES)).toBeUndefined();
  });

  it.each([
    [[], 'expected a bench: all, flow-mod, codec'],
    [['codek'], "no bench is called 'codek'; there are flow-mod, codec; did you mean 'codec'?"],
    [['flow-mod', '--flow', '7'], "there is no option --flow; did you mean '--flows'?"],
    [['flow-mod', '--jsn'], "there is no option --jsn; did you mean '--json'?"],
    [['codec', '--flows', '7'], 'codec: no option --flows'],
    [['codec', '--toString'], 'there is no option --toString'],
    [['flow-mod', '--flows', '0'], "--flows takes a whole number of at least 1, got '0'"],
    [['flow-mod', '--flows', '1.5'], "--flows takes a whole number of at least 1, got '1.5'"],
    [['flow-mod', '--flows', 'many'], "--flows takes a whole number of at least 1, got 'many'"],
    [['flow-mod', '--flows'], "--flows takes a whole number of at least 1, got ''"],
    [['flow-mod', '--json=yes'], '--json takes no value'],
    [['flow-mod', '7'], "no bench is called '7'; there are flow-mod, codec"],
    [['flow-mod', '--', '--flows'], "unexpected '--'"],
  ])('refuses %j, and says why', (argv, message) => {
    const error = refusal(...argv);
    expect([error.code, error.message]).toEqual(['BENCH_USAGE', message]);
  });

  it('is explained with every bench and option', () => {
    const text = usageText(BENCHES);
    for (const part of ['flow-mod', 'what codec measures', '--flows N', '(default 1000)', '--json']) {
      expect(text).toContain(part);
    }
  });
});
