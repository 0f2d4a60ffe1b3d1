import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { transfer } from '../lab/transfer.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson, hostState, startAgent } from './host-cli.ts';
import { flowLines, warmUnderlay } from './pod-hosts.ts';

describeWithLab('hosts that reach each other by IPv6 alone', () => {
  let lab: Lab;
  let hosts: Host[];
  let containers: Container[];
  let agents: RunningProcess[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    const add = (number: number) =>
      lab.addHost({ name: `h${number}`, address: `2001:db8::${number}/64`, bridge: false });
    hosts = await Promise.all([1, 2].map(add));
    containers = await Promise.all(
      hosts.map((host, i) => host.addContainer({ name: `box${i + 1}`, bridge: false })),
    );
    await warmUnderlay(hosts);
  });

  afterEach(async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    agents = [];
    await onBoth((host) => galago(host, 'cleanup'));
  });

  afterAll(async () => {
    await lab?.close();
  });

  const onBoth = <T>(run: (host: Host, container: Container, number: number) => Promise<T>): Promise<T[]> =>
    Promise.all(hosts.map((host, i) => run(host, containers[i]!, i + 1)));

  it.each([
    ['vxlan', 1430],
    ['geneve', 1430],
    ['gre', 1438],
  ])('have pods over %s, with room for %d bytes', async (encap, mtu) => {
    const before = await onBoth(hostState);
    await onBoth((host) => galagoJson(host, 'init', '--usermode', '--encap', encap));
    for (const again of await onBoth((host) => galagoJson(host, 'init')))
      expect(again).toMatchObject({ changes: [], mtu });
    await onBoth((host) => galagoJson(host, 'cluster', '2001:db8::1', '2001:DB8:0::2'));
    agents = await onBoth((host) => startAgent(host));
    await onBoth((host, { netns }, number) =>
      galagoJson(host, 'connect', `netns:${netns}`, `10.0.0.${number}`, '7'),
    );
    const [one, two] = containers as [Container, Container];
    await eventually(async () => (await one.ping('10.0.0.2')).received === 1, { what: 'the other host' });
    const full = await one.exec('ping', pingOf('10.0.0.2', mtu));
    expect(full).toContain(' 0% packet loss');
    const server = await two.listen({ host: '10.0.0.2', port: 0 });
    const { port } = server.address() as { port: number };
    await transfer(server, () => one.connect({ host: '10.0.0.2', port }), 1_000_000, 30_000);
    for (const status of await onBoth((host) => galagoJson(host, 'status')))
      expect(status).toMatchObject({ encapsulation: encap, mtu, problems: [] });

    await Promise.all(agents.splice(0).map((agent) => agent.stop()));
    await onBoth((host) => galago(host, 'cleanup'));
    expect(await onBoth(hostState)).toEqual(before);
  });

  it('drop and count what comes by a tunnel from a host that is not of the cluster', async () => {
    await onBoth((host) => galagoJson(host, 'init', '--usermode'));
    await galago(hosts[0]!, 'cluster', '2001:db8::3');
    await galago(hosts[1]!, 'cluster', '2001:db8::1');
    agents = await onBoth((host) => startAgent(host));
    await onBoth((host, { netns }, number) =>
      galagoJson(host, 'connect', `netns:${netns}`, `10.0.0.${number}`, '7'),
    );
    const bridge = { ovs: hosts[0]!.ovs, bridge: 'br-int' } as Host;
    const ofport = (await bridge.ovs.vsctl('get', 'Interface', 'gal-vxlan', 'ofport')).trim();
    const dropped = async () => {
      const [line = ''] = await flowLines(bridge, 'table=0', `in_port=${ofport} actions=drop`);
      return Number(/n_packets=(\d+)/.exec(line)?.[1]);
    };
    const [one, two] = containers as [Container, Container];
    // Each attempt asks for the address, which is flooded to the other host.
    await eventually(async () => (await two.ping('10.0.0.1')).received === 0 && (await dropped()) > 0);
    await galago(hosts[0]!, 'cluster', 'add', '2001:db8::2');
    await eventually(async () => (await one.ping('10.0.0.2')).received === 1, { what: 'the new host' });
  });

  it('have one address each, of one family', async () => {
    const host = hosts[0]!;
    await galagoJson(host, 'init', '--usermode', '--encap', 'gre');
    const mixed = await galago(host, 'cluster', '2001:db8::2', '192.0.2.2');
    expect(mixed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('HOST_PEER_INVALID') });
    expect(await galagoJson(host, 'cluster')).toMatchObject({ peers: [] });
    await host.exec('ip', ['address', 'add', '192.0.2.1/24', 'dev', 'br-phy']);
    await galago(host, 'cluster', '2001:db8::2');
    const other = ['init', '--local-ip', '192.0.2.1'];
    expect((await galago(host, ...other)).stderr).toContain('HOST_INIT_CONFLICT');
    await galago(host, 'cluster', 'remove', '2001:db8::2');
    expect(await galagoJson(host, ...other)).toMatchObject({ localIp: '192.0.2.1', mtu: 1458 });
    expect((await host.ovs.vsctl('get', 'Interface', 'gal-gre', 'type')).trim()).toBe('gre');
    expect(await galagoJson(host, 'init')).toMatchObject({ changes: [] });
    await host.exec('ip', ['address', 'delete', '192.0.2.1/24', 'dev', 'br-phy']);
  });

  it('let tunnels through the firewall for IPv6, and not for another address than their own', async () => {
    const host = hosts[1]!;
    const ruleset = () => host.exec('nft', ['--stateless', 'list', 'ruleset']);
    await host.exec('nft', ['add', 'table', 'ip6', 'mine']);
    await host.exec('nft', ['add', 'table', 'ip', 'mine']);
    const hook = '{ type filter hook input priority 0; policy drop; }';
    for (const family of ['ip', 'ip6']) await host.exec('nft', ['add', 'chain', family, 'mine', 'in', hook]);
    const before = await ruleset();
    const init = (...args: readonly string[]) =>
      galagoJson(host, 'init', '--usermode', '--encap', 'gre', ...args);
    expect(await init()).toMatchObject({ firewall: ['nftables ip6 mine in'] });
    expect(await ruleset()).toContain('ip6 daddr 2001:db8::2 meta l4proto gre accept');
    await host.exec('ip', ['address', 'add', '2001:db8::22/64', 'nodad', 'dev', 'br-phy']);
    expect(await init('--local-ip', '2001:db8::22')).toMatchObject({
      changes: expect.arrayContaining([
        'nftables ip6 mine in: let gre in',
        "nftables ip6 mine in: delete the rule 'galago gre 2001:db8::2'",
      ]),
    });
    expect(await ruleset()).not.toContain('2001:db8::2 ');
    expect(await init()).toMatchObject({ changes: [] });
    await galago(host, 'cleanup');
    expect(await ruleset()).toBe(before);
    for (const family of ['ip', 'ip6']) await host.exec('nft', ['delete', 'table', family, 'mine']);
    await host.exec('ip', ['address', 'delete', '2001:db8::22/64', 'dev', 'br-phy']);
  });
}, ['nft']);

/** Of packets that are exactly as large as the MTU, and may not be cut. */
function pingOf(address: string, mtu: number): string[] {
  return ['-c', '2', '-W', '5', '-M', 'do', '-s', `${mtu - 28}`, address];
}
