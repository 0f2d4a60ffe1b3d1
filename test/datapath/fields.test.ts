import { describe, expect, it } from '@jest/globals';
import { packetInMatch } from '../../src/datapath/agent/packet-in-match.ts';
import type { ActionInit } from '../../src/ofp/actions/action.ts';
import { output } from '../../src/ofp/actions/standard.ts';
import { ethernet, hex, ipv4, ports, tcp, udp, udpFrame } from './frames.ts';
import { TextPipeline } from './switch-text.ts';

const TOS_AT = 15;
const FRAME = ethernet(0x0800, ipv4(17, udp(1, 2), { tos: 0xb9 }));

/** What a packet-in says beside the packet once the actions were done. */
function told(actions: string, frame: Uint8Array = FRAME, inPort = 1): Record<string, unknown> {
  const sw = new TextPipeline();
  sw.flows(`ip,actions=${actions},controller`);
  const [request] = sw.pipeline.classify(frame, inPort).packetIns;
  return packetInMatch(request!.words) as Record<string, unknown>;
}

describe('the old field of the DSCP', () => {
  it.each([
    ['set_field:0xfc->nw_tos', 0xfd],
    ['load:0xff->NXM_OF_IP_TOS[]', 0xfd],
    ['load:0x3->NXM_OF_IP_TOS[1..2]', 0xbd],
    ['load:0x0->NXM_OF_IP_TOS[0..1]', 0xb9],
    ['move:NXM_OF_IP_TOS[]->NXM_NX_IP_TTL[]', 0xb9],
    ['move:NXM_OF_IP_TOS[2..3]->NXM_NX_IP_ECN[]', 0xba],
    ['push:NXM_OF_IP_TOS[],pop:OXM_OF_IP_DSCP[]', 0xe1],
  ])('is the whole byte, whose last bits are not its own: %s', (actions, tos) => {
    const sw = new TextPipeline();
    sw.flows(`ip,actions=${actions},output:2`);
    expect(sw.frame(FRAME)[TOS_AT]).toBe(tos);
  });

  it('is read without the ECN', () => {
    expect(told('move:NXM_OF_IP_TOS[]->NXM_NX_REG0[0..7]').reg0).toBe(0xb8);
    expect(told('move:NXM_OF_IP_TOS[0..3]->NXM_NX_REG0[0..3]').reg0).toBe(8);
  });

  it('is what a flow learns of it', () => {
    const sw = new TextPipeline();
    sw.flows(
      'ip,actions=learn(table=1,load:NXM_OF_IP_TOS[]->NXM_NX_REG0[0..7],eth_type=0x800,NXM_OF_IP_TOS[])',
    );
    sw.ports(FRAME);
    const [flow] = sw.pipeline.tables.tables[1]!.flows.rules();
    expect(flow!.matchFields).toMatchObject({ ipDscp: 0x2e });
    expect(flow!.instructions).toMatchObject([{ actions: [{ value: { low: 0xb8 } }] }]);
  });
});

describe('fields that are kept in fewer bits than they have', () => {
  const ARP = ethernet(0x0806, hex('0001080006040001 020000000001 0a000001 000000000000 0a000002'));

  it('lose the bits above: operations of ARP', () => {
    const sw = new TextPipeline();
    sw.flows('arp,actions=load:0xa3->NXM_OF_ARP_OP[1..10],move:NXM_OF_ARP_OP[]->NXM_NX_REG0[0..15],output:2');
    expect(sw.frame(ARP).readUInt16BE(20)).toBe(0x47);
  });

  it('lose the bits above: numbers of ports', () => {
    expect(told('load:0xf8402b0a->OXM_OF_IN_PORT[]').inPort).toBe(0xffff_ffff);
    expect(told('load:0xfffffffe->OXM_OF_IN_PORT[]').inPort).toBe(0xffff_fffe);
    expect(told('load:0xfffe->NXM_OF_IN_PORT[]').inPort).toBe(0xffff_fffe);
    expect(told('load:0xfffe->NXM_OF_IN_PORT[],load:7->NXM_OF_IN_PORT[]').inPort).toBe(7);
  });
});

describe('actions of OpenFlow 1.1 that write a port', () => {
  it.each([
    ['TCP', 6, tcp(1, 2)],
    ['SCTP', 132, ports(1, 2, 20)],
  ])('write that of %s, whichever it is, where nobody has said so', (_, protocol, transport) => {
    const sw = new TextPipeline();
    const actions = [{ type: 'setTpSrc', tpPort: 5 }, { type: 'setTpDst', tpPort: 6 }, output(2)] as const;
    sw.group({ command: 'add', groupType: 'all', groupId: 1, buckets: [{ actions }] });
    sw.flows('ip,actions=group:1');
    const frame = ethernet(0x0800, ipv4(protocol, transport));
    expect(sw.frame(frame).readUInt32BE(34)).toBe(0x0005_0006);
    // Of a later fragment that is payload.
    const later = Buffer.from(frame);
    later.writeUInt16BE(3, 20);
    expect(sw.frame(later).readUInt32BE(34)).toBe(0x0001_0002);
  });
});

describe('actions of OpenFlow 1.1 that write a tag', () => {
  const untags: readonly ActionInit[] = [
    { type: 'nxStackPush', field: 'reg0', start: 0, bits: 16 },
    { type: 'nxStackPop', field: 'nxmVlanTci', start: 0, bits: 16 },
  ];

  it.each<[ActionInit, ActionInit, string]>([
    [{ type: 'setVlanVid', vlanVid: 9 }, { type: 'setField', field: 'vlanVid', value: 0x1009 }, '81000009'],
    [{ type: 'setVlanPcp', vlanPcp: 3 }, { type: 'setField', field: 'vlanPcp', value: 3 }, '81006007'],
  ])(
    'make none where there is none any more, though they are told as writing a field: %j',
    (said, told, tag) => {
      const sw = new TextPipeline();
      sw.actions('vlan_vid=0x1000/0x1000,in_port=1', [said, output(2)]);
      sw.actions('vlan_vid=0x1000/0x1000,in_port=3', [...untags, said, output(2)]);
      const frame = udpFrame({ vlans: [7] });
      expect(sw.frame(frame).toString('hex', 12, 16)).toBe(tag);
      expect(sw.frame(frame, 3).toString('hex', 12, 14)).toBe('0800');
      const [flow] = sw.pipeline.tables.tables[0]!.flows.rules();
      expect(flow!.told).toMatchObject([{ actions: [told, { port: 2 }] }]);
    },
  );
});

describe('the number of a VLAN', () => {
  it.each([
    ['says that there is no tag, too', 5, '0800'],
    ['says that there is one', 0x1005, '8100'],
  ])('%s, when all of it is loaded', (_, value, type) => {
    const sw = new TextPipeline();
    const actions: ActionInit[] = [{ type: 'nxRegLoad2', field: 'vlanVid', value }, output(2)];
    sw.group({ command: 'add', groupType: 'all', groupId: 1, buckets: [{ actions }] });
    sw.flows('actions=group:1');
    expect(sw.frame(udpFrame({ vlans: [7] })).toString('hex', 12, 14)).toBe(type);
  });
});

describe('fields of the datapath itself', () => {
  it('are not for controllers', () => {
    const sw = new TextPipeline();
    expect(sw.flow('dp_hash=1,actions=drop')).toBe('OFPBRC_EPERM');
    expect(sw.flow('recirc_id=1,actions=drop')).toBe('OFPBRC_EPERM');
    expect(sw.flow('recirc_id=0,actions=drop')).toBeUndefined();
    expect(sw.flow('dp_hash=1,actions=drop', 'modify')).toBeUndefined();
  });
});

describe('a flow with recirc_id=0', () => {
  const LABELLED = ethernet(0x8847, Buffer.concat([hex('00001140'), ipv4(17, udp(1, 2))]));

  it.each([
    ['takes packets that come in for the first time', 'resubmit(,1)', udpFrame(), [2]],
    ['takes none that has lost its labels', 'pop_mpls:0x0800,resubmit(,1)', LABELLED, [3]],
    ['takes those that still have some', 'pop_mpls:0x8847,resubmit(,1)', LABELLED, [2]],
    ['takes the packet of which a clone has lost them', 'clone(pop_mpls:0x0800),resubmit(,1)', LABELLED, [2]],
    ['takes none of which a bucket has a copy', 'pop_mpls:0x0800,group:3,resubmit(,1)', LABELLED, [4, 3]],
    ['takes none that the connection tracker has seen', 'ct(table=1),resubmit(,1)', udpFrame(), [3, 2]],
    ['takes none that a bucket was selected for', 'group:1,resubmit(,1)', udpFrame(), [4, 3]],
    ['takes those that no bucket could be selected for', 'group:2,resubmit(,1)', udpFrame(), [2]],
  ])('%s', (_, actions, frame, taken) => {
    const sw = new TextPipeline();
    const buckets = (weight: number) => [{ weight, actions: [output(4)] }];
    sw.group({ command: 'add', groupType: 'select', groupId: 1, buckets: buckets(1) });
    sw.group({ command: 'add', groupType: 'select', groupId: 2, buckets: buckets(0) });
    sw.group({ command: 'add', groupType: 'all', groupId: 3, buckets: buckets(0) });
    const kind = frame === LABELLED ? 'mpls' : 'ip';
    sw.flows(`${kind},actions=${actions}`, 'table=1,priority=2,recirc_id=0,actions=output:2');
    sw.flows('table=1,priority=1,actions=output:3');
    expect(sw.ports(frame)).toEqual(taken);
  });
});

describe('a packet-in', () => {
  it('tells of tunnels what Open vSwitch does', () => {
    const actions = 'set_field:1->tun_flags,set_field:3->tun_erspan_ver,set_field:5->tun_erspan_idx';
    expect(told(`${actions},set_field:1->tun_erspan_dir,set_field:2->tun_erspan_hwid`)).toEqual({
      inPort: 1,
      tunFlags: { value: 1, mask: 1 },
      tunErspanIdx: 5,
      tunErspanVer: { value: 3, mask: 3 },
      tunErspanDir: { value: 1, mask: 1 },
      tunErspanHwid: { value: 2, mask: 2 },
    });
  });
});

describe('labels that are popped', () => {
  const LABELS = hex('00001 140 00002 140'.replaceAll(' ', ''));
  const frame = (labels: number) =>
    ethernet(0x8847, Buffer.concat([LABELS.subarray(0, labels * 4), ipv4(17, udp(1, 2))]));

  it('leave nothing that is known to be a label behind the last', () => {
    const sw = new TextPipeline();
    sw.flows('mpls,actions=pop_mpls:0x8847,dec_mpls_ttl,output:2');
    expect(sw.ports(frame(1))).toEqual([]);
  });

  it('leave what follows as it is until a label of it is written', () => {
    const sw = new TextPipeline();
    sw.flows('in_port=1,mpls,actions=pop_mpls:0x8847,load:0->OXM_OF_MPLS_TC[],output:2');
    sw.flows('in_port=3,mpls,actions=pop_mpls:0x8847,load:1->OXM_OF_MPLS_TC[],output:2');
    expect(sw.frame(frame(1)).readUInt32BE(14)).toBe(frame(1).readUInt32BE(18));
    const labelled = sw.frame(frame(1), 3);
    expect(labelled.readUInt32BE(14)).toBe(0x200);
    expect(labelled.subarray(18)).toEqual(frame(1).subarray(18));
  });

  it('do not make the packet another one as long as it is one of labels', () => {
    const sw = new TextPipeline();
    sw.flows('mpls,actions=pop_mpls:0x8847,resubmit(,1)', 'table=1,actions=output:2');
    sw.ports(frame(2));
    const [flow] = sw.pipeline.tables.tables[1]!.flows.rules();
    expect(flow!.bytes).toBe(frame(2).length);
  });
});

describe('an action set', () => {
  it('counts TTLs down once, whichever action said so, and before what is set', () => {
    const sw = new TextPipeline();
    sw.flows('ip,actions=write_actions(mod_nw_ttl:9,dec_ttl(1,2),dec_ttl,output:2)');
    expect(sw.ports(ethernet(0x0800, ipv4(17, udp(1, 2), { ttl: 1 })))).toEqual([]);
    expect(sw.frame(udpFrame())[22]).toBe(9);
  });

  it('ends with the group, output, resubmit or ct of the highest rank', () => {
    const sw = new TextPipeline();
    sw.flows('actions=write_actions(output:2,resubmit(,1),ct_clear)', 'table=1,actions=output:3');
    expect(sw.ports(udpFrame())).toEqual([2]);
    sw.flows('actions=write_actions(resubmit(,1),ct_clear)');
    expect(sw.ports(udpFrame())).toEqual([3]);
  });
});

describe('output to NORMAL', () => {
  const send = (frame: Uint8Array, actions: string) => {
    const sw = new TextPipeline();
    sw.flows(`actions=${actions}`);
    sw.ports(frame);
    return sw.sent.map(({ port, frame: left }) => `${port} ${Buffer.from(left).toString('hex', 12)}`);
  };

  it('takes tags off that say nothing', () => {
    const frame = ethernet(0x1234, hex('0102'), { vlans: [0] });
    expect(send(frame, 'NORMAL')[0]).toBe('2 12340102');
    expect(send(ethernet(0x1234, hex('0102'), { vlans: [0x2000] }), 'NORMAL')[0]).toBe('2 8100200012340102');
    expect(send(frame, 'push_vlan:0x8100,set_field:0x1007->vlan_vid,NORMAL')[0]).toBe('2 8100000712340102');
  });

  it('takes what has no tag for one of no VLAN, whatever is left of its number', () => {
    const sw = new TextPipeline();
    sw.flows('in_port=3,actions=NORMAL', 'in_port=1,actions=load:7->NXM_OF_VLAN_TCI[],NORMAL');
    const frame = udpFrame();
    const answer = Buffer.concat([frame.subarray(6, 12), frame.subarray(0, 6), frame.subarray(12)]);
    sw.ports(answer, 3);
    expect(sw.ports(frame)).toEqual([3]);
  });

  it('goes nowhere with a frame that ends in its tag, from a port that is not there, or to a bridge', () => {
    expect(send(hex('020000000002 020000000001 8100 20'), 'NORMAL')).toEqual([]);
    expect(send(udpFrame(), 'set_field:9->in_port,NORMAL')).toEqual([]);
    expect(send(udpFrame(), 'set_field:01:00:0c:cc:cc:cc->eth_dst,NORMAL')).toEqual([]);
  });
});

describe('a packet that learns', () => {
  it('goes by the tables as they were when it came', () => {
    const sw = new TextPipeline();
    sw.flows(
      'actions=learn(table=1,in_port=1,output:NXM_OF_IN_PORT[]),resubmit(,1),goto_table:2',
      'table=2,actions=output:2',
      'table=1,in_port=1,actions=output:3',
    );
    expect(sw.ports(udpFrame())).toEqual([3, 2]);
    expect(sw.ports(udpFrame())).toEqual([2]);
  });

  it('knows what it has learnt itself, under a limit', () => {
    const sw = new TextPipeline();
    const learn = (port: number) =>
      `learn(table=1,limit=1,result_dst=NXM_NX_REG${port}[0],in_port=${port},output:NXM_OF_IN_PORT[])`;
    sw.flows(
      `actions=${learn(1)},${learn(2)},${learn(1)},resubmit(,2)`,
      'table=2,reg1=1,reg2=0,actions=output:4',
    );
    expect(sw.ports(udpFrame())).toEqual([4]);
    expect(sw.pipeline.tables.tables[1]!.size).toBe(1);
  });
});

describe('a way that comes to nothing', () => {
  it.each([
    ['it does not end', 'output:2,resubmit:1'],
    [
      'there are too many labels',
      'output:2,push_mpls:0x8847,push_mpls:0x8847,push_mpls:0x8847,push_mpls:0x8847',
    ],
  ])('comes to nothing for the next packet too, where %s', (_why, actions) => {
    const sw = new TextPipeline();
    sw.flows(`actions=${actions}`);
    expect([sw.ports(udpFrame()), sw.ports(udpFrame())]).toEqual([[], []]);
  });
});

describe('bundle_load', () => {
  it('chooses anew for each packet', () => {
    const sw = new TextPipeline();
    sw.flows(
      'actions=bundle_load(eth_src,0,active_backup,ofport,NXM_NX_REG0[],members:9,2),output:NXM_NX_REG0[]',
    );
    expect([sw.ports(udpFrame()), sw.ports(udpFrame())]).toEqual([[2], [2]]);
  });
});
