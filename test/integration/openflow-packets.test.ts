import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  connectSwitch,
  FlowModFlag,
  type FlowModInit,
  type FlowRemoved,
  isPortUp,
  OpenFlowServer,
  output,
  type PacketIn,
  PortNo,
  type PortStatus,
  type Switch,
} from '../../src/ofp/index.ts';
import { decodeEthernet, EthType } from '../../src/packet/index.ts';
import type { GalagoError } from '../../src/util/errors.ts';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { calledBy, nextSwitch, reachServer } from './called-by-switch.ts';
import { describeWithLab } from './describe-with-lab.ts';

describeWithLab('the events of an Open vSwitch', () => {
  let lab: Lab;
  let host: Host;
  let c1: Container;
  let c2: Container;
  let server: OpenFlowServer;
  let session: Switch;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addSwitch();
    [c1, c2] = await Promise.all([
      host.addContainer({ name: 'ofp-c1', address: '10.0.0.1/24' }),
      host.addContainer({ name: 'ofp-c2', address: '10.0.0.2/24' }),
    ]);
    server = new OpenFlowServer({ listen: 'ptcp:0' });
    await server.listen();
    await reachServer(host, server);
    session = await calledBy(host, server);
  });

  beforeEach(() => setFlow(session, { priority: 0, match: {} }, output(PortNo.CONTROLLER)));

  afterAll(async () => {
    await server?.close();
    await lab?.close();
  });

  /** Leaves a switch with this flow alone. */
  async function setFlow(
    sw: Switch,
    flow: Omit<FlowModInit, 'type' | 'command'>,
    ...actions: readonly ReturnType<typeof output>[]
  ): Promise<void> {
    sw.send({ type: 'flowMod', command: 'delete', tableId: 0xff });
    sw.send({ type: 'flowMod', command: 'add', ...flow, instructions: [{ type: 'applyActions', actions }] });
    await sw.barrier();
  }

  function nextPortStatus(matches: (message: PortStatus) => boolean): Promise<PortStatus> {
    return new Promise((resolve) => {
      session.on('portStatus', function look(message) {
        if (!matches(message)) return;
        session.off('portStatus', look);
        resolve(message);
      });
    });
  }

  const isArp = ({ data }: PacketIn) => decodeEthernet(data).ethType === EthType.ARP;

  function nextArp(sw: Switch): Promise<PacketIn> {
    return new Promise((resolve) => {
      sw.on('packetIn', function look(message) {
        if (!isArp(message)) return;
        sw.off('packetIn', look);
        resolve(message);
      });
    });
  }

  it.each(['called us', 'we call'])(
    'brings the ARP request of a container, when it is one that %s',
    async (how) => {
      const sw = how === 'called us' ? session : await connectSwitch(`unix:${host.ovs.mgmt(host.bridge)}`);
      const [packetIn] = await Promise.all([nextArp(sw), c1.ping('10.0.0.77', { timeoutSec: 0.1 })]);
      expect(packetIn).toMatchObject({ reason: 'noMatch', tableId: 0, totalLen: packetIn.data.length });
      expect(packetIn.match).toEqual({ inPort: c1.ofport });
      expect(decodeEthernet(packetIn.data)).toMatchObject({ ethSrc: c1.mac, ethDst: 'ff:ff:ff:ff:ff:ff' });
      if (sw !== session) await sw.close();
    },
  );

  it('delivers packet-outs: pings go back and forth through the controller alone', async () => {
    const relay = ({ match, data }: PacketIn) => {
      session.send({ type: 'packetOut', inPort: match.inPort!, actions: [output(PortNo.FLOOD)], data });
    };
    session.on('packetIn', relay);
    expect(await c1.ping(c2.ip, { count: 5 })).toMatchObject({ sent: 5, received: 5, duplicates: 0 });
    session.off('packetIn', relay);
    expect(await session.multipart('aggregate')).toMatchObject({ flowCount: 1 });
  });

  it('tells of a link that goes down and comes up', async () => {
    const down = nextPortStatus(({ port }) => port.portNo === c2.ofport && !isPortUp(port));
    await c2.exec('ip', ['link', 'set', 'eth0', 'down']);
    expect(await down).toMatchObject({ reason: 'modify', port: { name: c2.port } });
    expect(isPortUp(session.ports.get(c2.ofport)!)).toBe(false);
    const up = nextPortStatus(({ port }) => port.portNo === c2.ofport && isPortUp(port));
    await c2.exec('ip', ['link', 'set', 'eth0', 'up']);
    await up;
    expect(isPortUp(session.ports.get(c2.ofport)!)).toBe(true);
  });

  it('tells of ports that come and go', async () => {
    const added = nextPortStatus(({ reason }) => reason === 'add');
    const c3 = await host.addContainer({ name: 'ofp-c3' });
    expect((await added).port).toMatchObject({ name: 'ofp-c3', portNo: c3.ofport });
    expect(session.ports.has(c3.ofport)).toBe(true);
    const deleted = nextPortStatus(({ reason }) => reason === 'delete');
    await host.ovs.vsctl('del-port', c3.port);
    expect((await deleted).port).toMatchObject({ name: 'ofp-c3', portNo: c3.ofport });
    expect(session.ports.has(c3.ofport)).toBe(false);
  });

  it.each([
    ['idleTimeout', { idleTimeout: 1 }],
    ['hardTimeout', { hardTimeout: 1 }],
  ])('tells of a flow that goes by its %s', async (reason, timeout) => {
    const removed = new Promise<FlowRemoved>((resolve) => session.once('flowRemoved', resolve));
    const flags = FlowModFlag.SEND_FLOW_REM;
    await setFlow(session, { cookie: 99, priority: 5, match: { inPort: c1.ofport }, flags, ...timeout });
    const message = await removed;
    expect(message).toMatchObject({
      reason,
      priority: 5,
      tableId: 0,
      match: { inPort: c1.ofport },
      ...timeout,
    });
    expect(message.cookie.toNumber()).toBe(99);
    expect(message.durationSec).toBeGreaterThanOrEqual(1);
  });

  describe('the connection', () => {
    it('is refused to a bridge that speaks only OpenFlow 1.0, which is told why', async () => {
      await host.addBridge('br10');
      await host.ovs.vsctl('set', 'Bridge', 'br10', 'protocols=OpenFlow10');
      const refused = new Promise<GalagoError>((resolve) =>
        server.once('refused', ({ error }) => resolve(error)),
      );
      await host.ovs.vsctl('set-controller', 'br10', 'tcp:127.0.0.1:6653');
      expect(await refused).toMatchObject({
        code: 'OFP_BAD_VERSION',
        message: 'expected OpenFlow 1.3 (version 4), the peer speaks version 1',
      });
      const told = 'version negotiation failed (we support version 0x01, peer supports version 0x04)';
      await eventually(() => readFileSync(host.ovs.logFile, 'utf8').includes(told));
      await host.ovs.vsctl('del-br', 'br10');
      expect(server.switches.size).toBe(1);
    });

    it('ends with ovs-vswitchd, and comes back with it', async () => {
      const ended = new Promise((resolve) => session.once('close', resolve));
      await host.ovs.killVswitchd();
      await ended;
      const joined = nextSwitch(server);
      await host.ovs.startVswitchd();
      session = await joined;
      expect(session.ports.get(c1.ofport)).toMatchObject({ name: c1.port });
    });

    it('is made again by the switch after this side has closed it', async () => {
      const joined = nextSwitch(server);
      await session.close();
      session = await joined;
      await session.barrier();
    });
  });
});
