import { parseArgs } from 'node:util';
import { UsageError } from '../../src/util/errors.ts';
import { suggest } from '../../src/util/suggest.ts';
import type { Bench } from './bench.ts';

/** What the command line asks for. */
export interface Request {
  /** In the order in which they are to run, each with its options. */
  readonly runs: readonly { readonly bench: Bench; readonly settings: Readonly<Record<string, number>> }[];
  readonly flags: Readonly<Record<Flag, boolean>>;
}

type Flag = keyof typeof FLAGS;

const FLAGS = {
  json: 'print numbers instead of tables',
  check: 'compare with the floors, and end with an error when one is missed',
  profile: 'write CPU profiles and flame graphs of our own contenders into ./profiles',
  write: 'put the tables into bench/RESULTS.md and the plots into docs/plots',
} as const;

const FLAG_NAMES = Object.keys(FLAGS) as readonly Flag[];

/** Stands for every bench. */
const ALL = 'all';

/**
 * Reads the command line; undefined when it asks for help.
 * @throws UsageError `BENCH_USAGE` for a bench, an option or a number that there is not.
 */
export function parseRequest(argv: readonly string[], benches: readonly Bench[]): Request | undefined {
  if (argv.includes('--help')) return undefined;
  const flags = Object.fromEntries(FLAG_NAMES.map((flag) => [flag, false])) as Record<Flag, boolean>;
  const given = new Map<string, number>();
  const names: string[] = [];
  const known = optionNames(benches);
  for (const token of tokensOf(argv, known)) {
    if (token.kind === 'positional') names.push(token.value);
    else if (token.kind !== 'option') throw usage(`unexpected '${argv[token.index]}'`);
    else if (known.includes(token.name)) given.set(token.name, parseCount(token.rawName, token.value));
    else if (!isFlag(token.name)) {
      throw usage(`there is no option ${token.rawName}`, token.name, [...known, ...FLAG_NAMES], '--');
    } else if (token.value === undefined) flags[token.name] = true;
    else throw usage(`${token.rawName} takes no value`);
  }
  const chosen = chooseBenches(names, benches);
  const taken = optionNames(chosen);
  for (const option of given.keys()) {
    if (taken.includes(option)) continue;
    throw usage(`${chosen.map(({ name }) => name).join(', ')}: no option --${option}`, option, taken, '--');
  }
  const isAll = names.includes(ALL);
  return { runs: chosen.map((bench) => ({ bench, settings: settingsOf(bench, given, isAll) })), flags };
}

/** What `--help` prints. */
export function usageText(benches: readonly Bench[]): string {
  const lines = ['usage: npm run bench -- BENCH... [--OPTION N]... [--FLAG]...', '', 'benches:'];
  const add = (left: string, right: string) => lines.push(`  ${left.padEnd(22)}${right}`);
  add(ALL, 'every one of these, which takes about a quarter of an hour');
  for (const { name, summary, options } of benches) {
    add(name, summary);
    for (const [option, { default: value, inAll, summary: what }] of Object.entries(options)) {
      add(`  --${option} N`, `${what} (default ${value}${inAll === undefined ? '' : `, with all ${inAll}`})`);
    }
  }
  lines.push('', 'flags:');
  for (const [flag, what] of Object.entries(FLAGS)) add(`--${flag}`, what);
  return lines.join('\n');
}

function tokensOf(argv: readonly string[], numbers: readonly string[]) {
  const options = Object.fromEntries([
    ...FLAG_NAMES.map((flag) => [flag, { type: 'boolean' }]),
    ...numbers.map((name) => [name, { type: 'string' }]),
  ]);
  return parseArgs({ args: [...argv], options, strict: false, tokens: true }).tokens;
}

function optionNames(benches: readonly Bench[]): readonly string[] {
  return [...new Set(benches.flatMap(({ options }) => Object.keys(options)))];
}

function isFlag(name: string): name is Flag {
  return Object.hasOwn(FLAGS, name);
}

function chooseBenches(wanted: readonly string[], benches: readonly Bench[]): readonly Bench[] {
  const names = benches.map((bench) => bench.name);
  if (wanted.length === 0) throw usage(`expected a bench: ${[ALL, ...names].join(', ')}`);
  const unknown = wanted.find((name) => name !== ALL && !names.includes(name));
  if (unknown !== undefined) {
    throw usage(`no bench is called '${unknown}'; there are ${names.join(', ')}`, unknown, [ALL, ...names]);
  }
  return wanted.includes(ALL) ? benches : benches.filter(({ name }) => wanted.includes(name));
}

function settingsOf(
  { options }: Bench,
  given: ReadonlyMap<string, number>,
  isAll: boolean,
): Record<string, number> {
  const usual = ({ default: value, inAll = value }: Bench['options'][string]) => (isAll ? inAll : value);
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, given.get(name) ?? usual(option)]),
  );
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
