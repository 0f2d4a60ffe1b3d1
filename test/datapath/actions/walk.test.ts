import { describe, expect, it } from '@jest/globals';
import type { Walk } from '../../../src/datapath/actions/walk.ts';
import { Packet } from '../../../src/datapath/packet/packet.ts';
import type { Flow } from '../../../src/datapath/tables/flow.ts';
import { Traversal } from '../../../src/datapath/traversal/traversal.ts';
import type { Watcher } from '../../../src/datapath/traversal/watcher.ts';
import { output } from '../../../src/ofp/actions/standard.ts';
import { ethernet, ipv4, tcp, udpFrame } from '../frames.ts';
import { TextPipeline } from '../switch-text.ts';

const FRAME = udpFrame();
const FIN = ethernet(0x0800, ipv4(6, tcp(1, 2, 0x11)));
const SYN = ethernet(0x0800, ipv4(6, tcp(1, 2)));

describe('conjunctions', () => {
  const CLAUSES = [
    'priority=9,ip,nw_src=10.0.0.1,actions=conjunction(5,1/2)',
    'priority=9,ip,nw_src=10.0.0.9,actions=conjunction(5,1/2)',
    'priority=9,udp,tp_dst=2000,actions=conjunction(5,2/2)',
    'priority=9,conj_id=5,ip,actions=output:2',
  ];

  it.each<[title: string, flows: readonly string[], ports: readonly number[]]>([
    ['leads on when every clause takes the packet', CLAUSES, [2]],
    ['does nothing when a clause is missing', CLAUSES.filter((flow) => !flow.includes('2/2')), []],
    ['does nothing without a flow for its number', CLAUSES.slice(0, 3), []],
    ['gives way to a flow of a higher priority', [...CLAUSES, 'priority=10,ip,actions=output:3'], [3]],
    ['comes before a flow of a lower priority', [...CLAUSES, 'priority=8,ip,actions=output:3'], [2]],
    [
      'lets flows of a lower priority and the same match take the packet',
      [
        CLAUSES[0]!,
        'priority=7,ip,nw_src=10.0.0.1,actions=output:4',
        'priority=6,ip,nw_dst=10.0.0.2,actions=output:3',
      ],
      [4],
    ],
    [
      'tries the next of several conjunctions',
      [
        'priority=9,ip,nw_src=10.0.0.1,actions=conjunction(5,1/2),conjunction(6,1/2)',
        'priority=9,udp,tp_dst=2000,actions=conjunction(6,2/2)',
        'priority=9,conj_id=6,actions=output:4',
      ],
      [4],
    ],
  ])('%s', (_title, flows, ports) => {
    const sw = new TextPipeline();
    sw.flows(...flows);
    expect(sw.ports(udpFrame({ sport: 1000, dport: 2000 }))).toEqual(ports);
  });
});

describe('links', () => {
  it.each(['modulo_n', 'hash_threshold', 'hrw', 'iter_hash'])('are used by %s, all of them', (algorithm) => {
    const sw = new TextPipeline();
    sw.flows(
      `actions=multipath(symmetric_l3l4+udp,7,${algorithm},3,4,NXM_NX_REG0[4..5]),resubmit(,1)`,
      'table=1,reg0=0/0x30,actions=output:2',
      'table=1,reg0=0x10/0x30,actions=output:3',
      'table=1,reg0=0x20/0x30,actions=output:4',
    );
    const counts: Record<number, number> = { 2: 0, 3: 0, 4: 0 };
    for (let sport = 0; sport < 900; sport++) counts[sw.ports(udpFrame({ sport }))[0]!]!++;
    for (const port of [2, 3, 4]) expect(counts[port]).toBeGreaterThan(200);
  });

  it('are taken from the ports that are up', () => {
    const sw = new TextPipeline();
    sw.flows(
      'in_port=1,actions=bundle(symmetric_l4,0,active_backup,ofport,members:2,3)',
      'in_port=4,actions=bundle_load(eth_src,0,hrw,ofport,NXM_NX_REG0[],members:2,3),output:NXM_NX_REG0[]',
    );
    expect([sw.ports(FRAME, 1), sw.ports(FRAME, 4).length]).toEqual([[2], 1]);
    const entry = sw.pipeline.ports.get(2)!;
    entry.port = { ...entry.port, state: 1 };
    expect([sw.ports(FRAME, 1), sw.ports(FRAME, 4)]).toEqual([[3], [3]]);
  });
});

describe('fin_timeout', () => {
  it('makes a flow go earlier once its connection ends', () => {
    const sw = new TextPipeline();
    sw.flows('tcp,hard_timeout=100,actions=fin_timeout(idle_timeout=2,hard_timeout=200),output:2');
    const flow = [...sw.pipeline.tables.tables[0]!.flows.rules()][0]!;
    sw.ports(SYN);
    expect([flow.idleTimeout, flow.hardTimeout]).toEqual([0, 100]);
    sw.ports(FIN);
    expect([flow.idleTimeout, flow.hardTimeout]).toEqual([2, 100]);
    sw.nowMs = 2000;
    sw.pipeline.expire();
    expect(sw.counts()).toEqual({});
  });

  it('knows of the end also behind a label', () => {
    const sw = new TextPipeline();
    sw.flows(
      'tcp,actions=resubmit(,1),fin_timeout(hard_timeout=9),output:2',
      'table=1,actions=push_mpls:0x8847',
    );
    const flow = [...sw.pipeline.tables.tables[0]!.flows.rules()][0]!;
    const hardTimeouts = [SYN, FIN].map((frame) => {
      sw.ports(frame);
      return flow.hardTimeout;
    });
    expect(hardTimeouts).toEqual([0, 9]);
  });
});

describe('clones', () => {
  it('end with the action set, and leave it for the packet itself', () => {
    const sw = new TextPipeline();
    sw.flows('actions=write_actions(output:3),goto_table:1', 'table=1,actions=clone(output:2),output:4');
    expect(sw.ports(FRAME)).toEqual([2, 3, 4, 3]);
  });
});

describe('a watcher', () => {
  /** What it hears, indented by what it is part of. */
  class Lines implements Watcher {
    readonly lines: string[] = [];
    #depth = 0;

    table<T>(tableId: number, flow: Flow | undefined, obey: () => T): T {
      return this.#within(`table ${tableId} ${flow?.cookie ?? 'miss'}`, obey);
    }

    deed<T>(deed: Parameters<Watcher['deed']>[0], { packet }: Walk, run: () => T): T {
      return this.#within(`${nameOf(deed)} ${packet.bytes.length}`, run);
    }

    #within<T>(line: string, run: () => T): T {
      this.lines.push('  '.repeat(this.#depth++) + line);
      const result = run();
      this.#depth--;
      return result;
    }
  }

  function nameOf(deed: Parameters<Watcher['deed']>[0]): string {
    if (deed.type === 'action') return deed.action.type;
    if (deed.type === 'instruction') return deed.instruction.type;
    return deed.type === 'bucket' ? `bucket ${deed.index}` : deed.type;
  }

  it('hears of every table, flow, action, bucket and set, and nothing has effects', () => {
    const sw = new TextPipeline();
    sw.group({ command: 'add', groupType: 'all', groupId: 7, buckets: [{ actions: [output(2)] }] });
    sw.flows(
      'cookie=1,actions=push_vlan:0x8100,resubmit(,5),write_actions(group:7),goto_table:1',
      'cookie=2,table=1,actions=learn(table=9,NXM_OF_ETH_DST[]),output:3',
    );
    const heard = new Lines();
    const { departures } = new Traversal(sw.pipeline, Packet.receive(FRAME, 1), { watcher: heard }).runTables(
      0,
    );
    expect(departures.map(({ port }) => port)).toEqual([3, 2]);
    const { length } = FRAME;
    expect(heard.lines).toEqual([
      'table 0 1',
      `  pushVlan ${length}`,
      `  nxResubmitTable ${length + 4}`,
      '    table 5 miss',
      `  writeActions ${length + 4}`,
      `  gotoTable ${length + 4}`,
      'table 1 2',
      `  nxLearn ${length + 4}`,
      `  output ${length + 4}`,
      `actionSet ${length + 4}`,
      `  group ${length + 4}`,
      `    bucket 0 ${length + 4}`,
      `      output ${length + 4}`,
    ]);
    expect([sw.counts(), sw.sent, sw.pipeline.tables.tables[9]!.size]).toEqual([{ 32768: 0 }, [], 0]);
    expect(sw.pipeline.groups.get(7)!.packets).toBe(0);
  });
});
