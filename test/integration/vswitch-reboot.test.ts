import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Docker } from '../lab/docker.ts';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galagoJson, startAgent } from './host-cli.ts';
import { SLEEP, SlotHost } from './slot-host.ts';

describeWithLab('virtual switches on a host with an agent', () => {
  let lab: Lab;
  let slots: SlotHost;
  let host: Host;
  let docker: Docker;
  /** Behind the device of a virtual switch, as another machine in that network. */
  let outside: Container;
  let agent: RunningProcess;

  beforeAll(async () => {
    lab = await Lab.create();
    slots = await SlotHost.create(lab);
    ({ host, docker } = slots);
    outside = await host.addContainer({
      ...{ name: 'far', bridge: false, ipv6: true },
      address: ['10.0.0.99/24', 'fd00:1::99/64'],
    });
    await galagoJson(host, 'vswitch', 'create', '10.0.0.254/24', 'far');
  });

  beforeEach(async () => {
    agent = await startAgent(host, '--docker', docker.socket);
  });

  afterEach(async () => {
    await agent.stop();
    await slots.empty();
  });

  afterAll(async () => {
    await docker?.stop();
    await lab?.close();
  });

  const isReached = (ip: string) =>
    eventually(async () => (await outside.ping(ip)).received > 0, { what: `${ip} from outside` });
  const expectNoErrors = () => expect(agent.output).not.toMatch(/ERROR|could not be changed/);

  it('have what they had after a reboot, and the containers in their slots too', async () => {
    await slots.start('--slot', '1', ...SLEEP);
    await slots.start('--slot', '2', '--dual-nic', '--eth2', 'ovs1', ...SLEEP);
    await docker.exec('update', '--restart', 'always', 'ovs0-s01', 'ovs0-s02');
    // Of all this, the databases of Open vSwitch and of Docker are left.
    await agent.stop('SIGKILL');
    await host.ovs.killVswitchd();
    await docker.restart();
    await host.ovs.restartOvsdb();
    await host.exec('ip', ['link', 'set', 'dev', 'far', 'down']);
    for (const name of ['ovs0', 'ovs1', 'ovs-netdev']) await host.exec('ip', ['link', 'delete', 'dev', name]);

    // The switch comes last, and late.
    agent = await startAgent(host, '--docker', docker.socket);
    await agent.waitForOutput(/WARN +not plugged in again: .* container=ovs0-s01 code=HOST_SWITCH_SILENT/);
    await host.ovs.startVswitchd();
    await agent.waitForOutput(/put right again vswitch=ovs0 .*address add 10\.0\.0\.254\/24 dev ovs0/);
    await isReached('10.0.0.254');
    await isReached('fd00:1::a00:fe');
    for (const name of ['ovs0-s01', 'ovs0-s02']) await docker.reaches(name, '10.0.0.99');
    await docker.reaches('ovs0-s02', '10.1.0.1');
    await isReached('10.0.0.1');
    expect(
      (await galagoJson<{ changes: unknown }>(host, 'vswitch', 'create', '10.0.0.254/24')).changes,
    ).toEqual([]);
  });

  it('have it when an agent starts that was not there, and when ovs-vswitchd has made their links anew', async () => {
    await agent.stop();
    await host.exec('ip', ['address', 'flush', 'dev', 'ovs0']);
    await host.exec('ip', ['link', 'set', 'dev', 'far', 'down']);
    agent = await startAgent(host, '--docker', docker.socket);
    await isReached('10.0.0.254');
    await isReached('fd00:1::a00:fe');
    await host.ovs.restartVswitchd();
    await isReached('10.0.0.254');
    await isReached('fd00:1::a00:fe');
    expectNoErrors();
  });

  it('go without an address that has come to be of another link, and the agent says so', async () => {
    await agent.stop();
    await host.exec('ip', ['address', 'flush', 'dev', 'ovs0']);
    await host.exec('ip', ['address', 'add', '10.0.0.7/8', 'dev', 'lo']);
    agent = await startAgent(host, '--docker', docker.socket);
    await agent.waitForOutput(
      /ERROR not put right: 10\.0\.0\.254\/24 overlaps .* vswitch=ovs0 code=HOST_ADDRESS_TAKEN/,
    );
    expect(await host.exec('ip', ['-brief', 'address', 'show', 'dev', 'ovs0'])).not.toContain('10.0.0.254');
    await host.exec('ip', ['address', 'flush', 'dev', 'lo']);
    await host.exec('ip', ['address', 'add', '127.0.0.1/8', 'dev', 'lo']);
    await galagoJson(host, 'vswitch', 'create', '10.0.0.254/24');
    await isReached('10.0.0.254');
  });
}, ['dockerd', 'docker', 'busybox']);
