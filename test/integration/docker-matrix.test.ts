import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { DHCP_SCRIPT, Docker } from '../lab/docker.ts';
import { eventually, type Host, Lab, run, startProcess } from '../lab/index.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson, startAgent } from './host-cli.ts';
import { flowLines, warmUnderlay } from './pod-hosts.ts';
import { wholeState } from './whole-state.ts';

/** What `galago connect --json` prints, as far as it is looked at. */
interface Connected {
  readonly ofport: number;
  readonly mtu: number;
}

const PEER = fileURLToPath(new URL('docker-peer.js', import.meta.url));
const ADDRESSES = [
  { v4: '10.0.0.1', v6: 'fd00::1', mac4: '02:00:00:00:04:01', mac6: '02:00:00:00:06:01' },
  { v4: '10.0.0.2', v6: 'fd00::2', mac4: '02:00:00:00:04:02', mac6: '02:00:00:00:06:02' },
] as const;
/** The pods of two containers on each host, by their names: one for IPv4, one for IPv6. Red's addresses are blue's. */
const PODS = { red: ['7', '17'], blue: ['8', '18'] } as const;
type PodName = keyof typeof PODS;
const NAMES = ['red', 'blue'] as const;
/** What a third pod's containers, one on each host, get their addresses from: of one subnet, but not of one range. */
const SERVED = [
  { server: '10.27.0.253', range: '10.27.0.100-10.27.0.149', given: /^10\.27\.0\.1[0-4]\d$/ },
  { server: '10.27.0.254', range: '10.27.0.150-10.27.0.199', given: /^10\.27\.0\.1[5-9]\d$/ },
] as const;
type ContainerName = PodName | 'client';

describeWithLab('two pods of Docker containers with the same addresses', () => {
  let lab: Lab;
  let hosts: Host[];
  let dockers: Docker[] = [];
  let agents: RunningProcess[] = [];
  let servers: RunningProcess[] = [];
  /** Of the containers, by host and name. */
  let pids: Record<ContainerName, string>[];

  beforeAll(async () => {
    lab = await Lab.create();
    const add = (number: number) =>
      lab.addHost({ name: `h${number}`, address: `192.0.2.${number}/24`, bridge: false });
    hosts = await Promise.all([1, 2].map(add));
    dockers = await Promise.all(hosts.map((host) => Docker.start(host)));
    await warmUnderlay(hosts);
    await Promise.all(hosts.map(protect));
    pids = await Promise.all(
      dockers.map(async (docker) => {
        const started = [...NAMES, 'client'].map(async (name) => {
          await docker.run(name);
          return [name, await docker.pid(name)] as const;
        });
        return Object.fromEntries(await Promise.all(started)) as Record<ContainerName, string>;
      }),
    );
    servers = await Promise.all(
      pids.flatMap((each, i) => NAMES.map((name) => serve(each[name], `${name}${i + 1}`))),
    );
  });

  afterEach(async () => {
    await Promise.all(agents.splice(0).map((agent) => agent.stop()));
    await Promise.all(hosts.map((host) => galago(host, 'cleanup')));
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop('SIGKILL')));
    await Promise.allSettled(dockers.map((docker) => docker.stop()));
    await lab?.close();
  });

  /** Sets both hosts up, and connects everybody. @returns the ports of those of the first host */
  async function setUp(encap: string): Promise<Record<PodName, Connected>> {
    agents = await Promise.all(
      hosts.map(async (host, i) => {
        await galagoJson(host, 'init', '--usermode', '--encap', encap);
        await galagoJson(host, 'cluster', '192.0.2.1', '192.0.2.2');
        return startAgent(host, '--docker', dockers[i]!.socket);
      }),
    );
    const connected = await Promise.all(hosts.map((_, i) => connectAll(i)));
    return connected[0]!;
  }

  async function connectAll(i: number): Promise<Record<PodName, Connected>> {
    const { v4, v6, mac4, mac6 } = ADDRESSES[i]!;
    const connect = (name: PodName, ip: string, mac: string, ifname: string): Promise<Connected> => {
      const words = [name, ip, PODS[name][ifname === 'eth1' ? 0 : 1], '--mac', mac, '--ifname', ifname];
      return galagoJson(hosts[i]!, 'connect', '--docker', dockers[i]!.socket, ...words);
    };
    for (const name of NAMES) await connect(name, v6, mac6, 'eth2');
    return {
      red: await connect('red', v4, mac4, 'eth1'),
      blue: await connect('blue', v4, mac4, 'eth1'),
    };
  }

  const inside = (i: number, name: ContainerName, ...command: readonly string[]) =>
    run('nsenter', [`--net=/proc/${pids[i]![name]}/ns/net`, ...command]);

  const reaches = (i: number, name: ContainerName, address: string) =>
    eventually(() => inside(i, name, 'ping', '-c', '1', '-W', '1', address), {
      what: `${name}${i + 1} to reach ${address}`,
    });

  const ask = async (i: number, name: PodName, ...questions: readonly string[]): Promise<string[]> =>
    (await inside(i, name, process.execPath, PEER, ...questions)).trim().split('\n');

  /** Whoever answers is the one of the same pod, over TCP with segments that fill the MTU, and over UDP. */
  async function expectAnswers(): Promise<void> {
    await Promise.all(NAMES.map((name) => reaches(0, name, ADDRESSES[1].v4)));
    const asked = [0, 1].flatMap((from) => NAMES.map((name) => ({ from, to: 1 - from, name })));
    const answers = asked.map(({ from, to, name }) => {
      const { v4, v6 } = ADDRESSES[to]!;
      return ask(from, name, `tcp:${v4}`, `tcp:${v6}`, `udp:${v4}`, `udp:${v6}`);
    });
    const expected = asked.map(({ to, name }) => Array.from({ length: 4 }, () => `${name}${to + 1}`));
    expect(await Promise.all(answers)).toEqual(expected);
  }

  /** Packets as large as the MTU pass, and no larger ones. */
  async function expectMtu(mtu: number): Promise<void> {
    const large = (size: number, ...more: string[]) =>
      inside(0, 'red', 'ping', '-c', '1', '-W', '5', '-M', 'do', '-s', `${size}`, ...more);
    expect(await large(mtu - 28, ADDRESSES[1].v4)).toContain('1 received');
    expect(await large(mtu - 48, ADDRESSES[1].v6)).toContain('1 received');
    await expect(large(mtu - 27, ADDRESSES[1].v4)).rejects.toThrow(/message too long|Message too long/);
  }

  /** A broadcast is heard by the others of the pod, once. */
  async function expectBroadcast(): Promise<void> {
    for (const name of NAMES)
      await inside(1, name, 'sysctl', '-qw', 'net.ipv4.icmp_echo_ignore_broadcasts=0');
    const printed = await inside(0, 'red', 'ping', '-b', '-c', '3', '-i', '0.2', '-W', '5', '10.0.0.255');
    const first = printed.split('\n').filter((line) => line.includes('icmp_seq=1 '));
    expect(first).toEqual([expect.stringContaining('from 10.0.0.2:')]);
  }

  /** Has a host's client ask for an address. @returns the one that it has got */
  async function lease(i: number): Promise<string | undefined> {
    await inside(i, 'client', 'ip', 'address', 'flush', 'dev', 'eth1');
    await dockers[i]!.inside(
      'client',
      'udhcpc',
      ...['-i', 'eth1', '-n', '-q', '-t', '20', '-T', '1', '-s', DHCP_SCRIPT],
    );
    const printed = await inside(i, 'client', 'ip', '-4', 'address', 'show', 'dev', 'eth1');
    return /inet ([\d.]+)/.exec(printed)?.[1];
  }

  /** Clients on both hosts get addresses, each of its own host's, reach each other, and keep them without that agent. */
  async function expectLeases(): Promise<void> {
    const leased = await Promise.all(
      hosts.map(async (host, i) => {
        const { server, range } = SERVED[i]!;
        const subnet = ['--subnet', '10.27.0.0/24', '--range', range, '--server', server];
        await Promise.all([
          galagoJson(host, 'pods', 'set', '27', ...subnet),
          galagoJson(host, 'connect', '--docker', dockers[i]!.socket, 'client', 'dhcp', '27'),
        ]);
        return (await lease(i))!;
      }),
    );
    expect(leased).toEqual(SERVED.map(({ given }) => expect.stringMatching(given)));
    await reaches(0, 'client', leased[1]!);
    await agents[0]!.stop('SIGKILL');
    await reaches(1, 'client', leased[0]!);
    agents[0] = await startAgent(hosts[0]!, '--docker', dockers[0]!.socket);
    expect(await lease(0)).toBe(leased[0]);
    await reaches(0, 'client', leased[1]!);
  }

  /** Frames from others' addresses are dropped, and counted. */
  async function expectGuarded({ ofport }: Connected): Promise<void> {
    const onBrInt = { ovs: hosts[0]!.ovs, bridge: 'br-int' } as Host;
    const dropped = async () => {
      const rules = await flowLines(onBrInt, `in_port=${ofport}`, 'actions=drop');
      return rules.reduce((sum, line) => sum + Number(/n_packets=(\d+)/.exec(line)![1]), 0);
    };
    const link = (...words: string[]) => inside(0, 'blue', 'ip', ...words);
    const expectDropped = async (...command: string[]) => {
      const before = await dropped();
      await expect(inside(0, 'blue', ...command)).rejects.toMatchObject({ code: 'LAB_COMMAND_FAILED' });
      await eventually(async () => (await dropped()) > before, { what: `drops of ${command.join(' ')}` });
    };
    const ping = ['ping', '-c', '1', '-W', '0.3', '10.0.0.2'];
    await link('address', 'add', '10.0.0.99/24', 'dev', 'eth1');
    await expectDropped(
      'busybox',
      'arping',
      '-c',
      '1',
      '-w',
      '1',
      '-I',
      'eth1',
      '-s',
      '10.0.0.99',
      '10.0.0.2',
    );
    await link('neigh', 'replace', '10.0.0.2', 'lladdr', ADDRESSES[1].mac4, 'dev', 'eth1');
    await expectDropped(...ping, '-I', '10.0.0.99');
    await link('address', 'delete', '10.0.0.99/24', 'dev', 'eth1');
    await link('link', 'set', 'dev', 'eth1', 'address', '02:00:00:00:66:66');
    await link('neigh', 'replace', '10.0.0.2', 'lladdr', ADDRESSES[1].mac4, 'dev', 'eth1');
    await expectDropped(...ping);
    await link('link', 'set', 'dev', 'eth1', 'address', ADDRESSES[0].mac4);
    await link('neigh', 'flush', 'dev', 'eth1');
    await reaches(0, 'blue', '10.0.0.2');
  }

  it.each([
    ['vxlan', 1450],
    ['geneve', 1450],
    ['gre', 1458],
  ])('are kept apart over %s, carry everything, and leave nothing behind', async (encap, mtu) => {
    const before = await Promise.all(hosts.map(wholeState));
    const ports = await setUp(encap);
    expect(ports.red.mtu).toBe(mtu);
    await expectAnswers();
    await expectMtu(mtu);
    await expectBroadcast();
    await expectLeases();
    // It is the same whatever the tunnels are.
    if (encap === 'vxlan') await expectGuarded(ports.blue);
    await Promise.all(agents.splice(0).map((agent) => agent.stop()));
    for (const host of hosts) expect((await galago(host, 'cleanup')).exitCode).toBe(0);
    expect(await Promise.all(hosts.map(wholeState))).toEqual(before);
    const links = await inside(0, 'red', 'ip', '-br', 'link');
    expect(links).not.toContain('eth1');
  });

  it("do not reach a controller's address in another pod, which in-band control would let them", async () => {
    await setUp('vxlan');
    const [host] = hosts as [Host];
    const stranger = await host.addContainer({ name: 'stranger', bridge: false });
    await galagoJson(host, 'connect', `netns:${stranger.netns}`, '10.0.0.3', '9');
    await host.ovs.vsctl('set-controller', 'br-int', 'tcp:10.0.0.1:7007');
    // The first controller's coming has deleted all flows: the agent puts them back.
    await reaches(1, 'red', '10.0.0.1');
    expect(await ask(1, 'red', 'tcp:10.0.0.1')).toEqual(['red1']);
    await stranger.exec('ip', ['neigh', 'add', '10.0.0.1', 'lladdr', ADDRESSES[0].mac4, 'dev', 'eth1']);
    const asking = stranger.exec('timeout', ['1', process.execPath, PEER, 'tcp:10.0.0.1']);
    await expect(asking).rejects.toMatchObject({ exitCode: 124 });
    await host.ovs.vsctl('del-controller', 'br-int');
  });

  it('stay so when the switch, an agent and a container are restarted', async () => {
    await setUp('vxlan');
    await expectAnswers();
    const [host] = hosts as [Host];
    await host.ovs.restartVswitchd();
    await expectAnswers();
    await agents[0]!.stop('SIGKILL');
    await expectAnswers();
    agents[0] = await startAgent(host, '--docker', dockers[0]!.socket);
    await expectAnswers();
    await dockers[1]!.exec('restart', '--time', '0', 'red');
    await reaches(0, 'red', ADDRESSES[1].v4);
    await reaches(0, 'red', ADDRESSES[1].v6);
  });
}, ['dockerd', 'docker', 'busybox', 'nft']);

/** A firewall, so that there is something to open. */
async function protect(host: Host): Promise<void> {
  const chain = '{ type filter hook input priority 0; policy drop; }';
  await host.exec('nft', ['add', 'table', 'inet', 'filter']);
  await host.exec('nft', ['add', 'chain', 'inet', 'filter', 'input', chain]);
  await host.exec('nft', ['add', 'rule', 'inet', 'filter', 'input', 'iif', 'lo', 'accept']);
}

async function serve(pid: string, name: string): Promise<RunningProcess> {
  const server = await startProcess('nsenter', [
    `--net=/proc/${pid}/ns/net`,
    process.execPath,
    PEER,
    'serve',
    name,
  ]);
  await server.waitForOutput(/ready/);
  return server;
}
