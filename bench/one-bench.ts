import { once } from 'node:events';
import { GalagoError } from '../src/util/errors.ts';
import { BENCHES } from './benches.ts';
import type { Order, Outcome } from './harness/own-process.ts';
import { Profiler } from './harness/profile.ts';

// The process that one bench runs in: it is told which, sends what came of it, and ends.

process.on('disconnect', () => process.exit());
const [order] = (await once(process, 'message')) as [Order];
process.send!(await run(order), () => process.disconnect());

async function run({ bench: name, settings, profiles }: Order): Promise<Outcome> {
  const bench = BENCHES.find((one) => one.name === name)!;
  const profiler = profiles === undefined ? undefined : new Profiler(profiles, name);
  try {
    const report = await bench.run(settings, profiler === undefined ? {} : { profiler });
    return { report, profiles: profiler?.files ?? [] };
  } catch (error) {
    if (!(error instanceof GalagoError)) throw error;
    return error.code === 'BENCH_REQUIREMENTS_MISSING'
      ? { missing: error.message }
      : { failed: error.message };
  }
}
