import { describe, expect, it } from '@jest/globals';
import {
  formatTrace,
  SoftNetwork,
  SoftSwitch,
  type SwitchDump,
  type TraceStep,
  tablesOf,
} from '../../../src/datapath/index.ts';
import { output } from '../../../src/ofp/actions/standard.ts';
import type { FlowSpec, GroupDesc, MeterConfig } from '../../../src/ofp/index.ts';
import { parseFlow } from '../../../src/ofp/text/flow-parse.ts';
import { udpFrame } from '../frames.ts';

function dump(flows: readonly string[], more: Partial<SwitchDump> = {}): SwitchDump {
  const stats = { durationSec: 0, durationNsec: 0, idleTimeout: 0, hardTimeout: 0, flags: 0, cookie: 0 };
  const asStats = (text: string) => {
    const {
      type: _type,
      command: _command,
      ...flow
    } = parseFlow(text) as FlowSpec & { type: string; command: string };
    const missing = { match: {}, priority: 0x8000, instructions: [], packetCount: 0, byteCount: 0 };
    return { ...stats, ...missing, ...flow, tableId: flow.tableId ?? 0 };
  };
  return { flows: flows.map(asStats), ...more };
}

const GROUP: GroupDesc = {
  groupId: 5,
  groupType: 'all',
  buckets: [
    { weight: 0, watchPort: 0xffffffff, watchGroup: 0xffffffff, actions: [output(2)] },
    {
      weight: 0,
      watchPort: 0xffffffff,
      watchGroup: 0xffffffff,
      actions: [{ type: 'setField', field: 'ipv4Dst', value: '10.9.9.9' }, output(3)],
    },
  ],
};
const METER: MeterConfig = { meterId: 1, flags: 2, bands: [{ type: 'drop', rate: 1, burstSize: 1 }] };

const FLOWS = [
  'priority=7,cookie=0x10,in_port=1,udp,actions=meter:1,set_field:5->reg0,resubmit(,4),write_metadata:0x7/0xff,goto_table:1',
  'table=4,priority=3,actions=move:NXM_NX_REG0[]->NXM_NX_REG1[]',
  'table=1,cookie=0x11,udp,metadata=0x7,actions=dec_ttl,write_actions(group:5)',
];

/** A tree as nested lists of words. */
const shape = (steps: readonly TraceStep[]): unknown[] =>
  steps.map((step) => {
    const name =
      step.type === 'action'
        ? step.action.type
        : step.type === 'instruction'
          ? step.instruction.type
          : step.type;
    return step.steps.length === 0 ? name : [name, ...shape(step.steps)];
  });

describe('a trace', () => {
  it('is a tree of tables, flows, actions and what they change', async () => {
    const sw = await SoftSwitch.fromDump(dump(FLOWS, { groups: [GROUP], meters: [METER] }));
    const trace = sw.trace(udpFrame(), 1);
    expect(shape(trace.steps)).toEqual([
      [
        'table',
        'meter',
        'setField',
        ['nxResubmitTable', ['table', 'nxRegMove']],
        'writeMetadata',
        'gotoTable',
      ],
      ['table', 'decNwTtl', 'writeActions'],
      ['actionSet', ['group', ['bucket', 'output'], ['bucket', 'setField', 'output']]],
    ]);
    expect(tablesOf(trace).map(({ tableId, flow }) => [tableId, flow?.priority, flow?.cookie])).toEqual([
      [0, 7, 0x10n],
      [4, 3, 0n],
      [1, 0x8000, 0x11n],
    ]);
    const rewrites = (steps: readonly TraceStep[]): unknown[] =>
      steps.flatMap((step) => [
        ...('rewrites' in step ? step.rewrites.map(({ field, from, to }) => [field, from, to]) : []),
        ...rewrites(step.steps),
      ]);
    expect(rewrites(trace.steps).map(String)).toEqual([
      'reg0,,5',
      'reg1,,5',
      'metadata,,7',
      'ipTtl,64,63',
      'ipv4Dst,10.0.0.2,10.9.9.9',
    ]);
    expect(trace.before).toMatchObject({ inPort: 1, ipv4Dst: '10.0.0.2', udpDst: 2000 });
    expect(trace.after).toMatchObject({ inPort: 1, reg0: 5, reg1: 5, ipv4Dst: '10.0.0.2', ipTtl: 63 });
    expect(trace.departures.map(({ port }) => port)).toEqual([2, 3]);
  });

  it('is printed as ofproto/trace prints', async () => {
    const sw = await SoftSwitch.fromDump(dump(FLOWS, { groups: [GROUP], meters: [METER] }));
    expect(formatTrace(sw.trace(udpFrame(), 1))).toBe(`\
Flow: udp,in_port=1,vlan_tci=0x0000,dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02,nw_src=10.0.0.1,nw_dst=10.0.0.2,\
nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,tp_src=1000,tp_dst=2000

 0. udp,in_port=1, priority 7, cookie 0x10
    meter:1
    set_field:0x5->reg0
    resubmit(,4)
     4. priority 3
            move:NXM_NX_REG0[]->NXM_NX_REG1[]
             -> reg1 is now 0x5
    write_metadata:0x7/0xff
    goto_table:1
     1. udp,metadata=0x7, priority 32768, cookie 0x11
            dec_ttl
             -> nw_ttl is now 63
            write_actions(group:5)
--. Executing action set:
    group:5
    bucket 0
            output:2
    bucket 1
            set_field:10.9.9.9->ip_dst
            output:3

Final flow: udp,reg0=0x5,reg1=0x5,metadata=0x7,in_port=1,vlan_tci=0x0000,dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02,\
nw_src=10.0.0.1,nw_dst=10.0.0.2,nw_tos=0,nw_ecn=0,nw_ttl=63,nw_frag=no,tp_src=1000,tp_dst=2000
Outputs: port 2, port 3
`);
  });

  it('says what has no match, what is dropped, what goes to the controller, and what goes on for ever', async () => {
    const traced = async (...flows: string[]) => {
      const sw = await SoftSwitch.fromDump(dump(flows));
      return formatTrace(sw.trace(udpFrame(), 1)).split('\n').slice(2, -1);
    };
    expect(await traced()).toEqual([
      ' 0. No match.',
      '    drop',
      '',
      'Final flow: unchanged',
      'Outputs: drop',
    ]);
    expect(await traced('priority=0,actions=drop')).toEqual([
      ' 0. priority 0',
      '    drop',
      '',
      'Final flow: unchanged',
      'Outputs: drop',
    ]);
    expect((await traced('actions=controller,controller(id=5)')).at(-1)).toBe(
      'Outputs: controller, controller(id=5)',
    );
    const endless = await traced('actions=resubmit(,0)');
    expect(endless.at(-4)).toBe(' >>>> too many resubmits, the packet goes nowhere <<<<');
  });

  it('has no effects', async () => {
    const sent: number[] = [];
    const sw = await SoftSwitch.fromDump(
      dump(
        [
          'actions=meter:1,learn(table=1,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[]),group:5,normal',
        ],
        { groups: [GROUP], meters: [METER] },
      ),
      { onTransmit: (port) => sent.push(port), ports: [{ portNo: 1 }, { portNo: 2 }, { portNo: 3 }] },
    );
    const { pipeline } = sw;
    const [flow] = [...pipeline.tables.tables[0]!.flows.rules()];
    const state = () => ({
      sent,
      counted: [flow!.packets, pipeline.groups.get(5)!.packets, pipeline.meters.get(1)!.packets],
      learnt: pipeline.tables.tables[1]!.size,
      lookups: pipeline.tables.tables[0]!.lookups,
      known: pipeline.macs.lookup(0x0200, 1, 0, 0),
    });
    for (let i = 0; i < 3; i++) expect(sw.trace(udpFrame(), 1).departures).toHaveLength(4);
    expect(state()).toEqual({ sent: [], counted: [0, 0, 0], learnt: 0, lookups: 0, known: undefined });
    sw.receive(1, udpFrame());
    sw.receive(1, udpFrame());
    // The meter passes one of the two; what it drops counts in groups none the less, as in Open vSwitch.
    expect(state()).toEqual({ sent: [2, 3, 2, 3], counted: [2, 2, 2], learnt: 1, lookups: 2, known: 1 });
  });

  it('takes the tunnel in', async () => {
    const sw = await SoftSwitch.fromDump(
      dump([
        'in_port=9,tun_id=7,tun_src=192.0.2.2,actions=output:1',
        'in_port=1,actions=set_field:7->tun_id,set_field:192.0.2.2->tun_dst,output:9',
      ]),
    );
    new SoftNetwork().addTunnel(sw, 9, '192.0.2.1');
    const tunnel = { key: 7, src: '192.0.2.2', dst: '192.0.2.1' };
    expect(sw.trace(udpFrame(), 9, tunnel).departures).toMatchObject([{ port: 1 }]);
    expect(sw.trace(udpFrame(), 9, { ...tunnel, key: 8 }).departures).toEqual([]);
    const out = sw.trace(udpFrame(), 1);
    expect(out.departures).toMatchObject([
      { port: 9, tunnel: { ...tunnel, src: tunnel.dst, dst: tunnel.src } },
    ]);
    expect(formatTrace(out)).toContain('Outputs: port 9 (key 0x7 from 192.0.2.1 to 192.0.2.2)\n');
  });
});

describe('a dump', () => {
  it('may come part by part, with ports', async () => {
    async function* later() {
      yield* dump(['actions=flood']).flows as Iterable<never>;
    }
    const port = { hwAddr: '02:00:00:00:00:01', name: 'a', config: 0, curr: 0, advertised: 0, supported: 0 };
    const speeds = { peer: 0, currSpeed: 0, maxSpeed: 0 };
    const ports = Promise.resolve([1, 2].map((portNo) => ({ ...port, ...speeds, portNo, state: 4 })));
    const sw = await SoftSwitch.fromDump({ flows: later(), ports, groups: Promise.resolve([GROUP]) });
    expect(sw.trace(udpFrame(), 1).departures.map(({ port }) => port)).toEqual([2]);
    expect(sw.pipeline.groups.get(5)).toBeDefined();
  });

  it('is refused where the switch could not do as the real one does', async () => {
    const refused = SoftSwitch.fromDump(dump(['tcp,actions=ct(commit,alg=ftp)']));
    await expect(refused).rejects.toMatchObject({
      code: 'DATAPATH_DUMP_REFUSED',
      message: expect.stringContaining('actions=ct(commit,alg=ftp): NXBAC_CT_DATAPATH_SUPPORT'),
    });
  });
});
