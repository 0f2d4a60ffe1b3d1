import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { formatTrace, SoftSwitch } from '../../src/datapath/index.ts';
import { parseFlow } from '../../src/ofp/text/flow-parse.ts';
import { parseGroup } from '../../src/ofp/text/group.ts';
import { udpFrame } from '../datapath/frames.ts';
import { Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { DummySwitch } from './differential/dummy-switch.ts';

const FRAME = udpFrame();
const GROUPS = [
  'group_id=1,type=all,bucket=actions=set_field:7->reg0,output:3,bucket=actions=resubmit(,6)',
  'group_id=2,type=indirect,bucket=actions=group:1',
];

type Scenario = readonly [title: string, flows: readonly string[]];

const SCENARIOS: readonly Scenario[] = [
  ['nothing', []],
  ['an action set', ['actions=write_actions(output:2)']],
  [
    'an action set that is written in several tables',
    [
      'cookie=1,actions=write_actions(output:2,set_field:02:00:00:00:00:77->eth_dst),goto_table:1',
      'table=1,ip,actions=set_field:5->reg1,write_actions(output:3,dec_ttl),goto_table:2',
      'table=2,priority=7,actions=write_metadata:0x5,goto_table:3',
    ],
  ],
  [
    'an action set that is cleared',
    [
      'actions=write_actions(output:2),goto_table:1',
      'table=1,actions=clear_actions,goto_table:2',
      'table=2,actions=output:3',
    ],
  ],
  [
    'an action set without an output',
    ['ip,actions=write_actions(dec_ttl),goto_table:1', 'table=1,actions=drop'],
  ],
  [
    'an action set that hands to a group',
    ['actions=write_actions(output:4,group:2),goto_table:1', 'table=6,udp,actions=output:2'],
  ],
  [
    'an action set that resubmits',
    [
      'actions=resubmit(,1),write_actions(resubmit(,4)),goto_table:1',
      'table=1,actions=output:2',
      'table=4,actions=output:3,resubmit(,5)',
      'table=5,cookie=9,actions=output:4',
    ],
  ],
  [
    'an action set after what exits',
    ['actions=write_actions(output:2),goto_table:1', 'table=1,actions=output:3,exit'],
  ],
  [
    'tables in tables',
    [
      'actions=resubmit(,1),resubmit(,2),output:2',
      'table=1,actions=output:3,resubmit(,2)',
      'table=2,actions=write_actions(output:4),goto_table:3',
      'table=3,actions=drop',
    ],
  ],
  ['a group', ['actions=group:1,output:2', 'table=6,udp,actions=output:4']],
  ['a clone', ['actions=clone(set_field:3->reg0,output:2),output:3']],
];

describeWithLab('a trace beside ofproto/trace', () => {
  let lab: Lab;
  let real: DummySwitch;

  beforeAll(async () => {
    lab = await Lab.create();
    real = await DummySwitch.start(join(lab.dir, 'dummy'), [1, 2, 3, 4], { GALAGO_LAB: lab.dir });
  });

  afterAll(async () => {
    await real?.close();
    await lab?.close();
  });

  it.each(SCENARIOS)('prints %s line by line as it does', async (_title, flows) => {
    const messages = [...GROUPS.map((text) => parseGroup(text)), ...flows.map((text) => parseFlow(text))];
    expect(new Set(await real.load(messages))).toEqual(new Set(['ok']));
    const { session } = real;
    const copy = await SoftSwitch.fromDump({
      flows: session.flowStats(),
      groups: session.multipart('groupDesc'),
      ports: session.ports.values(),
    });
    expect(stepsOf(formatTrace(copy.trace(FRAME, 1)))).toEqual(stepsOf(await real.trace(1, FRAME)));
  });
});

/** The lines of a trace between what it begins with and the packet at the end, without what values have become. */
function stepsOf(text: string): string[] {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => /^ 0\. /.test(line));
  const last = lines.findIndex((line) => line.startsWith('Final flow:'));
  expect([first > 0, last > first]).toEqual([true, true]);
  return lines.slice(first, last - 1).filter((line) => !/^ *(-> |>)/.test(line));
}
