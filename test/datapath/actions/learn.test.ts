import { describe, expect, it } from '@jest/globals';
import { ethernet, ipv4, tcp, udpFrame } from '../frames.ts';
import { TextPipeline } from '../switch-text.ts';

const FRAME = udpFrame();
const LEARN = 'NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[]';

function learntIn(sw: TextPipeline, tableId: number) {
  return [...sw.pipeline.tables.tables[tableId]!.flows.rules()];
}

describe('packets that learn what is known', () => {
  it('leave what is remembered of packets as it is', () => {
    const sw = new TextPipeline();
    sw.flows(`actions=learn(table=1,hard_timeout=10,${LEARN}),output:2`);
    sw.ports(FRAME);
    const { version } = sw.pipeline.tables;
    for (let i = 0; i < 3; i++) expect(sw.ports(FRAME)).toEqual([2]);
    expect(sw.pipeline.tables.version).toBe(version);
    sw.ports(FRAME, 3);
    expect(sw.pipeline.tables.version).not.toBe(version);
  });

  it('match no port at all instead of one that has no number in 16 bits', () => {
    const sw = new TextPipeline();
    sw.flows('actions=learn(table=1,OXM_OF_IN_PORT[]=NXM_OF_ETH_SRC[16..47])');
    sw.ports(FRAME);
    expect(learntIn(sw, 1)[0]!.matchFields).toEqual({ inPort: 0xffff_ffff });
  });

  it('match what is no Ethernet frame, where they say more than that it is one', () => {
    const sw = new TextPipeline();
    const ip = 'eth_type=0x800';
    sw.flows(`actions=learn(table=1,${ip},OXM_OF_PACKET_TYPE[0..15]=NXM_OF_ETH_TYPE[]),resubmit(,1)`);
    sw.ports(FRAME);
    expect(learntIn(sw, 1)).toMatchObject([
      { matchFields: { packetType: 0x800, ethType: 0x800 }, packets: 0 },
    ]);
  });

  it.each([0, 1000])('keep the flow from going, with %i kinds of packets remembered', (maxCachedFlows) => {
    const sw = new TextPipeline({ maxCachedFlows });
    sw.meter({ command: 'add', meterId: 1, flags: 1, bands: [{ type: 'drop', rate: 1, burstSize: 0 }] });
    sw.flows(
      `priority=1,actions=learn(table=1,hard_timeout=10,${LEARN})`,
      `priority=2,tcp,actions=meter:1,learn(table=2,hard_timeout=10,${LEARN})`,
    );
    const segments = ethernet(0x0800, ipv4(6, tcp(1, 2)));
    for (let i = 0; i < 6; i++) {
      sw.ports(FRAME);
      // The meter drops them: what is learnt is learnt all the same.
      for (let n = 0; n < 9; n++) sw.ports(segments);
      sw.nowMs += 5000;
      sw.pipeline.expire();
    }
    expect([learntIn(sw, 1), learntIn(sw, 2)]).toMatchObject([
      [{ modifiedMs: 25_000 }],
      [{ modifiedMs: 25_000 }],
    ]);
    sw.nowMs += 5000;
    sw.pipeline.expire();
    expect([...learntIn(sw, 1), ...learntIn(sw, 2)]).toEqual([]);
    sw.ports(FRAME);
    expect(learntIn(sw, 1)).toHaveLength(1);
  });

  it.each([0, 1000])('tell the packet so, with %i kinds of packets remembered', (maxCachedFlows) => {
    const sw = new TextPipeline({ maxCachedFlows });
    sw.flows(`actions=learn(table=1,limit=1,result_dst=NXM_NX_REG0[0],${LEARN}),output:NXM_NX_REG0[]`);
    expect([1, 2, 3].map(() => sw.ports(FRAME, 3))).toEqual([[1], [1], [1]]);
    expect([1, 2, 3].map(() => sw.ports(FRAME, 4))).toEqual([[], [], []]);
  });

  it('are not remembered as those that have just learnt a flow for themselves', () => {
    const sw = new TextPipeline();
    sw.flows(
      'priority=1,actions=learn(table=0,priority=2,NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[]),output:3',
    );
    expect([sw.ports(FRAME), sw.ports(FRAME), sw.ports(FRAME, 2)]).toEqual([[3], [], [1]]);
  });
});

describe('flows that are learnt', () => {
  it('go with the last flow that learnt them', () => {
    const sw = new TextPipeline();
    const learns = `learn(table=1,cookie=7,delete_learned,${LEARN})`;
    sw.flows(
      `priority=1,actions=${learns}`,
      `priority=2,actions=${learns},${learns}`,
      `priority=3,actions=clone(learn(table=1,cookie=7,delete_learned,${LEARN}))`,
      'cookie=7,table=1,priority=9,actions=drop',
      'cookie=7,table=2,priority=9,actions=drop',
    );
    const sizes = () => [1, 2].map((tableId) => learntIn(sw, tableId).length);
    sw.ports(FRAME);
    sw.flow('priority=2', 'deleteStrict');
    expect(sizes()).toEqual([2, 1]);
    // A modify that fails leaves everything.
    sw.flow('priority=1,actions=output:1,group:5', 'modifyStrict');
    expect(sizes()).toEqual([2, 1]);
    sw.flow('priority=1', 'deleteStrict');
    expect(sizes()).toEqual([0, 1]);
  });

  it('are no part of a table that is full, and the packet goes on', () => {
    const sw = new TextPipeline({ tables: { 1: { maxFlows: 1 } } });
    sw.flows(
      `actions=learn(table=1,result_dst=NXM_NX_REG0[1],${LEARN}),output:NXM_NX_REG0[]`,
      'table=1,in_port=9,actions=drop',
    );
    expect(sw.ports(FRAME)).toEqual([2]);
    expect(learntIn(sw, 1)).toHaveLength(1);
  });
});

describe('fin_timeout', () => {
  it.each([0, 1000])(
    'shortens timeouts once a connection ends, with %i kinds of packets remembered',
    (max) => {
      const sw = new TextPipeline({ maxCachedFlows: max });
      sw.flows('tcp,idle_timeout=60,actions=fin_timeout(idle_timeout=5,hard_timeout=9),output:2');
      const segment = (flags: number) => ethernet(0x0800, ipv4(6, tcp(1, 2, flags)));
      const timeouts = () =>
        learntIn(sw, 0).map(({ idleTimeout, hardTimeout }) => [idleTimeout, hardTimeout]);
      for (let i = 0; i < 3; i++) expect(sw.ports(segment(0x10))).toEqual([2]);
      expect(timeouts()).toEqual([[60, 0]]);
      expect(sw.ports(segment(0x11))).toEqual([2]);
      expect(timeouts()).toEqual([[5, 9]]);
      sw.nowMs = 5000;
      sw.pipeline.expire();
      expect(timeouts()).toEqual([]);
    },
  );
});
