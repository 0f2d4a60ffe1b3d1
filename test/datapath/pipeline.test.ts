import { describe, expect, it } from '@jest/globals';
import { setField } from '../../src/ofp/actions/set-field.ts';
import { output } from '../../src/ofp/actions/standard.ts';
import { ethernet, hex, ipv4, udp, udpFrame } from './frames.ts';
import { TextPipeline } from './switch-text.ts';

const FRAME = udpFrame();
const ALL = 0xffff_fffc;

describe('forwarding', () => {
  const cases: readonly [title: string, flows: readonly string[], ports: readonly number[]][] = [
    ['nowhere without a flow', [], []],
    ['by the highest priority', ['priority=1,actions=output:2', 'priority=2,actions=output:3'], [3]],
    ['nowhere back to its port', ['actions=output:1,output:2'], [2]],
    ['back to its port when told so', ['actions=in_port'], [1]],
    ['to all other ports', ['actions=all'], [2, 3, 4]],
    ['everywhere, as a learning switch that knows nothing', ['actions=normal'], [2, 3, 4]],
    ['through tables', ['actions=goto_table:5', 'table=5,udp,actions=output:4'], [4]],
    [
      'by what a flow wrote',
      ['ip,actions=mod_nw_dst:1.2.3.4,goto_table:1', 'table=1,ip,nw_dst=1.2.3.4,actions=output:2'],
      [2],
    ],
    [
      'by metadata',
      ['actions=write_metadata:0x5/0xf,goto_table:1', 'table=1,metadata=5,actions=output:2'],
      [2],
    ],
    ['by a register', ['actions=load:3->NXM_NX_REG0[],output:NXM_NX_REG0[]'], [3]],
    [
      'by its action set, once',
      ['actions=write_actions(output:2),goto_table:1', 'table=1,actions=write_actions(output:3)'],
      [3],
    ],
    [
      'not by a cleared action set',
      ['actions=write_actions(output:2),goto_table:1', 'table=1,actions=clear_actions'],
      [],
    ],
    ['by resubmit, coming back', ['actions=resubmit(,1),output:4', 'table=1,actions=output:2'], [2, 4]],
    [
      'by resubmit from another port',
      ['actions=resubmit(7,1),output:4', 'table=1,in_port=7,actions=output:1,output:2'],
      [2, 4],
    ],
    [
      'by a clone that changes nothing',
      [
        'ip,actions=clone(mod_nw_dst:9.9.9.9,output:2),resubmit(,1)',
        'table=1,ip,nw_dst=10.0.0.2,actions=output:3',
      ],
      [2, 3],
    ],
    [
      'by a stack',
      [
        'actions=push:NXM_OF_IN_PORT[],load:2->NXM_NX_REG1[],pop:NXM_NX_REG1[0..15],resubmit(,1)',
        'table=1,reg1=1,actions=output:3',
      ],
      [3],
    ],
    ['not after an exit', ['actions=resubmit(,1),output:4', 'table=1,actions=output:2,exit'], [2]],
    [
      'not by the action set after an exit',
      ['actions=write_actions(output:2),goto_table:1', 'table=1,actions=output:3,exit'],
      [3],
    ],
    [
      'no further than a TTL that has run out',
      ['ip,actions=set_field:1->nw_ttl,output:4,dec_ttl,output:2,goto_table:1', 'table=1,actions=output:3'],
      [4],
    ],
    ['not when it loops', ['actions=output:2,resubmit(,0)'], []],
  ];
  it.each(cases)('goes %s', (_title, flows, ports) => {
    const sw = new TextPipeline();
    sw.flows(...flows);
    expect(sw.ports(FRAME)).toEqual(ports);
  });

  it('learns addresses for output to NORMAL, by VLAN, and forgets them', () => {
    const sw = new TextPipeline();
    sw.flows('actions=normal');
    const back = ethernet(0x0800, ipv4(17, udp(1, 2)), {
      src: '02:00:00:00:00:02',
      dst: '02:00:00:00:00:01',
    });
    expect(sw.ports(FRAME, 1)).toEqual([2, 3, 4]);
    expect(sw.ports(back, 3)).toEqual([1]);
    expect(sw.ports(FRAME, 1)).toEqual([3]);
    expect(sw.ports(udpFrame({ vlans: [9] }), 1)).toEqual([2, 3, 4]);
    sw.nowMs = 300_001;
    expect(sw.ports(FRAME, 1)).toEqual([2, 3, 4]);
  });

  it('forwards nothing to addresses that bridges consume', () => {
    const sw = new TextPipeline();
    sw.flows('actions=normal');
    expect(sw.ports(ethernet(0x88cc, hex('0000'), { dst: '01:80:c2:00:00:0e' }))).toEqual([]);
  });

  it('learns flows from packets', () => {
    const sw = new TextPipeline();
    sw.flows(
      'actions=learn(table=1,hard_timeout=10,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[]),resubmit(,1)',
    );
    const back = ethernet(0x0800, ipv4(17, udp(1, 2)), {
      src: '02:00:00:00:00:02',
      dst: '02:00:00:00:00:01',
    });
    expect([sw.ports(FRAME, 4), sw.ports(back, 2)]).toEqual([[], [4]]);
    expect(sw.ports(FRAME, 3)).toEqual([2]);
    expect(sw.ports(back, 2)).toEqual([3]);
    sw.nowMs = 10_000;
    sw.pipeline.expire();
    expect(sw.pipeline.tables.tables[1]!.flows.size).toBe(0);
  });

  it('asks controllers with the reason, table and cookie', () => {
    const sw = new TextPipeline();
    sw.flows(
      'priority=0,actions=controller',
      'cookie=7,udp,actions=goto_table:3',
      'table=3,cookie=8,actions=controller(max_len=20,reason=invalid_ttl,id=5)',
      'tcp,actions=write_actions(controller)',
      'icmp,actions=dec_ttl,output:2',
    );
    const asked = (frame: Uint8Array) =>
      sw.pipeline
        .classify(frame, 1)
        .packetIns.map(({ reason, tableId, cookie, maxLen, controllerId }) => [
          reason,
          tableId,
          cookie,
          maxLen,
          controllerId,
        ]);
    expect(asked(FRAME)).toEqual([['invalidTtl', 3, 8n, 20, 5]]);
    expect(asked(ethernet(0x88cc, hex('00')))).toEqual([['noMatch', 0, 0n, 0xffff, 0]]);
    expect(asked(ethernet(0x0800, ipv4(6, Buffer.alloc(20))))).toEqual([['actionSet', 0, 0n, 0xffff, 0]]);
    expect(asked(ethernet(0x0800, ipv4(1, Buffer.alloc(8), { ttl: 1 })))).toEqual([
      ['invalidTtl', 0, 0n, 0xffff, 0],
    ]);
  });

  it('counts packets in flows, tables and ports', () => {
    const sw = new TextPipeline();
    sw.flows('priority=5,udp,actions=output:2', 'priority=1,actions=drop');
    for (let i = 0; i < 3; i++) sw.ports(FRAME);
    sw.ports(ethernet(0x88cc, hex('00')));
    expect(sw.counts()).toEqual({ 5: 3, 1: 1 });
    const { lookups, matched } = sw.pipeline.tables.tables[0]!;
    expect([lookups, matched]).toEqual([4, 4]);
    expect(sw.pipeline.ports.get(2)).toMatchObject({ txPackets: 3, txBytes: 3 * FRAME.length });
    expect(sw.pipeline.ports.get(1)).toMatchObject({ rxPackets: 4 });
  });

  it('sends packet-outs through actions and, for TABLE, through the tables', () => {
    const sw = new TextPipeline();
    sw.flows('in_port=3,actions=output:4');
    sw.pipeline.preparePacketOut({ data: FRAME, inPort: 3, actions: [output(1), output(0xffff_fff9)] })();
    expect(sw.sent.map(({ port }) => port)).toEqual([1, 4]);
  });
});

describe('groups', () => {
  const bucket = (port: number, more = {}) => ({ actions: [output(port)], ...more });

  it('copies the packet into every bucket of an all group, each with its own changes', () => {
    const sw = new TextPipeline();
    const changed = { actions: [setField('ipv4Dst', '9.9.9.9'), output(2)] };
    sw.group({ command: 'add', groupType: 'all', groupId: 1, buckets: [changed, bucket(3)] });
    sw.flows('actions=group:1,output:4');
    expect(sw.ports(FRAME)).toEqual([2, 3, 4]);
    expect(FRAME.equals(Buffer.from(sw.sent[1]!.frame))).toBe(true);
    expect(FRAME.equals(Buffer.from(sw.sent[0]!.frame))).toBe(false);
  });

  it('shares connections out over a select group by weight', () => {
    const sw = new TextPipeline();
    const buckets = [bucket(2, { weight: 3 }), bucket(3, { weight: 1 }), bucket(4, { weight: 0 })];
    sw.group({ command: 'add', groupType: 'select', groupId: 1, buckets });
    sw.flows('actions=group:1');
    const counts: Record<number, number> = { 2: 0, 3: 0, 4: 0 };
    for (let sport = 0; sport < 2000; sport++) counts[sw.ports(udpFrame({ sport }))[0]!]!++;
    expect(counts[4]).toBe(0);
    expect(counts[2]! / counts[3]!).toBeGreaterThan(2.5);
    expect(counts[2]! / counts[3]!).toBeLessThan(3.5);
    expect(sw.ports(FRAME)).toEqual(sw.ports(FRAME));
  });

  it('fails over to the first live bucket, through a watched group too', () => {
    const sw = new TextPipeline();
    sw.group({
      command: 'add',
      groupType: 'fastFailover',
      groupId: 2,
      buckets: [bucket(3, { watchPort: 3 })],
    });
    const buckets = [
      bucket(2, { watchPort: 2 }),
      { watchGroup: 2, actions: [{ type: 'group', groupId: 2 } as const] },
    ];
    sw.group({ command: 'add', groupType: 'fastFailover', groupId: 1, buckets });
    sw.flows('actions=group:1');
    const down = (portNo: number) => {
      const entry = sw.pipeline.ports.get(portNo)!;
      entry.port = { ...entry.port, state: 1 };
    };
    expect(sw.ports(FRAME)).toEqual([2]);
    down(2);
    expect(sw.ports(FRAME)).toEqual([3]);
    down(3);
    expect(sw.ports(FRAME)).toEqual([]);
  });

  it('takes groups that lead to themselves, which packets do not follow for ever', () => {
    const sw = new TextPipeline();
    const to = (groupId: number) => ({ actions: [{ type: 'group', groupId } as const] });
    const add = { command: 'add', groupType: 'all' } as const;
    expect(sw.group({ ...add, groupId: 1, buckets: [to(2)] })).toBeUndefined();
    expect(sw.group({ ...add, groupId: 2, buckets: [to(1), to(1)] })).toBeUndefined();
    sw.flows('actions=output:2,group:1');
    expect(sw.ports(FRAME)).toEqual([]);
  });

  it('refuses wrong buckets, and flows to groups that are not there', () => {
    const sw = new TextPipeline();
    const add = { command: 'add', groupType: 'all' } as const;
    expect(sw.group({ ...add, groupId: 1, buckets: [] })).toBeUndefined();
    expect(sw.group({ ...add, groupId: 1, buckets: [] })).toBe('OFPGMFC_GROUP_EXISTS');
    expect(sw.group({ ...add, command: 'modify', groupId: 9 })).toBe('OFPGMFC_UNKNOWN_GROUP');
    expect(sw.group({ ...add, groupId: ALL })).toBe('OFPGMFC_INVALID_GROUP');
    expect(sw.group({ ...add, groupType: 'indirect', groupId: 3 })).toBe('OFPGMFC_INVALID_GROUP');
    expect(sw.group({ ...add, groupId: 3, buckets: [bucket(1, { weight: 2 })] })).toBe(
      'OFPGMFC_INVALID_GROUP',
    );
    expect(sw.flow('actions=group:9')).toBe('OFPBAC_BAD_OUT_GROUP');
  });

  it('takes the flows of a deleted group with it', () => {
    const gone: string[] = [];
    const sw = new TextPipeline({ onFlowRemoved: (flow, reason) => gone.push(`${flow.priority} ${reason}`) });
    sw.group({ command: 'add', groupType: 'all', groupId: 1, buckets: [bucket(2)] });
    sw.flows('priority=1,actions=group:1', 'priority=2,udp,actions=output:1');
    sw.group({ command: 'delete', groupId: ALL });
    expect([gone, sw.counts()]).toEqual([['1 groupDelete'], { 2: 0 }]);
  });
});

describe('meters', () => {
  const drop = (rate: number, burstSize = 0) => ({ type: 'drop', rate, burstSize }) as const;

  it('lets as many packets through as the rate and the time allow', () => {
    const sw = new TextPipeline();
    sw.meter({ command: 'add', meterId: 1, flags: 2, bands: [drop(10)] });
    sw.flows('actions=meter:1,output:2');
    const passed = (count: number) => {
      let through = 0;
      for (let i = 0; i < count; i++) through += sw.ports(FRAME).length;
      return through;
    };
    expect(passed(30)).toBe(10);
    sw.nowMs = 500;
    expect(passed(30)).toBe(5);
    expect(sw.pipeline.meters.get(1)).toMatchObject({ packets: 60 });
    expect(sw.pipeline.meters.get(1)!.bands[0]!.packets).toBe(45);
  });

  it('loses nothing to packets that run in circles', () => {
    const sw = new TextPipeline();
    sw.meter({ command: 'add', meterId: 1, flags: 2, bands: [drop(1)] });
    sw.flows('priority=1,actions=meter:1,output:2', 'priority=2,in_port=3,actions=meter:1,resubmit(,0)');
    expect([sw.ports(FRAME, 3), sw.ports(FRAME, 1)]).toEqual([[], [2]]);
    expect(sw.pipeline.meters.get(1)).toMatchObject({ packets: 1, bytes: FRAME.length });
    expect(sw.pipeline.meters.get(1)!.bands[0]).toMatchObject({ packets: 0, bytes: 0 });
  });

  it('keeps what has left before a select group, whatever becomes of the packet', () => {
    const sw = new TextPipeline();
    sw.group({
      command: 'add',
      groupType: 'select',
      groupId: 1,
      buckets: [{ weight: 1, actions: [output(4)] }],
    });
    sw.flows('actions=output:2,group:1,output:3,resubmit(,0)');
    expect(sw.ports(FRAME)).toEqual([2]);
  });

  it.each([
    ['OFPMMFC_METER_EXISTS', { command: 'add', meterId: 1, flags: 1, bands: [drop(1)] }],
    ['OFPMMFC_UNKNOWN_METER', { command: 'modify', meterId: 2, flags: 1, bands: [drop(1)] }],
    ['OFPMMFC_INVALID_METER', { command: 'add', meterId: 0, flags: 1, bands: [] }],
    ['OFPMMFC_BAD_FLAGS', { command: 'add', meterId: 2, flags: 3, bands: [] }],
    ['OFPMMFC_BAD_RATE', { command: 'add', meterId: 2, flags: 1, bands: [drop(0)] }],
    [
      'OFPMMFC_BAD_BAND',
      { command: 'add', meterId: 2, flags: 1, bands: [{ ...drop(1), type: 'dscpRemark', precLevel: 1 }] },
    ],
  ] as const)('answers %s', (error, mod) => {
    const sw = new TextPipeline();
    sw.meter({ command: 'add', meterId: 1, flags: 1, bands: [drop(1)] });
    expect(sw.meter(mod)).toBe(error);
  });

  it('refuses flows to meters that are not there, and takes the flows of a deleted one with it', () => {
    const sw = new TextPipeline();
    expect(sw.flow('actions=meter:1,output:2')).toBe('OFPMMFC_INVALID_METER');
    sw.meter({ command: 'add', meterId: 1, flags: 1, bands: [drop(1)] });
    sw.flows('actions=meter:1,output:2');
    sw.meter({ command: 'delete', meterId: 1 });
    expect(sw.counts()).toEqual({});
  });
});
