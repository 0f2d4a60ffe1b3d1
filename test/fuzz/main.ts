import { parseArgs } from 'node:util';
import { UsageError } from '../../src/util/errors.ts';
import { type Failure, type FuzzOptions, type FuzzReport, fuzz, type Target } from './fuzz.ts';
import { MAX_GROWTH_BYTES, usedMemory } from './memory.ts';
import { ofp } from './ofp.ts';

const USAGE = `usage: npm run fuzz -- TARGET [--seconds N | --cases N] [--seed N] [--budget-ms N]
       npm run fuzz -- TARGET --hex BYTES

Targets: ofp. Without --seed, each run tries other cases; a failure says how to make it again.
`;

const TARGETS: ReadonlyMap<string, Target> = new Map([[ofp.name, ofp]]);

type Order = { readonly target: Target } & (
  | { readonly input: Buffer }
  | { readonly options: Required<FuzzOptions> }
);

function main(): number {
  let order: Order;
  try {
    order = orderOf(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  return 'input' in order ? tryOne(order.target, order.input) : run(order.target, order.options);
}

/** @throws UsageError, or parseArgs's own error, for arguments that cannot be meant */
function orderOf(args: string[]): Order {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { seconds: text, cases: text, seed: text, 'budget-ms': text, hex: text },
  });
  const [name = ''] = positionals;
  const target = TARGETS.get(name);
  if (target === undefined || positionals.length > 1) {
    throw new UsageError('FUZZ_TARGET_UNKNOWN', `expected one target, got '${positionals.join(' ')}'`);
  }
  if (values.hex !== undefined) return { target, input: Buffer.from(values.hex, 'hex') };
  const cases = numberOf(values.cases);
  const options = {
    seed: numberOf(values.seed) ?? Math.floor(Math.random() * 2 ** 31),
    seconds: numberOf(values.seconds) ?? (cases === undefined ? 60 : Number.POSITIVE_INFINITY),
    cases: cases ?? Number.POSITIVE_INFINITY,
    budgetMs: numberOf(values['budget-ms']) ?? 1,
  };
  return { target, options };
}

function run(target: Target, options: Required<FuzzOptions>): number {
  process.stdout.write(`${target.name}: seed ${options.seed}\n`);
  // The first cases compile the code that they run, which takes time and memory once.
  fuzz(target, { seed: options.seed, cases: Math.min(options.cases, 5000) });
  const usedBefore = usedMemory();
  const begin = performance.now();
  const report = fuzz(target, options);
  const seconds = (performance.now() - begin) / 1000;
  const growth = usedMemory() - usedBefore;
  process.stdout.write(`${summary(report, seconds, growth)}\n`);
  if (report.failure !== undefined) process.stdout.write(`${description(target, report.failure)}\n`);
  return report.failure === undefined && growth <= MAX_GROWTH_BYTES ? 0 : 1;
}

function summary({ cases, refused, slowest }: FuzzReport, seconds: number, growth: number): string {
  const total = [...refused.values()].reduce((sum, count) => sum + count, 0);
  const codes = [...refused].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`);
  return [
    `${cases} cases in ${seconds.toFixed(1)} s, ${Math.round(cases / seconds)} a second`,
    `${cases - total} accepted, ${total} refused: ${codes.join(', ')}`,
    `slowest for its size: ${slowest.ms.toFixed(3)} ms for ${slowest.size} bytes (--seed ${slowest.seed} --cases 1)`,
    `memory: ${(growth / 1024 / 1024).toFixed(1)} MiB more in use than before`,
  ].join('\n');
}

function description(target: Target, { what, error, seed, input, minimal }: Failure): string {
  const lines = [
    `FAILED: ${what}`,
    `made by: npm run fuzz -- ${target.name} --seed ${seed} --cases 1`,
    `bytes:   ${input.toString('hex')}`,
    `minimal: npm run fuzz -- ${target.name} --hex ${minimal.toString('hex')}`,
  ];
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    lines.push(cause.stack ?? String(cause));
  return lines.join('\n');
}

function tryOne(target: Target, input: Buffer): number {
  const { failure, refused, error } = target.check(input);
  if (failure === undefined) {
    process.stdout.write(`${refused === undefined ? 'accepted' : `refused: ${refused}`}\n`);
    return 0;
  }
  process.stdout.write(`FAILED: ${failure}\n${error instanceof Error ? error.stack : ''}\n`);
  return 1;
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && number >= 0) return number;
  throw new UsageError('FUZZ_NUMBER_INVALID', `expected a number from 0 on, got '${text}'`);
}

process.exitCode = main();
