import { afterEach, describe, expect, it } from '@jest/globals';
import { LearningBridge } from '../../../src/app/bridges/learning-bridge.ts';
import type { NetworkEvent } from '../../../src/app/events.ts';
import { compile } from '../../../src/app/pipeline/compile.ts';
import { cookie } from '../../../src/app/pipeline/cookie.ts';
import type { SoftSwitchOptions } from '../../../src/datapath/index.ts';
import {
  FlowModFlag,
  type FlowSpec,
  formatFlow,
  output,
  type PacketIn,
  PortNo,
  parseFlow,
} from '../../../src/ofp/index.ts';
import { silentLog } from '../../../src/util/log.ts';
import { closeSessions, SoftSession } from '../soft-session.ts';

const A = '02:00:00:00:00:0a';
const B = '02:00:00:00:00:0b';
const C = '02:00:00:00:00:0c';
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const NO_TAG = 0;

const apply = (port: number) => [{ type: 'applyActions', actions: [output(port)] }] as const;

const MISS: FlowSpec = {
  cookie: cookie('intended', 0),
  tableId: 0,
  priority: 0,
  flags: FlowModFlag.SEND_FLOW_REM,
  instructions: apply(PortNo.CONTROLLER),
};

/** A flow of a learning switch. */
function learntFlow(
  inPort: number,
  ethSrc: string,
  ethDst: string,
  port: number,
  vlanVid = NO_TAG,
): FlowSpec {
  return {
    cookie: cookie('learnt', 0),
    tableId: 0,
    priority: 1,
    idleTimeout: 60,
    match: { inPort, vlanVid, ethSrc, ethDst },
    instructions: apply(port),
  };
}

afterEach(closeSessions);

/** Starts a bridge on a switch that has these flows. */
async function startBridge(flows: readonly FlowSpec[] = [], options: Partial<SoftSwitchOptions> = {}) {
  const soft = await SoftSession.open(options);
  await soft.order(...flows.map((flow) => ({ type: 'flowMod', command: 'add', ...flow }) as const));
  const events: NetworkEvent[] = [];
  const bridge = new LearningBridge({
    session: soft.session,
    onEvent: (event) => events.push(event),
    log: silentLog,
    setTimer: soft.clock.setTimer,
    now: soft.clock.now,
  });
  await bridge.start();
  return {
    soft,
    bridge,
    events: () => events.splice(0),
    /** Has a frame come, and everything that comes of it. */
    frame: (inPort: number, ethSrc: string, ethDst: string, rest = '0800') => {
      soft.receive(inPort, `${ethDst} ${ethSrc} ${rest}`);
      return soft.idle();
    },
  };
}

const base = { switch: '0000000000000001', domain: '0' };
const out = (inPort: number, port: number) =>
  expect.objectContaining({ type: 'packetOut', inPort, actions: [expect.objectContaining(output(port))] });
const add = ({ tableId: _, instructions: __, ...flow }: FlowSpec) =>
  expect.objectContaining({ type: 'flowMod', command: 'add', ...flow });
const forget = (match: object) => expect.objectContaining({ type: 'flowMod', command: 'delete', match });
/** Flows, as the switch lists them. */
const listed = (...flows: readonly FlowSpec[]) => flows.map(formatFlow).sort();
const hexOf = (...words: readonly string[]) => words.join('').replaceAll(/[ :]/g, '');

describe('a learning bridge', () => {
  it('has every frame without a flow sent to it', async () => {
    const { soft, frame } = await startBridge();
    expect(soft.flows()).toEqual(listed(MISS));
    const packetIns: PacketIn[] = [];
    soft.session.on('packetIn', (message) => packetIns.push(message));
    await frame(1, A, B);
    expect(packetIns).toMatchObject([{ tableId: 0, match: { inPort: 1 } }]);
  });

  it('floods until it knows the destination, and then makes a flow', async () => {
    const { soft, frame, events } = await startBridge();
    soft.received();
    await frame(1, A, B);
    expect(soft.received().at(-1)).toEqual(out(1, PortNo.FLOOD));
    expect([1, 2, 3].map((port) => soft.left(port))).toEqual([
      [],
      [hexOf(B, A, '0800')],
      [hexOf(B, A, '0800')],
    ]);
    expect(events()).toEqual([{ type: 'endpointLearnt', ...base, mac: A, at: { port: 1 } }]);
    await frame(2, B, A);
    expect(soft.received().slice(-2)).toEqual([add(learntFlow(2, B, A, 1)), out(2, 1)]);
    expect(soft.flows()).toEqual(listed(MISS, learntFlow(2, B, A, 1)));
    expect([1, 2, 3].map((port) => soft.left(port))).toEqual([[hexOf(A, B, '0800')], [], []]);
    await frame(2, B, A);
    expect(soft.received()).toEqual([]);
    expect(soft.left(1)).toHaveLength(1);
  });

  it('keeps equal addresses of different VLANs apart', async () => {
    const { soft, frame, bridge } = await startBridge();
    await frame(1, A, BROADCAST, '8100 0005 0800');
    await frame(3, A, BROADCAST, '8100 0006 0800');
    await frame(2, B, A, '8100 0005 0800');
    expect(soft.received().slice(-2)).toEqual([add(learntFlow(2, B, A, 1, 0x1005)), out(2, 1)]);
    await frame(2, B, A, '8100 0006 0800');
    expect(soft.received().slice(-2)).toEqual([add(learntFlow(2, B, A, 3, 0x1006)), out(2, 3)]);
    await frame(2, B, A);
    expect(soft.received().at(-1)).toEqual(out(2, PortNo.FLOOD));
    expect(soft.flows()).toEqual(
      listed(MISS, learntFlow(2, B, A, 1, 0x1005), learntFlow(2, B, A, 3, 0x1006)),
    );
    expect(bridge.state().endpoints.map(({ domain, mac }) => `${domain} ${mac}`)).toEqual([
      `5 ${A}`,
      `6 ${A}`,
      `5 ${B}`,
      `6 ${B}`,
      `0 ${B}`,
    ]);
  });

  it('deletes the flows towards and from where an address was before', async () => {
    const { soft, frame, events } = await startBridge();
    await frame(1, A, BROADCAST, '8100 0005 0800');
    await frame(2, B, A, '8100 0005 0800');
    await frame(1, A, BROADCAST);
    await frame(2, B, A);
    await frame(1, A, B);
    const elsewhere = learntFlow(2, B, A, 1, 0x1005);
    expect(soft.flows()).toEqual(listed(MISS, elsewhere, learntFlow(2, B, A, 1), learntFlow(1, A, B, 2)));
    soft.received();
    events();
    await frame(3, A, BROADCAST);
    expect(soft.received()).toEqual([
      forget({ vlanVid: NO_TAG, ethDst: A }),
      forget({ vlanVid: NO_TAG, ethSrc: A }),
      out(3, PortNo.FLOOD),
    ]);
    expect(soft.flows()).toEqual(listed(MISS, elsewhere));
    expect(events()).toEqual([
      { type: 'endpointMoved', ...base, mac: A, at: { port: 3 }, from: { port: 1 } },
    ]);
  });

  it('does not send a frame back to where it came from', async () => {
    const { soft, frame } = await startBridge();
    await frame(1, A, BROADCAST);
    await frame(1, B, A);
    expect(soft.received().filter(({ type }) => type === 'packetOut')).toHaveLength(1);
    expect([1, 2, 3].map((port) => soft.left(port).length)).toEqual([0, 1, 1]);
  });

  it.each([
    ['to a bridge itself', '01:80:c2:00:00:00', A],
    ['from a group address', B, '03:00:00:00:00:01'],
  ])('drops frames %s', async (_, ethDst, ethSrc) => {
    const { soft, frame, events } = await startBridge();
    soft.received();
    const packetIns: PacketIn[] = [];
    soft.session.on('packetIn', (message) => packetIns.push(message));
    await frame(1, ethSrc, ethDst);
    expect(packetIns).toHaveLength(1);
    expect([...soft.received(), ...events()]).toEqual([]);
  });

  it('drops frames that are cut off', async () => {
    // A switch that keeps packets sends as much of them as a flow says.
    const { soft, frame } = await startBridge([], { maxBuffers: 8 });
    await soft.order(
      parseFlow('priority=9,in_port=1,actions=controller(max_len=14)'),
      parseFlow('priority=9,in_port=2,actions=controller(max_len=8)'),
    );
    soft.received();
    const sizes: number[] = [];
    soft.session.on('packetIn', ({ data }) => sizes.push(data.length));
    await frame(1, A, BROADCAST, '8100 0005 0800');
    await frame(2, A, BROADCAST);
    expect(sizes).toEqual([14, 8]);
    expect(soft.received()).toEqual([]);
  });

  it('forgets what was behind a port that went down or away', async () => {
    const { soft, frame, events } = await startBridge();
    await frame(1, A, BROADCAST);
    await frame(2, B, BROADCAST);
    await frame(1, A, B);
    await frame(2, B, A);
    await frame(3, C, A);
    soft.received();
    events();
    soft.sw.setLink(1, true);
    await soft.idle();
    expect([...soft.received(), ...events()]).toEqual([]);
    soft.sw.setLink(1, false);
    await soft.idle();
    expect(events()).toEqual([{ type: 'endpointAged', ...base, mac: A, at: { port: 1 } }]);
    expect(soft.received()).toEqual([
      expect.objectContaining({ command: 'delete', outPort: 1 }),
      forget({ inPort: 1 }),
    ]);
    expect(soft.flows()).toEqual(listed(MISS));
    soft.sw.removePort(2);
    await soft.idle();
    expect(events()).toEqual([{ type: 'endpointAged', ...base, mac: B, at: { port: 2 } }]);
  });
});

describe('a learning bridge that takes over', () => {
  it('keeps the flows that are there and the addresses that they know', async () => {
    const flows = [learntFlow(1, A, B, 2), learntFlow(2, B, A, 1, 0x1005)];
    const { soft, events, frame } = await startBridge(flows);
    expect(soft.flows()).toEqual(listed(MISS, ...flows));
    expect(soft.received()).toEqual([add(MISS)]);
    expect(events()).toEqual([
      { type: 'endpointLearnt', ...base, mac: A, at: { port: 1 } },
      { type: 'endpointLearnt', ...base, domain: '5', mac: B, at: { port: 2 } },
    ]);
    await frame(3, A, BROADCAST);
    expect(soft.received()[0]).toEqual(forget({ vlanVid: NO_TAG, ethDst: A }));
    expect(soft.flows()).toEqual(listed(MISS, flows[1]!));
    expect(events()).toMatchObject([{ type: 'endpointMoved', from: { port: 1 } }]);
  });

  it('clears away what pods have left', async () => {
    const location = { type: 'port', ofport: 1 } as const;
    const pods = [
      compile({ type: 'base' }),
      compile({ type: 'learnt', key: 7, mac: A, location, tunnel: undefined }),
    ];
    const { soft, events } = await startBridge(pods.flatMap(({ flows }) => flows));
    expect(soft.flows()).toEqual(listed(MISS));
    expect(events()).toEqual([]);
  });

  it('goes on when somebody has emptied the table', async () => {
    const { soft } = await startBridge();
    soft.received();
    const reasons: unknown[] = [];
    soft.session.on('flowRemoved', ({ reason }) => reasons.push(reason));
    await soft.order(parseFlow('priority=1,send_flow_rem,actions=drop'));
    await soft.order(parseFlow('priority=1', 'deleteStrict'));
    // In the place of the flow that sends what no other takes.
    await soft.order(parseFlow('priority=0,idle_timeout=5,send_flow_rem,actions=drop'));
    await soft.advance(6000);
    expect(reasons).toEqual(['delete', 'idleTimeout']);
    expect(soft.received()).toEqual([]);
    await soft.order({ type: 'flowMod', command: 'add', ...MISS });
    await soft.order(parseFlow('', 'delete'));
    expect(soft.received()).toEqual([add(MISS)]);
    expect(soft.flows()).toEqual(listed(MISS));
  });
});

describe('an address of a learning bridge', () => {
  it('is forgotten when it was not heard of for five minutes', async () => {
    const { soft, frame, events, bridge } = await startBridge();
    await frame(1, A, BROADCAST);
    await soft.advance(200_000);
    await frame(2, B, BROADCAST);
    await soft.advance(100_000);
    expect(events()).toMatchObject([{ type: 'endpointLearnt' }, { type: 'endpointLearnt' }]);
    await soft.advance(30_000);
    expect(events()).toEqual([{ type: 'endpointAged', ...base, mac: A, at: { port: 1 } }]);
    expect(bridge.state().endpoints).toHaveLength(1);
  });

  it('is not forgotten while a flow takes its frames', async () => {
    const { soft, frame, events } = await startBridge();
    await frame(1, A, BROADCAST);
    events();
    await soft.order({ type: 'flowMod', command: 'add', ...learntFlow(1, A, B, 2) });
    let packetIns = 0;
    soft.session.on('packetIn', () => packetIns++);
    for (let passedMs = 0; passedMs < 600_000; passedMs += 30_000) {
      await frame(1, A, B);
      await soft.advance(30_000);
    }
    expect([events(), packetIns]).toEqual([[], 0]);
    // The flow goes with the last of the frames.
    await soft.advance(600_000);
    expect(soft.flows()).toEqual(listed(MISS));
    expect(events()).toMatchObject([{ type: 'endpointAged', mac: A }]);
  });

  it('is not looked after any more when the bridge has stopped', async () => {
    const { bridge, soft, frame } = await startBridge();
    await bridge.stop();
    // What the switch looks at once a second is over by then.
    await soft.advance(1000);
    expect(soft.clock.pending).toBe(0);
    soft.received();
    await frame(1, A, BROADCAST);
    soft.sw.removePort(1);
    await soft.idle();
    expect(soft.received()).toEqual([]);
  });
});
