import { describe, expect, it } from '@jest/globals';
import { readRun, runOf } from '../../../src/datapath/packet/layout.ts';
import type { Flow } from '../../../src/datapath/tables/flow.ts';
import { setField } from '../../../src/ofp/actions/set-field.ts';
import { output } from '../../../src/ofp/actions/standard.ts';
import { ethernet, ipv4, tcp, udpFrame } from '../frames.ts';
import { TextPipeline } from '../switch-text.ts';

const FRAME = udpFrame();
const FLOWS = [
  'priority=5,udp,tp_dst=2000,actions=write_metadata:1,goto_table:1',
  'priority=4,ip,actions=output:4',
  'table=1,metadata=1,ip,nw_src=10.0.0.0/24,actions=dec_ttl,set_field:02:00:00:00:00:09->eth_dst,output:2',
];

/** What becomes of a frame in a switch that remembers nothing, and of the same frame twice in one that does. */
function thrice(prepare: (sw: TextPipeline) => void, frame: Uint8Array, port = 1): unknown[] {
  const plain = new TextPipeline({ maxCachedFlows: 0 });
  const caching = new TextPipeline();
  prepare(plain);
  prepare(caching);
  return [plain, caching, caching].map((sw) => {
    sw.ports(frame, port);
    return sw.sent.map(({ port: out, frame: left }) => `${out} ${Buffer.from(left).toString('hex')}`);
  });
}

describe('packets like those before', () => {
  it.each<[title: string, prepare: (sw: TextPipeline) => void]>([
    ['rewrites', (sw) => sw.flows(...FLOWS)],
    [
      'clones and stacks',
      (sw) => sw.flows('actions=push:NXM_OF_ETH_SRC[],clone(pop:NXM_OF_ETH_DST[],output:2),output:3'),
    ],
    [
      'tags',
      (sw) => sw.flows('actions=push_vlan:0x8100,set_field:4103->vlan_vid,output:2,pop_vlan,output:3'),
    ],
    [
      'moves',
      (sw) =>
        sw.flows(
          'ip,actions=move:NXM_OF_IP_SRC[]->NXM_OF_IP_DST[],resubmit(,1)',
          'table=1,ip,nw_dst=10.0.0.1,actions=output:2',
        ),
    ],
    [
      'registers that come back',
      (sw) => sw.flows('ip,actions=load:9->NXM_NX_REG1[],move:NXM_NX_REG1[0..7]->NXM_OF_IP_TOS[],output:2'),
    ],
    ['queues', (sw) => sw.flows('actions=set_queue:3,output:2,pop_queue,set_field:5->reg0,output:3')],
    ['truncation', (sw) => sw.flows('actions=output(port=2,max_len=20),output:3')],
    [
      'groups',
      (sw) => {
        const buckets = [{ actions: [setField('ipv4Dst', '9.9.9.9'), output(2)] }, { actions: [output(3)] }];
        sw.group({ command: 'add', groupType: 'all', groupId: 1, buckets });
        sw.flows('actions=group:1,output:4');
      },
    ],
  ])('get the same %s', (_title, prepare) => {
    const [first, second, third] = thrice(prepare, FRAME);
    expect(first).not.toEqual([]);
    expect([second, third]).toEqual([first, first]);
  });

  it('are told from others by every bit that the tables looked at', () => {
    const sw = new TextPipeline();
    sw.flows(...FLOWS);
    expect([sw.ports(FRAME), sw.ports(FRAME)]).toEqual([[2], [2]]);
    expect(sw.ports(udpFrame({ dport: 2001 }))).toEqual([4]);
    expect(sw.ports(udpFrame({ ttl: 1 }))).toEqual([]);
    expect(sw.ports(ethernet(0x0800, ipv4(6, tcp(1, 2000))))).toEqual([4]);
    expect(sw.ports(ethernet(0x0800, ipv4(17, FRAME.subarray(34), { src: '10.0.1.1' })))).toEqual([]);
    expect(sw.ports(FRAME)).toEqual([2]);
  });

  it('count in flows, tables and groups', () => {
    const sw = new TextPipeline();
    sw.group({ command: 'add', groupType: 'all', groupId: 1, buckets: [{ actions: [output(2)] }] });
    sw.flows('priority=7,ip,actions=group:1,resubmit(,3),goto_table:1', 'table=1,priority=8,actions=drop');
    sw.nowMs = 5;
    for (let i = 0; i < 3; i++) sw.ports(FRAME);
    expect([sw.counts(0), sw.counts(1)]).toEqual([{ 7: 3 }, { 8: 3 }]);
    const { groups, tables } = sw.pipeline;
    expect(groups.get(1)).toMatchObject({ packets: 3, bytes: 3 * FRAME.length });
    expect(groups.get(1)!.buckets[0]).toMatchObject({ packets: 3 });
    expect(tables.tables[3]).toMatchObject({ lookups: 3, matched: 0 });
    expect([...tables.tables[0]!.flows.rules()][0]!.usedMs).toBe(5);
  });

  it('are counted in time for everybody who asks', () => {
    const gone: string[] = [];
    const onFlowRemoved = (flow: Flow, reason: string) =>
      gone.push(`${reason} ${flow.packets} ${flow.bytes}`);
    const sw = new TextPipeline({ onFlowRemoved });
    const send = (count: number) => {
      for (let i = 0; i < count; i++) sw.ports(FRAME);
    };
    const flow = 'udp,actions=output:2';
    sw.flows(flow);
    send(3);
    sw.flow('udp,actions=output:3', 'modify');
    send(4);
    expect(sw.counts(0)).toEqual({ 32768: 7 });
    sw.flows(flow);
    send(2);
    sw.flow('udp', 'delete');
    expect(gone).toEqual([`delete 9 ${9 * FRAME.length}`]);
    expect(sw.pipeline.tables.tables[0]).toMatchObject({ lookups: 9, matched: 9 });
  });

  it('keep flows from being idle', () => {
    const sw = new TextPipeline();
    sw.flows('idle_timeout=5,udp,actions=output:2');
    const sizeAt = (ms: number) => {
      sw.nowMs = ms;
      sw.pipeline.expire();
      return sw.pipeline.tables.tables[0]!.size;
    };
    sw.ports(FRAME);
    sw.nowMs = 4000;
    sw.ports(FRAME);
    expect([sizeAt(8999), sizeAt(9000)]).toEqual([1, 0]);
  });

  it('take to controllers and through tunnels what the tables have written', () => {
    const sw = new TextPipeline();
    sw.pipeline.ports.get(3)!.tunnelAddress = '192.0.2.1';
    const write = 'set_field:7->reg1,set_field:77->tun_id,set_field:192.0.2.9->tun_dst';
    sw.flows(`actions=${write},set_field:8->reg1,controller,output:3,output:2,set_field:9->reg1`);
    const tunnels: unknown[] = [];
    sw.pipeline.ports.get(3)!.transmit = (_frame, tunnel) => tunnels.push(tunnel);
    const register = () => readRun(sw.pipeline.receive(FRAME, 1)[0]!.words, runOf('reg1'));
    expect([register(), register()]).toEqual([8n, 8n]);
    expect(tunnels).toEqual([tunnels[0], tunnels[0]]);
    expect(tunnels[0]).toMatchObject({ key: 77, dst: '192.0.2.9' });
  });

  it('take tokens of meters, and are dropped without', () => {
    const sw = new TextPipeline();
    sw.meter({ command: 'add', meterId: 1, flags: 2, bands: [{ type: 'drop', rate: 2, burstSize: 0 }] });
    sw.flows('actions=meter:1,output:2');
    expect([1, 2, 3].map(() => sw.ports(FRAME).length)).toEqual([1, 1, 0]);
  });

  it.each<[title: string, change: (sw: TextPipeline) => void, ports: readonly number[]]>([
    ['flow', (sw) => sw.flows('priority=40000,udp,actions=output:3'), [3]],
    ['deleted flow', (sw) => void sw.flow('table=1', 'delete'), []],
    [
      'group',
      (sw) => void sw.group({ command: 'addOrModify', groupType: 'all', groupId: 1, buckets: [] }),
      [],
    ],
    [
      'port',
      (sw) => {
        const entry = sw.pipeline.ports.get(2)!;
        entry.port = { ...entry.port, state: 1 };
      },
      [],
    ],
    [
      'timeout',
      (sw) => {
        sw.nowMs = 10_000;
        sw.pipeline.expire();
      },
      [],
    ],
  ])('see a changed %s at once', (_title, change, ports) => {
    const sw = new TextPipeline();
    sw.group({ command: 'add', groupType: 'all', groupId: 1, buckets: [{ actions: [output(2)] }] });
    sw.flows('udp,actions=goto_table:1', 'table=1,hard_timeout=10,actions=group:1');
    for (let i = 0; i < 2; i++) expect(sw.ports(FRAME)).toEqual([2]);
    change(sw);
    for (let i = 0; i < 2; i++) expect(sw.ports(FRAME)).toEqual(ports);
  });

  it('are forgotten when there are too many kinds of them', () => {
    const sw = new TextPipeline({ maxCachedFlows: 8 });
    sw.flows('udp,tp_src=1/1,actions=output:2', 'priority=1,udp,tp_src=7,actions=output:3');
    for (let round = 0; round < 3; round++) {
      for (let sport = 0; sport < 40; sport++)
        expect(sw.ports(udpFrame({ sport }))).toEqual(sport % 2 === 1 ? [2] : []);
    }
    expect(sw.counts(0)[32768]).toBe(60);
  });
});
