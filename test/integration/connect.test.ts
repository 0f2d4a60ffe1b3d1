import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson, hostState, MAIN } from './host-cli.ts';
import { ObservedController } from './observed-controller.ts';
import { addPodHosts, callHosts, tunnelPort, warmUnderlay } from './pod-hosts.ts';

/** What `galago connect --json` prints, as far as it is looked at. */
interface Connected {
  readonly port: string;
  readonly mac: string;
  readonly mtu: number;
  readonly ofport: number;
  readonly changed: boolean;
}

describeWithLab('galago connect on two hosts', () => {
  let lab: Lab;
  let hosts: Host[];
  let controller: ObservedController;
  let number = 0;

  beforeAll(async () => {
    lab = await Lab.create();
    hosts = await addPodHosts(lab, 2);
    for (const { ovs } of hosts)
      await ovs.vsctl('set', 'Open_vSwitch', '.', 'external_ids:galago-bridge=br-int');
    controller = await ObservedController.start(callHosts(hosts));
    await warmUnderlay(hosts);
  });

  afterAll(async () => {
    await controller?.close();
    await lab?.close();
  });

  const [h1, h2] = [0, 1].map((i) => () => hosts[i]!) as [() => Host, () => Host];

  /** A container that has only an interface of somebody else's, as Docker gives it. */
  const addContainer = (host: Host): Promise<Container> =>
    host.addContainer({ name: `c${++number}`, bridge: false, address: `172.17.0.${number}/16` });

  const connect = (host: Host, container: Container, ...args: readonly string[]): Promise<Connected> =>
    galagoJson(host, 'connect', `netns:${container.netns}`, ...args);

  const refuse = async (host: Host, ...args: readonly string[]): Promise<string> => {
    const before = await hostState(host);
    const { exitCode, stdout, stderr } = await galago(host, 'connect', ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(await hostState(host)).toEqual(before);
    return stderr;
  };

  const problems = async (host: Host): Promise<readonly string[]> =>
    (await galagoJson<{ readonly problems: readonly string[] }>(host, 'status')).problems;

  const isUp = (from: Container, ip: string): Promise<unknown> =>
    eventually(async () => (await from.ping(ip)).received === 1, { what: `${from.name} to reach ${ip}` });

  /** Over TCP, with a segment that fills the MTU; from one container to the other one's address in the pod. */
  const expectTcp = async (from: Container, to: Container, ip: string): Promise<void> => {
    const server = await to.listen({ host: ip, port: 0 });
    const received = new Promise<number>((resolve) => {
      server.on('connection', (socket) => {
        let bytes = 0;
        socket.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        socket.on('end', () => resolve(bytes));
      });
    });
    const { port } = server.address() as { port: number };
    const socket = await from.connect({ host: ip, port }, { timeoutMs: 60_000 });
    socket.end(Buffer.alloc(50_000));
    expect(await received).toBe(50_000);
    server.close();
  };

  it.each([
    ['a veth pair', []],
    ['an internal port', ['--internal']],
  ])(
    'lets containers on two hosts reach each other by %s, over TCP and with large packets',
    async (_, args) => {
      const pod = `${20 + args.length}`;
      const [a, b, other] = [await addContainer(h1()), await addContainer(h2()), await addContainer(h2())];
      const one = await connect(h1(), a, '10.0.0.1', pod, ...args);
      const two = await connect(h2(), b, '10.0.0.2/24', pod, ...args);
      await connect(h2(), other, '10.0.0.3', `${30 + args.length}`, ...args);
      expect(one).toMatchObject({ changed: true, mtu: 1450, mac: '02:67:0a:00:00:01' });
      await tunnelPort(h1());
      await isUp(a, '10.0.0.2');
      await expectTcp(a, b, '10.0.0.2');
      await expectTcp(b, a, '10.0.0.1');
      const large = await a.exec('ping', [
        '-c',
        '2',
        '-W',
        '5',
        '-M',
        'do',
        '-s',
        `${two.mtu - 28}`,
        '10.0.0.2',
      ]);
      expect(large).toContain('2 received');
      expect((await a.ping('10.0.0.3', { timeoutSec: 0.5 })).received).toBe(0);
    },
  );

  it('gives an IPv6 address where the container has IPv6 off', async () => {
    const [a, b] = [await addContainer(h1()), await addContainer(h2())];
    await connect(h1(), a, 'fd00::1', '40');
    await connect(h2(), b, 'fd00::2/64', '40');
    await isUp(a, 'fd00::2');
    await expectTcp(b, a, 'fd00::1');
  });

  it('does nothing the second time, and puts right what a restart has left', async () => {
    const host = h1();
    const container = await addContainer(host);
    const args = ['10.1.0.1', '41', '--mac', '02:00:00:00:41:01'];
    const first = await connect(host, container, ...args);
    const state = await hostState(host);
    expect(await connect(host, container, ...args)).toEqual({ ...first, changed: false });
    expect(await hostState(host)).toEqual(state);

    // Without its interface, as after a restart of the container.
    await container.exec('ip', ['link', 'delete', 'dev', 'eth1']);
    const target = `netns:${container.netns}`;
    expect(await problems(host)).toContain(`${target} has lost eth1 (${first.port}): connect it again`);
    expect(await connect(host, container, ...args)).toMatchObject({ port: first.port, changed: true });
    const peer = await addContainer(host);
    await connect(host, peer, '10.1.0.2', '41');
    await isUp(peer, '10.1.0.1');

    // A link that an interrupted command has left, of which the database does not know.
    await host.ovs.vsctl('del-port', first.port);
    const useless = `link ${first.port} is of no use: ip link delete dev ${first.port}`;
    expect(await problems(host)).toContain(useless);
    expect(await connect(host, container, ...args)).toMatchObject({ port: first.port, changed: true });
    await isUp(peer, '10.1.0.1');
  });

  it('refuses in one line what cannot be, and leaves everything as it was', async () => {
    const host = h1();
    const [a, b] = [await addContainer(host), await addContainer(host)];
    await connect(host, a, '10.2.0.1', '42', '--mac', '02:00:00:00:42:01');
    const target = `netns:${b.netns}`;
    expect(await refuse(host, target, '10.2.0.1/24', '42')).toContain('HOST_ADDRESS_TAKEN');
    expect(await refuse(host, target, '10.2.0.2', '42', '--mac', '02:00:00:00:42:01')).toContain(
      'HOST_MAC_TAKEN',
    );
    expect(await refuse(host, target, '10.2.0.2', '42', '--ifname', 'eth0')).toContain(
      'HOST_INTERFACE_TAKEN',
    );
    for (const ifname of ['all', 'default', 'x'.repeat(16)])
      expect(await refuse(host, target, '10.2.0.2', '42', '--ifname', ifname)).toContain(
        'HOST_INTERFACE_INVALID',
      );
    expect(await refuse(host, target, 'fd00::2', '42', '--mtu', '1279')).toContain('HOST_MTU_INVALID');
    expect(await refuse(host, target, '10.2.0.2', '4095')).toContain('POD_INVALID');
    expect(await refuse(host, target, '10.2.0.2', 'new')).toContain('--key');
    expect(await refuse(host, target, '10.2.0.0/24', '42')).toContain('HOST_ADDRESS_INVALID');
    expect(await refuse(host, target, '10.2.0.2/33', '42')).toContain('HOST_ADDRESS_INVALID');
    expect(await refuse(host, target, '10.2.0.2', '42', '--gateway', '10.3.0.1')).toContain(
      'HOST_GATEWAY_INVALID',
    );
    expect(await refuse(host, target, '10.2.0.2', '42', '--bridge', 'br-none')).toContain(
      'HOST_BRIDGE_UNKNOWN',
    );
    expect(await refuse(host, 'netns:none', '10.2.0.2', '42')).toContain('HOST_CONTAINER_STOPPED');
    expect(await refuse(host, `netns:${host.netns}`, '10.2.0.2', '42')).toContain('HOST_NAMESPACE_SHARED');
    expect(await refuse(host, `netns:${a.netns}`, '10.2.0.9', '42')).toContain('HOST_ENDPOINT_EXISTS');
    expect(await refuse(host, 'pid:99999999', '10.2.0.2', '42')).toContain('HOST_CONTAINER_STOPPED');
  });

  it('undoes everything when something fails half way', async () => {
    const host = h1();
    const container = await addContainer(host);
    const before = await hostState(host);
    const links = await container.exec('ip', ['-br', 'link']);
    // Larger than the interface can have: nobody can know before it is tried.
    const { exitCode, stderr } = await galago(
      ...([host, 'connect', `netns:${container.netns}`, '10.5.0.1', '45', '--mtu', '65535'] as const),
      ...['--gateway', '10.5.0.254', '--internal'],
    );
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining('HOST_COMMAND_FAILED'),
    });
    expect(await hostState(host)).toEqual(before);
    expect(await container.exec('ip', ['-br', 'link'])).toBe(links);
  });

  it('takes part of the default route only when asked', async () => {
    const host = h1();
    const container = await addContainer(host);
    const target = `netns:${container.netns}`;
    await container.exec('ip', ['route', 'add', 'default', 'via', '172.17.255.254']);
    expect(await refuse(host, target, '10.6.0.9', '46', '--gateway', '10.6.0.254')).toContain(
      'HOST_ROUTE_TAKEN',
    );
    await connect(host, container, '10.6.0.9', '46', '--default-route');
    expect(await container.exec('ip', ['route', 'show', 'default'])).toContain('via 10.6.0.1 dev eth1');
  });

  it('takes an IPv6 router by its address of the link', async () => {
    const container = await addContainer(h1());
    await connect(h1(), container, 'fd00:9::1/64', '49', '--gateway', 'fe80::1');
    expect(await container.exec('ip', ['-6', 'route', 'show', 'default'])).toMatch(
      /^default via fe80::1 dev eth1/,
    );
  });

  it('begins nothing without the permission to end it', async () => {
    const host = h1();
    const target = `netns:${(await addContainer(host)).netns}`;
    const before = await hostState(host);
    const env = { OVS_RUNDIR: host.ovs.dir };
    const commands = [
      ['init', '--usermode', '--bridge', 'br-other'],
      ['connect', target, '10.8.0.1/24', '48'],
      ['cleanup'],
      ['cluster', 'add', '192.0.2.9'],
      ['vswitch', 'create', '10.0.0.254/24', '--usermode'],
    ];
    for (const words of commands) {
      const unable = ['--bounding-set', '-net_admin', process.execPath, MAIN, ...words];
      const refused = expect.objectContaining({
        exitCode: 1,
        stderr: expect.stringMatching(/^error: .* takes root.* \(HOST_NOT_PERMITTED\)\n$/),
      });
      await expect(host.exec('setpriv', unable, { env })).rejects.toEqual(refused);
    }
    expect(await hostState(host)).toEqual(before);
  });

  it('lists what is there, and disconnects it', async () => {
    const host = h2();
    const container = await addContainer(host);
    const target = `netns:${container.netns}`;
    const before = await hostState(host);
    const plan = await galago(host, 'connect', target, '10.7.0.1', 'shop', '--key', '4711', '--dry-run');
    expect(plan.stdout).toMatch(
      /^ip link add .*\n(ip link set .*\n)+ovsdb: add port .*galago-key=4711.*\nnsenter .*\n/,
    );
    expect(await hostState(host)).toEqual(before);

    const { port, mac, ofport } = await connect(host, container, '10.7.0.1', 'shop', '--key', '4711');
    const [endpoint] = await galagoJson<object[]>(host, 'endpoints', 'shop');
    expect(endpoint).toEqual({
      ...{ pod: 'shop', key: 4711, container: target, ifname: 'eth1', ip: '10.7.0.1/24', lease: null, mac },
      ...{ bridge: 'br-int', port, ofport, state: 'up' },
    });
    expect(await galagoJson(host, 'pods')).toContainEqual({
      ...{ pod: 'shop', key: 4711, endpoints: 1 },
      ...{ subnet: null, range: null },
    });
    const { stdout } = await galago(host, 'endpoints');
    expect(stdout).toMatch(/^POD +CONTAINER +INTERFACE +ADDRESS/);
    expect(stdout).toContain('10.7.0.1/24');

    expect(await galagoJson(host, 'disconnect', target)).toEqual({ container: target, port, changed: true });
    expect(await hostState(host)).toEqual(before);
    expect(await galagoJson(host, 'disconnect', target)).toMatchObject({ changed: false });
  });
});
