import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Docker } from '../lab/docker.ts';
import { eventually, type Host, Lab } from '../lab/index.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson, startAgent } from './host-cli.ts';

/** A line of `galago endpoints --json`, as far as it is looked at. */
interface Line {
  readonly container: string;
  readonly ifname: string;
  readonly pod: string;
  readonly ip: string;
}

describeWithLab('containers of Docker with labels', () => {
  let lab: Lab;
  let host: Host;
  let docker: Docker;
  let agent: RunningProcess;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addHost({ name: 'h1', address: '192.0.2.1/24', bridge: false });
    docker = await Docker.start(host);
    await galagoJson(host, 'init', '--usermode');
    await galagoJson(host, 'pods', 'set', '7', '--subnet', '10.7.0.0/16', '--range', '10.7.1.1-10.7.1.9');
    agent = await startAgent(host, '--docker', docker.socket);
  });

  afterAll(async () => {
    await docker?.stop();
    await lab?.close();
  });

  /** Waits until these are the endpoints of the host, and no others. */
  async function untilEndpoints(...expected: readonly string[]): Promise<void> {
    let found: readonly string[] = [];
    const isSo = async () => {
      const lines = await galagoJson<readonly Line[]>(host, 'endpoints');
      found = lines.map(({ container, ifname, pod, ip }) => `${container} ${ifname} ${pod} ${ip}`).sort();
      return found.join() === [...expected].sort().join();
    };
    await eventually(isSo, { intervalMs: 50 }).catch(() => expect(found).toEqual([...expected].sort()));
  }

  it('are attached when they start and detached when they end, without any command', async () => {
    await docker.run('web', { 'galago.pod': '7', 'galago.ip': '10.7.0.9/16' });
    await docker.run('app', {
      ...{ 'galago.pod': '7', 'galago.mac': '02:00:00:00:07:09', 'galago.ifname': 'net0' },
      ...{ 'galago.eth5.pod': 'back', 'galago.eth5.key': '4711', 'galago.eth5.ip': 'fd00::9/64' },
    });
    await untilEndpoints('app eth5 back fd00::9/64', 'app net0 7 10.7.1.1/16', 'web eth1 7 10.7.0.9/16');
    await docker.reaches('app', '10.7.0.9');
    expect(await docker.inside('app', 'ip', 'link', 'show', 'net0')).toContain('02:00:00:00:07:09');
    await docker.exec('stop', '--time', '0', 'app');
    await untilEndpoints('web eth1 7 10.7.0.9/16');
    await docker.exec('start', 'app');
    await docker.reaches('app', '10.7.0.9');
    await docker.exec('restart', '--time', '0', 'web');
    await docker.reaches('app', '10.7.0.9');
    await docker.exec('rm', '--force', 'app');
    await untilEndpoints('web eth1 7 10.7.0.9/16');
  });

  it('are left alone, with a line in the log, when the labels cannot be', async () => {
    const wrong: readonly [string, Readonly<Record<string, string>>][] = [
      ['HOST_LABEL_INVALID', { 'galago.pdo': '7' }],
      ['POD_INVALID', { 'galago.pod': '4095' }],
      ['HOST_ADDRESS_INVALID', { 'galago.pod': '7', 'galago.ip': '10.7.0.0/16' }],
      ['HOST_ADDRESS_TAKEN', { 'galago.pod': '7', 'galago.ip': '10.7.0.9/16' }],
      ['HOST_SUBNET_UNKNOWN', { 'galago.pod': '8' }],
      [
        'HOST_MAC_INVALID',
        { 'galago.pod': '7', 'galago.eth2.pod': '7', 'galago.eth2.mac': 'ff:ff:ff:ff:ff:ff' },
      ],
    ];
    for (const [code, labels] of wrong) {
      const name = code.toLowerCase();
      await docker.run(name, labels);
      await agent.waitForOutput(new RegExp(`ERROR not attached: .* container=${name} code=${code}\n`));
      await docker.exec('rm', '--force', name);
    }
    await docker.run('late', { 'galago.pod': '7' });
    await untilEndpoints('web eth1 7 10.7.0.9/16', 'late eth1 7 10.7.1.1/16');
    expect(agent.output.match(/not attached/g)).toHaveLength(wrong.length);
    await docker.exec('rm', '--force', 'late');
  });

  it('are attached as soon as what stands in their way has gone, and refused with one line until then', async () => {
    const refused = () => agent.output.match(/not attached/g)?.length ?? 0;
    const before = refused();
    await docker.run('heir', { 'galago.pod': '7', 'galago.ip': '10.7.0.9/16' });
    await docker.run('early', { 'galago.pod': '9', 'galago.ip': 'auto' });
    await agent.waitForOutput(/ERROR not attached: .* container=early code=HOST_SUBNET_UNKNOWN\n/);
    expect(refused()).toBe(before + 2);
    // Neither of these helps.
    await galagoJson(host, 'pods', 'set', '8', '--subnet', '10.8.0.0/24');
    await docker.run('other', { 'galago.pod': '7', 'galago.ip': '10.7.0.8/16' });
    await untilEndpoints('other eth1 7 10.7.0.8/16', 'web eth1 7 10.7.0.9/16');
    await docker.exec('rm', '--force', 'other');
    await galagoJson(host, 'pods', 'set', '9', '--subnet', '10.9.0.0/24');
    await untilEndpoints('early eth1 9 10.9.0.2/24', 'web eth1 7 10.7.0.9/16');
    await docker.exec('stop', '--time', '0', 'web');
    await untilEndpoints('early eth1 9 10.9.0.2/24', 'heir eth1 7 10.7.0.9/16');
    expect(refused()).toBe(before + 2);
    await docker.exec('rm', '--force', 'heir', 'early');
    await galagoJson(host, 'pods', 'unset', '8');
    await docker.exec('start', 'web');
    await untilEndpoints('web eth1 7 10.7.0.9/16');
  });

  it('are made up for that started, ended or were removed while no agent ran', async () => {
    for (const name of ['known', 'gone']) {
      await docker.run(name);
      const ip = name === 'known' ? '10.8.0.1' : '10.8.0.2';
      await galagoJson(host, 'connect', '--docker', docker.socket, name, ip, '8');
    }
    await agent.stop();
    await docker.exec('rm', '--force', 'gone', 'web');
    await docker.exec('stop', '--time', '0', 'known');
    await docker.run('early', { 'galago.pod': '7', 'galago.ip': 'auto' });
    agent = await startAgent(host, '--docker', docker.socket);
    await untilEndpoints('known eth1 8 10.8.0.1/24', 'early eth1 7 10.7.1.1/16');
    expect(agent.output).toMatch(/removed: Docker has its container no more container=gone port=gal-/);

    await docker.exec('rm', '--force', 'known');
    await untilEndpoints('early eth1 7 10.7.1.1/16');
    expect(agent.output).toMatch(/removed with its container container=known /);
  });

  it('are followed again when Docker has been restarted', async () => {
    await docker.restart();
    await untilEndpoints();
    await docker.exec('start', 'early');
    await untilEndpoints('early eth1 7 10.7.1.1/16');
    const { exitCode, stderr } = await galago(host, 'disconnect', 'early');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    await untilEndpoints();
  });
}, ['dockerd', 'docker', 'busybox']);
