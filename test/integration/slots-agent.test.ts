import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Docker, IMAGE } from '../lab/docker.ts';
import { eventually, type Host, Lab, run } from '../lab/index.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { holdDocker, posts } from './hold-docker.ts';
import { MAIN, startAgent } from './host-cli.ts';
import { SLEEP, SlotHost } from './slot-host.ts';

describeWithLab('containers in slots, while an agent runs,', () => {
  let lab: Lab;
  let slots: SlotHost;
  let host: Host;
  let docker: Docker;
  let agent: RunningProcess;

  beforeAll(async () => {
    lab = await Lab.create();
    slots = await SlotHost.create(lab);
    ({ host, docker } = slots);
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

  /** What a container has of networks: links, their addresses, routes. */
  async function networkOf(name: string): Promise<unknown> {
    const netns = `--net=/proc/${await docker.pid(name)}/ns/net`;
    const ip = async (...args: readonly string[]) =>
      JSON.parse((await run('nsenter', [netns, 'ip', '-json', ...args])) || '[]');
    const links: readonly Record<string, unknown>[] = await ip('address');
    return {
      links: links.map(({ ifname, address, mtu, flags, master, addr_info }) => {
        const ips = (addr_info as readonly Record<string, string>[]).filter(({ scope }) => scope !== 'link');
        const isUp = (flags as readonly string[]).includes('UP');
        return {
          ifname,
          address,
          mtu,
          master,
          isUp,
          ips: ips.map(({ local, prefixlen }) => [local, prefixlen]),
        };
      }),
      routes: await ip('route'),
    };
  }

  /** What is said of a slot that stays the same when its container is started anew. */
  async function slotOf(name: string): Promise<unknown> {
    const line = (await slots.ps()).find((one) => one.name === name);
    return { id: line?.id, state: line?.state, interfaces: line?.interfaces, network: await networkOf(name) };
  }

  const until = (isSo: () => Promise<boolean>, what: string) => eventually(isSo, { what, intervalMs: 100 });
  const stateOf = async (name: string) => (await slots.ps()).find((one) => one.name === name)?.state;
  const portsOf = async (name: string) => {
    const found = await host.ovs.vsctl(
      '--bare',
      '--columns=name',
      'find',
      'Interface',
      `external_ids:galago-slot=${name}`,
    );
    return found.split('\n').filter((line) => line !== '');
  };
  /** Chooses calls for a container while its ports are made, and it does not have them yet. */
  const isEntering = (name: string) => async (_: string, path: string) => {
    if (!/^\/containers\/[0-9a-f]{64}\/json$/.test(path)) return false;
    const [port] = await portsOf(name);
    if (port === undefined) return false;
    return !(await host.ovs.vsctl('get', 'Interface', port, 'external_ids')).includes('galago-netns');
  };
  const untilSaid = (words: string, name: string) =>
    agent.waitForOutput(new RegExp(`${words} container=${name} `));
  const expectNoErrors = () => expect(agent.output).not.toMatch(/ERROR|could not be changed/);

  it.each([
    ['with a veth pair', []],
    ['with two of them, on two switches', ['--eth1', 'ovs1']],
    ['with an internal port', ['--internal']],
    ['with two interfaces that pass frames on', ['--dual-nic']],
  ] as const)('are plugged in again as they were when Docker restarts one %s', async (_, options) => {
    await slots.start('--slot', '1', ...SLEEP);
    await slots.start('--slot', '2', ...options, ...SLEEP);
    const before = await slotOf('ovs0-s02');
    await docker.exec('restart', '--time', '0', 'ovs0-s02');
    await untilSaid('plugged in again', 'ovs0-s02');
    expect(await slotOf('ovs0-s02')).toEqual(before);
    expect(await slots.problems()).toEqual([]);
    await docker.reaches('ovs0-s01', '10.0.0.2');
    await docker.reaches('ovs0-s02', 'fd00:1::a00:1');
    expectNoErrors();
  });

  it('are plugged in again when their program has crashed, or Docker itself was restarted', async () => {
    for (const slot of ['1', '2', '3']) await slots.start('--slot', slot, ...SLEEP);
    await docker.exec('update', '--restart', 'always', 'ovs0-s01', 'ovs0-s03');
    await slots.json('stop', '3', '--no-rm', '--time', '0');
    const before = await slotOf('ovs0-s01');
    process.kill(Number(await docker.pid('ovs0-s01')), 'SIGKILL');
    await untilSaid('plugged in again', 'ovs0-s01');
    expect(await slotOf('ovs0-s01')).toEqual(before);
    await docker.reaches('ovs0-s02', '10.0.0.1');
    // One that was stopped stays so.
    expect([await stateOf('ovs0-s03'), await portsOf('ovs0-s03')]).toEqual(['exited', []]);

    await docker.restart();
    await until(async () => (await stateOf('ovs0-s01')) === 'running', 'the container to run');
    await docker.reaches('ovs0-s01', '10.0.0.254');
    expect(await slotOf('ovs0-s01')).toEqual(before);
    expect(await stateOf('ovs0-s02')).toBe('exited');
    // Docker brings back what was stopped and shall always run: with its interfaces, as anything in a slot has.
    await docker.reaches('ovs0-s03', '10.0.0.1');
    expectNoErrors();
  });

  it('are plugged in again that ran while none did, and stay ended that were', async () => {
    for (const slot of ['1', '2', '3']) await slots.start('--slot', slot, ...SLEEP);
    await slots.start('--slot', '4', '--internal', ...SLEEP);
    await slots.json('stop', '3', '--no-rm', '--time', '0');
    await agent.stop();
    await docker.exec('restart', '--time', '0', 'ovs0-s01');
    await docker.exec('rm', '--force', 'ovs0-s02');
    await docker.exec('kill', 'ovs0-s04');
    expect((await networkOf('ovs0-s01')) as object).toMatchObject({ links: [{ ifname: 'lo' }] });
    agent = await startAgent(host, '--docker', docker.socket);
    await docker.reaches('ovs0-s01', '10.0.0.254');
    await until(async () => (await portsOf('ovs0-s02')).length === 0, 'the port of the one that was removed');
    await until(
      async () => (await portsOf('ovs0-s04')).length === 0,
      'the internal port of the one that ended',
    );
    expect(await stateOf('ovs0-s03')).toBe('exited');
    expectNoErrors();
  });

  it('are plugged in when they are started after galago stop --no-rm, and when somebody has deleted a link', async () => {
    await slots.start('--slot', '1', '--dual-nic', ...SLEEP);
    const before = await slotOf('ovs0-s01');
    await slots.json('stop', '1', '--no-rm', '--time', '0');
    await docker.exec('start', 'ovs0-s01');
    await untilSaid('plugged in again', 'ovs0-s01');
    expect(await slotOf('ovs0-s01')).toEqual(before);
    await host.exec('ip', ['link', 'delete', 'dev', 'ovs0-o01']);
    await until(
      async () => JSON.stringify(await slotOf('ovs0-s01')) === JSON.stringify(before),
      'the same again',
    );
    await docker.reaches('ovs0-s01', '10.0.0.254');
  });

  it('lose their ports when they are removed, and internal ones when they end', async () => {
    await slots.start('--slot', '3', '--eth1', 'ovs1', ...SLEEP);
    await slots.start('--slot', '2', '--internal', ...SLEEP);
    await docker.exec('rm', '--force', 'ovs0-s03');
    await until(async () => (await portsOf('ovs0-s03')).length === 0, 'the ports of ovs0-s03');
    await docker.exec('kill', 'ovs0-s02');
    await until(async () => (await portsOf('ovs0-s02')).length === 0, 'the port of ovs0-s02');
    expect(await slots.ps()).toMatchObject([{ name: 'ovs0-s02', state: 'exited' }]);
    expectNoErrors();
  });

  it('are left without a network, and go on, when their slot cannot be had any more', async () => {
    await slots.start('--slot', '6', '--eth1', 'ovs1', ...SLEEP);
    await slots.json('stop', '6', '--no-rm', '--time', '0');
    await slots.start('--vswitch', 'ovs1', '--slot', '6', ...SLEEP);
    await docker.exec('start', 'ovs0-s06');
    await agent.waitForOutput(/ERROR not plugged in again: slot 6 of ovs1 is taken: .*container=ovs0-s06 /);
    expect(await stateOf('ovs0-s06')).toBe('running');
    await docker.reaches('ovs1-s06', '10.1.0.1');
  });

  it('are left to a command that is under way with them', async () => {
    const held = await holdDocker(docker.socket, posts('/start'), 'after');
    const args = ['start', '--docker', held.socket, '--slot', '1', ...SLEEP];
    const command = await host.start(process.execPath, [MAIN, ...args], {
      env: { OVS_RUNDIR: host.ovs.dir },
    });
    await held.reached;
    // It runs without its interfaces, and Docker has told the agent.
    expect((await networkOf('ovs0-s01')) as object).toMatchObject({ links: [{ ifname: 'lo' }] });
    held.release();
    expect(await command.exited).toMatchObject({ code: 0 });
    await held.close();
    // The agent does one thing after the other: it has looked at the first one when it speaks of this one.
    await slots.start('--slot', '2', ...SLEEP);
    await docker.exec('restart', '--time', '0', 'ovs0-s02');
    await untilSaid('plugged in again', 'ovs0-s02');
    expect(agent.output).not.toContain('container=ovs0-s01');
    await docker.reaches('ovs0-s01', '10.0.0.2');
    expectNoErrors();
  });

  it.each(['start', 'restart'])(
    'get from it what a galago %s that was killed has not given them',
    async (word) => {
      if (word === 'restart') await slots.start('--slot', '1', ...SLEEP);
      const held = await holdDocker(docker.socket, posts('/start'), 'after');
      const rest = word === 'start' ? ['--slot', '1', ...SLEEP] : ['--time', '0', '1'];
      const args = [MAIN, word, '--docker', held.socket, ...rest];
      const killed = await host.start(process.execPath, args, { env: { OVS_RUNDIR: host.ovs.dir } });
      await held.reached;
      await killed.stop('SIGKILL');
      await held.close();
      await untilSaid('plugged in again', 'ovs0-s01');
      await docker.reaches('ovs0-s01', '10.0.0.254');
      expect(await slots.ps()).toMatchObject([{ name: 'ovs0-s01', state: 'running' }]);
      expectNoErrors();
    },
  );

  it('end as galago stop says while it is plugging them in, and nothing is left', async () => {
    await slots.start('--slot', '1', ...SLEEP);
    await agent.stop();
    const held = await holdDocker(docker.socket, isEntering('ovs0-s01'), 'before');
    agent = await startAgent(host, '--docker', held.socket);
    await docker.exec('restart', '--time', '0', 'ovs0-s01');
    await held.reached;
    const stopped = slots.run('stop', '1', '--time', '0');
    await until(async () => (await docker.exec('ps', '--quiet')) === '', 'the container to end');
    held.release();
    expect(await stopped).toMatchObject({ exitCode: 0 });
    expect([await portsOf('ovs0-s01'), await slots.ps()]).toEqual([[], []]);
    await agent.stop();
    await held.close();
  });

  it('are plugged in by the next one when one was killed while it did that', async () => {
    await slots.start('--slot', '1', '--dual-nic', ...SLEEP);
    const before = await slotOf('ovs0-s01');
    await agent.stop();
    const held = await holdDocker(docker.socket, isEntering('ovs0-s01'), 'before');
    agent = await startAgent(host, '--docker', held.socket);
    await docker.exec('restart', '--time', '0', 'ovs0-s01');
    await held.reached;
    await agent.stop('SIGKILL');
    await held.close();
    expect(await stateOf('ovs0-s01')).toBe('interrupted');
    agent = await startAgent(host, '--docker', docker.socket);
    await untilSaid('plugged in again', 'ovs0-s01');
    expect(await slotOf('ovs0-s01')).toEqual(before);
    await docker.reaches('ovs0-s01', '10.0.0.254');
  });

  it('are what the last command says, however many of them and of Docker come at a time', async () => {
    for (const slot of ['1', '2', '3']) await slots.start('--slot', slot, ...SLEEP);
    const restart = () => docker.exec('restart', '--time', '0', 'ovs0-s01').catch(() => '');
    for (let i = 0; i < 3; i++) {
      const commands = [
        slots.run('restart', '--time', '0', '1'),
        slots.run('restart', '--time', '0', '2', IMAGE, 'sleep', '999999'),
        slots.run('stop', '3', '--no-rm', '--time', '0'),
      ];
      await Promise.all([...commands, restart()]);
      await slots.json('restart', '--time', '0', '3');
    }
    for (const slot of ['1', '2', '3']) await slots.json('restart', '--time', '0', slot);
    for (const slot of ['2', '3']) await docker.reaches('ovs0-s01', `10.0.0.${slot}`);
    for (const slot of ['1', '2', '3']) await slots.json('stop', slot, '--time', '0');
    expect(await slots.ps()).toEqual([]);
  });
}, ['dockerd', 'docker', 'busybox']);
