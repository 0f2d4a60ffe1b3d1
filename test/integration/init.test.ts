import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { run, SEARCH_PATH } from '../lab/run.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson, hostState, MAIN, startAgent } from './host-cli.ts';
import { flowLines, warmUnderlay } from './pod-hosts.ts';

/** What `galago init --json` prints, as far as it is looked at. */
interface Initialized {
  readonly ofport: number;
  readonly firewall: readonly string[];
  readonly changes: readonly string[];
}

describeWithLab('galago init, cluster, agent and cleanup on two hosts', () => {
  let lab: Lab;
  let hosts: Host[];
  let containers: Container[];
  let agents: RunningProcess[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    const add = (number: number) =>
      lab.addHost({ name: `h${number}`, address: `192.0.2.${number}/24`, bridge: false });
    hosts = await Promise.all([1, 2].map(add));
    containers = await Promise.all(
      hosts.map((host, i) => host.addContainer({ name: `box${i + 1}`, bridge: false })),
    );
    await warmUnderlay(hosts);
  });

  afterEach(async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    agents = [];
  });

  afterAll(async () => {
    await lab?.close();
  });

  const onBoth = <T>(run: (host: Host, container: Container, number: number) => Promise<T>): Promise<T[]> =>
    Promise.all(hosts.map((host, i) => run(host, containers[i]!, i + 1)));

  const init = (host: Host, ...args: readonly string[]) =>
    galagoJson<Initialized>(host, 'init', '--usermode', ...args);

  const firewallOf = (host: Host) => host.exec('nft', ['--stateless', 'list', 'ruleset']);

  it.each(['vxlan', 'geneve', 'gre'])(
    'make a pod network over %s, and leave nothing of it',
    async (encap) => {
      const before = await onBoth(hostState);
      const made = await onBoth((host) => init(host, '--encap', encap));
      for (const { ofport, changes } of made) {
        expect(ofport).toBeGreaterThan(0);
        expect(changes.length).toBeGreaterThan(0);
      }
      const state = await onBoth(hostState);
      for (const { changes } of await onBoth((host) => init(host))) expect(changes).toEqual([]);
      expect(await onBoth(hostState)).toEqual(state);

      // The same list on both: each passes over its own address.
      await onBoth((host) => galago(host, 'cluster', '192.0.2.1', '192.0.2.2'));
      agents = await onBoth((host) => startAgent(host));
      const mtu = encap === 'gre' ? 1458 : 1450;
      const connected = await onBoth((host, { netns }, number) =>
        galagoJson(host, 'connect', `netns:${netns}`, `10.0.0.${number}`, '7'),
      );
      for (const one of connected) expect(one).toMatchObject({ mtu, changed: true });
      const [one] = containers as [Container, Container];
      await eventually(async () => (await one.ping('10.0.0.2')).received === 1, { what: 'the other host' });
      const large = await one.exec('ping', [
        '-c',
        '2',
        '-W',
        '5',
        '-M',
        'do',
        '-s',
        `${mtu - 28}`,
        '10.0.0.2',
      ]);
      expect(large).toContain('2 received');
      // As somebody does who starts a firewall, or loads its rules anew.
      const loaded = await onBoth(async (host) => {
        await host.exec('nft', ['--file', '-'], { input: DROP_BY_DEFAULT });
        return firewallOf(host);
      });
      const place = `nftables inet filter input: let ${encap} in`;
      await Promise.all(agents.map((agent) => agent.waitForOutput(new RegExp(`put right again .*${place}`))));
      expect((await one.ping('10.0.0.2')).received).toBe(1);
      for (const status of await onBoth((host) => galagoJson(host, 'status')))
        expect(status).toMatchObject({ encapsulation: encap, mtu, endpoints: 1, pods: 1, problems: [] });

      await Promise.all(agents.splice(0).map((agent) => agent.stop()));
      await onBoth((host) => galago(host, 'cleanup'));
      expect(await onBoth(hostState)).toEqual(before);
      expect(await onBoth(firewallOf)).toEqual(loaded);
      expect(await one.exec('ip', ['-br', 'link'])).not.toContain('eth1');
      for (const { changes } of await onBoth((host) => galagoJson<Initialized>(host, 'cleanup')))
        expect(changes).toEqual([]);
      await onBoth((host) => host.exec('nft', ['flush', 'ruleset']));
    },
  );

  it('follow the hosts of the cluster while the agent runs', async () => {
    const host = hosts[0]!;
    await init(host);
    agents = [await startAgent(host)];
    await galagoJson(host, 'connect', `netns:${containers[0]!.netns}`, '10.0.0.1', '7');
    await eventually(async () => (await flowLines(onBrInt(host))).length > 5);
    const peerFlows = () => flowLines(onBrInt(host), 'tun_src=192.0.2.2');
    expect(await peerFlows()).toEqual([]);
    expect(await galagoJson(host, 'cluster', 'add', '192.0.2.2')).toEqual({
      peers: ['192.0.2.2'],
      changed: true,
    });
    await eventually(async () => (await peerFlows()).length > 0, { what: 'flows for the new peer' });
    expect(await galagoJson(host, 'cluster', 'add', '192.0.2.2')).toMatchObject({ changed: false });
    expect(await galagoJson(host, 'cluster', 'list')).toMatchObject({ peers: ['192.0.2.2'] });
    await galago(host, 'cluster', 'remove', '192.0.2.2');
    await eventually(async () => (await peerFlows()).length === 0, { what: 'the flows to go' });
    for (const wrong of ['192.0.2.300', '127.0.0.1', 'fd00::1', 'fe80::1', 'h2'])
      expect((await galago(host, 'cluster', wrong)).stderr).toContain('HOST_PEER_INVALID');
    expect(await commandsOn(host)).toContain('nft');
    await agents.pop()!.stop('SIGKILL');
    await eventually(async () => !(await commandsOn(host)).includes('nft'), { what: 'its monitor to end' });
    await galago(host, 'cleanup');
  });

  it('let tunnels through a firewall that is active, once, and close it again', async () => {
    const host = hosts[1]!;
    const hook = (name: string) => `type filter hook ${name} priority 0; policy drop;`;
    await host.exec('nft', ['add', 'table', 'inet', 'filter']);
    await host.exec('nft', ['add', 'chain', 'inet', 'filter', 'input', `{ ${hook('input')} }`]);
    await host.exec('nft', ['add', 'chain', 'inet', 'filter', 'output', `{ ${hook('output')} }`]);
    await host.exec('nft', ['add', 'rule', 'inet', 'filter', 'input', 'iif', 'lo', 'accept']);
    const before = await firewallOf(host);
    const { firewall, changes } = await init(host);
    expect(firewall).toEqual(['nftables inet filter input']);
    expect(changes).toContain('nftables inet filter input: let vxlan in');
    const opened = await firewallOf(host);
    expect(opened).toContain('ip daddr 192.0.2.2 udp dport 4789 accept comment "galago vxlan 192.0.2.2"');
    expect((await init(host)).changes).toEqual([]);
    expect(await firewallOf(host)).toBe(opened);
    await host.exec('nft', ['flush', 'chain', 'inet', 'filter', 'input']);
    expect(await galagoJson(host, 'status')).toMatchObject({
      problems: expect.arrayContaining(['nftables inet filter input does not let vxlan in: galago init']),
    });
    expect((await init(host)).changes).toEqual(['nftables inet filter input: let vxlan in']);
    await host.exec('nft', ['add', 'rule', 'inet', 'filter', 'input', 'iif', 'lo', 'accept']);
    await galago(host, 'cleanup');
    expect(await firewallOf(host)).toBe(before);
    await host.exec('nft', ['delete', 'table', 'inet', 'filter']);
  });

  it('let tunnels through iptables where there is no nftables', async () => {
    const host = hosts[1]!;
    // In a mount namespace in which the command nft cannot be run.
    const script = 'mount --bind /dev/null "$(command -v nft)" && exec "$@"';
    const within = ['--mount', 'sh', '-c', script, 'sh', process.execPath, MAIN];
    const env = { OVS_RUNDIR: host.ovs.dir };
    const without = (...args: readonly string[]) => host.exec('unshare', [...within, ...args], { env });
    const rules = () => host.exec('iptables', ['-S', 'INPUT']);
    await host.exec('iptables', ['-A', 'INPUT', '-i', 'lo', '-j', 'ACCEPT']);
    const before = await rules();
    const command = ['init', '--usermode', '--json'];
    expect(JSON.parse(await without(...command))).toMatchObject({
      firewall: ['iptables INPUT'],
      dropsForgery: false,
    });
    const opened = await rules();
    expect(opened).toMatch(
      /-d 192\.0\.2\.2\/32 -p udp .*--dport 4789 .*"galago vxlan 192\.0\.2\.2" -j ACCEPT/,
    );
    expect(JSON.parse(await without(...command))).toMatchObject({ changes: [] });
    expect(await rules()).toBe(opened);
    await host.exec('iptables', ['-D', 'INPUT', '1']);
    agents = [await host.start('unshare', [...within, 'agent', '--no-api'], { env })];
    await agents[0]!.waitForOutput(/put right again .*iptables INPUT: let vxlan in/);
    expect(await rules()).toBe(opened);
    await agents.pop()!.stop();
    await without('cleanup');
    expect(await rules()).toBe(before);
    await host.exec('iptables', ['-F', 'INPUT']);
  });

  it('take back what they did when the rest cannot be done', async () => {
    const host = hosts[0]!;
    const dir = join(host.ovs.dir, 'refusing');
    await mkdir(dir);
    const script =
      '#!/bin/sh\n[ "$1" = insert ] && echo no such rule >&2 && exit 1\nexec /usr/sbin/nft "$@"\n';
    await writeFile(join(dir, 'nft'), script, { mode: 0o755 });
    const env = { OVS_RUNDIR: host.ovs.dir, PATH: `${dir}:${SEARCH_PATH}` };
    const fail = () =>
      expect(
        host.exec(process.execPath, [MAIN, 'init', '--usermode'], { env, timeoutMs: 60_000 }),
      ).rejects.toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/no such rule \(HOST_COMMAND_FAILED\)\n$/),
      });
    const hook = '{ type filter hook input priority 0; policy drop; }';
    await host.exec('nft', ['add', 'table', 'inet', 'filter']);
    await host.exec('nft', ['add', 'chain', 'inet', 'filter', 'input', hook]);
    const before = await hostState(host);
    await fail();
    expect(await hostState(host)).toEqual(before);

    await init(host);
    await galago(host, 'cluster', '192.0.2.2');
    await host.ovs.vsctl('del-br', 'br-int');
    await host.exec('nft', ['flush', 'chain', 'inet', 'filter', 'input']);
    const broken = await hostState(host);
    await fail();
    expect(await hostState(host)).toEqual(broken);
    await galago(host, 'cleanup');
    await host.exec('nft', ['delete', 'table', 'inet', 'filter']);
  });

  it('take back what they did when no switch runs', async () => {
    const host = await lab.addHost({
      ...{ name: 'h3', address: '192.0.2.3/24', bridge: false, uplink: 'device' },
    });
    await host.ovs.vsctl('init');
    await host.ovs.killVswitchd();
    // Without --no-wait, it waits for the switch.
    const show = () => host.ovs.vsctl('--no-wait', 'show');
    const settings = () => host.ovs.vsctl('--no-wait', 'get', 'Open_vSwitch', '.', 'external_ids');
    const database = async () => [await show(), await settings()];
    const before = await database();
    for (const args of [['init'], ['vswitch', 'create', '10.0.0.254/24']]) {
      expect(await galago(host, ...args)).toEqual({
        ...{ exitCode: 2, stdout: '' },
        stderr: 'error: ovs-vswitchd does not run: start it first (HOST_SWITCH_SILENT)\n',
      });
      expect(await database()).toEqual(before);
    }
  });

  it('miss the address that tunnels end at, and the bridge that they leave by', async () => {
    const host = await lab.addHost({ name: 'moved', address: '192.0.2.7/24', bridge: false });
    await init(host);
    const problems = async () =>
      (await galagoJson<{ readonly problems: readonly string[] }>(host, 'status')).problems;
    expect(await problems()).toEqual(['no agent looks after this host: galago agent']);
    await host.exec('ip', ['address', 'delete', '192.0.2.7/24', 'dev', 'br-phy']);
    expect((await problems())[0]).toMatch(/^no tunnels: 192\.0\.2\.7 is not an address of this host/);
    await host.exec('ip', ['address', 'add', '192.0.2.7/24', 'dev', 'eth0']);
    expect((await problems())[0]).toMatch(/^no tunnels: .* and 192\.0\.2\.7 is on eth0: add --uplink eth0/);
  });

  it('take no address of a virtual switch for one that others could reach', async () => {
    const host = hosts[0]!;
    await galagoJson(host, 'vswitch', 'create', '10.9.0.254/24', '--usermode');
    expect(await init(host, '--dry-run')).toMatchObject({
      changes: expect.arrayContaining(['ovsdb: set Open_vSwitch external_ids:galago-local-ip=192.0.2.1']),
    });
    await galagoJson(host, 'vswitch', 'remove');
  });

  it('refuse in one line what cannot be, and change nothing', async () => {
    const host = hosts[0]!;
    await host.addBridge('br-other');
    const refuse = async (code: string, ...args: readonly string[]) => {
      const before = await hostState(host);
      const { exitCode, stderr } = await galago(host, ...args);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 1,
        stderr: expect.stringMatching(`^error: .*${code}.*\n$`),
      });
      expect(await hostState(host)).toEqual(before);
    };
    await refuse('HOST_BRIDGE_FOREIGN', 'init', '--usermode', '--bridge', 'br-other');
    await refuse('HOST_BRIDGE_FOREIGN', 'init', '--usermode', '--bridge', 'eth0');
    await refuse('HOST_LOCAL_IP_INVALID', 'init', '--usermode', '--local-ip', '192.0.2.9');
    await refuse('HOST_NOT_INITIALIZED', 'connect', `netns:${containers[0]!.netns}`, '10.0.0.1');
    await refuse('HOST_NOT_INITIALIZED', 'agent');
    await refuse('HOST_NOT_INITIALIZED', 'status');
    await refuse('HOST_NOT_INITIALIZED', 'cluster', '192.0.2.2');
    await host.exec('ip', ['address', 'add', '198.51.100.1/24', 'dev', 'eth0']);
    await refuse('HOST_LOCAL_IP_INVALID', 'init', '--usermode');
    await refuse('HOST_UNDERLAY_INVALID', 'init', '--usermode', '--local-ip', '198.51.100.1');
    const dry = await galago(host, 'init', '--usermode', '--local-ip', '192.0.2.1', '--dry-run');
    expect(dry.stdout).toMatch(/^ovsdb: add bridge br-int: .*fail_mode=secure/);
    await init(host, '--local-ip', '192.0.2.1');
    await refuse('HOST_INIT_CONFLICT', 'init', '--encap', 'gre');
    await refuse('HOST_INIT_CONFLICT', 'init', '--bridge', 'br-new');
    await host.ovs.vsctl('add-port', 'br-int', 'mine', '--', 'set', 'Interface', 'mine', 'type=internal');
    await refuse('HOST_BRIDGE_IN_USE', 'cleanup');
    await host.ovs.vsctl('del-port', 'mine');
    await galago(host, 'cleanup');
    await host.ovs.vsctl('del-br', 'br-other');
  });
}, ['nft', 'iptables']);

const DROP_BY_DEFAULT = `flush ruleset
table inet filter { chain input { type filter hook input priority 0; policy drop; }; }
`;

/** What runs on a host. */
async function commandsOn({ netns }: Host): Promise<readonly string[]> {
  const pids = (await run('ip', ['netns', 'pids', netns])).trim().split('\n');
  return (await run('ps', ['-o', 'comm=', '-p', pids.join()])).split('\n');
}

/** The host, for what looks at its bridge: the lab knows of none. */
function onBrInt({ ovs }: Host): Host {
  return { ovs, bridge: 'br-int' } as Host;
}
