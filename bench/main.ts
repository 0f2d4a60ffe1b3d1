import { GalagoError } from '../src/util/errors.ts';
import { codec } from './codec.ts';
import { dump } from './dump.ts';
import { bundle, deletes, flowMod } from './flow-mod.ts';
import { parseRequest, usageText } from './harness/arguments.ts';
import { type Bench, machine, type Report } from './harness/bench.ts';
import { formatTable } from './harness/table.ts';
import { packetIn } from './packet-in/bench.ts';
import { reconcile, reconcileSame } from './reconcile.ts';

// Benches import the library as the package that it is built into, by its name: what tsx makes of the sources names
// every function that is made, which more than doubles the time of some decoders.
const BENCHES: readonly Bench[] = [flowMod, bundle, deletes, dump, reconcile, reconcileSame, packetIn, codec];

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
  const { bench, settings, json } = request;
  const report = await bench.run(settings);
  console.log(json ? asJson(bench, settings, report) : asText(report));
  return report.errors.length === 0 ? 0 : 1;
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

function asJson(bench: Bench, settings: object, report: Report): string {
  const { title, method, results, skipped, errors } = report;
  const whole = { bench: bench.name, settings, title, method, machine: machine(), results, skipped, errors };
  return JSON.stringify(whole, null, 2);
}
