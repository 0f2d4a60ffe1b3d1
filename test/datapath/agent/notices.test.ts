import { duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SoftSwitch, type SoftSwitchOptions } from '../../../src/datapath/index.ts';
import { output } from '../../../src/ofp/actions/standard.ts';
import type { MessageInit } from '../../../src/ofp/message.ts';
import { FlowModFlag } from '../../../src/ofp/messages/flow-mod.ts';
import { NO_BUFFER } from '../../../src/ofp/messages/packet-in.ts';
import { FlowMonitorFlag } from '../../../src/ofp/multipart/flow-monitor.ts';
import { PortNo } from '../../../src/ofp/ports.ts';
import { parseFlow } from '../../../src/ofp/text/flow-parse.ts';
import { FakeClock } from '../../ofp/session/clock.ts';
import { Peer } from '../../ofp/session/peer.ts';
import { udpFrame } from '../frames.ts';
import { peerOf } from '../peer-of.ts';

const FRAME = udpFrame();
const switches: SoftSwitch[] = [];
const clock = new FakeClock();
let nowMs = 0;
afterEach(async () => {
  nowMs = 0;
  await Promise.all(switches.splice(0).map((each) => each.close()));
});

function make(options: Partial<SoftSwitchOptions> = {}): SoftSwitch {
  const ports = [1, 2].map((portNo) => ({ portNo }));
  const time = { now: () => nowMs, setTimer: clock.setTimer };
  const made = new SoftSwitch({ datapathId: 1, ports, clock: time, ...options });
  switches.push(made);
  return made;
}

async function done(controller: Peer, ...messages: readonly MessageInit[]): Promise<void> {
  controller.send(...messages);
  await controller.turn();
}

/** Lets time pass for the switch, its timers included. */
function pass(ms: number): void {
  nowMs += ms;
  clock.advance(ms);
}

const ALL_KINDS = {
  packetInMaster: 7,
  packetInSlave: 0,
  portStatusMaster: 7,
  portStatusSlave: 7,
  flowRemovedMaster: 0x3f,
  flowRemovedSlave: 0,
};

describe('packet-ins', () => {
  it('come in the form that each controller has chosen, with the userdata where there is room', async () => {
    const made = make();
    const controllers = [await peerOf(made), await peerOf(made), await peerOf(made)] as const;
    await done(controllers[1], { type: 'nxSetPacketInFormat', format: 'nxPacketIn' });
    await done(controllers[2], { type: 'nxSetPacketInFormat', format: 'nxPacketIn2' });
    await done(
      controllers[0],
      parseFlow('cookie=7,priority=3,udp,actions=set_field:7->tun_id,controller(userdata=01.02)'),
    );
    made.receive(1, FRAME);
    const standard = await controllers[0].next('packetIn');
    expect(standard.match).toMatchObject({ inPort: 1 });
    const nxm = await controllers[1].next('nxPacketIn');
    expect(nxm.match).toMatchObject({ nxmInPort: 1 });
    expect(nxm.match.nxmTunId?.toString()).toBe('7');
    const second = await controllers[2].next('nxPacketIn2');
    expect([...second.userdata!]).toEqual([1, 2]);
    for (const { cookie, data, totalLen, xid } of [standard, nxm, second]) {
      expect([cookie.toNumber(), totalLen, xid]).toEqual([7, FRAME.length, 0]);
      expect(FRAME.equals(data)).toBe(true);
    }
  });

  it('go to the controllers of an id only, and for bad TTLs only where they are asked for', async () => {
    const made = make();
    const [zero, four] = [await peerOf(made), await peerOf(made)];
    await done(four, { type: 'nxSetControllerId', controllerId: 4 });
    await done(zero, parseFlow('udp,actions=controller(id=4),set_field:1->nw_ttl,dec_ttl'));
    made.receive(1, FRAME);
    expect((await four.next('packetIn')).reason).toBe('action');
    await done(zero, { type: 'setAsync', ...ALL_KINDS });
    made.receive(1, FRAME);
    expect((await zero.next('packetIn')).reason).toBe('invalidTtl');
  });

  it('begin a packet that waits in the switch, when it is made to keep some, until its time is over', async () => {
    const sent: number[] = [];
    const made = make({ maxBuffers: 2, onTransmit: (_port, frame) => sent.push(frame.length) });
    const controller = await peerOf(made);
    await done(controller, parseFlow('priority=0,actions=controller:20'));
    const next = async () => {
      made.receive(1, FRAME);
      const { bufferId, data } = await controller.next('packetIn');
      expect([data.length, bufferId === NO_BUFFER]).toEqual([20, false]);
      return bufferId;
    };
    const ids = [await next(), await next(), await next()];
    const out = (bufferId: number): MessageInit => ({
      type: 'packetOut',
      bufferId,
      actions: [output(2)],
      xid: 9,
    });
    controller.send(out(ids[0]!));
    expect((await controller.next('error')).name).toBe('OFPBRC_BUFFER_UNKNOWN');
    await done(controller, out(ids[1]!));
    expect(sent).toEqual([FRAME.length]);
    pass(6000);
    controller.send(out(ids[2]!));
    expect((await controller.next('error')).name).toBe('OFPBRC_BUFFER_UNKNOWN');
    const last = await next();
    await done(controller, { ...parseFlow('priority=9,udp,actions=output:2'), bufferId: last });
    expect(sent).toEqual([FRAME.length, FRAME.length]);
  });

  it('pass the meter of all controllers', async () => {
    const made = make();
    const controller = await peerOf(made);
    const bands = [{ type: 'drop', rate: 1, burstSize: 1 }] as const;
    await done(
      controller,
      { type: 'meterMod', command: 'add', meterId: 0xffff_fffe, flags: 2, bands },
      parseFlow('actions=controller'),
    );
    made.receive(1, FRAME);
    made.receive(1, FRAME);
    await controller.next('packetIn');
    await controller.turn();
  });
});

describe('flows that go', () => {
  const remove = {
    ...parseFlow('priority=3,udp,actions=meter:1,output:1'),
    flags: FlowModFlag.SEND_FLOW_REM,
  };
  const bands = [{ type: 'drop', rate: 9, burstSize: 0 }] as const;
  const meter: MessageInit = { type: 'meterMod', command: 'add', meterId: 1, flags: 1, bands };
  const noMeter: MessageInit = { ...meter, command: 'delete', bands: [] };

  it('with a meter are told of as deleted, to those who ask for what OpenFlow 1.4 knows', async () => {
    const made = make();
    const controller = await peerOf(made);
    await done(controller, meter, remove, noMeter);
    await done(controller, { type: 'setAsync', ...ALL_KINDS });
    controller.send(meter, remove, noMeter);
    expect(await controller.next('flowRemoved')).toMatchObject({ reason: 'delete', priority: 3 });
  });

  it('are the ones that would end first where a full table makes room', async () => {
    const made = make({ tables: { 0: { maxFlows: 2, evicts: true }, 1: { maxFlows: 1 } } });
    const controller = await peerOf(made);
    await done(controller, { type: 'setAsync', ...ALL_KINDS });
    const flags = FlowModFlag.SEND_FLOW_REM;
    await done(controller, parseFlow('priority=1,actions=drop'));
    await done(controller, { ...parseFlow('priority=2,hard_timeout=9,actions=drop'), flags });
    controller.send({ ...parseFlow('priority=3,idle_timeout=5,actions=drop'), flags });
    expect(await controller.next('flowRemoved')).toMatchObject({ reason: 'delete', priority: 2 });
    controller.send(parseFlow('priority=4,actions=drop'));
    expect(await controller.next('flowRemoved')).toMatchObject({ priority: 3 });
    controller.send(parseFlow('priority=5,actions=drop'));
    expect((await controller.next('error')).name).toBe('OFPFMFC_TABLE_FULL');
    controller.send(parseFlow('table=1,actions=drop'), parseFlow('table=1,priority=2,actions=drop'));
    expect((await controller.next('error')).name).toBe('OFPFMFC_TABLE_FULL');
  });
});

describe('requests of others', () => {
  it('are forwarded to who asks for them', async () => {
    const made = make();
    const [first, second] = [await peerOf(made), await peerOf(made)];
    await done(first, {
      type: 'nxSetAsyncConfig2',
      properties: [{ type: 'requestforwardMaster', mask: 1 }],
    });
    const group: MessageInit = {
      type: 'groupMod',
      command: 'addOrModify',
      groupId: 7,
      groupType: 'all',
      buckets: [],
    };
    await done(second, { ...group, xid: 44 });
    const { request } = await first.next('onfRequestforward');
    expect(request).toMatchObject({ type: 'groupMod', command: 'add', groupId: 7, xid: 44 });
    await first.turn();
  });
});

describe('flow monitors', () => {
  const monitor = (monitorId: number, flags: number, more = {}): MessageInit => ({
    type: 'multipartRequest',
    multipartType: 'onfFlowMonitor',
    body: [{ monitorId, flags, ...more }],
  });
  const ALL = FlowMonitorFlag.INITIAL | FlowMonitorFlag.ADD | FlowMonitorFlag.DELETE | FlowMonitorFlag.MODIFY;

  async function updates(controller: Peer): Promise<readonly unknown[]> {
    const reply = await controller.next('multipartReply');
    if (reply.multipartType !== 'onfFlowMonitor') throw new Error(reply.multipartType);
    return reply.body;
  }

  it('tell of what is there, comes, changes and goes, and abbreviate what their controller does itself', async () => {
    const made = make();
    const [watcher, other] = [await peerOf(made), await peerOf(made)];
    await done(other, parseFlow('priority=1,ip,cookie=4,actions=output:1'));
    watcher.send(monitor(1, ALL | FlowMonitorFlag.ACTIONS));
    expect(await updates(watcher)).toMatchObject([{ type: 'added', priority: 1, instructions: [{}] }]);
    other.send(parseFlow('priority=2,tcp,actions=output:1'));
    expect(await updates(watcher)).toMatchObject([{ type: 'added', priority: 2, match: { ipProto: 6 } }]);
    await done(other, parseFlow('tcp,actions=output:1', 'modify'));
    other.send(parseFlow('tcp,actions=output:2', 'modify'));
    expect(await updates(watcher)).toMatchObject([{ type: 'modified', priority: 2 }]);
    watcher.send({ ...parseFlow('tcp', 'delete'), xid: 66 });
    expect(await updates(watcher)).toEqual([{ type: 'abbrev', xid: 66 }]);
    other.send(parseFlow('', 'delete'));
    expect(await updates(watcher)).toMatchObject([{ type: 'deleted', reason: 'delete', priority: 1 }]);
  });

  it('tell of flows in one table, of one match, or with one output, until they are cancelled', async () => {
    const made = make();
    const [watcher, other] = [await peerOf(made), await peerOf(made)];
    watcher.send(monitor(1, FlowMonitorFlag.ADD | FlowMonitorFlag.MODIFY, { tableId: 1, outPort: 2 }));
    expect(await updates(watcher)).toEqual([]);
    await done(other, parseFlow('table=0,actions=output:2'), parseFlow('table=1,actions=output:1'));
    other.send(parseFlow('table=1,actions=output:2', 'modify'));
    expect(await updates(watcher)).toMatchObject([{ type: 'modified', tableId: 1 }]);
    other.send(parseFlow('table=1,actions=output:1', 'modify'));
    // What was output there counts, too.
    expect(await updates(watcher)).toMatchObject([{ type: 'modified', tableId: 1 }]);
    await done(watcher, { type: 'onfFlowMonitorCancel', monitorId: 1 });
    await done(other, parseFlow('table=1,priority=9,actions=output:2'));
    await watcher.turn();
  });

  it('are refused twice, without an event, over their number, and when they are not there', async () => {
    const made = make({ limits: { maxMonitors: 1 } });
    const controller = await peerOf(made);
    controller.send(monitor(1, ALL));
    expect(await updates(controller)).toEqual([]);
    const refusals: readonly [string, MessageInit][] = [
      ['OFPMOFC_MONITOR_EXISTS', monitor(1, ALL)],
      ['OFPMOFC_BAD_FLAGS', monitor(2, FlowMonitorFlag.ACTIONS)],
      ['OFPBRC_EPERM', monitor(2, ALL)],
      ['OFPMOFC_UNKNOWN_MONITOR', { type: 'onfFlowMonitorCancel', monitorId: 2 }],
    ];
    for (const [name, message] of refusals) {
      controller.send(message);
      expect((await controller.next('error')).name).toBe(name);
    }
  });

  it('pause while nobody reads, and then tell how things are', async () => {
    const made = make();
    const [ours, theirs] = duplexPair();
    made.connect(theirs, { echoIntervalMs: 0, highWaterBytes: 1 });
    const watcher = new Peer(ours);
    await watcher.greet();
    const other = await peerOf(made);
    watcher.send(monitor(1, FlowMonitorFlag.ADD | FlowMonitorFlag.DELETE));
    await updates(watcher);
    other.send(
      parseFlow('priority=1,actions=drop'),
      parseFlow('priority=2,actions=drop'),
      parseFlow('priority=3,actions=drop'),
      parseFlow('priority=2', 'deleteStrict'),
      parseFlow('priority=1', 'deleteStrict'),
    );
    expect(await updates(watcher)).toMatchObject([{ type: 'added', priority: 1 }]);
    await watcher.next('onfFlowMonitorPaused');
    // The second came and went while nobody was told; the first was known.
    expect(await updates(watcher)).toMatchObject([{ type: 'deleted', priority: 1 }]);
    expect(await updates(watcher)).toMatchObject([{ type: 'added', priority: 3 }]);
    await watcher.next('onfFlowMonitorResumed');
  });
});

describe('what waits for more', () => {
  it('ends in silence: bundles after ten seconds, requests in parts after one', async () => {
    const made = make();
    const controller = await peerOf(made);
    const open: MessageInit = { type: 'onfBundleControl', bundleId: 5, controlType: 'openRequest', xid: 70 };
    controller.send(open);
    await controller.next('onfBundleControl');
    await done(controller, { type: 'multipartRequest', multipartType: 'tableFeatures', flags: 1, xid: 71 });
    pass(1000);
    const late = await controller.next('error');
    expect([late.name, late.xid]).toEqual(['OFPBRC_MULTIPART_REQUEST_TIMEOUT', 71]);
    for (let second = 0; second < 9; second++) pass(1000);
    const ended = await controller.next('error');
    expect([ended.name, ended.xid]).toEqual(['OFPBFC_TIMEOUT', 70]);
    controller.send({ ...open, controlType: 'commitRequest' });
    expect((await controller.next('error')).name).toBe('OFPBFC_BAD_ID');
  });

  it('is bounded: bundles by messages and bytes, parts by bytes, controllers by number', async () => {
    const limits = { maxBundledMessages: 2, maxBundledBytes: 300, maxMultipartBytes: 20 };
    const made = make({ limits, maxControllers: 1 });
    const controller = await peerOf(made);
    const add: MessageInit = { type: 'onfBundleAddMessage', bundleId: 1, message: parseFlow('actions=drop') };
    await done(controller, add, add);
    controller.send(add);
    expect((await controller.next('error')).name).toBe('OFPBFC_MSG_TOO_MANY');
    await done(controller, { type: 'multipartRequest', multipartType: 'tableFeatures', flags: 1, xid: 71 });
    controller.send({ type: 'multipartRequest', multipartType: 'tableFeatures', flags: 1, xid: 72 });
    expect((await controller.next('error')).name).toBe('OFPBRC_MULTIPART_BUFFER_OVERFLOW');
    expect(() => made.connect(duplexPair()[0])).toThrow(
      expect.objectContaining({ code: 'DATAPATH_CONTROLLERS' }),
    );
    controller.send({ type: 'packetOut', inPort: PortNo.CONTROLLER, data: FRAME, actions: [output(1)] });
    await controller.turn();
  });
});
