import { SoftSwitch } from 'galago/datapath';
import { decode, encode, type FlowModInit, output, setField } from 'galago/ofp';
import type { Bench } from './harness/bench.ts';
import { profiled } from './harness/profile.ts';
import { formatCount } from './harness/table.ts';

/** How many flows the table of addresses has. */
const SIZES = [10, 100, 1000, 10_000, 100_000];
/** A million packets a second past so many flows is the aim. */
const AIM = { flows: 10_000, ns: 1000 };
/** Frames in flight: so many connections are alive at a time, whatever the tables hold. */
const CONNECTIONS = 1024;
const PORTS = 64;
const OUT = 65;
const WARM_UP = 100_000;
const SLICE = 200_000;

/** What a switch is measured as. */
interface Setting {
  readonly maxCachedFlows: number;
  readonly rewrites: boolean;
}

const SETTINGS = {
  remembered: { maxCachedFlows: 200_000, rewrites: false },
  rewritten: { maxCachedFlows: 200_000, rewrites: true },
  lookedUp: { maxCachedFlows: 0, rewrites: false },
} as const satisfies Record<string, Setting>;

/** How fast the software switch forwards, and whether tables that grow make it slower. */
export const datapath: Bench<'rounds'> = {
  name: 'datapath',
  summary: 'packets a second through the software switch, as its tables grow',
  options: { rounds: { default: 5, summary: 'measured slices of each size' } },
  async run({ rounds }, { profiler }) {
    const results = await profiled(profiler, 'galago', async () =>
      SIZES.map((flows) => ({
        flows,
        remembered: measure(flows, rounds, SETTINGS.remembered),
        rewritten: measure(flows, rounds, SETTINGS.rewritten),
        lookedUp: measure(flows, rounds, SETTINGS.lookedUp),
      })),
    );
    return {
      title: `one packet at a time through three tables, ${rounds} rounds`,
      method: [
        `tables: ${PORTS} ports; the flows, an Ethernet address each; networks and TCP ports, with four masks`,
        `packets: of ${formatCount(CONNECTIONS)} connections in turn, TCP in IPv4, 60 bytes`,
        `time: CPU of this process, garbage collection included, in the best slice of ${formatCount(SLICE)} packets`,
        'rewritten: another address and a TTL less; looked up: nothing remembered, each packet through all tables',
      ],
      table: {
        columns: ['flows', 'ns a packet', 'packets/s', 'rewritten, ns', 'looked up, ns'],
        rows: results.map(({ flows, remembered, rewritten, lookedUp }) => [
          formatCount(flows),
          formatCount(remembered),
          formatCount(1e9 / remembered),
          formatCount(rewritten),
          formatCount(lookedUp),
        ]),
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
      ],
      skipped: [],
      errors: [],
    };
  },
};

/** CPU nanoseconds of one packet. */
function measure(flows: number, rounds: number, setting: Setting): number {
  let left = 0;
  const sw = new SoftSwitch({
    datapathId: 1,
    ports: Array.from({ length: OUT }, (_, i) => ({ portNo: i + 1 })),
    maxCachedFlows: setting.maxCachedFlows,
    onTransmit: () => {
      left++;
    },
  });
  for (const flow of flowsOf(flows, setting.rewrites)) {
    const message = decode(encode(flow));
    if (message.type === 'flowMod') sw.pipeline.apply(message);
  }
  const frames = Array.from({ length: CONNECTIONS }, (_, n) => frameOf(n, flows));
  const send = (count: number) => {
    for (let i = 0; i < count; i++) sw.receive(1 + (i % PORTS), frames[i % CONNECTIONS]!);
  };
  send(WARM_UP);
  const slices = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    send(SLICE);
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1000) / SLICE;
  });
  if (left !== WARM_UP + rounds * SLICE) throw new Error(`bug: ${left} packets came through`);
  return Math.min(...slices);
}

function* flowsOf(count: number, rewrites: boolean): Iterable<FlowModInit> {
  for (let port = 1; port <= PORTS; port++) {
    yield flow(0, 1, { inPort: port }, [
      { type: 'writeMetadata', metadata: port, metadataMask: 0xff },
      { type: 'gotoTable', tableId: 1 },
    ]);
  }
  for (let n = 0; n < count; n++) {
    const actions = [setField('reg0', n)];
    yield flow(1, 1, { ethDst: address(n) }, [
      { type: 'applyActions', actions },
      { type: 'gotoTable', tableId: 2 },
    ]);
  }
  const last = [output(OUT)];
  const changed = [{ type: 'decNwTtl' } as const, setField('ethDst', '02:ff:ff:ff:ff:ff'), ...last];
  const actions = rewrites ? changed : last;
  for (const [priority, match] of [
    [4, { ethType: 0x0800, ipv4Src: '192.0.2.0/24' }],
    [3, { ethType: 0x0800, ipProto: 6, tcpDst: 22 }],
    [2, { ethType: 0x0800, ipProto: 6, ipv4Src: '10.0.0.0/8', tcpDst: 80 }],
    [1, { ethType: 0x0800 }],
  ] as const)
    yield flow(2, priority, match, [{ type: 'applyActions', actions }]);
}

function flow(
  tableId: number,
  priority: number,
  match: FlowModInit['match'],
  instructions: FlowModInit['instructions'],
): FlowModInit {
  return { type: 'flowMod', command: 'add', tableId, priority, match: match!, instructions: instructions! };
}

function address(n: number): string {
  const digits = n.toString(16).padStart(8, '0');
  return `02:00:${digits.replace(/(..)(..)(..)(..)/, '$1:$2:$3:$4')}`;
}

/** A TCP segment of a connection, to an address of one of the flows. */
function frameOf(n: number, flows: number): Buffer {
  const frame = Buffer.alloc(60);
  const to = Math.floor((n / CONNECTIONS) * flows);
  Buffer.from(address(to).replaceAll(':', ''), 'hex').copy(frame);
  frame.set([0x02, 0x01, 0, 0, n >>> 8, n & 0xff, 0x08, 0x00, 0x45, 0, 0, 46], 6);
  frame.set([0, 0, 0, 0, 64, 6, 0, 0, 10, 0, n >>> 8, n & 0xff, 10, 1, 0, 1], 18);
  frame.writeUInt16BE(1024 + n, 34);
  frame.writeUInt16BE(80, 36);
  frame[46] = 0x50;
  return frame;
}
