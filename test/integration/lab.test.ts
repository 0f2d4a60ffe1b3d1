import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab, run, startProcess } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';

const POD_KEY = 0x10ffd;

describeWithLab('the lab', () => {
  describe('two hosts and a tunnel', () => {
    let lab: Lab;
    let a1: Container;
    let a2: Container;
    let b1: Container;
    let h1: Host;
    let h2: Host;

    beforeAll(async () => {
      lab = await Lab.create();
      [h1, h2] = await Promise.all([
        lab.addHost({ name: 'h1', address: '192.0.2.1/24' }),
        lab.addHost({ name: 'h2', address: '192.0.2.2/24' }),
      ]);
      [a1, a2, b1] = await Promise.all([
        h1.addContainer({ name: 'labtest-a1', address: '10.0.0.1/24', pod: 'web' }),
        h1.addContainer({ name: 'labtest-a2', address: '10.0.0.2/24', externalIds: { note: 'a "b", c' } }),
        h2.addContainer({ name: 'labtest-b1', address: ['10.0.0.3/24', 'fd00::3/64'], ofport: 7 }),
      ]);
      await Promise.all([installPod(h1, h2), installPod(h2, h1)]);
    });

    afterAll(() => lab?.close());

    it('carries pings within a host and between hosts', async () => {
      expect(await a1.ping(a2.ip, { count: 3 })).toMatchObject({ sent: 3, received: 3, duplicates: 0 });
      // The first packet to a host that the tunnel has no neighbour entry for is lost.
      await h1.ping(h2.ip);
      const across = await a1.ping(b1.ip, { count: 3 });
      expect(across).toMatchObject({ sent: 3, received: 3, duplicates: 0 });
      expect(across.rttMs).toHaveLength(3);
    });

    it('tells silence from an error', async () => {
      expect(await a1.ping('10.0.0.99', { timeoutSec: 0.2 })).toMatchObject({
        sent: 1,
        received: 0,
        rttMs: [],
      });
      await expect(a1.ping('203.0.113.1')).rejects.toMatchObject({ code: 'LAB_COMMAND_FAILED' });
    });

    it('carries TCP within a host and between hosts', async () => {
      const bytes = 1_000_003;
      expect(await a1.tcpTransfer(a2, bytes)).toMatchObject({ bytes });
      expect(await a1.tcpTransfer(b1, bytes)).toMatchObject({ bytes });
      await expect(a1.connect({ host: b1.ip, port: 9 })).rejects.toMatchObject({ code: 'LAB_SOCKET_FAILED' });
    });

    it('carries UDP between sockets of this process', async () => {
      const [from, to] = await Promise.all([
        a1.bindUdp({ host: a1.ip, port: 0 }),
        b1.bindUdp({ host: b1.ip, port: 0 }),
      ]);
      from.send('hello', to.address().port, b1.ip);
      const [message, { address }] = await once(to, 'message');
      expect([String(message), address]).toEqual(['hello', a1.ip]);
    });

    it('records what containers are made with', async () => {
      expect(b1.ofport).toBe(7);
      expect(a1.mac).toMatch(/^02:00:00:00:0[12]:0[12]$/);
      const ids = async (port: string) =>
        (await h1.ovs.vsctl('get', 'Interface', port, 'external_ids')).trim();
      expect(await ids(a1.port)).toBe('{galago-pod=web}');
      expect(await ids(a2.port)).toBe('{note="a \\"b\\", c"}');
      expect(await a1.exec('ip', ['-6', 'address', 'show'])).toBe('');
      expect(await b1.exec('ip', ['-6', 'address', 'show', 'dev', 'eth0'])).toContain('fd00::3/64');
    });

    it('counts what a cut costs', async () => {
      const undisturbed = await a1.startPing(b1.ip);
      await eventually(() => undisturbed.received >= 10);
      expect(await undisturbed.stop()).toMatchObject({ lost: 0, duplicates: 0 });

      const cut = await a1.startPing(b1.ip);
      await h2.setUplink(false);
      const result = await cut.stop();
      await h2.setUplink(true);
      expect(result.lost).toBeGreaterThan(0);
      expect(result.longestGapMs).toBeGreaterThan(500);
      await eventually(async () => (await a1.ping(b1.ip)).received === 1);
    });

    it('keeps ports and underlay addresses when ovs-vswitchd is killed, and loses flows', async () => {
      const before = h2.ovs.vswitchdPid;
      await h2.ovs.killVswitchd();
      expect(h2.ovs.vswitchdPid).toBeUndefined();
      await h2.ovs.startVswitchd();
      expect(h2.ovs.vswitchdPid).not.toBe(before);
      expect(await h2.ofport(b1.port)).toBe(7);
      expect(await h2.ovs.ofctl('dump-flows', 'br-int')).not.toContain('tun_id');
      await eventually(async () => (await h1.ping(h2.ip)).received === 1);
    });

    it('refuses names that are taken or impossible', async () => {
      await expect(lab.addHost({ name: 'h1' })).rejects.toMatchObject({ code: 'LAB_NAME_TAKEN' });
      await expect(h1.addContainer({ name: 'h2' })).rejects.toMatchObject({ code: 'LAB_NAME_TAKEN' });
      await expect(h1.addContainer({ name: 'a name' })).rejects.toMatchObject({ code: 'LAB_NAME_INVALID' });
    });

    it('removes a container with its port and its processes', async () => {
      const gone = await h1.addContainer({ name: 'gone' });
      const process = await gone.start('sleep', ['1000']);
      await h1.removeContainer(gone);
      expect(await process.exited).toEqual({ code: null, signal: 'SIGKILL' });
      expect(await h1.ovs.vsctl('list-ports', 'br-int')).not.toContain('gone');
      expect(existsSync(`/run/netns/${gone.netns}`)).toBe(false);
    });
  });

  describe('a lone switch', () => {
    let lab: Lab;
    let lone: Host;

    beforeAll(async () => {
      lab = await Lab.create();
      lone = await lab.addSwitch({ failMode: 'standalone' });
    });

    afterAll(() => lab?.close());

    it('calls a controller that listens on a loopback port of this process', async () => {
      const controller = createServer().listen(0, '127.0.0.1');
      await once(controller, 'listening');
      const { port } = controller.address() as { port: number };
      const called = once(controller, 'connection');
      await lone.importPort(port, 6653);
      await lone.ovs.vsctl('set-controller', lone.bridge, 'tcp:127.0.0.1:6653');
      const [socket] = await called;
      const [hello] = await once(socket, 'data');
      expect(hello[0]).toBe(4);
      socket.destroy();
      controller.close();
    });

    it('is called through a loopback port of this process', async () => {
      await lone.ovs.vsctl('set-manager', 'ptcp:6640:127.0.0.1');
      const socket = connect(await lone.exportPort(6640), '127.0.0.1');
      socket.write('{"method":"list_dbs","params":[],"id":0}');
      const [reply] = await once(socket, 'data');
      expect(JSON.parse(reply).result).toContain('Open_vSwitch');
      socket.destroy();
    });

    it('fails when the switch cannot make a bridge or a port', async () => {
      const port = lone.ovs.vsctl('add-port', lone.bridge, 'no-such-device');
      await expect(port).rejects.toMatchObject({ code: 'LAB_COMMAND_FAILED' });
    });
  });

  it('leaves nothing behind', async () => {
    const lab = await Lab.create();
    const host = await lab.addHost({ name: 'h1', address: '192.0.2.1/24' });
    const container = await host.addContainer({ name: 'labtest-c1', address: '10.0.0.1/24' });
    const processes = await Promise.all([
      lab.start('sleep', ['1000']),
      host.start('sleep', ['1000']),
      container.start('sleep', ['1000']),
    ]);
    await container.listen({ host: container.ip, port: 0 });
    expect(traces(lab.dir).namespaces).toHaveLength(3);
    expect(traces(lab.dir).pids.length).toBeGreaterThanOrEqual(5);

    await Promise.all([lab.close(), lab.close()]);
    for (const process of processes) expect(await process.exited).toEqual({ code: null, signal: 'SIGTERM' });
    expect(traces(lab.dir)).toEqual({ directory: false, namespaces: [], pids: [] });
    expect(await run('ip', ['link'])).not.toContain('labtest-c1');
  });

  it.each(['SIGKILL', 'SIGINT'] as const)(
    'leaves nothing behind when its process ends by %s',
    async (signal) => {
      const script = fileURLToPath(new URL('./abandoned-lab.ts', import.meta.url));
      const owner = await startProcess(process.execPath, ['--import', 'tsx', script]);
      const [, dir] = await owner.waitForOutput(/^lab (.*)$/m, 30_000);
      expect(traces(dir!).namespaces).toHaveLength(3);
      await owner.stop(signal);
      await eventually(() => expect(traces(dir!)).toEqual({ directory: false, namespaces: [], pids: [] }));
    },
  );
});

/** One pod on two hosts: everything goes everywhere, and what came through the tunnel stays on the host. */
async function installPod(host: Host, other: Host): Promise<void> {
  const tunnel = await host.addTunnelPort();
  const ports = [...host.containers.values()].map((container) => container.ofport);
  const outputs = (except: number) => ports.filter((port) => port !== except).map((port) => `output:${port}`);
  const encapsulate = [`set_field:${POD_KEY}->tun_id`, `set_field:${other.ip}->tun_dst`, `output:${tunnel}`];
  await host.addFlows([
    `in_port=${tunnel},tun_id=${POD_KEY},actions=${outputs(tunnel).join(',')}`,
    ...ports.map((port) => `in_port=${port},actions=${[...outputs(port), ...encapsulate].join(',')}`),
  ]);
}

/** What can be seen of a lab from outside. */
function traces(dir: string): { directory: boolean; namespaces: string[]; pids: string[] } {
  const isOfLab = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(dir);
    } catch {
      return false;
    }
  };
  return {
    directory: existsSync(dir),
    namespaces: existsSync('/run/netns')
      ? readdirSync('/run/netns').filter((name) => name.startsWith(`${basename(dir)}-`))
      : [],
    pids: readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && isOfLab(entry)),
  };
}
