import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { MessageInit } from '../../src/ofp/message.ts';
import { resume } from '../../src/ofp/messages/nicira-packet-in2.ts';
import { parseFlow } from '../../src/ofp/text/flow-parse.ts';
import { parseGroup } from '../../src/ofp/text/group.ts';
import { udpFrame } from '../datapath/frames.ts';
import { eventually, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import type { Contender } from './differential/contender.ts';
import { DummySwitch } from './differential/dummy-switch.ts';
import { SoftwareSwitch } from './differential/software-switch.ts';

const PORTS = [1, 2, 3, 4];
const FRAME = udpFrame();
const map = (index: number, optionType: number, optionLen = 4) => ({
  optionClass: 0x102,
  optionType,
  optionLen,
  index,
});
const MAPS = [map(0, 0x80), map(1, 1), map(40, 2), map(63, 3)];
const clear: MessageInit = { type: 'nxTlvTableMod', command: 'clear', maps: [] };
const add: MessageInit = { type: 'nxTlvTableMod', command: 'add', maps: MAPS };

/** Flows that all begin with one that hands on to table 1. */
const SCENARIOS: readonly (readonly [title: string, flows: readonly string[]])[] = [
  [
    'are set, and matched',
    [
      'actions=set_field:0x1234->tun_metadata0,controller,resubmit(,1)',
      'table=1,tun_metadata0=0x1234,actions=output:2',
      'table=1,priority=9,tun_metadata0=0x1235,actions=output:3',
    ],
  ],
  [
    'are matched by some of their bits',
    [
      'actions=set_field:0xff001234->tun_metadata1,resubmit(,1)',
      'table=1,priority=9,tun_metadata1=0xff000034/0xff0000f7,actions=output:2',
      'table=1,priority=8,tun_metadata1=0xff000034/0xff0000ff,actions=output:3',
    ],
  ],
  [
    'are there or not',
    [
      'actions=resubmit(,1),set_field:0->tun_metadata40,resubmit(,1)',
      'table=1,priority=9,tun_metadata40,actions=output:2',
      'table=1,priority=8,actions=output:3',
    ],
  ],
  [
    'are not there when they are looked for as 0',
    [
      'actions=resubmit(,1),set_field:0->tun_metadata63,resubmit(,1)',
      'table=1,priority=9,tun_metadata63=0,actions=output:2',
      'table=1,priority=8,actions=output:3',
    ],
  ],
  [
    'are moved and loaded',
    [
      'actions=set_field:0x12345678->tun_metadata0,move:NXM_NX_TUN_METADATA0[0..15]->NXM_NX_REG1[16..31],load:0xab->NXM_NX_TUN_METADATA1[8..15],move:NXM_OF_IN_PORT[]->NXM_NX_TUN_METADATA63[0..15],controller',
    ],
  ],
  [
    'are masked',
    [
      'actions=set_field:0x12345678->tun_metadata0,set_field:0xff00/0xff00->tun_metadata0,set_field:1/1->tun_metadata40,controller',
    ],
  ],
  [
    'go on the stack',
    [
      'actions=set_field:0x12345678->tun_metadata0,push:NXM_NX_TUN_METADATA0[4..11],pop:NXM_NX_REG3[0..7],push:NXM_NX_REG3[],pop:NXM_NX_TUN_METADATA1[0..31],controller',
    ],
  ],
  [
    'are deleted',
    [
      'actions=set_field:5->tun_metadata0,set_field:6->tun_metadata1,delete_field:tun_metadata0,controller,resubmit(,1)',
      'table=1,tun_metadata0=5,actions=output:2',
      'table=1,tun_metadata1=6,actions=output:3',
    ],
  ],
  [
    "are a copy's own",
    [
      'actions=clone(set_field:5->tun_metadata0,controller),controller,group:1',
      'table=1,tun_metadata0=7,actions=output:3,controller',
    ],
  ],
  [
    // Matched by what is learnt of them, Open vSwitch 3.1 does not find them.
    'are learnt from',
    [
      'actions=set_field:0x1234->tun_metadata0,learn(table=1,NXM_OF_IN_PORT[],load:NXM_NX_TUN_METADATA0[0..31]->NXM_NX_REG1[],output:NXM_OF_IN_PORT[]),resubmit(,1)',
    ],
  ],
  [
    'outlive a pause',
    [
      'actions=set_field:0x1234->tun_metadata0,controller(pause),resubmit(,1)',
      'table=1,tun_metadata0=0x1234,actions=output:2,controller',
    ],
  ],
];
const GROUP = 'group_id=1,type=all,bucket=set_field:7->tun_metadata0,resubmit(,1),bucket=resubmit(,1)';

/** Bits that an option of 4 bytes does not have. Open vSwitch takes loads of them, and loses them. */
const TOO_LONG = [
  'actions=move:NXM_NX_TUN_METADATA1[40..43]->NXM_NX_REG0[0..3]',
  'actions=push:NXM_NX_TUN_METADATA1[]',
  'actions=output:NXM_NX_TUN_METADATA1[20..35]',
];
const REFUSED = [
  'tun_metadata2=5,actions=drop',
  'actions=set_field:5->tun_metadata2',
  'actions=move:NXM_NX_TUN_METADATA2[0..3]->NXM_NX_REG0[0..3]',
  'actions=load:5->NXM_NX_TUN_METADATA2[0..3]',
  'actions=push:NXM_NX_TUN_METADATA2[0..3]',
  'actions=delete_field:tun_metadata2',
  'actions=output:NXM_NX_TUN_METADATA2[0..15]',
];

describeWithLab('tunnel options beside Open vSwitch', () => {
  let lab: Lab;
  let both: readonly Contender[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    const real = await DummySwitch.start(join(lab.dir, 'dummy'), PORTS, { GALAGO_LAB: lab.dir });
    both = [real, await SoftwareSwitch.start(join(lab.dir, 'ours.sock'), real.session.ports.values())];
    for (const { session } of both)
      await session.sendAll([{ type: 'nxSetPacketInFormat', format: 'nxPacketIn2' }, add]);
  });

  afterAll(async () => {
    for (const each of both) await each.close();
    await lab?.close();
  });

  it.each(SCENARIOS)('%s', async (_title, flows) => {
    const outcomes = [];
    for (const each of both) {
      const errors = await each.load([parseGroup(GROUP), ...flows.map((text) => parseFlow(text))]);
      expect(errors.filter((error) => error !== 'ok')).toEqual([]);
      each.paused.length = 0;
      const told = [JSON.stringify(await each.inject(1, FRAME)), JSON.stringify(await each.inject(1, FRAME))];
      for (const paused of each.paused.splice(0))
        told.push(JSON.stringify(await each.resume(resume(paused))));
      outcomes.push([...told, ...(await each.flows())]);
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  it('are refused where nothing is mapped', async () => {
    const [theirs, ours] = await Promise.all(
      both.map((each) => each.load(REFUSED.map((text) => parseFlow(text)))),
    );
    expect(ours).toEqual(theirs);
    expect(new Set(ours)).toEqual(new Set(['NXFMFC_INVALID_TLV_FIELD']));
  });

  it('are refused where they are too short', async () => {
    const [theirs, ours] = await Promise.all(
      both.map((each) => each.load(TOO_LONG.map((text) => parseFlow(text)))),
    );
    expect(ours).toEqual(theirs);
  });

  it.each([
    ['a match', 'tun_metadata1=5,actions=drop'],
    ['an action', 'actions=clone(set_field:5->tun_metadata1)'],
    ['a learn action', 'actions=learn(table=1,NXM_NX_TUN_METADATA1[0..31])'],
    ['nothing', 'actions=drop'],
  ])('stay mapped while %s names them', async (_what, flow) => {
    const outcomes = [];
    const remove: MessageInit = { type: 'nxTlvTableMod', command: 'delete', maps: [map(1, 1)] };
    for (const each of both) {
      const errors = await each.load([parseFlow(flow), remove, clear]);
      await each.load([]);
      // Open vSwitch takes its time until a flow that was deleted lets go of the option.
      await eventually(async () => expect(await each.load([clear, add])).toEqual(['ok', 'ok']));
      outcomes.push(errors);
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  });
});
