import { describe, expect, it } from '@jest/globals';
import { type Encapsulation, formatTrace, SoftNetwork, SoftSwitch } from '../../../src/datapath/index.ts';
import { decode, encode, type MessageInit } from '../../../src/ofp/message.ts';
import type { FlowMod } from '../../../src/ofp/messages/flow-mod.ts';
import type { NxTlvTableMod } from '../../../src/ofp/messages/nicira-tlv-table.ts';
import { parseFlow } from '../../../src/ofp/text/flow-parse.ts';
import { udpFrame } from '../frames.ts';
import { TextPipeline } from '../switch-text.ts';

const FRAME = udpFrame();
const map = (index: number, optionType = index, optionLen = 4) => ({
  optionClass: 0x102,
  optionType,
  optionLen,
  index,
});

function tlvTable(
  command: 'add' | 'delete' | 'clear',
  ...maps: readonly ReturnType<typeof map>[]
): NxTlvTableMod {
  const init: MessageInit = { type: 'nxTlvTableMod', command, maps };
  return decode(encode(init)) as NxTlvTableMod;
}

/** Two switches with a tunnel between their ports 9, and what the second one sends out of its port 2. */
function pair(encapsulation: Encapsulation, flows: readonly [readonly string[], readonly string[]]) {
  const network = new SoftNetwork();
  const sent: number[] = [];
  const [a, b] = flows.map((texts, i) => {
    const sw = new SoftSwitch({
      datapathId: i + 1,
      ports: [{ portNo: 1 }, { portNo: 2 }, { portNo: 3 }],
      onTransmit: (port) => void (i === 1 && sent.push(port)),
    });
    network.addTunnel(sw, 9, `192.0.2.${i + 1}`, encapsulation);
    return { sw, texts };
  }) as [{ sw: SoftSwitch; texts: readonly string[] }, { sw: SoftSwitch; texts: readonly string[] }];
  const load = () => {
    for (const { sw, texts } of [a, b])
      for (const text of texts) sw.pipeline.apply(decode(encode(parseFlow(text))) as FlowMod);
  };
  return { network, a: a.sw, b: b.sw, sent, load };
}

const SEND =
  'in_port=1,actions=set_field:192.0.2.2->tun_dst,set_field:7->tun_id,set_field:0x1234->tun_metadata0,set_field:9->tun_metadata5,output:9';
const TAKE = [
  'priority=2,in_port=9,tun_metadata0=0x1234,actions=output:2',
  'priority=1,in_port=9,actions=output:3',
];

describe('tunnel options', () => {
  it.each<[Encapsulation, readonly number[]]>([
    ['geneve', [2]],
    ['vxlan', [3]],
    ['gre', [3]],
  ])('go through tunnels of %s to ports %j', async (encapsulation, ports) => {
    const { network, a, b, sent, load } = pair(encapsulation, [[SEND], TAKE]);
    for (const sw of [a, b]) sw.pipeline.mapOptions(tlvTable('add', map(0), map(5)));
    load();
    for (let i = 0; i < 3; i++) a.receive(1, FRAME);
    await network.idle();
    expect(sent).toEqual([...ports, ...ports, ...ports]);
  });

  it('stand for the fields that each switch has mapped them to', async () => {
    const { network, a, b, sent, load } = pair('geneve', [
      [SEND],
      [TAKE[0]!.replace('tun_metadata0', 'tun_metadata63')],
    ]);
    a.pipeline.mapOptions(tlvTable('add', map(0), map(5)));
    b.pipeline.mapOptions(tlvTable('add', map(63, 0)));
    load();
    a.receive(1, FRAME);
    await network.idle();
    expect(sent).toEqual([2]);
  });

  it.each([
    ['is unknown', [], [3]],
    ['is unknown and critical', [map(5, 0x85)], []],
    ['has another length', [map(0, 0, 8)], []],
  ])('let packets in, or do not, when one %s', async (what, theirs, ports) => {
    const { network, a, b, sent, load } = pair('geneve', [[SEND], [TAKE[1]!]]);
    a.pipeline.mapOptions(
      tlvTable('add', map(0), what === 'is unknown and critical' ? map(5, 0x85) : map(5)),
    );
    if (what === 'has another length') b.pipeline.mapOptions(tlvTable('add', ...theirs));
    load();
    a.receive(1, FRAME);
    await network.idle();
    expect(sent).toEqual(ports);
  });

  it('are none of the next packet', () => {
    const sw = new TextPipeline({ maxCachedFlows: 0 });
    sw.pipeline.mapOptions(tlvTable('add', map(0)));
    sw.flows(
      'priority=9,in_port=1,actions=set_field:5->tun_metadata0,resubmit(,1)',
      'priority=1,actions=resubmit(,1)',
    );
    sw.flows('table=1,priority=9,tun_metadata0=5,actions=output:2', 'table=1,priority=1,actions=output:3');
    expect([sw.ports(FRAME, 1), sw.ports(FRAME, 4), sw.ports(FRAME, 1), sw.ports(FRAME, 4)]).toEqual([
      [2],
      [3],
      [2],
      [3],
    ]);
  });

  it('tell packets apart that are alike otherwise, also when their ways are remembered', async () => {
    const { network, a, b, sent, load } = pair('geneve', [
      [
        'in_port=1,actions=set_field:192.0.2.2->tun_dst,set_field:0x1234->tun_metadata0,output:9',
        'in_port=2,actions=set_field:192.0.2.2->tun_dst,set_field:0x1235->tun_metadata0,output:9',
        'in_port=3,actions=set_field:192.0.2.2->tun_dst,output:9',
      ],
      TAKE,
    ]);
    for (const sw of [a, b]) sw.pipeline.mapOptions(tlvTable('add', map(0)));
    load();
    for (const port of [1, 2, 3, 1, 2, 3, 1]) a.receive(port, FRAME);
    await network.idle();
    expect(sent).toEqual([2, 3, 3, 2, 3, 3, 2]);
  });

  it('are mapped, but named by no flow, when they are longer than 4 bytes', () => {
    const sw = new TextPipeline();
    sw.pipeline.mapOptions(tlvTable('add', map(0, 0, 8), map(1)));
    expect(sw.flow('tun_metadata0=5,actions=drop')).toBe('NXFMFC_INVALID_TLV_FIELD');
    expect(sw.flow('actions=set_field:5->tun_metadata0')).toBe('NXFMFC_INVALID_TLV_FIELD');
    expect(sw.flow('actions=set_field:5->tun_metadata1')).toBeUndefined();
    const buckets = [
      { actions: [{ type: 'setField', field: 'tunMetadata0', value: Buffer.alloc(4) }] },
    ] as const;
    expect(sw.group({ command: 'add', groupType: 'all', groupId: 1, buckets })).toBe(
      'NXFMFC_INVALID_TLV_FIELD',
    );
  });

  it.each([
    'actions=load:5->NXM_NX_TUN_METADATA1[30..40]',
    'actions=set_field:0x1122334455->tun_metadata1',
    'actions=learn(table=1,in_port=1,load:5->NXM_NX_TUN_METADATA1[32..35])',
  ])('have no more than their bits: %s is refused', (flow) => {
    const sw = new TextPipeline();
    sw.pipeline.mapOptions(tlvTable('add', map(1)));
    expect(sw.flow(flow)).toBe('OFPBAC_BAD_SET_LEN');
  });

  it('come with what was dumped', async () => {
    const flow = { ...parseFlow('tun_metadata3=5,actions=output:2'), durationSec: 0, durationNsec: 0 };
    const stats = { idleTimeout: 0, hardTimeout: 0, flags: 0, cookie: 0, packetCount: 0, byteCount: 0 };
    const dumped = { ...stats, tableId: 0, priority: 1, match: {}, instructions: [], ...flow };
    const sw = await SoftSwitch.fromDump({ flows: [dumped], options: [map(3)] });
    expect(sw.pipeline.tables.tables[0]!.size).toBe(1);
    await expect(SoftSwitch.fromDump({ flows: [dumped] })).rejects.toMatchObject({
      code: 'DATAPATH_DUMP_REFUSED',
    });
  });

  it('are shown by a trace', () => {
    const sw = new SoftSwitch({ datapathId: 1, ports: [{ portNo: 1 }] });
    sw.pipeline.mapOptions(tlvTable('add', map(0)));
    sw.pipeline.apply(decode(encode(parseFlow('actions=set_field:5->tun_metadata0'))) as FlowMod);
    const data = Buffer.from('00000007', 'hex');
    const tunnel = {
      key: 1,
      src: '192.0.2.1',
      dst: '192.0.2.2',
      options: [{ optionClass: 0x102, optionType: 0, data }],
    };
    const text = formatTrace(sw.trace(FRAME, 1, tunnel));
    expect(text).toMatch(/^Flow: .*tun_metadata0=0x7/);
    expect(text).toMatch(/Final flow: .*tun_metadata0=0x5/);
  });
});
