import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson, hostState } from './host-cli.ts';
import { ObservedController } from './observed-controller.ts';
import { addPodHosts, callHosts } from './pod-hosts.ts';

/** What `galago connect --json` prints, as far as it is looked at. */
interface Connected {
  readonly ip: string;
  readonly mac: string;
  readonly gateway: string | null;
  readonly port: string;
  readonly changed: boolean;
}

/** As many as the range of the test has addresses. */
const MANY = 20;

describeWithLab('addresses that a host gives', () => {
  let lab: Lab;
  let host: Host;
  let controller: ObservedController;
  let number = 0;

  beforeAll(async () => {
    lab = await Lab.create();
    [host] = (await addPodHosts(lab, 1)) as [Host];
    await host.ovs.vsctl('set', 'Open_vSwitch', '.', 'external_ids:galago-bridge=br-int');
    controller = await ObservedController.start(callHosts([host]));
  });

  afterAll(async () => {
    await controller?.close();
    await lab?.close();
  });

  const addContainer = (): Promise<Container> =>
    host.addContainer({ name: `auto${++number}`, bridge: false });

  const target = ({ netns }: Container) => `netns:${netns}`;

  const connect = (container: Container, ...args: readonly string[]): Promise<Connected> =>
    galagoJson(host, 'connect', target(container), ...args);

  /** Runs udhcpc once until it has a lease, and returns the address; undefined when there is none to have. */
  async function udhcpc(client: Container): Promise<string | undefined> {
    const script = join(lab.dir, 'udhcpc.sh');
    writeFileSync(script, '#!/bin/sh\n[ "$1" = bound ] && ip address add "$ip/$mask" dev "$interface"\n', {
      mode: 0o755,
    });
    const tries = ['-n', '-q', '-t', '3', '-T', '1'];
    await client.exec('udhcpc', ['-i', 'eth1', '-s', script, ...tries]).catch(() => {});
    const address = await client.exec('ip', ['-4', 'address', 'show', 'dev', 'eth1']);
    return /inet ([\d.]+)/.exec(address)?.[1];
  }

  it('come from the subnet that galago pods sets, and are refused without one', async () => {
    const before = await hostState(host);
    const container = await addContainer();
    const refused = await galago(host, 'connect', target(container), 'auto', '7');
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('HOST_SUBNET_UNKNOWN') });
    const subnet = ['--subnet', '10.7.0.9/16', '--range', '10.7.1.10-10.7.1.19', '--router', '10.7.0.1'];
    const dry = await galago(host, 'pods', 'set', '7', ...subnet, '--dry-run');
    expect(dry.stdout).toMatch(
      /^ovsdb: set bridge br-int: external_ids:galago-dhcp-7="subnet=10\.7\.0\.9\/16 /,
    );
    const plain = await hostState(host);
    expect(plain).toMatchObject({ rows: (before as { rows: unknown }).rows });
    const known = { pod: '7', subnet: '10.7.0.0/16', range: '10.7.1.10-10.7.1.19' };
    expect(await galagoJson(host, 'pods', 'set', '7', ...subnet)).toEqual({ ...known, changed: true });
    expect(await galagoJson(host, 'pods', 'set', '7', ...subnet)).toMatchObject({ changed: false });
    expect(await galagoJson(host, 'pods')).toEqual([{ ...known, key: 0x10007, endpoints: 0 }]);

    const first = await connect(container, 'auto', '7', '--default-route');
    expect(first).toMatchObject({ ip: '10.7.1.10/16', mac: '02:67:0a:07:01:0a', gateway: '10.7.0.1' });
    expect(await connect(container, 'auto', '7', '--default-route')).toEqual({ ...first, changed: false });
    expect(await connect(await addContainer(), 'auto', '7')).toMatchObject({ ip: '10.7.1.11/16' });
    await galago(host, 'disconnect', target(container));
    expect(await connect(await addContainer(), '10.7.1.12', '7')).toMatchObject({ changed: true });
    const others = [await addContainer(), await addContainer()];
    for (const [i, ip] of ['10.7.1.10/16', '10.7.1.13/16'].entries())
      expect(await connect(others[i]!, 'auto', '7')).toMatchObject({ ip });

    const taken = await galago(host, 'connect', target(container), '10.7.0.2', '7');
    expect(taken.stderr).toMatch(/the DHCP server of pod '7' has 10\.7\.0\.2.*HOST_ADDRESS_TAKEN/);
    const server = await galago(host, 'pods', 'set', '7', '--subnet', '10.7.0.0/16', '--server', '10.7.1.11');
    expect(server).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('HOST_ADDRESS_TAKEN') });
    for (const wrong of [
      ['--subnet', '10.7.0.0'],
      ['--subnet', '10.7.0.0/16', '--range', '10.8.0.1-10.8.0.2'],
      ['--subnet', '10.7.0.0/16', '--domain', 'a server=10.7.0.9'],
    ])
      expect((await galago(host, 'pods', 'set', '7', ...wrong)).stderr).toContain('POD_DHCP_INVALID');
    expect(await galagoJson(host, 'pods', 'unset', '7')).toMatchObject({ subnet: null, changed: true });
  });

  it('are never given twice, however many ask at once', async () => {
    const range = `10.9.0.101-10.9.0.${100 + MANY}`;
    await galago(host, 'pods', 'set', '9', '--subnet', '10.9.0.0/24', '--range', range);
    const containers = await Promise.all(Array.from({ length: MANY }, addContainer));
    const connected = await Promise.all(containers.map((container) => connect(container, 'auto', '9')));
    expect(new Set(connected.map(({ ip }) => ip)).size).toBe(MANY);
    const late = await galago(host, 'connect', target(await addContainer()), 'auto', '9');
    expect(late).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('HOST_SUBNET_FULL') });
  });

  it('are not given to one when DHCP has given them to another, nor the other way round', async () => {
    const range = '10.11.0.101-10.11.0.103';
    await galago(host, 'pods', 'set', '11', '--subnet', '10.11.0.0/24', '--range', range);
    const clients = [await addContainer(), await addContainer()] as const;
    for (const client of clients) await connect(client, 'dhcp', '11');
    const leased = await eventually(async () => (await udhcpc(clients[0])) ?? false, { what: 'a lease' });
    const [fixed, other] = [await addContainer(), await addContainer()];
    const { ip } = await connect(fixed, 'auto', '11');
    expect(ip).not.toBe(`${leased}/24`);
    const refused = await galago(host, 'connect', target(other), leased, '11');
    expect(refused.stderr).toContain('HOST_ADDRESS_TAKEN');
    const { ip: last } = await connect(other, 'auto', '11');
    expect([`${leased}/24`, ip, last].sort()).toEqual([101, 102, 103].map((n) => `10.11.0.${n}/24`));
    expect(await udhcpc(clients[1])).toBeUndefined();
  });
}, ['udhcpc']);
