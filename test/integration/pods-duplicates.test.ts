import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson, startAgent } from './host-cli.ts';
import { warmUnderlay } from './pod-hosts.ts';

describeWithLab('addresses that two hosts have given', () => {
  let lab: Lab;
  let hosts: Host[];
  let agents: RunningProcess[];
  let number = 0;

  beforeAll(async () => {
    lab = await Lab.create();
    hosts = await Promise.all(
      [1, 2].map((host) => lab.addHost({ name: `h${host}`, address: `192.0.2.${host}/24`, bridge: false })),
    );
    agents = await Promise.all(
      hosts.map(async (host) => {
        await galagoJson(host, 'init', '--usermode');
        await galagoJson(host, 'cluster', '192.0.2.1', '192.0.2.2');
        return startAgent(host);
      }),
    );
    await warmUnderlay(hosts);
  });

  afterAll(async () => {
    await Promise.all(agents?.map((agent) => agent.stop()) ?? []);
    await lab?.close();
  });

  /** Connects another container of a host. */
  async function connect(host: Host, ...words: readonly string[]): Promise<Container> {
    const container = await host.addContainer({ name: `c${++number}`, bridge: false });
    await galagoJson(host, 'connect', `netns:${container.netns}`, ...words);
    return container;
  }

  const conflicts = async (host: Host): Promise<readonly string[]> => {
    const { problems } = await galagoJson<{ readonly problems: readonly string[] }>(host, 'status');
    return problems.filter((problem) => problem.includes('in use on the host'));
  };

  /** How often an agent has told of a conflict about an address. */
  const told = (agent: RunningProcess, address: string) =>
    agent.output.split('\n').filter((line) => line.includes('POD_ADDRESS_CONFLICT') && line.includes(address))
      .length;

  const reach = (from: Container, address: string) =>
    eventually(async () => (await from.ping(address)).received === 1, {
      what: `${from.name} to reach ${address}`,
    });

  it.each([
    ['with one MAC address', '7', '10.0.0.1', '10.0.0.2', undefined],
    ['with different MAC addresses', '8', '10.8.0.1', '10.8.0.2', '02:00:00:00:08:0'],
    ['of IPv6', '9', 'fd00::1', 'fd00::2', '02:00:00:00:09:0'],
  ])('are reported by both, %s, and each host holds to its own', async (_, pod, address, other, mac) => {
    const connectWith = (i: number) =>
      connect(hosts[i]!, address, pod, ...(mac ? ['--mac', `${mac}${i + 1}`] : []));
    const first = await connectWith(0);
    const witness = await connect(hosts[0]!, other, pod);
    const second = await connectWith(1);
    for (const [i, host] of hosts.entries()) {
      const peer = hosts[1 - i]!.ip;
      const line = new RegExp(
        `^${address} of .* in pod ${pod} is in use on the host at ${peer} as well: disconnect`,
      );
      await eventually(async () => (await conflicts(host)).length === 1, {
        what: `${host.name} to report it`,
      });
      expect(await conflicts(host)).toEqual([expect.stringMatching(line)]);
      expect(told(agents[i]!, address)).toBe(1);
    }
    // What the second one says of itself misleads nobody at the first one's host.
    await second.ping(other, { timeoutSec: 0.3 });
    await reach(witness, address);
    const neighbours = await witness.exec('ip', ['neigh', 'show', 'to', address]);
    expect(await first.exec('ip', ['link', 'show', 'eth1'])).toContain(/lladdr (\S+)/.exec(neighbours)![1]!);

    await galago(hosts[1]!, 'disconnect', `netns:${second.netns}`);
    await agents[1]!.waitForOutput(new RegExp(`no longer: ${address} .* in pod '${pod}'`));
    expect(await conflicts(hosts[1]!)).toEqual([]);
    await galago(hosts[0]!, 'disconnect', `netns:${first.netns}`);
    await eventually(async () => (await conflicts(hosts[0]!)).length === 0, { what: 'it to be over' });
  });

  it('are not offered by DHCP, whether another host knows of them or nobody does', async () => {
    const script = join(lab.dir, 'udhcpc.sh');
    const setAddress = '[ "$1" = bound ] && ip address add "$ip/$mask" dev "$interface"';
    writeFileSync(script, `#!/bin/sh\n${setAddress}\n`, { mode: 0o755 });
    const subnet = ['--subnet', '10.10.0.0/24', '--server', '10.10.0.254', '--range', '10.10.0.1-10.10.0.3'];
    let pod = 10;
    /** Another pod, in which the first two addresses are taken. @returns who asks there, with the address it has got */
    const ask = async () => {
      const stranger = { name: `c${++number}`, address: '10.10.0.2/24', pod: `${++pod}`, bridge: 'br-int' };
      for (const host of hosts) await galagoJson(host, 'pods', 'set', `${pod}`, ...subnet);
      await hosts[0]!.addContainer(stranger);
      await connect(hosts[1]!, '10.10.0.1', `${pod}`);
      const client = await connect(hosts[0]!, 'dhcp', `${pod}`);
      await client.exec('udhcpc', ['-i', 'eth1', '-n', '-q', '-t', '20', '-T', '1', '-s', script]);
      const printed = await client.exec('ip', ['-4', 'address', 'show', 'dev', 'eth1']);
      return { client, address: /inet ([\d.]+)/.exec(printed)?.[1] };
    };
    // When the machine is too busy for an answer to come in time, somebody else asks.
    const client = await eventually(async () => {
      const { client: asked, address } = await ask();
      return address === '10.10.0.3' && asked;
    });
    for (const address of ['10.10.0.1', '10.10.0.2']) {
      expect(agents[0]!.output).toContain(`somebody has ${address} already`);
      await reach(client, address);
    }
  });
}, ['udhcpc']);
