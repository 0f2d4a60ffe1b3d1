import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type NxPacketIn2, resume } from '../../src/ofp/messages/nicira-packet-in2.ts';
import { parseFlow } from '../../src/ofp/text/flow-parse.ts';
import { parseGroup } from '../../src/ofp/text/group.ts';
import { ethernet, ipv4, tcp, udpFrame } from '../datapath/frames.ts';
import { Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import type { Contender } from './differential/contender.ts';
import { DummySwitch } from './differential/dummy-switch.ts';
import { SoftwareSwitch } from './differential/software-switch.ts';

const PORTS = [1, 2, 3, 4];
const FRAME = udpFrame();
const SEGMENT = ethernet(0x0800, ipv4(6, tcp(1000, 80)));
/** How often a packet may pause here. */
const MAX_PAUSES = 5;

type Scenario = readonly [title: string, flows: readonly string[], frame?: Uint8Array];

const SCENARIOS: readonly Scenario[] = [
  [
    'a list of actions',
    ['cookie=5,actions=output:2,controller(pause),output:3,set_field:7->reg0,controller,output:4'],
  ],
  ['nothing more', ['actions=output:2,controller(pause,userdata=01.02.03,max_len=20)']],
  [
    'fields and bytes',
    [
      'ip,actions=set_field:7->reg3,set_field:9->metadata,mod_nw_dst:9.9.9.9,controller(pause),dec_ttl,output:3',
    ],
  ],
  [
    'a stack',
    [
      'actions=push:NXM_OF_ETH_SRC[],push:NXM_OF_IN_PORT[],controller(pause),pop:NXM_NX_REG1[0..15],pop:NXM_OF_ETH_DST[],controller,output:3',
    ],
  ],
  [
    'tables within tables',
    [
      'cookie=1,actions=resubmit(,1),output:2,controller,goto_table:4',
      'table=1,cookie=2,actions=set_field:3->reg2,resubmit(,2),controller,output:3',
      'table=2,cookie=3,actions=controller(pause),controller,resubmit(,3),resubmit(3,)',
      'table=2,priority=9,in_port=3,actions=output:4',
      'table=3,cookie=4,actions=output:1,controller(reason=no_match),in_port',
      'table=4,cookie=5,reg2=3,actions=output:4,controller',
    ],
  ],
  [
    // Open vSwitch 3.1 crashes over sets of more than an output, and of sets when nothing else is left to do.
    'an action set, written before',
    [
      'actions=write_actions(output:3),goto_table:1',
      'table=1,cookie=8,actions=controller(pause),goto_table:2',
      'table=2,cookie=9,actions=output:2',
    ],
  ],
  [
    'buckets, each for itself',
    [
      'actions=group:1,output:4',
      'table=1,cookie=3,actions=controller(pause),output:3',
      'table=2,actions=output:2',
    ],
  ],
  [
    // Open vSwitch 3.1 does nothing of what follows.
    'a clone',
    ['cookie=2,actions=output:2,controller,clone(set_field:5->reg1,controller(pause),output:3,controller)'],
  ],
  [
    'what exits',
    ['actions=resubmit(,1),output:2', 'table=1,actions=controller(pause),output:3,exit,output:4'],
  ],
  [
    'a TTL that runs out',
    [
      'ip,actions=set_field:1->nw_ttl,resubmit(,1),output:2',
      'table=1,ip,cookie=7,actions=controller(pause),dec_ttl,output:3',
    ],
  ],
  [
    'a connection',
    [
      'priority=2,tcp,actions=ct(table=1)',
      'table=1,tcp,ct_state=+trk+new,actions=controller(pause),move:NXM_NX_CT_STATE[]->NXM_NX_REG0[],controller,resubmit(,2)',
      'table=2,tcp,ct_state=+trk,actions=output:3',
    ],
    SEGMENT,
  ],
  [
    'what learns',
    [
      'actions=controller(pause),learn(table=1,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[]),resubmit(,1)',
      'table=1,priority=1,actions=output:4',
    ],
  ],
  [
    'a miss',
    ['priority=0,actions=controller(pause),controller,resubmit(,1)', 'table=1,priority=0,actions=controller'],
  ],
  [
    'tags',
    ['actions=push_vlan:0x8100,set_field:4103->vlan_vid,controller(pause),output:2,pop_vlan,output:3'],
  ],
];
const GROUP =
  'group_id=1,type=all,bucket=set_field:7->reg0,resubmit(,1),bucket=set_field:02:00:00:00:00:11->eth_src,resubmit(,1),bucket=resubmit(,2)';

describeWithLab('paused packets beside Open vSwitch', () => {
  let lab: Lab;
  let both: readonly Contender[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    both = [
      await DummySwitch.start(join(lab.dir, 'dummy'), PORTS, { GALAGO_LAB: lab.dir }),
      await SoftwareSwitch.start(
        join(lab.dir, 'ours.sock'),
        PORTS.map((portNo) => ({ portNo })),
      ),
    ];
    for (const { session } of both) session.send({ type: 'nxSetPacketInFormat', format: 'nxPacketIn2' });
  });

  afterAll(async () => {
    for (const each of both) await each.close();
    await lab?.close();
  });

  const changes: readonly (readonly [
    how: string,
    change: (packetIn: NxPacketIn2) => Parameters<typeof resume>[1],
  ])[] = [
    ['', () => ({})],
    [
      ', changed meanwhile',
      ({ match }) => ({
        data: udpFrame({ ttl: 9, sport: 7 }),
        match: { ...match, inPort: 2, reg5: 77, metadata: 3 },
      }),
    ],
  ];
  const cases = changes.flatMap(([how, change]) =>
    SCENARIOS.map(([title, flows, frame]) => [`${title}${how}`, flows, frame ?? FRAME, change] as const),
  );

  it.each(cases)('go on with %s', async (_title, flows, frame, change) => {
    const outcomes = [];
    for (const each of both) {
      const errors = await each.load([parseGroup(GROUP), ...flows.map((text) => parseFlow(text))]);
      expect(errors.filter((error) => error !== 'ok')).toEqual([]);
      outcomes.push(await outcomesOf(each, frame, change));
    }
    const [theirs, ours] = outcomes;
    expect(ours!.join('\n')).toBe(theirs!.join('\n'));
    expect(ours!.length).toBeGreaterThan(2);
  });

  it('are not taken from elsewhere, nor broken', async () => {
    const errors = [];
    for (const each of both) {
      await each.load([parseFlow('actions=controller(pause),output:2')]);
      each.paused.length = 0;
      await each.inject(1, FRAME);
      const message = resume(each.paused.pop()!);
      const { continuation: kept, ...without } = message;
      const answers = [await each.resume(without)];
      for (const change of [
        (bytes: Buffer) => bytes.fill(9, 4, 20),
        (bytes: Buffer) => bytes.writeUInt16BE(3, 2),
        (bytes: Buffer) => bytes.writeUInt16BE(12, 2),
        (bytes: Buffer) => bytes.writeUInt16BE(0x7777, 0),
        (bytes: Buffer) => bytes.subarray(0, 0),
        (bytes: Buffer) => bytes,
      ]) {
        const bytes = Buffer.from(kept!);
        const changed = change(bytes);
        answers.push(
          await each.resume({ ...message, continuation: typeof changed === 'number' ? bytes : changed }),
        );
      }
      errors.push(answers);
    }
    expect(errors[1]).toEqual(errors[0]);
  });
});

/** What becomes of a packet, and then of each that has paused, one after the other. */
async function outcomesOf(
  contender: Contender,
  frame: Uint8Array,
  change: (packetIn: NxPacketIn2) => Parameters<typeof resume>[1],
): Promise<string[]> {
  contender.paused.length = 0;
  const outcomes = [JSON.stringify(await contender.inject(1, frame))];
  for (let i = 0; i < MAX_PAUSES && contender.paused.length > 0; i++) {
    const paused = contender.paused.shift()!;
    outcomes.push(JSON.stringify(await contender.resume(resume(paused, change(paused)))));
  }
  return [...outcomes, ...(await contender.flows())];
}
