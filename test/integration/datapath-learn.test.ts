import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { FlowModCommand } from '../../src/ofp/messages/flow-mod.ts';
import { parseFlow } from '../../src/ofp/text/flow-parse.ts';
import { ethernet, ipv4, ipv6, tcp, udp } from '../datapath/frames.ts';
import { eventually, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import type { Contender } from './differential/contender.ts';
import { DummySwitch } from './differential/dummy-switch.ts';
import { SoftwareSwitch } from './differential/software-switch.ts';

const PORTS = [1, 2, 3, 4];
const LEARN = 'NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[]';
const FIN = 0x11;
const RST = 0x04;
const ACK = 0x10;

/** Something that both switches meet. */
type Step =
  | { readonly flow: string; readonly command?: FlowModCommand }
  | { readonly packet: Uint8Array; readonly port?: number; readonly times?: number }
  | { readonly seconds: number };

const frame = (src: number, payload = ipv4(17, udp(1, 2)), type = 0x0800) =>
  ethernet(type, payload, { src: `02:00:00:00:00:0${src}`, dst: '02:00:00:00:00:99' });
const back = (dst: number) =>
  ethernet(0x0800, ipv4(17, udp(1, 2)), { src: '02:00:00:00:00:99', dst: `02:00:00:00:00:0${dst}` });
const segment = (flags: number) => frame(1, ipv4(6, tcp(1000, 80, flags)));
const from = (src: number, port = src): Step => ({ packet: frame(src), port });

const deleted = (flow: string): Step => ({ flow, command: 'deleteStrict' });

type Scenario = readonly [title: string, flows: readonly string[], steps: readonly Step[]];

const SCENARIOS: readonly Scenario[] = [
  [
    'timeouts, a cookie and a priority, refreshed by every packet',
    [
      `actions=learn(table=1,idle_timeout=7,hard_timeout=10,priority=5,cookie=0x9,${LEARN},load:NXM_OF_IN_PORT[]->NXM_NX_REG0[0..15],output:NXM_OF_IN_PORT[]),resubmit(,1)`,
    ],
    [
      ...[from(1), from(2), { packet: back(1), port: 3 }, { seconds: 6 }, from(1), from(1), from(2, 4)],
      ...[{ seconds: 6 }, from(1), { seconds: 6 }, { packet: back(1), port: 4 }, { seconds: 12 }],
    ],
  ],
  [
    'the cookie and actions that are new, the timeouts and flags that were',
    [`actions=learn(table=1,hard_timeout=10,cookie=0x9,send_flow_rem,${LEARN},output:NXM_OF_IN_PORT[])`],
    [
      from(1),
      { flow: `actions=learn(table=1,hard_timeout=20,cookie=0xa,${LEARN},output:NXM_OF_IN_PORT[])` },
      ...[from(1), from(2), from(1, 3), { seconds: 12 }, from(1), { seconds: 22 }],
    ],
  ],
  [
    'what goes with the flow that learnt it, once no flow learns it any more',
    [
      `priority=2,in_port=1,actions=learn(table=1,cookie=0x9,delete_learned,${LEARN},output:NXM_OF_IN_PORT[],load:2->NXM_NX_REG9[]),learn(table=2,cookie=0x9,delete_learned,${LEARN},output:NXM_OF_IN_PORT[],load:2->NXM_NX_REG9[])`,
      `priority=2,in_port=2,actions=learn(table=1,cookie=0x9,delete_learned,${LEARN},output:NXM_OF_IN_PORT[],load:3->NXM_NX_REG9[])`,
      `priority=2,in_port=3,actions=learn(table=1,cookie=0x9,send_flow_rem,${LEARN},output:NXM_OF_IN_PORT[],load:4->NXM_NX_REG9[])`,
      'table=1,priority=1,cookie=0x9,actions=drop',
      'table=1,priority=2,cookie=0x8,actions=drop',
    ],
    [
      ...[from(1), from(2), from(3)],
      deleted('in_port=1,priority=2'),
      from(2),
      { flow: 'in_port=2,actions=output:1', command: 'modify' },
      ...[from(3), from(2)],
    ],
  ],
  [
    'what goes with the flow that learnt it, also when that is replaced or its time is over',
    [
      `hard_timeout=5,actions=learn(table=1,cookie=0x9,delete_learned,send_flow_rem,${LEARN},output:NXM_OF_IN_PORT[],load:2->NXM_NX_REG9[])`,
    ],
    [
      from(1),
      {
        flow: `actions=learn(table=1,cookie=0x9,delete_learned,${LEARN},output:NXM_OF_IN_PORT[],load:3->NXM_NX_REG9[])`,
      },
      ...[from(1), from(2), { flow: `hard_timeout=5,actions=output:1` }, from(3)],
      {
        flow: `hard_timeout=5,actions=learn(table=1,cookie=0x9,delete_learned,${LEARN},output:NXM_OF_IN_PORT[],load:3->NXM_NX_REG9[])`,
      },
      ...[from(1), { seconds: 7 }],
    ],
  ],
  [
    'what goes when what has learnt it was learnt itself',
    [
      `in_port=1,actions=learn(table=1,cookie=0x9,delete_learned,${LEARN},output:NXM_OF_IN_PORT[],load:2->NXM_NX_REG9[])`,
      `table=1,cookie=0x9,priority=1,actions=learn(table=2,cookie=0x10,delete_learned,${LEARN},output:NXM_OF_IN_PORT[],load:3->NXM_NX_REG9[])`,
      'table=2,cookie=0x10,priority=2,actions=output:4',
      'table=2,cookie=0x11,priority=3,actions=output:4',
    ],
    [from(1), { flow: 'in_port=1', command: 'delete' }],
  ],
  [
    'no more than the limit, and tells the packet',
    [
      `actions=learn(table=1,cookie=0x9,limit=2,result_dst=NXM_NX_REG0[3],${LEARN},output:NXM_OF_IN_PORT[]),resubmit(,2)`,
      'table=2,reg0=8,actions=output:3',
      'table=2,reg0=0,actions=output:4',
      'table=1,cookie=0x8,priority=3,actions=drop',
    ],
    [
      ...[from(1), from(2), from(3, 2), from(4, 1), from(1), from(3, 2), from(1, 2)],
      { flow: 'table=1,dl_dst=02:00:00:00:00:02', command: 'delete' },
      ...[from(3, 2), from(2)],
    ],
  ],
  [
    'timeouts that a segment with FIN or RST makes shorter',
    [
      `tcp,hard_timeout=100,actions=fin_timeout(idle_timeout=8,hard_timeout=50),learn(table=1,idle_timeout=60,fin_idle_timeout=5,fin_hard_timeout=9,${LEARN},output:NXM_OF_IN_PORT[],load:2->NXM_NX_REG9[]),resubmit(,2)`,
      'table=2,priority=3,udp,idle_timeout=20,actions=output:3',
      'table=2,priority=2,tcp,tcp_flags=+rst,actions=fin_timeout(idle_timeout=5)',
      'table=2,priority=1,tcp,idle_timeout=60,actions=fin_timeout(hard_timeout=90),output:4',
      'table=1,priority=1,actions=drop',
    ],
    [
      ...[{ packet: segment(ACK) }, { packet: back(1), port: 3 }, { packet: segment(FIN), times: 2 }],
      ...[{ packet: segment(ACK) }, { seconds: 6 }, { packet: segment(RST) }],
      { packet: ethernet(0x0800, ipv4(6, tcp(80, 1000, FIN)), { dst: '02:00:00:00:00:01' }), port: 3 },
      ...[{ packet: segment(FIN) }, { seconds: 10 }, { packet: segment(FIN), times: 3 }, { seconds: 60 }],
    ],
  ],
  [
    'a flow that learns to have its timeouts made shorter',
    [
      `actions=learn(table=1,idle_timeout=60,hard_timeout=90,fin_idle_timeout=5,${LEARN},output:NXM_OF_IN_PORT[]),resubmit(,1)`,
    ],
    [
      from(2),
      { packet: ethernet(0x0800, ipv4(6, tcp(80, 1000, FIN)), { dst: '02:00:00:00:00:02' }), port: 1 },
      ...[{ seconds: 3 }, from(2), from(2), { seconds: 3 }, from(2), { seconds: 6 }, from(2)],
    ],
  ],
  [
    'outputs to ports that there can be',
    [
      ...[3, 0xfffe, 0xfffd, 0xfffb, 0xfffc, 0xfffa, 0xfff8, 0xff00, 0xfeff].map(
        (value, i) =>
          `priority=${i + 1},actions=load:${value}->NXM_NX_REG1[],learn(table=${i + 1},output:NXM_NX_REG1[],in_port=${i + 1}),learn(table=${i + 1},priority=7,output:NXM_NX_REG1[0..15],load:0x12345->NXM_NX_REG2[0..17])`,
      ),
      'priority=20,in_port=4,actions=load:0x10003->NXM_NX_REG1[],learn(table=1,priority=3,output:NXM_NX_REG1[])',
      'priority=21,ipv6,in_port=3,actions=learn(table=1,priority=9,eth_type=0x86dd,load:NXM_NX_IPV6_SRC[]->NXM_NX_IPV6_DST[])',
    ],
    [
      ...[from(1), deleted('priority=9'), from(1)],
      ...[8, 7, 6, 5, 4, 3, 2].flatMap((priority): Step[] => [deleted(`priority=${priority}`), from(1)]),
      ...[from(4), { packet: frame(3, ipv6(17, udp(1, 2)), 0x86dd), port: 3 }],
    ],
  ],
  [
    'into its own table, and what learns then is another flow',
    [
      `priority=1,actions=learn(table=0,priority=2,${LEARN},output:NXM_OF_IN_PORT[],load:4->NXM_NX_REG9[]),output:3`,
    ],
    [from(1), { packet: back(1), port: 2 }, { packet: back(1), port: 2, times: 2 }, from(1)],
  ],
];

describeWithLab('learning beside Open vSwitch', () => {
  let lab: Lab;
  let both: readonly Contender[] = [];
  const removed: string[][] = [[], []];

  beforeAll(async () => {
    lab = await Lab.create();
    const real = await DummySwitch.start(join(lab.dir, 'dummy'), PORTS, { GALAGO_LAB: lab.dir });
    both = [real, await SoftwareSwitch.start(join(lab.dir, 'ours.sock'), real.session.ports.values())];
    for (const [i, { session }] of both.entries())
      session.on(
        'flowRemoved',
        ({ reason, cookie, tableId, priority, idleTimeout, hardTimeout, packetCount }) =>
          removed[i]!.push(
            JSON.stringify([
              reason,
              String(cookie),
              tableId,
              priority,
              idleTimeout,
              hardTimeout,
              String(packetCount),
            ]),
          ),
      );
  });

  afterAll(async () => {
    for (const each of both) await each.close();
    await lab?.close();
  });

  it.each(SCENARIOS)('learns %s', async (_title, flows, steps) => {
    const told: string[][] = [];
    for (const each of both) {
      const errors = await each.load(flows.map((text) => parseFlow(text)));
      expect(errors.filter((error) => error !== 'ok')).toEqual([]);
    }
    for (const [index, step] of steps.entries()) {
      const [theirs, ours] = [await take(both[0]!, step), await take(both[1]!, step)];
      told.push(ours);
      expect([index, step, ...ours]).toEqual([index, step, ...theirs]);
    }
    await eventually(() => removed[0]!.length >= removed[1]!.length).catch(() => {});
    expect(removed[1]!.toSorted()).toEqual(removed[0]!.toSorted());
    // Something has been learnt, or nothing was compared.
    expect(new Set(told.map(String)).size).toBeGreaterThan(1);
  });
});

/** @returns what became of packets, and the flows after it */
async function take(contender: Contender, step: Step): Promise<string[]> {
  const outcomes: string[] = [];
  if ('seconds' in step) await contender.pass(step.seconds);
  else if ('flow' in step) {
    contender.session.send(parseFlow(step.flow, step.command));
    await contender.session.barrier();
  } else if ('packet' in step)
    for (let i = 0; i < (step.times ?? 1); i++)
      outcomes.push(JSON.stringify(await contender.inject(step.port ?? 1, step.packet)));
  return [...outcomes, ...(await contender.flows())];
}
