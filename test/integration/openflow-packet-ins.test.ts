import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import {
  type ActionInit,
  connectSwitch,
  limitPacketIns,
  MeterNo,
  type NxPacketIn2,
  output,
  PortNo,
  resume,
  type Switch,
  toController,
} from '../../src/ofp/index.ts';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';

describeWithLab('the packet-ins of an Open vSwitch', () => {
  let lab: Lab;
  let host: Host;
  let c1: Container;
  let c2: Container;
  let session: Switch;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addSwitch();
    [c1, c2] = await Promise.all([
      host.addContainer({ name: 'pin-c1', address: '10.0.0.1/24' }),
      host.addContainer({ name: 'pin-c2', address: '10.0.0.2/24' }),
    ]);
  });

  beforeEach(async () => {
    await session?.close();
    session = await connectSwitch(`unix:${host.ovs.mgmt(host.bridge)}`);
  });

  afterAll(async () => {
    await session?.close();
    await lab?.close();
  });

  /** Leaves the switch with one flow, which does this to every packet. */
  async function setFlow(...actions: readonly ActionInit[]): Promise<void> {
    const instructions = [{ type: 'applyActions', actions }] as const;
    await session.sendAll([
      { type: 'flowMod', command: 'delete', tableId: 0xff },
      { type: 'flowMod', command: 'add', priority: 1, instructions },
    ]);
  }

  /** Sends datagrams to everybody, as fast as that goes. */
  async function flood(from: Container, count: number): Promise<void> {
    const socket = await from.bindUdp({ host: from.ip, port: 0 });
    socket.setBroadcast(true);
    for (let i = 0; i < count; i++) {
      await new Promise((resolve) => socket.send('flood', 9, '10.0.0.255', resolve));
    }
    socket.close();
  }

  /** What a meter let pass, and what it took out. */
  async function passed(meterId: number): Promise<{ readonly passed: number; readonly dropped: number }> {
    const [stats] = await session.multipart('meter', { meterId });
    const dropped = stats!.bandStats[0]!.packetBandCount.toNumber();
    return { passed: stats!.packetInCount.toNumber() - dropped, dropped };
  }

  it.each<[string, number, ActionInit]>([
    ['of all flows', MeterNo.CONTROLLER, output(PortNo.CONTROLLER)],
    ['of the flows that name it', 7, toController({ meterId: 7 })],
  ])('are limited at their source by a meter %s', async (_which, meterId, action) => {
    let received = 0;
    session.on('packetIn', () => received++);
    const limit = { meterId, packetsPerSecond: 1, burst: 50 };
    await limitPacketIns(session, limit);
    await setFlow(action);
    await flood(c1, 3000);
    // Every packet that the meter let pass comes here, and the meter let hardly any pass.
    const counts = await eventually(async () => {
      const now = await passed(meterId);
      return now.dropped > 300 && now.passed === received && now;
    });
    expect(counts.passed).toBeGreaterThanOrEqual(50);
    expect(counts.passed).toBeLessThan(150);
    await limitPacketIns(session, limit);
    expect((await passed(meterId)).dropped).toBeGreaterThanOrEqual(counts.dropped);
    await limitPacketIns(session, { ...limit, packetsPerSecond: 500 });
    expect(await session.multipart('meterConfig', { meterId })).toMatchObject([
      { bands: [{ type: 'drop', rate: 500, burstSize: 50 }] },
    ]);
    session.send({ type: 'meterMod', command: 'delete', meterId });
    await session.barrier();
  });

  it('come with user data in the form of NXT_PACKET_IN2, and can be resumed when they were paused', async () => {
    await session.sendAll([{ type: 'nxSetPacketInFormat', format: 'nxPacketIn2' }]);
    const userdata = Uint8Array.of(1, 2, 3);
    await setFlow(toController({ pause: true, userdata }), output(PortNo.ALL));
    const packetIns: NxPacketIn2[] = [];
    session.on('packetIn2', (packetIn) => {
      packetIns.push(packetIn);
      session.send(resume(packetIn));
    });
    await eventually(async () => expect(await c1.ping(c2.ip, { count: 2 })).toMatchObject({ received: 2 }));
    expect(packetIns.length).toBeGreaterThanOrEqual(4);
    for (const packetIn of packetIns) {
      expect({ data: packetIn.userdata, table: packetIn.tableId }).toEqual({
        data: Buffer.from(userdata),
        table: 0,
      });
    }
    expect(new Set(packetIns.map(({ match }) => match.inPort))).toEqual(new Set([c1.ofport, c2.ofport]));
  });
});
