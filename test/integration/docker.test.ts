import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DHCP_SCRIPT, Docker } from '../lab/docker.ts';
import { eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson, hostState, startAgent } from './host-cli.ts';
import { warmUnderlay } from './pod-hosts.ts';

/** What `galago connect --json` prints, as far as it is looked at. */
interface Connected {
  readonly container: string;
  readonly port: string;
  readonly mac: string;
  readonly changed: boolean;
}

describeWithLab('containers of Docker on two hosts', () => {
  let lab: Lab;
  let hosts: Host[];
  let dockers: Docker[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    const add = (number: number) =>
      lab.addHost({ name: `h${number}`, address: `192.0.2.${number}/24`, bridge: false });
    hosts = await Promise.all([1, 2].map(add));
    dockers = await Promise.all(hosts.map((host) => Docker.start(host)));
    await warmUnderlay(hosts);
    for (const [index, host] of hosts.entries()) {
      await galagoJson(host, 'init', '--usermode');
      await galagoJson(host, 'cluster', '192.0.2.1', '192.0.2.2');
      await startAgent(host, '--docker', dockers[index]!.socket);
    }
  });

  afterAll(async () => {
    await Promise.allSettled(dockers.map((docker) => docker.stop()));
    await lab?.close();
  });

  const connect = (index: number, ...args: readonly string[]): Promise<Connected> =>
    galagoJson(hosts[index]!, 'connect', '--docker', dockers[index]!.socket, ...args);

  it('reach each other in the pod by name or id, and still do after a restart', async () => {
    const [one, two] = dockers as [Docker, Docker];
    const [id] = await Promise.all([one.run('web'), two.run('web'), two.run('alien')]);
    const web = await connect(0, id!.slice(0, 12), '10.0.0.1', '7');
    expect(web).toMatchObject({ changed: true, mac: '02:67:0a:00:00:01' });
    await connect(1, 'web', '10.0.0.2', '7');
    await connect(1, 'alien', '10.0.0.1', '8');
    await one.reaches('web', '10.0.0.2');
    expect(await connect(0, 'web', '10.0.0.1', '7')).toMatchObject({ port: web.port, changed: false });
    await expect(two.inside('alien', 'ping', '-c', '1', '-W', '1', '10.0.0.2')).rejects.toMatchObject({
      code: 'LAB_COMMAND_FAILED',
    });

    // The same container with another network namespace: the agent hears of it.
    await two.exec('restart', '--time', '0', 'web');
    await one.reaches('web', '10.0.0.2');
    // The same namespace without its interface: so it does of that.
    await two.inside('web', 'ip', 'link', 'delete', 'dev', 'eth1');
    await one.reaches('web', '10.0.0.2');
    expect(await connect(1, 'web', '10.0.0.2', '7')).toMatchObject({ changed: false });
  });

  it('are refused while they do not run, and forgotten after they were removed', async () => {
    const [host, docker] = [hosts[0]!, dockers[0]!];
    await docker.run('gone');
    await docker.exec('stop', '--time', '0', 'gone');
    const before = await hostState(host);
    for (const [name, code] of [
      ['gone', 'HOST_CONTAINER_STOPPED'],
      ['nobody', 'HOST_CONTAINER_UNKNOWN'],
    ] as const) {
      const result = await galago(host, 'connect', '--docker', docker.socket, name, '10.0.0.9', '7');
      expect(result).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(`^error: .*${code}.*\n$`),
      });
    }
    await docker.exec('start', 'gone');
    await connect(0, 'gone', '10.0.0.9', '7');
    await docker.exec('stop', '--time', '0', 'gone');
    const stopped = /^gone does not run \(gal-\w+\): start it, or galago disconnect docker:\w+$/;
    expect(await galagoJson(host, 'status', '--docker', docker.socket)).toMatchObject({
      problems: expect.arrayContaining([expect.stringMatching(stopped)]),
    });
    await docker.exec('rm', '--force', 'gone');
    // The agent hears of that as well.
    await eventually(async () => isDeepStrictEqual(await hostState(host), before), {
      what: 'the port to go',
    });
    expect(await galagoJson(host, 'disconnect', 'gone')).toMatchObject({ changed: false });
  });

  it('are taken out by their name or id, whatever they were called when they were connected', async () => {
    const [host, docker] = [hosts[0]!, dockers[0]!];
    const disconnect = (name: string) =>
      galagoJson(host, 'disconnect', name, '--docker', docker.socket) as Promise<{ readonly port: string }>;
    const id = await docker.run('first');
    const { port } = await connect(0, 'first', '10.0.8.1', '8');
    await docker.exec('rename', 'first', 'second');
    await docker.run('first');
    const other = await connect(0, 'first', '10.0.8.2', '8');
    expect(await disconnect('second')).toMatchObject({ changed: true, port });
    expect(await disconnect('second')).toMatchObject({ changed: false });

    await connect(0, id, '10.0.8.1', '8');
    expect(await disconnect(id.slice(0, 11))).toMatchObject({ changed: true, port });
    expect(await disconnect('first')).toMatchObject({ changed: true, port: other.port });
  });

  it('get an address by DHCP, with a stock client', async () => {
    const [host, docker] = [hosts[0]!, dockers[0]!];
    const served = 'subnet=10.0.9.0/24 range=10.0.9.100-10.0.9.199 server=10.0.9.254';
    await host.ovs.vsctl('set', 'Bridge', 'br-int', `external_ids:galago-dhcp-9=${JSON.stringify(served)}`);
    await docker.run('client');
    await connect(0, 'client', 'dhcp', '9');
    await docker.inside('client', 'udhcpc', '-i', 'eth1', '-n', '-q', '-t', '20', '-s', DHCP_SCRIPT);
    expect(await docker.inside('client', 'ip', 'address', 'show', 'eth1')).toMatch(
      /inet 10\.0\.9\.1\d\d\/24 /,
    );
    await docker.run('server');
    await connect(0, 'server', '10.0.9.1', '9');
    const { stdout } = await galago(host, 'endpoints', '9');
    expect(stdout).toMatch(/client +eth1 +dhcp \(10\.0\.9\.1\d\d\)/);
    await docker.reaches('client', '10.0.9.1');
  });
}, ['dockerd', 'docker', 'busybox']);
