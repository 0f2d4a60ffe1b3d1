import type { Bench, Report, RunContext } from '../harness/bench.ts';
import type { Figure } from '../harness/check.ts';
import { type Comparison, compare } from '../harness/comparison.ts';
import { versionOf } from '../harness/installed.ts';
import type { Profiler } from '../harness/profile.ts';
import { type Contender, takeTurns } from '../harness/rounds.ts';
import { formatCount, formatRatio, formatRounds, type Table } from '../harness/table.ts';
import { type Case, SLICE_MS, sliced } from '../harness/timing.ts';
import { OS_KEN_MISSING } from '../os-ken/os-ken.ts';
import { PythonProgram } from '../os-ken/python-program.ts';
import { SAMPLE_FLOW } from '../sample-flow.ts';
import { patchFlowMod, readFlowStats, readPacketIn } from './by-hand.ts';
import { decodeFlowStats, decodePacketIn, decodePacketInHead, encodeFlowMod } from './galago.ts';
import { flowStatsReply, packetIns, STATS_ENTRIES, VARIETY } from './messages.ts';

/** Something to encode or decode, and who does it. */
interface Work {
  readonly what: string;
  readonly cases: readonly Case[];
  /** Its name in `bench/os-ken/codec.py`. */
  readonly osKenCase: string;
  /** CPU nanoseconds that `galago` should not need more of. */
  readonly ceilingNs: number;
}

/** One piece of work, measured. */
interface Measured extends Work {
  readonly results: readonly Comparison[];
}

const GALAGO = 'galago';
const BY_HAND = 'by hand';

/** How fast messages become bytes and bytes messages. */
export const codec: Bench<'rounds'> = {
  name: 'codec',
  summary: 'encoding and decoding of the hot messages',
  options: { rounds: { default: 9, summary: 'measured slices of each case' } },
  run: ({ rounds }, context) => measure(rounds, context),
};

async function measure(rounds: number, { profiler }: RunContext): Promise<Report> {
  const version = await versionOf('osken-manager');
  await using osKen = version === undefined ? undefined : startOsKen();
  const all: Measured[] = [];
  for (const work of describeWork()) {
    const contenders = [...work.cases.map(sliced), ...(osKen?.contenders(work.osKenCase) ?? [])];
    const nothing = async () => {};
    const series = await takeTurns(contenders, { rounds, prepare: nothing, verify: nothing });
    if (profiler !== undefined) await profileOurs(profiler, work, contenders, rounds);
    all.push({ ...work, results: compare(series) });
  }
  const results = all.flatMap((one) => one.results.map((result) => ({ what: one.what, ...result })));
  return {
    title: `one message at a time, ${formatRounds(rounds)}`,
    method: [...METHOD, ...(version === undefined ? [] : [`os-ken: ${version}`])],
    table: tableOf(all),
    results,
    figures: all.map(figureOf),
    skipped: version === undefined ? [OS_KEN_MISSING] : [],
    errors: results.flatMap(({ what, name, errors }) => errors.map((error) => `${what}, ${name}: ${error}`)),
  };
}

function describeWork(): readonly Work[] {
  return [
    {
      what: 'encode a flow-mod (120 bytes)',
      cases: [encodeFlowMod(GALAGO), patchFlowMod(BY_HAND)],
      osKenCase: 'flowMod',
      ceilingNs: 250,
    },
    {
      what: 'decode a packet-in (128 bytes, 4 OXM fields)',
      cases: [
        decodePacketIn(GALAGO),
        decodePacketInHead('galago, match not asked for'),
        readPacketIn(BY_HAND),
      ],
      osKenCase: 'packetIn',
      ceilingNs: 300,
    },
    {
      what: `decode a flow-stats reply (${STATS_ENTRIES} flows)`,
      cases: [decodeFlowStats(GALAGO), readFlowStats(BY_HAND)],
      osKenCase: 'flowStats',
      ceilingNs: 30_000,
    },
  ];
}

/** os-ken's codec with the same messages, in one process for all cases. */
function startOsKen() {
  const program = new PythonProgram('codec.py');
  const hex = (bytes: Buffer) => bytes.toString('hex');
  program.say(JSON.stringify({ packetIns: packetIns().map(hex), flowStats: hex(flowStatsReply()) }));
  const contenders = (osKenCase: string): readonly Contender[] => [
    {
      name: 'os-ken',
      role: 'peer',
      async turn() {
        program.say(`${osKenCase} ${SLICE_MS}`);
        const { ns } = await program.next(PATIENCE_MS);
        return { elapsedMs: (ns as number) / 1e6, count: 1, cpuMs: {} };
      },
    },
  ];
  return { contenders, [Symbol.asyncDispose]: () => program.close() };
}

async function profileOurs(
  profiler: Profiler,
  { what }: Work,
  contenders: readonly Contender[],
  rounds: number,
): Promise<void> {
  for (const { name, role, turn } of contenders) {
    if (role !== 'ours') continue;
    await profiler.record(`${name}: ${what.replace(/ \(.*/, '')}`, async () => {
      for (let round = 0; round < rounds; round++) await turn();
    });
  }
}

function figureOf({ what, results, ceilingNs }: Measured): Figure {
  const perSecond = results.find(({ name }) => name === GALAGO)?.measured?.perSecond;
  const value = perSecond === undefined ? undefined : 1e9 / perSecond;
  return { what: `${GALAGO}: ${what}`, value, bound: ceilingNs, kind: 'atMost', unit: ' ns' };
}

function tableOf(all: readonly Measured[]): Table {
  const columns = ['', 'median ns', 'min..max ns', 'messages/s', 'of best peer', 'of limit'];
  const rows = all.flatMap(({ what, results }) => [
    [what, ...columns.slice(1).map(() => '')],
    ...results.map(({ name, measured }) => {
      if (measured === undefined) return [`  ${name}`, 'error', '', '', '', ''];
      const { rate, ofBestPeer, ofLimit } = measured;
      const ns = (perSecond: number) => formatCount(1e9 / perSecond);
      const spread = `${ns(rate.max)}..${ns(rate.min)}`;
      const ratios = [formatRatio(ofBestPeer), formatRatio(ofLimit)];
      return [`  ${name}`, ns(rate.median), spread, formatCount(rate.median), ...ratios];
    }),
  ]);
  return { columns, rows };
}

const METHOD = [
  `time: CPU of the process, garbage collection included, in slices of ${SLICE_MS} ms by turns after some to warm up`,
  `the flow-mod is one of ${formatCount(VARIETY)} ${SAMPLE_FLOW}`,
  'by hand: known places and fields only, no checks, numbers instead of 64-bit values; a ready flow-mod is copied',
  '  and patched',
];

/** The first slice waits for Python to start. */
const PATIENCE_MS = 60_000;
