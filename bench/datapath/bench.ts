import { SoftSwitch } from 'galago/datapath';
import { decode } from 'galago/ofp';
import type { Bench } from '../harness/bench.ts';
import { type LinePlotOptions, linePlot } from '../harness/plot.ts';
import { profiled } from '../harness/profile.ts';
import { formatCount, formatRounds } from '../harness/table.ts';
import { Connections, encodedFlowsOf, OUT, PORTS } from './traffic.ts';

/** How many flows the table of addresses has, up to what is asked for. */
const SIZES = [10, 100, 1000, 10_000, 100_000];
/** A million packets a second past so many flows is the aim. */
const AIM = { flows: 10_000, ns: 1000 };
/** Connections that are alive at a time, at least: more where there are more flows, so that each flow has one. */
const CONNECTIONS = 1024;
const CACHED = 200_000;

/** What a switch is measured as. */
interface Setting {
  readonly maxCachedFlows: number;
  readonly rewrites: boolean;
  /** False: 1,024 connections whatever the flows are, which the other flows of a large table have no part in. */
  readonly hitsAll: boolean;
}

const SETTINGS = {
  remembered: { maxCachedFlows: CACHED, rewrites: false, hitsAll: true },
  few: { maxCachedFlows: CACHED, rewrites: false, hitsAll: false },
  rewritten: { maxCachedFlows: CACHED, rewrites: true, hitsAll: true },
  lookedUp: { maxCachedFlows: 0, rewrites: false, hitsAll: true },
} as const satisfies Record<string, Setting>;

/** CPU nanoseconds of one packet, in each setting. */
type Result = { readonly flows: number } & { readonly [S in keyof typeof SETTINGS]: number };

/** How fast the software switch forwards, and whether tables that grow make it slower. */
export const datapath: Bench<'rounds' | 'flows' | 'packets'> = {
  name: 'datapath',
  summary: 'packets a second through the software switch, as its tables grow',
  options: {
    rounds: { default: 5, summary: 'measured slices of each size' },
    flows: { default: 100_000, summary: 'the most flows' },
    packets: { default: 200_000, summary: 'packets of a slice' },
  },
  async run({ rounds, flows: most, packets }, { profiler }) {
    const sizes = [...SIZES.filter((size) => size < most), most];
    const resultOf = (flows: number): Result => {
      const of = (setting: Setting) => measure(flows, rounds, packets, setting);
      return {
        flows,
        remembered: of(SETTINGS.remembered),
        few: of(SETTINGS.few),
        rewritten: of(SETTINGS.rewritten),
        lookedUp: of(SETTINGS.lookedUp),
      };
    };
    const results = await profiled(profiler, 'galago', async () => sizes.map(resultOf));
    return {
      title: `one packet at a time through three tables, ${formatRounds(rounds)}`,
      method: [
        `tables: ${PORTS} ports; the flows, an Ethernet address each; networks and TCP ports, with four masks`,
        `packets: TCP in IPv4, 60 bytes, of ${formatCount(CONNECTIONS)} connections or as many as there are flows, which`,
        '  are scattered over ports and memory: every flow of a table is hit as often as every other',
        `${formatCount(CONNECTIONS)} at a time: of so many connections only, however many flows there are`,
        `time: CPU of this process, garbage collection included, in the best slice of ${formatCount(packets)} packets`,
        'rewritten: another address and a TTL less; looked up: nothing remembered, each packet through all tables',
      ],
      table: {
        columns: [
          'flows',
          'ns a packet',
          'packets/s',
          `${formatCount(CONNECTIONS)} at a time, ns`,
          'rewritten, ns',
          'looked up, ns',
        ],
        rows: results.map(rowOf),
      },
      results,
      figures: [
        {
          what: `a packet past ${formatCount(AIM.flows)} flows`,
          value: results.find(({ flows }) => flows === AIM.flows)?.remembered,
          bound: AIM.ns,
          kind: 'atMost',
          unit: ' ns',
        },
        {
          what: `a packet past ${formatCount(most)} flows over one past ${formatCount(sizes[0]!)}`,
          value: results.at(-1)!.remembered / results[0]!.remembered,
          bound: 2,
          kind: 'atMost',
          unit: 'x',
        },
      ],
      plots: [linePlot(plotOf(results))],
      skipped: [],
      errors: [],
    };
  },
};

function rowOf({ flows, remembered, few, rewritten, lookedUp }: Result): string[] {
  return [flows, remembered, 1e9 / remembered, few, rewritten, lookedUp].map(formatCount);
}

function plotOf(results: readonly Result[]): LinePlotOptions {
  const line = (label: string, of: (result: Result) => number) => {
    return { label, points: results.map((result) => [result.flows, of(result)] as const) };
  };
  return {
    name: 'datapath',
    title: 'A packet through three tables of the software switch',
    xLabel: 'flows, each hit as often as every other',
    yLabel: 'nanoseconds of CPU',
    lines: [
      line('as packets before', ({ remembered }) => remembered),
      line('and rewritten', ({ rewritten }) => rewritten),
      line('looked up', ({ lookedUp }) => lookedUp),
    ],
  };
}

function measure(flows: number, rounds: number, packets: number, setting: Setting): number {
  let left = 0;
  const sw = new SoftSwitch({
    datapathId: 1,
    ports: Array.from({ length: OUT }, (_, i) => ({ portNo: i + 1 })),
    maxCachedFlows: setting.maxCachedFlows,
    onTransmit: () => {
      left++;
    },
  });
  for (const encoded of encodedFlowsOf(flows, setting.rewrites)) {
    const message = decode(encoded);
    if (message.type === 'flowMod') sw.pipeline.apply(message);
  }
  const count = setting.hitsAll ? Math.max(CONNECTIONS, flows) : CONNECTIONS;
  const connections = new Connections(count, flows);
  const receive = (port: number, frame: Uint8Array) => sw.receive(port, frame);
  // First in one order, then in another: what follows each other in memory is not what comes one after the other.
  const warmUp = Math.max(packets / 2, count);
  connections.send(warmUp, false, receive);
  const slices = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    connections.send(packets, true, receive);
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1000) / packets;
  });
  if (left !== warmUp + rounds * packets) throw new Error(`bug: ${left} packets came through`);
  return Math.min(...slices);
}
