import { describe, expect, it } from '@jest/globals';
import type { NetworkEvent } from '../../src/app/events.ts';
import { LearningBridge } from '../../src/app/learning-bridge.ts';
import { compile } from '../../src/app/pipeline/compile.ts';
import { cookie } from '../../src/app/pipeline/cookie.ts';
import { FlowModFlag, type FlowSpec, output, PortNo } from '../../src/ofp/index.ts';
import { silentLog } from '../../src/util/log.ts';
import { FakeClock } from '../ofp/session/clock.ts';
import { FakeSession, turns } from './fake-session.ts';

const A = '02:00:00:00:00:0a';
const B = '02:00:00:00:00:0b';
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

/** A flow of a learning switch as it is in the switch. */
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

async function startBridge(flows: readonly FlowSpec[] = []) {
  const fake = new FakeSession();
  fake.flows = flows;
  const clock = new FakeClock();
  let nowMs = 0;
  const events: NetworkEvent[] = [];
  const bridge = new LearningBridge({
    session: fake.session,
    onEvent: (event) => events.push(event),
    log: silentLog,
    setTimer: clock.setTimer,
    now: () => nowMs,
  });
  await bridge.start();
  return {
    fake,
    bridge,
    clock,
    events: () => events.splice(0),
    /** What was sent since the last look. */
    sent: () => fake.sent.splice(0),
    frame: (inPort: number, ethSrc: string, ethDst: string, rest = '0800') =>
      fake.packetIn(0, { inPort }, `${ethDst} ${ethSrc} ${rest}`),
    advance: async (ms: number) => {
      nowMs += ms;
      clock.advance(ms);
      await turns(1);
    },
  };
}

const base = { switch: '0000000000000001', domain: '0' };
const out = (inPort: number, port: number) =>
  expect.objectContaining({ type: 'packetOut', inPort, actions: [output(port)] });
const add = ({ tableId: _, ...flow }: FlowSpec) =>
  expect.objectContaining({ type: 'flowMod', command: 'add', ...flow });
const forget = (match: object) => expect.objectContaining({ type: 'flowMod', command: 'delete', match });

describe('a learning bridge', () => {
  it('has every frame without a flow sent to it', async () => {
    const { fake } = await startBridge();
    expect(fake.flows).toEqual([MISS]);
  });

  it('floods until it knows the destination, and then makes a flow', async () => {
    const { frame, sent, events } = await startBridge();
    frame(1, A, B);
    expect(sent().at(-1)).toEqual(out(1, PortNo.FLOOD));
    expect(events()).toEqual([{ type: 'endpointLearnt', ...base, mac: A, at: { port: 1 } }]);
    frame(2, B, A);
    expect(sent().slice(-2)).toEqual([add(learntFlow(2, B, A, 1)), out(2, 1)]);
  });

  it('keeps equal addresses of different VLANs apart', async () => {
    const { frame, sent, bridge } = await startBridge();
    frame(1, A, BROADCAST, '8100 0005 0800');
    frame(3, A, BROADCAST, '8100 0006 0800');
    sent();
    frame(2, B, A, '8100 0005 0800');
    expect(sent().slice(-2)).toEqual([add(learntFlow(2, B, A, 1, 0x1005)), out(2, 1)]);
    frame(2, B, A, '8100 0006 0800');
    expect(sent().slice(-2)).toEqual([add(learntFlow(2, B, A, 3, 0x1006)), out(2, 3)]);
    frame(2, B, A);
    expect(sent().at(-1)).toEqual(out(2, PortNo.FLOOD));
    expect(bridge.state().endpoints.map(({ domain, mac }) => `${domain} ${mac}`)).toEqual([
      `5 ${A}`,
      `6 ${A}`,
      `5 ${B}`,
      `6 ${B}`,
      `0 ${B}`,
    ]);
  });

  it('deletes the flows towards and from where an address was before', async () => {
    const { frame, sent, events } = await startBridge();
    frame(1, A, BROADCAST);
    sent();
    events();
    frame(2, A, BROADCAST);
    expect(sent()).toEqual([
      forget({ vlanVid: NO_TAG, ethDst: A }),
      forget({ vlanVid: NO_TAG, ethSrc: A }),
      out(2, PortNo.FLOOD),
    ]);
    expect(events()).toEqual([
      { type: 'endpointMoved', ...base, mac: A, at: { port: 2 }, from: { port: 1 } },
    ]);
  });

  it('does not send a frame back to where it came from', async () => {
    const { frame, sent } = await startBridge();
    frame(1, A, BROADCAST);
    frame(1, B, A);
    expect(sent().filter(({ type }) => type === 'packetOut')).toHaveLength(1);
  });

  it.each([
    ['to a bridge itself', '01:80:c2:00:00:00', A],
    ['from a group address', B, '03:00:00:00:00:01'],
  ])('drops frames %s', async (_, ethDst, ethSrc) => {
    const { frame, sent, events } = await startBridge();
    frame(1, ethSrc, ethDst);
    expect([...sent(), ...events()]).toEqual([]);
  });

  it('drops frames that are cut off', async () => {
    const { fake, sent } = await startBridge();
    fake.packetIn(0, { inPort: 1 }, `${BROADCAST} ${A} 8100`);
    fake.packetIn(0, { inPort: 1 }, `${BROADCAST} 0200`);
    expect(sent()).toEqual([]);
  });

  it('forgets what was behind a port that went down or away', async () => {
    const { fake, frame, sent, events } = await startBridge();
    frame(1, A, BROADCAST);
    frame(2, B, BROADCAST);
    sent();
    events();
    const port = { portNo: 1, config: 0, state: 0 };
    fake.emit('portStatus', { reason: 'modify', port });
    expect([...sent(), ...events()]).toEqual([]);
    fake.emit('portStatus', { reason: 'modify', port: { ...port, state: 1 } });
    expect(events()).toEqual([{ type: 'endpointAged', ...base, mac: A, at: { port: 1 } }]);
    expect(sent()).toEqual([
      expect.objectContaining({ command: 'delete', outPort: 1 }),
      forget({ inPort: 1 }),
    ]);
    fake.emit('portStatus', { reason: 'delete', port: { ...port, portNo: 2 } });
    expect(events()).toEqual([{ type: 'endpointAged', ...base, mac: B, at: { port: 2 } }]);
  });
});

describe('a learning bridge that takes over', () => {
  it('keeps the flows that are there and the addresses that they know', async () => {
    const flows = [learntFlow(1, A, B, 2), learntFlow(2, B, A, 1, 0x1005)];
    const { fake, events, frame, sent } = await startBridge(flows);
    expect(fake.flows).toMatchObject([MISS, { priority: 1 }, { priority: 1 }]);
    expect(fake.changes).toEqual([1]);
    expect(events()).toEqual([
      { type: 'endpointLearnt', ...base, mac: A, at: { port: 1 } },
      { type: 'endpointLearnt', ...base, domain: '5', mac: B, at: { port: 2 } },
    ]);
    frame(3, A, BROADCAST);
    expect(sent()[0]).toEqual(forget({ vlanVid: NO_TAG, ethDst: A }));
    expect(events()).toMatchObject([{ type: 'endpointMoved', from: { port: 1 } }]);
  });

  it('clears away what pods have left', async () => {
    const location = { type: 'port', ofport: 1 } as const;
    const pods = [
      compile({ type: 'base', hasMeters: false }),
      compile({ type: 'learnt', key: 7, mac: A, location, tunnel: undefined }),
    ];
    const { fake, events } = await startBridge(pods.flatMap(({ flows }) => flows));
    expect(fake.flows).toEqual([MISS]);
    expect(events()).toEqual([]);
  });

  it('goes on when somebody has emptied the table', async () => {
    const { fake, sent } = await startBridge();
    const [miss] = fake.flows;
    fake.remove(learntFlow(1, A, B, 2), 'delete');
    fake.remove(miss!, 'idleTimeout');
    expect(sent()).toEqual([]);
    fake.remove(miss!, 'delete');
    expect(sent()).toEqual([expect.objectContaining({ type: 'flowMod', command: 'add', ...MISS })]);
  });
});

describe('an address of a learning bridge', () => {
  it('is forgotten when it was not heard of for five minutes', async () => {
    const { frame, advance, events, bridge } = await startBridge();
    frame(1, A, BROADCAST);
    await advance(200_000);
    frame(2, B, BROADCAST);
    await advance(100_000);
    events();
    await advance(30_000);
    expect(events()).toEqual([{ type: 'endpointAged', ...base, mac: A, at: { port: 1 } }]);
    expect(bridge.state().endpoints).toHaveLength(1);
  });

  it('is not forgotten while a flow takes its frames', async () => {
    const { fake, frame, advance, events } = await startBridge();
    frame(1, A, BROADCAST);
    events();
    fake.flows = [...fake.flows, learntFlow(1, A, B, 2)];
    await advance(600_000);
    expect(events()).toEqual([]);
    fake.flows = fake.flows.slice(0, 1);
    await advance(600_000);
    expect(events()).toMatchObject([{ type: 'endpointAged', mac: A }]);
  });

  it('is not looked after any more when the bridge has stopped', async () => {
    const { bridge, clock, fake, frame, sent } = await startBridge();
    await bridge.stop();
    expect(clock.pending).toBe(0);
    frame(1, A, BROADCAST);
    fake.emit('portStatus', { reason: 'delete', port: { portNo: 1 } });
    expect(sent()).toEqual([]);
  });
});
