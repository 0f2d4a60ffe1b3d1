import { describe, expect, it, jest } from '@jest/globals';
import { connect } from '../../bench/connect/bench.ts';
import { connections } from '../../bench/controller/connections.ts';
import { packetIn, packetInOne } from '../../bench/controller/packet-in.ts';
import { datapath } from '../../bench/datapath/bench.ts';
import { dump } from '../../bench/dump.ts';
import { bundle, deletes, flowMod } from '../../bench/flow-mod.ts';
import type { Bench, Report } from '../../bench/harness/bench.ts';
import { type Outcome, runInOwnProcess } from '../../bench/harness/own-process.ts';
import { formatTable } from '../../bench/harness/table.ts';
import { reconcile, reconcileSame } from '../../bench/reconcile.ts';
import { scale } from '../../bench/scale/scale.ts';
import { sizes } from '../../bench/sizes.ts';
import { describeWithLab } from '../integration/describe-with-lab.ts';

jest.setTimeout(180_000);

/** As little as can be measured: this looks whether all contenders do their work, not how fast they are. */
const FEW = { flows: 200, rounds: 1 };

async function run<Option extends string>(
  bench: Bench<Option>,
  settings: Readonly<Record<Option, number>>,
): Promise<Report> {
  const report = await bench.run(settings, {});
  expect(report.errors).toEqual([]);
  expect(formatTable(report.table)).not.toContain('error');
  return report;
}

/** Contenders that are not installed here have no figures. */
function valuesOf({ figures, skipped }: Report): readonly (number | undefined)[] {
  const values = figures!.map(({ value }) => value);
  return skipped.length === 0 ? values : values.filter((value) => value !== undefined);
}

describeWithLab('a bench on a real switch', () => {
  it.each([
    [flowMod, ['galago', 'galago, 4 lanes', 'ovs-ofctl add-flows', 'raw socket', 'raw socket, 4 lanes']],
    [bundle, ['galago', 'ovs-ofctl --bundle add-flows', 'raw socket, bundle']],
    [deletes, ['galago', 'galago, bundle', 'raw socket', 'raw socket, bundle']],
    [dump, ['galago, all at once', 'galago, one by one', 'ovs-ofctl dump-flows', 'raw socket, bytes only']],
    [reconcile, ['galago', 'ovs-ofctl replace-flows', 'raw socket']],
    [reconcileSame, ['galago', 'ovs-ofctl replace-flows', 'raw socket']],
  ] as const)('has every contender do the work: $name', async (bench, names) => {
    const report = await run(bench, FEW);
    expect(report.results.map((result) => (result as { name: string }).name)).toEqual(
      expect.arrayContaining([...names]),
    );
    for (const value of valuesOf(report)) expect(value).toBeGreaterThanOrEqual(0);
    expect(report.plots![0]!.name).toBe(bench.name);
  });

  it('does everything with a few flows and with many', async () => {
    const report = await run(sizes, { most: 200, rounds: 1 });
    const counts = report.table.rows.filter(([name]) => name === 'reconcile').map(([, flows]) => flows);
    expect(counts).toEqual(['2', '20', '200']);
  });
});

describeWithLab('the bench of connecting', () => {
  it('has every contender connect containers, and all but the limit reach somebody', async () => {
    const report = await run(connect, { rounds: 1 });
    const reaching = report.table.rows.filter(([, , , ping]) => ping !== '').map(([name]) => name);
    expect(reaching).toEqual(
      expect.arrayContaining(['galago connect', 'galago, in a process that runs', "lorispack's commands"]),
    );
    for (const value of valuesOf(report)) expect(value).toEqual(expect.any(Number));
  });
});

describe('a bench of controllers', () => {
  it.each([
    [packetIn, 4],
    [packetInOne, 1],
  ] as const)('has every contender answer packets: $name', async (bench, window) => {
    const report = await run(bench, { switches: 2, window, ms: 1, rounds: 1 });
    expect(report.table.rows.map(([name]) => name)).toEqual(
      expect.arrayContaining(['galago', 'lean, by hand', 'canned answers']),
    );
    for (const value of valuesOf(report)) expect(value).toBeGreaterThan(0);
  });

  it('has every contender take connections', async () => {
    const report = await run(connections, { most: 2, rounds: 1 });
    const sizes = report.table.rows.filter(([name]) => name === 'galago').map(([, size]) => size);
    expect(sizes).toEqual(['1', '2']);
    expect(report.plots!.map(({ name }) => name)).toEqual(['connections-ready', 'connections-memory']);
  });
});

describe('the bench of scale', () => {
  it('has switches get their flows, and follows changes', async () => {
    const report = await run(scale, { switches: 4, endpoints: 2, changes: 4 });
    expect(report.table.rows.map(([switches, endpoints, flows]) => [switches, endpoints, flows])).toEqual([
      ['1', '2', expect.any(String)],
      ['4', '8', expect.any(String)],
    ]);
    for (const value of valuesOf(report)) expect(value).toBeGreaterThan(0);
    expect(report.plots!.map(({ name }) => name)).toEqual(['scale-cold', 'scale-change', 'scale-memory']);
  });
});

describe('a bench in a process of its own', () => {
  it('has every contender encode and decode', async () => {
    const outcome = await runInOwnProcess({ bench: 'codec', settings: { rounds: 1 } });
    const { report, profiles } = outcome as Extract<Outcome, { report: Report }>;
    expect([report.errors, profiles]).toEqual([[], []]);
    for (const value of valuesOf(report)) expect(value).toBeGreaterThan(0);
    expect(report.table.rows.filter(([name]) => name === '  by hand')).toHaveLength(3);
  });

  it('is said to have failed when the process does not come to an end', async () => {
    const outcome = await runInOwnProcess({ bench: 'no such bench', settings: {} });
    expect(outcome).toEqual({ failed: 'the process ended with exit code 1' });
  });
});

describe('the bench of the software switch', () => {
  it('sends packets through tables that grow', async () => {
    const report = await run(datapath, { rounds: 1, flows: 100, packets: 2000 });
    expect(report.table.rows.map(([flows]) => flows)).toEqual(['10', '100']);
    for (const cells of report.table.rows) expect(cells.slice(1).map(Number)).not.toContain(0);
    const [aim, growth] = report.figures!;
    expect(aim!.value).toBeUndefined();
    expect(growth!.value).toBeGreaterThan(0);
    expect(report.plots!.map(({ name }) => name)).toEqual(['datapath']);
  });
});
