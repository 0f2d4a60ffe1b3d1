import { duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SoftSwitch, type SoftSwitchOptions } from '../../src/datapath/index.ts';
import { output } from '../../src/ofp/actions/standard.ts';
import type { MessageInit } from '../../src/ofp/message.ts';
import { FlowModFlag } from '../../src/ofp/messages/flow-mod.ts';
import { PortNo } from '../../src/ofp/ports.ts';
import { Switch } from '../../src/ofp/session/switch.ts';
import { parseFlow } from '../../src/ofp/text/flow-parse.ts';
import { FakeClock } from '../ofp/session/clock.ts';
import type { Peer } from '../ofp/session/peer.ts';
import { ethernet, hex, udpFrame } from './frames.ts';
import { peerOf } from './peer-of.ts';

const switches: SoftSwitch[] = [];
afterEach(async () => {
  await Promise.all(switches.splice(0).map((each) => each.close()));
});

function make(options: Partial<SoftSwitchOptions> = {}): SoftSwitch {
  const ports = [1, 2, 3].map((portNo) => ({ portNo }));
  const made = new SoftSwitch({ datapathId: 0x10ffd, ports, ...options });
  switches.push(made);
  return made;
}

/** A controller's session with the switch, over a pair of streams. */
function session(of: SoftSwitch): Promise<Switch> {
  const [ours, theirs] = duplexPair();
  of.connect(theirs);
  return Switch.open(ours);
}

const FRAME = udpFrame();

/** The name of the error that a message is answered with. */
async function refusal(of: Peer, message: MessageInit): Promise<string> {
  of.send({ ...message, xid: 77 });
  const error = await of.next('error');
  expect(error.xid).toBe(77);
  return error.name;
}

describe('SoftSwitch', () => {
  it('says what it is in the handshake', async () => {
    const sw = await session(make());
    expect(sw.id).toContain('10ffd');
    expect(sw.features).toMatchObject({ nTables: 254, nBuffers: 0, capabilities: 0x4f });
    expect([...sw.ports.keys()]).toEqual([1, 2, 3]);
    expect(sw.ports.get(2)).toMatchObject({ name: 'port2', hwAddr: '02:00:00:00:00:02' });
  });

  it('forwards as flows say, and tells of them', async () => {
    const sent: number[] = [];
    const made = make({ onTransmit: (portNo) => sent.push(portNo) });
    const sw = await session(made);
    sw.send(parseFlow('table=0,priority=7,cookie=0x5,udp,actions=output:2'));
    await sw.barrier();
    made.receive(1, FRAME);
    expect(sent).toEqual([2]);
    const flows = [];
    for await (const flow of sw.flowStats({ match: { ethType: 0x800 } })) flows.push(flow);
    expect(flows).toHaveLength(1);
    expect(flows[0]).toMatchObject({ priority: 7, match: { ethType: 0x800, ipProto: 17 } });
    expect(flows[0]!.packetCount.toNumber()).toBe(1);
    expect(flows[0]!.cookie.toNumber()).toBe(5);
  });

  it('splits long statistics into parts', async () => {
    const sw = await session(make());
    for (let port = 0; port < 800; port++)
      sw.send(parseFlow(`priority=1,udp,tp_dst=${port},actions=output:2`));
    await sw.barrier();
    let count = 0;
    for await (const _flow of sw.flowStats()) count++;
    expect(count).toBe(800);
  });

  it('hands packets to the controller, and takes them back', async () => {
    const sent: Uint8Array[] = [];
    const made = make({ onTransmit: (_portNo, frame) => sent.push(frame) });
    const controller = await peerOf(made);
    controller.send(parseFlow('priority=0,cookie=9,actions=load:5->NXM_NX_REG3[],controller:20'));
    await controller.turn();
    made.receive(3, FRAME);
    const packetIn = await controller.next('packetIn');
    expect(packetIn).toMatchObject({
      reason: 'noMatch',
      tableId: 0,
      bufferId: 0xffffffff,
      totalLen: FRAME.length,
    });
    expect(packetIn.match).toEqual({ inPort: 3, reg3: 5 });
    // Nothing is kept of it here, so that it comes whole.
    expect(FRAME.equals(packetIn.data)).toBe(true);
    controller.send({ type: 'packetOut', inPort: PortNo.CONTROLLER, data: FRAME, actions: [output(1)] });
    await controller.turn();
    expect(sent.map((frame) => FRAME.equals(Buffer.from(frame)))).toEqual([true]);
  });

  it('tells of flows that go, on its own clock', async () => {
    const clock = new FakeClock();
    let nowMs = 0;
    const made = make({ clock: { now: () => nowMs, setTimer: clock.setTimer } });
    const controller = await peerOf(made);
    controller.send({
      ...parseFlow('priority=3,idle_timeout=2,udp,actions=drop'),
      flags: FlowModFlag.SEND_FLOW_REM,
    });
    await controller.turn();
    for (nowMs = 1000; nowMs <= 2000; nowMs += 1000) clock.advance(1000);
    const removed = await controller.next('flowRemoved');
    expect(removed).toMatchObject({ reason: 'idleTimeout', priority: 3, durationSec: 2, idleTimeout: 2 });
    controller.send({ ...parseFlow('priority=4,actions=drop'), flags: FlowModFlag.SEND_FLOW_REM });
    controller.send(parseFlow('', 'delete'));
    expect((await controller.next('flowRemoved')).reason).toBe('delete');
  });

  it('tells of ports that come, go and change', async () => {
    const made = make();
    const controller = await peerOf(made);
    made.addPort({ portNo: 9, name: 'new' });
    made.setLink(9, false);
    made.removePort(9);
    for (const [reason, state] of [
      ['add', 4],
      ['modify', 1],
      ['delete', 1],
    ]) {
      expect(await controller.next('portStatus')).toMatchObject({
        reason,
        port: { portNo: 9, state, name: 'new' },
      });
    }
    const other = await peerOf(made);
    controller.send({
      type: 'portMod',
      portNo: 1,
      hwAddr: '02:00:00:00:00:01',
      config: 1,
      mask: 1,
      advertise: 0,
    });
    // Who orders it is not told, the others are.
    expect(await other.next('portStatus')).toMatchObject({ reason: 'modify', port: { config: 1, state: 0 } });
    await controller.turn();
    expect(() => made.addPort({ portNo: 1 })).toThrow(
      expect.objectContaining({ code: 'DATAPATH_PORT_EXISTS' }),
    );
    expect(() => made.removePort(9)).toThrow(expect.objectContaining({ code: 'DATAPATH_NO_PORT' }));
  });

  it('has one master, which slaves cannot speak against', async () => {
    const made = make();
    const [first, second] = await Promise.all([peerOf(made), peerOf(made)]);
    const elect = async (controller: Peer, role: 'master' | 'slave', generationId: number) => {
      controller.send({ type: 'roleRequest', role, generationId });
      return controller.next('roleReply');
    };
    expect(await elect(first, 'master', 5)).toMatchObject({ role: 'master' });
    expect(await elect(second, 'master', 6)).toMatchObject({ role: 'master' });
    const status = await first.next('onfRoleStatus');
    expect(status).toMatchObject({ role: 'slave', reason: 'masterRequest', xid: 0 });
    expect(status.generationId.toNumber()).toBe(6);
    expect(await refusal(first, parseFlow('actions=drop'))).toBe('OFPBRC_IS_SECONDARY');
    expect(await refusal(first, { type: 'roleRequest', role: 'master', generationId: 5 })).toBe(
      'OFPRRFC_STALE',
    );
    second.send(parseFlow('actions=controller'));
    await second.turn();
    made.receive(1, FRAME);
    await second.next('packetIn');
    first.send({ type: 'barrierRequest' });
    await first.next('barrierReply');
  });

  it('sends what a controller asks to hear, and nothing else', async () => {
    const made = make();
    const controller = await peerOf(made);
    controller.send({
      type: 'setAsync',
      packetInMaster: 0b100,
      packetInSlave: 0,
      portStatusMaster: 0b001,
      portStatusSlave: 0,
      flowRemovedMaster: 0,
      flowRemovedSlave: 0,
    });
    controller.send(parseFlow('actions=controller'));
    await controller.turn();
    made.receive(1, FRAME);
    made.addPort({ portNo: 8 });
    made.removePort(8);
    expect((await controller.next('portStatus')).reason).toBe('add');
    controller.send({ type: 'getAsyncRequest' });
    expect(await controller.next('getAsyncReply')).toMatchObject({ packetInMaster: 4, portStatusMaster: 1 });
  });

  it('does bundles in full or not at all', async () => {
    const made = make();
    const sw = await session(made);
    const table = made.pipeline.tables.tables[0]!;
    await sw.bundle((bundle) => {
      bundle.send({ type: 'groupMod', command: 'add', groupId: 1, groupType: 'all', buckets: [] });
      bundle.send(parseFlow('priority=1,actions=group:1'));
    });
    expect(table.flows.size).toBe(1);
    const failing = sw.bundle((bundle) => {
      bundle.send(parseFlow('', 'delete'));
      bundle.send({ type: 'groupMod', command: 'delete', groupId: 1 });
      bundle.send(parseFlow('priority=2,actions=drop'));
      bundle.send(parseFlow('priority=3,actions=group:1'));
    });
    await expect(failing).rejects.toMatchObject({ code: 'OFPBAC_BAD_OUT_GROUP' });
    expect([...table.flows.rules()].map(({ priority }) => priority)).toEqual([1]);
    expect(made.pipeline.groups.get(1)).toBeDefined();
  });

  it('drops fragments when told so', async () => {
    const sent: number[] = [];
    const made = make({ onTransmit: (portNo) => sent.push(portNo) });
    const controller = await peerOf(made);
    controller.send(parseFlow('actions=output:2'), { type: 'setConfig', flags: 1, missSendLen: 64 });
    controller.send({ type: 'getConfigRequest' });
    expect(await controller.next('getConfigReply')).toMatchObject({ flags: 1, missSendLen: 64 });
    made.receive(1, udpFrame({ fragment: 0x2000 }));
    made.receive(1, FRAME);
    expect(sent).toEqual([2]);
  });

  it('is what a controller reconciles it to, and stays so', async () => {
    const made = make();
    const sw = await session(made);
    const flows = [
      'priority=5,cookie=1,ip,nw_dst=10.0.0.0/8,dl_vlan=7,actions=pop_vlan,set_field:5->reg0,goto_table:1',
      'table=1,cookie=1,priority=4,reg0=5,udp6,actions=write_actions(output:2)',
      'priority=1,cookie=1,arp,arp_tpa=10.0.0.1,actions=move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],in_port',
    ].map((text) => ({ tableId: 0, priority: 0, ...parseFlow(text) }));
    const counts = await sw.reconcile({ flows }, { cookie: 1, cookieMask: 1 });
    const again = await sw.reconcile({ flows }, { cookie: 1, cookieMask: 1 });
    expect(JSON.stringify(counts)).not.toBe(JSON.stringify(again));
    expect(Object.values(again).every((count) => count === 0)).toBe(true);
    expect(made.pipeline.tables.tables[0]!.flows.size).toBe(2);
  });

  const refusals: readonly [error: string, message: MessageInit][] = [
    ['OFPBRC_BUFFER_UNKNOWN', { type: 'packetOut', bufferId: 5, actions: [] }],
    ['OFPBRC_BAD_PORT', { type: 'packetOut', inPort: PortNo.FLOOD, actions: [], data: FRAME }],
    ['OFPBAC_BAD_OUT_GROUP', { type: 'packetOut', actions: [{ type: 'group', groupId: 5 }], data: FRAME }],
    [
      'OFPBIC_BAD_TABLE_ID',
      { type: 'flowMod', command: 'add', tableId: 5, instructions: [{ type: 'gotoTable', tableId: 5 }] },
    ],
    ['OFPSCFC_BAD_FLAGS', { type: 'setConfig', flags: 8, missSendLen: 0 }],
    ['OFPTMFC_EPERM', { type: 'tableMod', tableId: 254, config: 0 }],
    [
      'OFPPMFC_BAD_PORT',
      { type: 'portMod', portNo: 9, hwAddr: '02:00:00:00:00:09', config: 0, mask: 0, advertise: 0 },
    ],
    [
      'OFPPMFC_BAD_HW_ADDR',
      { type: 'portMod', portNo: 1, hwAddr: '02:00:00:00:00:09', config: 0, mask: 0, advertise: 0 },
    ],
    ['OFPQOFC_BAD_PORT', { type: 'queueGetConfigRequest', port: 9 }],
    [
      'OFPQOFC_BAD_QUEUE',
      { type: 'multipartRequest', multipartType: 'queue', body: { portNo: 1, queueId: 1 } },
    ],
    ['OFPMMFC_UNKNOWN_METER', { type: 'multipartRequest', multipartType: 'meter', body: { meterId: 9 } }],
    ['OFPBRC_BAD_STAT', { type: 'multipartRequest', multipartType: 'nxIpfixBridge' }],
    ['NXR_STALE', { type: 'nxResume', data: FRAME }],
    [
      'OFPBRC_BAD_STAT',
      { type: 'multipartRequest', multipartType: 'unknown', code: 77, flags: 0, body: FRAME },
    ],
    ['OFPBRC_BAD_TYPE', { type: 'barrierReply' }],
    ['OFPBFC_BAD_ID', { type: 'onfBundleControl', bundleId: 1, controlType: 'commitRequest' }],
    ['OFPBFC_MSG_UNSUP', { type: 'onfBundleAddMessage', bundleId: 1, message: { type: 'barrierRequest' } }],
  ];
  it.each(refusals)('answers %s to %j', async (error, message) => {
    expect(await refusal(await peerOf(make()), message)).toBe(error);
  });

  it.each([
    ['desc', { manufacturer: 'Galago' }],
    ['aggregate', { flowCount: 0 }],
    ['groupFeatures', { types: 15 }],
    ['meterFeatures', { maxBands: 8 }],
  ] as const)('answers multipart %s with %j', async (multipartType, body) => {
    const controller = await peerOf(make());
    controller.send({ type: 'multipartRequest', multipartType, xid: 3 } as MessageInit);
    expect(await controller.next('multipartReply')).toMatchObject({ xid: 3, multipartType, body });
  });

  it('tells of its tables, ports, groups and meters', async () => {
    const made = make();
    const controller = await peerOf(made);
    controller.send({
      type: 'meterMod',
      command: 'add',
      meterId: 4,
      flags: 1,
      bands: [{ type: 'drop', rate: 9, burstSize: 0 }],
    });
    controller.send({
      type: 'groupMod',
      command: 'add',
      groupId: 2,
      groupType: 'indirect',
      buckets: [{ actions: [output(2)] }],
    });
    controller.send(parseFlow('actions=meter:4,group:2'));
    await controller.turn();
    made.receive(1, FRAME);
    const ask = async (multipartType: string) => {
      controller.send({ type: 'multipartRequest', multipartType } as MessageInit);
      return (await controller.next('multipartReply')).body;
    };
    expect(await ask('group')).toMatchObject([{ groupId: 2, refCount: 1, bucketStats: [{}] }]);
    expect(await ask('groupDesc')).toMatchObject([
      { groupId: 2, groupType: 'indirect', buckets: [{ watchPort: PortNo.ANY }] },
    ]);
    expect(await ask('meter')).toMatchObject([{ meterId: 4, flowCount: 1, bandStats: [{}] }]);
    expect(await ask('meterConfig')).toMatchObject([{ meterId: 4, bands: [{ rate: 9 }] }]);
    expect(await ask('table')).toHaveLength(254);
    expect(await ask('portStats')).toMatchObject([{ portNo: 1 }, { portNo: 2 }, { portNo: 3 }]);
    expect(await ask('portDesc')).toMatchObject([{ portNo: 1 }, { portNo: 2 }, { portNo: 3 }]);
    expect(await ask('queue')).toEqual([]);
  });

  it('tells of the features of all of its tables, in parts', async () => {
    const controller = await peerOf(make());
    controller.send({ type: 'multipartRequest', multipartType: 'tableFeatures' });
    const tables: number[] = [];
    for (let flags = 1; flags === 1; ) {
      const reply = await controller.next('multipartReply');
      if (reply.multipartType !== 'tableFeatures') throw new Error(reply.multipartType);
      tables.push(...reply.body.map(({ tableId }) => tableId));
      flags = reply.flags;
    }
    expect(tables).toEqual(Array.from({ length: 254 }, (_, tableId) => tableId));
  });

  it('drops what comes in through ports that take nothing', async () => {
    const sent: number[] = [];
    const made = make({ onTransmit: (portNo) => sent.push(portNo) });
    made.setLink(1, false);
    const controller = await peerOf(made);
    controller.send(parseFlow('actions=flood'));
    await controller.turn();
    made.receive(1, FRAME);
    made.receive(9, FRAME);
    made.receive(2, ethernet(0x88cc, hex('00')));
    expect(sent).toEqual([3]);
  });
});
