import { parseArgs } from 'node:util';
import { UsageError } from '../../src/util/errors.ts';
import { suggest } from '../../src/util/suggest.ts';
import type { Bench } from './bench.ts';

/** What the command line asks for. */
export interface Request {
  readonly bench: Bench;
  readonly settings: Readonly<Record<string, number>>;
  readonly json: boolean;
}

/**
 * Reads the command line; undefined when it asks for help.
 * @throws UsageError `BENCH_USAGE` for a bench, an option or a number that there is not.
 */
export function parseRequest(argv: readonly string[], benches: readonly Bench[]): Request | undefined {
  if (argv.includes('--help')) return undefined;
  const bench = findBench(argv[0], benches);
  const known = Object.keys(bench.options);
  const { tokens } = parseArgs({
    args: argv.slice(1),
    options: Object.fromEntries([
      ['json', { type: 'boolean' }],
      ...known.map((name) => [name, { type: 'string' }]),
    ]),
    strict: false,
    tokens: true,
  });
  const settings = Object.fromEntries(known.map((name) => [name, bench.options[name]!.default]));
  let json = false;
  for (const token of tokens) {
    if (token.kind !== 'option') throw usage(`unexpected '${argv[token.index + 1]}'`);
    if (token.name === 'json' && token.value === undefined) json = true;
    else if (token.name === 'json') throw usage('--json takes no value');
    else if (known.includes(token.name)) settings[token.name] = parseCount(token.rawName, token.value);
    else throw usage(`${bench.name} has no option ${token.rawName}`, token.name, [...known, 'json'], '--');
  }
  return { bench, settings, json };
}

/** What `--help` prints. */
export function usageText(benches: readonly Bench[]): string {
  const lines = ['usage: npm run bench -- BENCH [--OPTION N]... [--json]', ''];
  for (const { name, summary, options } of benches) {
    lines.push(`${name.padEnd(15)}${summary}`);
    for (const [option, { default: value, summary: what }] of Object.entries(options)) {
      const left = `  --${option} N`;
      lines.push(`${left.padEnd(15)}${what} (default ${value})`);
    }
  }
  return lines.join('\n');
}

function findBench(name: string | undefined, benches: readonly Bench[]): Bench {
  const names = benches.map((bench) => bench.name);
  if (name === undefined) throw usage(`expected a bench: ${names.join(', ')}`);
  const bench = benches.find((candidate) => candidate.name === name);
  if (bench !== undefined) return bench;
  throw usage(`no bench is called '${name}'; there are ${names.join(', ')}`, name, names);
}

function parseCount(option: string, value: string | undefined): number {
  const count = Number(value);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw usage(`${option} takes a whole number of at least 1, got '${value ?? ''}'`);
}

function usage(message: string, word = '', candidates: readonly string[] = [], prefix = ''): UsageError {
  const near = suggest(word, candidates);
  const hint = near === undefined ? '' : `; did you mean '${prefix}${near}'?`;
  return new UsageError('BENCH_USAGE', `${message}${hint}`);
}
