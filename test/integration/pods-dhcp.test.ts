import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { ObservedController } from './observed-controller.ts';
import { addPodHosts, callHosts, flowLines, tunnelPort, untilMembers, warmUnderlay } from './pod-hosts.ts';

const MACS = ['02:00:00:00:0d:01', '02:00:00:00:0d:02', '02:00:00:00:0d:03'] as const;
const SERVED = [
  'subnet=10.7.0.0/24 range=10.7.0.10-10.7.0.20 router=10.7.0.254 dns=10.7.0.53 domain=pod.test',
  'mtu=1380 lease=120 route=10.8.0.0/16,10.7.0.254',
].join(' ');

describeWithLab('endpoints that ask for their address', () => {
  let lab: Lab;
  let hosts: Host[];
  let controller: ObservedController;
  /** Two on the first host, one on the second. */
  let clients: Container[];

  beforeAll(async () => {
    lab = await Lab.create();
    hosts = await addPodHosts(lab, 2);
    for (const { ovs, bridge } of hosts)
      await ovs.vsctl('set', 'Bridge', bridge, `external_ids:galago-dhcp-7="${SERVED}"`);
    const at = [hosts[0]!, hosts[0]!, hosts[1]!];
    const labels = (i: number) => ({ 'galago-mac': MACS[i]!, 'galago-ip': 'dhcp' });
    clients = await Promise.all(
      at.map((host, i) =>
        host.addContainer({ name: `dhcp-${i + 1}`, mac: MACS[i]!, pod: '7', externalIds: labels(i) }),
      ),
    );
    controller = await ObservedController.start(callHosts(hosts));
    await Promise.all(hosts.map(tunnelPort));
    await untilMembers(controller, 3);
    await warmUnderlay(hosts);
  });

  afterAll(async () => {
    await controller?.close();
    await lab?.close();
  });

  /** Runs udhcpc until it has a lease, and sets the address; what it was told, by the names that udhcpc has for it. */
  async function udhcpc(client: Container): Promise<Record<string, string>> {
    const told = join(lab.dir, `${client.name}.env`);
    const script = join(lab.dir, `${client.name}.sh`);
    writeFileSync(
      script,
      `#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add "$ip/$mask" dev "$interface"
env > ${told}
`,
      { mode: 0o755 },
    );
    const options = ['-O', '121', '-O', '26', '-t', '20', '-T', '1'];
    await client.exec('udhcpc', ['-i', 'eth0', '-f', '-q', '-n', '-s', script, ...options]);
    const lines = readFileSync(told, 'utf8').trim().split('\n');
    return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
  }

  /** What is recorded of a lease; the address, unless told otherwise. */
  const leaseOf = async ({ name }: Container, host: Host, key = 'galago-lease') =>
    (await host.ovs.vsctl('--if-exists', 'get', 'Interface', name, `external_ids:${key}`))
      .trim()
      .replaceAll('"', '');

  it('get one each from udhcpc, with all that there is to tell, and reach each other', async () => {
    const told = await Promise.all(clients.map(udhcpc));
    expect(new Set(told.map(({ ip }) => ip)).size).toBe(3);
    for (const { ip, ...others } of told) {
      expect(ip).toMatch(/^10\.7\.0\.(1\d|20)$/);
      expect(others).toMatchObject({
        mask: '24',
        serverid: '10.7.0.1',
        router: '10.7.0.254',
        dns: '10.7.0.53',
        domain: 'pod.test',
        mtu: '1380',
        lease: '120',
        staticroutes: '10.8.0.0/16 10.7.0.254 0.0.0.0/0 10.7.0.254',
      });
    }
    for (const [i, { ip }] of told.entries()) {
      const host = i === 2 ? hosts[1]! : hosts[0]!;
      expect(await leaseOf(clients[i]!, host)).toBe(ip);
      const until = Number(await leaseOf(clients[i]!, host, 'galago-lease-until'));
      expect(until - Date.now() / 1000).toBeLessThanOrEqual(120);
      for (const other of clients.filter((_, j) => j !== i))
        await eventually(async () => (await other.ping(ip!)).received === 1, {
          what: `${other.name} to ${ip}`,
        });
    }
  });

  it('get the same one again from dhclient, and give it back', async () => {
    const [client] = clients as [Container];
    const [host] = hosts as [Host];
    const before = await leaseOf(client, host);
    const files = ['lf', 'pf'].map((name) => join(lab.dir, `dhclient.${name}`));
    const script = join(lab.dir, 'dhclient.sh');
    writeFileSync(script, `#!/bin/sh\nenv >> ${join(lab.dir, 'dhclient.env')}\n`, { mode: 0o755 });
    const dhclient = (...options: string[]) =>
      client.exec('dhclient', [
        '-4',
        '-1',
        '-sf',
        script,
        '-lf',
        files[0]!,
        '-pf',
        files[1]!,
        ...options,
        'eth0',
      ]);
    await dhclient();
    expect(readFileSync(join(lab.dir, 'dhclient.env'), 'utf8')).toContain(`new_ip_address=${before}\n`);
    await dhclient('-r');
    await eventually(async () => (await leaseOf(client, host)) === '');
    await eventually(async () => (await flowLines(host, `arp_tpa=${before}`)).length === 0);
    expect(existsSync(files[1]!)).toBe(false);
  });

  it('may use no other address, with a lease or without', async () => {
    const [released, leased] = clients as [Container, Container];
    for (const client of [released, leased]) {
      await client.exec('ip', ['address', 'add', '10.7.0.99/24', 'dev', 'eth0']);
      await client.exec('ip', ['neigh', 'flush', 'dev', 'eth0']);
      const pings = client.exec('ping', ['-c', '1', '-W', '0.3', '-I', '10.7.0.99', '10.7.0.1']);
      await expect(pings).rejects.toMatchObject({ exitCode: 1 });
      const neighbours = await client.exec('ip', ['neigh', 'show', 'to', '10.7.0.1']);
      expect(neighbours).not.toContain('REACHABLE');
    }
  });

  it('are limited in how often they ask', async () => {
    const meters = await hosts[0]!.ovs.ofctl('dump-meters', hosts[0]!.bridge);
    for (const { ofport } of clients.slice(0, 2))
      expect(meters).toMatch(
        new RegExp(`meter=${0x10000 + ofport} pktps burst bands=\\ntype=drop rate=10 burst_size=10`),
      );
  });

  it('keep what they have when another controller takes over, and are served by it', async () => {
    const [host] = hosts as [Host];
    const before = await leaseOf(clients[1]!, host);
    await controller.close();
    controller = await ObservedController.start(callHosts(hosts));
    await untilMembers(controller, 3);
    expect(await leaseOf(clients[1]!, host)).toBe(before);
    await clients[0]!.exec('ip', ['address', 'flush', 'dev', 'eth0']);
    const { ip } = await udhcpc(clients[0]!);
    expect(ip).not.toBe(before);
    await eventually(async () => (await clients[0]!.ping(before)).received === 1);
  });
}, ['udhcpc', 'dhclient']);
