import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { GalagoError } from '../src/util/errors.ts';
import { codec } from './codec/bench.ts';
import { connect } from './connect/bench.ts';
import { connections } from './controller/connections.ts';
import { packetIn, packetInOne } from './controller/packet-in.ts';
import { datapath } from './datapath.ts';
import { dump } from './dump.ts';
import { bundle, deletes, flowMod } from './flow-mod.ts';
import { parseRequest, type Request, usageText } from './harness/arguments.ts';
import { type Bench, machine, type Report } from './harness/bench.ts';
import { check } from './harness/check.ts';
import { Profiler } from './harness/profile.ts';
import { type ResultSection, updateResults } from './harness/results.ts';
import { formatTable } from './harness/table.ts';
import { ovsdb } from './ovsdb/bench.ts';
import { reconcile, reconcileSame } from './reconcile.ts';
import { scale } from './scale/scale.ts';
import { sizes } from './sizes.ts';

// Benches import the library as the package that it is built into, by its name: what tsx makes of the sources names
// every function that is made, which more than doubles the time of some decoders.
const BENCHES: readonly Bench[] = [
  flowMod,
  bundle,
  deletes,
  dump,
  reconcile,
  reconcileSame,
  packetIn,
  packetInOne,
  connections,
  sizes,
  ovsdb,
  codec,
  scale,
  datapath,
  connect,
];

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
  const finished = await runAll(request);
  if (request.flags.json) console.log(JSON.stringify(finished.map(asJson), null, 2));
  if (request.flags.write) await write(finished);
  const isGood = finished.every(({ report }) => report.errors.length === 0);
  const isFast = !request.flags.check || printVerdict(finished);
  return isGood && isFast ? 0 : 1;
}

async function runAll({ runs, flags }: Request): Promise<Finished[]> {
  const finished: Finished[] = [];
  for (const { bench, settings } of runs) {
    const profiler = flags.profile ? new Profiler(PROFILES, bench.name) : undefined;
    const report = await runOne(bench, settings, profiler, runs.length > 1);
    if (report === undefined) continue;
    finished.push({ bench, settings, report, date: new Date() });
    if (flags.json) continue;
    console.log(`${asText(report)}\n`);
    if (profiler !== undefined)
      console.log(`${profiler.files.map((file) => `profile: ${file}`).join('\n')}\n`);
  }
  return finished;
}

/** Of several benches, those that cannot run here are left out. */
async function runOne(
  bench: Bench,
  settings: Readonly<Record<string, number>>,
  profiler: Profiler | undefined,
  isOptional: boolean,
): Promise<Report | undefined> {
  try {
    return await bench.run(settings, profiler === undefined ? {} : { profiler });
  } catch (error) {
    const isMissing = error instanceof GalagoError && error.code === 'BENCH_REQUIREMENTS_MISSING';
    if (!isOptional || !isMissing) throw error;
    console.error(`skipped: ${bench.name} ${error.message}`);
    return undefined;
  }
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
