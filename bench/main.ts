import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { GalagoError, UsageError } from '../src/util/errors.ts';
import { BENCHES } from './benches.ts';
import { parseRequest, type Request, usageText } from './harness/arguments.ts';
import { type Bench, machine, type Report } from './harness/bench.ts';
import { check } from './harness/check.ts';
import { runInOwnProcess } from './harness/own-process.ts';
import { type ResultSection, updateResults } from './harness/results.ts';
import { formatTable } from './harness/table.ts';

const RESULTS = fileURLToPath(new URL('./RESULTS.md', import.meta.url));
const PLOTS = fileURLToPath(new URL('../docs/plots/', import.meta.url));
const PROFILES = 'profiles';

/** A bench that has run. */
interface Finished {
  readonly bench: Bench;
  readonly settings: Readonly<Record<string, number>>;
  readonly report: Report;
  readonly date: Date;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof GalagoError)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
}

async function main(argv: readonly string[]): Promise<number> {
  const request = parseRequest(argv, BENCHES);
  if (request === undefined) {
    console.log(usageText(BENCHES));
    return 0;
  }
  const { finished, failures } = await runAll(request);
  if (request.flags.json) console.log(JSON.stringify(finished.map(asJson), null, 2));
  if (request.flags.write) await write(finished);
  const isGood = failures === 0 && finished.every(({ report }) => report.errors.length === 0);
  const isFast = !request.flags.check || printVerdict(finished);
  return isGood && isFast ? 0 : 1;
}

/** Of several benches, those that cannot run here are left out, and one that fails does not keep the others from it. */
async function runAll({
  runs,
  flags,
}: Request): Promise<{ finished: readonly Finished[]; failures: number }> {
  const finished: Finished[] = [];
  let failures = 0;
  for (const [i, { bench, settings }] of runs.entries()) {
    if (runs.length > 1) console.error(`${i + 1} of ${runs.length}: ${bench.name}`);
    const order = { bench: bench.name, settings, ...(flags.profile && { profiles: PROFILES }) };
    const outcome = await runInOwnProcess(order);
    if ('missing' in outcome && runs.length > 1) console.error(`skipped: ${bench.name} ${outcome.missing}`);
    else if ('missing' in outcome) throw new UsageError('BENCH_REQUIREMENTS_MISSING', outcome.missing);
    else if ('failed' in outcome) {
      failures++;
      console.error(`error: ${bench.name}: ${outcome.failed}`);
    } else {
      const { report, profiles } = outcome;
      finished.push({ bench, settings, report, date: new Date() });
      if (flags.json) continue;
      console.log(`${asText(report)}\n`);
      if (flags.profile) console.log(`${profiles.map((file) => `profile: ${file}`).join('\n')}\n`);
    }
  }
  return { finished, failures };
}

function asText({ title, method, table, skipped, errors }: Report): string {
  const remarks = [
    ...method,
    machine(),
    ...skipped.map((reason) => `skipped: ${reason}`),
    ...errors.map((error) => `error: ${error}`),
  ];
  return [title, '', formatTable(table), '', ...remarks].join('\n');
}

function asJson({ bench, settings, report, date }: Finished): object {
  const { table: _, plots: __, ...rest } = report;
  return { bench: bench.name, settings, date, machine: machine(), ...rest };
}

async function write(finished: readonly Finished[]): Promise<void> {
  const sections = finished.map(({ bench, settings, report, date }): ResultSection => {
    return { bench: bench.name, command: commandOf(bench, settings), date, text: asText(report) };
  });
  const names = BENCHES.map(({ name }) => name);
  await writeFile(RESULTS, updateResults(await readFile(RESULTS, 'utf8'), sections, names));
  await mkdir(PLOTS, { recursive: true });
  for (const { name, svg } of finished.flatMap(({ report }) => report.plots ?? [])) {
    await writeFile(`${PLOTS}${name}.svg`, svg);
  }
}

/** With the options that are not as they are by default. */
function commandOf({ name, options }: Bench, settings: Readonly<Record<string, number>>): string {
  const others = Object.entries(settings).filter(([option, value]) => options[option]!.default !== value);
  return ['npm run bench --', name, ...others.map(([option, value]) => `--${option} ${value}`)].join(' ');
}

/** @returns whether every floor was kept, as far as it was measured. */
function printVerdict(finished: readonly Finished[]): boolean {
  const all = finished.flatMap(({ bench, report }) =>
    (report.figures ?? []).map((figure) => ({ ...figure, what: `${bench.name}: ${figure.what}` })),
  );
  const { kept, missed, unknown } = check(all);
  const lines = [
    ...kept.map((line) => `kept    ${line}`),
    ...unknown.map((line) => `unknown ${line}`),
    ...missed.map((line) => `MISSED  ${line}`),
  ];
  console.error(lines.join('\n'));
  return missed.length === 0;
}
