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
    expect(request.bench).toBe(BENCHES[0]);
    expect(request.settings).toEqual({ flows: 1000, rounds: 5 });
    expect(request.json).toBe(false);
  });

  it.each([[['--flows', '7']], [['--flows=7']]])('sets an option: %j', (options) => {
    expect(parseRequest(['flow-mod', ...options], BENCHES)!.settings).toEqual({ flows: 7, rounds: 5 });
  });

  it('takes --json beside options', () => {
    const request = parseRequest(['codec', '--json', '--rounds', '2'], BENCHES)!;
    expect([request.json, request.settings]).toEqual([true, { rounds: 2 }]);
  });

  it('asks for help with --help, wherever it stands', () => {
    expect(parseRequest(['--help'], BENCHES)).toBeUndefined();
    expect(parseRequest(['flow-mod', '--help'], BENCHES)).toBeUndefined();
  });

  it.each([
    [[], 'expected a bench: flow-mod, codec'],
    [['codek'], "no bench is called 'codek'; there are flow-mod, codec; did you mean 'codec'?"],
    [['flow-mod', '--flow', '7'], "flow-mod has no option --flow; did you mean '--flows'?"],
    [['flow-mod', '--flows', '0'], "--flows takes a whole number of at least 1, got '0'"],
    [['flow-mod', '--flows', '1.5'], "--flows takes a whole number of at least 1, got '1.5'"],
    [['flow-mod', '--flows', 'many'], "--flows takes a whole number of at least 1, got 'many'"],
    [['flow-mod', '--flows'], "--flows takes a whole number of at least 1, got ''"],
    [['flow-mod', '--json=yes'], '--json takes no value'],
    [['flow-mod', '7'], "unexpected '7'"],
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
