import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type Docker, IMAGE } from '../lab/docker.ts';
import { eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { holdDocker, posts } from './hold-docker.ts';
import { galago, galagoJson, hostState, MAIN, startAgent } from './host-cli.ts';
import { SLEEP, SlotHost, type Started } from './slot-host.ts';

describeWithLab('containers in slots', () => {
  let lab: Lab;
  let slots: SlotHost;
  let host: Host;
  let docker: Docker;

  beforeAll(async () => {
    lab = await Lab.create();
    slots = await SlotHost.create(lab);
    ({ host, docker } = slots);
  });

  afterEach(() => slots.empty());

  afterAll(async () => {
    await docker?.stop();
    await lab?.close();
  });

  const run = (command: string, ...args: readonly string[]) => slots.run(command, ...args);
  const json = <T>(command: string, ...args: readonly string[]) => slots.json<T>(command, ...args);
  const start = (...args: readonly string[]) => slots.start(...args);
  const ps = () => slots.ps();

  const everything = async () => ({
    host: await hostState(host),
    containers: await docker.exec('ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.State}}'),
    flows: (await host.ovs.ofctl('dump-flows', 'ovs0', '--no-stats')).split('\n').sort(),
  });

  const refuse = async (exitCode: number, code: string, command: string, ...args: readonly string[]) => {
    expect(await run(command, ...args)).toEqual({
      ...{ exitCode, stdout: '' },
      stderr: expect.stringMatching(`^error: .*${code}.*\n$`),
    });
  };

  /** Fifty thousand bytes by HTTP, from the one to the other. */
  async function expectTcp(from: string, to: string, ip: string): Promise<void> {
    await docker.inside(to, 'sh', '-c', 'head -c 50000 /dev/zero >/tmp/file; httpd -p 5000 -h /tmp');
    const get = `wget -q -O - http://${ip}:5000/file | wc -c`;
    const isThere = async () => (await docker.inside(from, 'sh', '-c', get)).trim() === '50000';
    await eventually(isThere, { what: `50000 bytes of ${to}` });
  }

  it('have everything by their number, and reach each other and the host at once', async () => {
    const one = await start('--slot', '1', ...SLEEP);
    expect(one).toMatchObject({
      ...{ slot: 1, name: 'ovs0-s01', vswitch: 'ovs0', gateway: '10.0.0.254' },
      interfaces: [
        {
          ...{ ifname: 'eth0', vswitch: 'ovs0', port: 'ovs0-s01', ofport: 1, mac: '52:00:0a:00:00:01' },
          ips: ['10.0.0.1/24', 'fd00:1::a00:1/64'],
        },
      ],
    });
    // Without asking again: the flows are there before the container is.
    const first = await docker.inside('ovs0-s01', 'ping', '-c', '1', '-W', '20', '10.0.0.254');
    expect(first).toContain('1 packets received');
    expect(await docker.inside('ovs0-s01', 'hostname')).toMatch(/-ovs0-s01$/);
    expect(await docker.inside('ovs0-s01', 'ip', 'route')).toContain('default via 10.0.0.254 dev eth0');
    expect(await docker.inside('ovs0-s01', 'ip', 'link', 'show', 'eth0')).toContain('52:00:0a:00:00:01');

    // The lowest that is free.
    expect(await start(...SLEEP)).toMatchObject({ slot: 2, name: 'ovs0-s02' });
    await start('--slot', '4', ...SLEEP);
    expect(await start(...SLEEP)).toMatchObject({ slot: 3 });
    expect(await start('--vswitch', 'ovs1', '--slot', '300', ...SLEEP)).toMatchObject({ name: 'ovs1-s300' });
    await docker.reaches('ovs0-s01', '10.0.0.2');
    await docker.reaches('ovs0-s02', 'fd00:1::a00:1');
    await docker.reaches('ovs1-s300', '10.1.0.1');
    expect(await host.ofport('ovs1-s300')).toBe(300);
    await expectTcp('ovs0-s02', 'ovs0-s01', '10.0.0.1');

    const lines = await ps();
    expect(lines.map(({ name, state, slot }) => [name, state, slot])).toEqual([
      ['ovs0-s01', 'running', 1],
      ['ovs0-s02', 'running', 2],
      ['ovs0-s03', 'running', 3],
      ['ovs0-s04', 'running', 4],
      ['ovs1-s300', 'running', 300],
    ]);
    expect(lines[0]).toMatchObject({ id: one.id, image: IMAGE });
    const table = await galago(host, 'ps', '--docker', docker.socket, '--vswitch', 'ovs1');
    expect(table.stdout).toMatch(
      /^SLOT +IMAGE +ADDRESS .*\novs1-s300 +galago-test:1 +10\.1\.1\.44\/16 +52:00:0a:01:01:2c +Up .*\n$/,
    );
    const vswitches = [
      { name: 'ovs0', slots: 4 },
      { name: 'ovs1', slots: 1 },
    ];
    expect(await galagoJson(host, 'vswitch', 'list')).toMatchObject(vswitches);
    expect(await json('status')).toMatchObject({ vswitches, problems: [] });
    expect((await galago(host, 'vswitch', 'remove', 'ovs1')).stderr).toContain('HOST_VSWITCH_IN_USE');
  });

  it('are not touched by what is only to be said', async () => {
    await start('--slot', '1', ...SLEEP);
    const before = await everything();
    const say = async (command: string, ...args: readonly string[]) => {
      const { exitCode, stdout, stderr } = await run(command, '--dry-run', ...args);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      return stdout.trimEnd().split('\n');
    };
    expect(await say('start', '--vswitch', 'ovs1', ...SLEEP)).toEqual([
      'ovsdb: add port ovs1-s02 to ovs1: ofport_request=2',
      `docker: create ovs1-s02 of ${IMAGE}`,
      'docker: start ovs1-s02',
      'ovs1-s02: eth0 52:00:0a:01:00:02 10.1.0.2/16',
    ]);
    const end = ['docker: end ovs0-s01', 'ovsdb: delete port ovs0-s01'];
    expect(await say('stop', '--no-rm', '1')).toEqual(end);
    expect(await say('stop', '1')).toEqual(['docker: end and remove ovs0-s01', end[1]]);
    expect(await say('restart', '1')).toEqual([...end, 'docker: start ovs0-s01']);
    const remove = await galago(host, 'vswitch', 'remove', 'ovs1', '--dry-run');
    expect(remove.stdout).toBe('ovsdb: delete bridge ovs1\n');
    expect((await galago(host, 'vswitch', 'remove', '--dry-run')).stderr).toContain('HOST_VSWITCH_IN_USE');
    expect(await everything()).toEqual(before);
  });

  it('are refused in one line, and nothing is changed', async () => {
    await start('--slot', '1', ...SLEEP);
    await docker.run('ovs0-s05');
    const before = await everything();
    await refuse(1, 'HOST_SLOT_TAKEN', 'start', '--slot', '1', ...SLEEP);
    await refuse(1, 'HOST_SLOT_TAKEN', 'start', '--slot', '5', ...SLEEP);
    await refuse(1, 'HOST_IMAGE_UNKNOWN', 'start', 'no/such:image');
    await refuse(1, 'HOST_IMAGE_UNKNOWN', 'start', '../containers');
    await refuse(
      1,
      "no virtual switch 'ovs9', but there is 'ovs0', 'ovs1';.*HOST_VSWITCH_UNKNOWN",
      'start',
      '--vswitch',
      'ovs9',
      ...SLEEP,
    );
    await refuse(1, 'HOST_VSWITCH_UNKNOWN', 'start', '--eth1', 'ovs9', ...SLEEP);
    await refuse(1, 'HOST_SLOT_INVALID', 'start', '--slot', '254', ...SLEEP);
    await refuse(1, 'HOST_SLOT_INVALID', 'start', '--slot', '256', ...SLEEP);
    await refuse(1, 'HOST_SLOT_INVALID', 'start', '--slot', '1', '--eth1', 'ovs1', ...SLEEP);
    await refuse(1, 'expected a number from 1 to 29999', 'start', '--slot', '0', ...SLEEP);
    await refuse(1, 'HOST_SLOT_CONFLICT', 'start', '--eth1', 'ovs0', ...SLEEP);
    await refuse(1, 'HOST_SLOT_CONFLICT', 'start', '--dual-nic', '--eth1', 'ovs1', ...SLEEP);
    await refuse(1, 'HOST_SLOT_FOREIGN', 'stop', '5');
    await refuse(1, 'HOST_SLOT_FOREIGN', 'attach', '5');
    await refuse(1, 'HOST_SLOT_EMPTY', 'attach', '9');
    await refuse(1, 'HOST_SLOT_EMPTY', 'restart', '9');
    await refuse(1, 'HOST_IMAGE_UNKNOWN', 'restart', '1', 'no/such:image');
    await refuse(1, 'options come before the slot', 'restart', '1', '--time', '0');
    const silent = await galago(host, 'start', '--docker', '/nonexistent/docker.sock', IMAGE);
    expect(silent).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('HOST_DOCKER_FAILED') });
    expect(await json('stop', '9')).toEqual({ name: 'ovs0-s09', changed: false });
    expect(await everything()).toEqual(before);
  });

  it('leave nothing behind when they cannot be started', async () => {
    const before = await everything();
    await refuse(2, 'HOST_DOCKER_FAILED', 'start', IMAGE, 'no-such-program');
    await refuse(2, 'status 3.*HOST_CONTAINER_ENDED', 'start', IMAGE, 'sh', '-c', 'exit 3');
    expect(await everything()).toEqual(before);
    const rival = ['add-port', 'ovs0', 'rival', '--', 'set', 'Interface', 'rival', 'type=internal'];
    await host.ovs.vsctl(...rival, 'ofport_request=7');
    await refuse(2, 'port number .*HOST_PORT_FAILED', 'start', '--slot', '7', ...SLEEP);
    await host.ovs.vsctl('del-port', 'rival');
    expect(await everything()).toEqual(before);
    await start('--slot', '7', ...SLEEP);
  });

  it('end and are removed, or are kept and started again, in the same place', async () => {
    const before = await everything();
    const { id } = await start('--slot', '2', '--eth2', 'ovs1', ...SLEEP);
    await start('--slot', '1', ...SLEEP);
    await json('stop', '2', '--no-rm', '--time', '0');
    expect(await ps()).toMatchObject([{ slot: 1 }, { name: 'ovs0-s02', state: 'exited', interfaces: [] }]);
    await refuse(1, 'HOST_CONTAINER_STOPPED', 'attach', '2');
    await refuse(1, 'HOST_SLOT_TAKEN', 'start', '--slot', '2', ...SLEEP);
    expect(await json('restart', 'ovs0-s02')).toMatchObject({ id, slot: 2 });
    await docker.reaches('ovs0-s01', '10.0.0.2');
    await docker.reaches('ovs0-s02', '10.1.0.1');
    // While it runs, too.
    expect(await json('restart', '--time', '0', '2')).toMatchObject({ id });
    await docker.reaches('ovs0-s02', '10.0.0.1');
    // And as another one, with the same interfaces.
    const other = await json<Started>('restart', '--time', '0', '2', IMAGE, 'sleep', '999999');
    const interfaces = [{ ifname: 'eth0' }, { ifname: 'eth2', vswitch: 'ovs1' }];
    expect(other).toMatchObject({ slot: 2, interfaces });
    expect(other.id).not.toBe(id);
    await docker.reaches('ovs0-s02', '10.0.0.1');
    for (const slot of ['1', '2']) await json('stop', slot, '--time', '0');
    expect(await everything()).toEqual(before);
  });

  it('have internal ports when told', async () => {
    const before = await everything();
    await start('--slot', '1', ...SLEEP);
    await start('--slot', '2', '--internal', ...SLEEP);
    expect((await host.ovs.vsctl('get', 'Interface', 'ovs0-s02', 'type')).trim()).toBe('internal');
    expect(await host.ofport('ovs0-s02')).toBe(2);
    await docker.reaches('ovs0-s02', '10.0.0.1');
    await expectTcp('ovs0-s01', 'ovs0-s02', '10.0.0.2');
    await json('restart', '--time', '0', '2');
    await docker.reaches('ovs0-s01', '10.0.0.2');
    for (const slot of ['1', '2']) await json('stop', slot, '--time', '0');
    expect(await everything()).toEqual(before);
  });

  it('have further interfaces in the same slot of other virtual switches', async () => {
    await start('--vswitch', 'ovs1', '--slot', '6', ...SLEEP);
    await refuse(1, 'slot 6 of ovs1 is taken', 'start', '--slot', '6', '--eth1', 'ovs1', ...SLEEP);
    await start('--slot', '5', '--eth1', 'ovs1', ...SLEEP);
    await docker.reaches('ovs0-s05', '10.1.0.6');
    await docker.reaches('ovs0-s05', '10.0.0.254');
    expect(await docker.inside('ovs0-s05', 'ip', 'address', 'show', 'eth1')).toContain('inet 10.1.0.5/16');
    await refuse(1, 'slot 5 of ovs1 is taken', 'start', '--vswitch', 'ovs1', '--slot', '5', ...SLEEP);
    // 1 is ovs1 itself, 5 and 6 are taken.
    const numbers: number[] = [];
    for (let i = 0; i < 4; i++) numbers.push((await start('--vswitch', 'ovs1', ...SLEEP)).slot);
    expect(numbers).toEqual([2, 3, 4, 7]);
    expect((await start('--eth3', 'ovs1', ...SLEEP)).slot).toBe(8);
  });

  it('pass frames on with two interfaces, for flows that lead there', async () => {
    await start('--slot', '1', ...SLEEP);
    await start('--slot', '2', ...SLEEP);
    const made = await start('--slot', '7', '--dual-nic', ...SLEEP);
    expect(made).toMatchObject({
      interfaces: [
        { ifname: 'eth0', port: 'ovs0-s07', ofport: 7, mac: '52:00:0a:00:00:07' },
        { ifname: 'eth1', port: 'ovs0-o07', ofport: 30_007, mac: '52:80:0a:00:00:07', ips: [] },
      ],
    });
    await docker.reaches('ovs0-s01', '10.0.0.7');
    await docker.reaches('ovs0-s07', '10.0.0.254');
    // The way from 1 to 2 leads in by one port and out by the other.
    await host.ovs.ofctl('add-flow', 'ovs0', 'priority=40000,ip,in_port=1,nw_dst=10.0.0.2,actions=output:7');
    await docker.reaches('ovs0-s01', '10.0.0.2');
    const passed = await host.ovs.ofctl('dump-ports', 'ovs0', '30007');
    expect(Number(/rx pkts=(\d+)/.exec(passed)?.[1])).toBeGreaterThan(0);
    await host.ovs.ofctl('del-flows', 'ovs0', 'ip,in_port=1,nw_dst=10.0.0.2');
    await json('stop', '7', '--time', '0');
    expect(await host.ovs.vsctl('list-ports', 'ovs0')).not.toMatch(/s07|o07/);
  });

  it('are talked to at their terminal, until the keys that end it', async () => {
    await start('--slot', '1', IMAGE, 'sh');
    const attach = (typed: string) =>
      host.exec(process.execPath, [MAIN, 'attach', '1', '--docker', docker.socket], {
        env: { OVS_RUNDIR: host.ovs.dir },
        input: typed,
        timeoutMs: 60_000,
      });
    // The sum is not in what is typed, which the terminal shows as well.
    await attach('echo is $((40 + 2))\n\x10\x11');
    const isPrinted = async () => (await docker.exec('logs', 'ovs0-s01')).includes('is 42');
    await eventually(isPrinted, { what: 'what the shell prints' });
    expect(await ps()).toMatchObject([{ state: 'running' }]);
    expect(await attach('echo then $((40 + 3)); exit\n')).toContain('then 43');
    await eventually(async () => (await ps())[0]?.state === 'exited', { what: 'the shell to end' });
  });

  it('are told of by status when they and their ports do not go together', async () => {
    for (const slot of ['1', '2', '3', '4']) await start('--slot', slot, ...SLEEP);
    await start('--slot', '5', '--eth1', 'ovs1', '--internal', ...SLEEP);
    await start('--slot', '6', '--dual-nic', ...SLEEP);
    await json('stop', '4', '--no-rm', '--time', '0');
    await docker.run('ovs0-s07');
    expect(await slots.problems()).toEqual([]);
    await docker.exec('restart', '--time', '0', 'ovs0-s01');
    await docker.exec('kill', 'ovs0-s02');
    await docker.exec('rm', '--force', 'ovs0-s03');
    await docker.exec('start', 'ovs0-s04');
    await host.ovs.vsctl('del-port', 'ovs1-s05');
    await host.exec('ip', ['link', 'delete', 'dev', 'ovs0-o06']);
    const found = [
      'ovs0-s01 runs, and is not plugged in: galago restart ovs0-s01',
      'ovs0-s02 does not run (ovs0-s02): galago restart ovs0-s02, or galago stop ovs0-s02',
      'ovs0-s03: there is no container ovs0-s03: galago cleanup --containers',
      ...['04', '05', '06'].map(
        (slot) => `ovs0-s${slot} runs, and is not plugged in: galago restart ovs0-s${slot}`,
      ),
    ];
    await eventually(async () => (await ps())[1]?.state === 'exited', { what: 'the end of ovs0-s02' });
    expect(await slots.problems()).toEqual(found);
    const { stdout } = await galago(host, 'status', '--docker', docker.socket);
    expect(stdout).toMatch(/^vswitch: +ovs1: 10\.1\.0\.1\/16, datapath netdev, 0 slots in use$/m);
    expect(stdout).toContain(`\nproblem:   ${found[0]}\n`);
    const silent = await galago(host, 'status', '--docker', '/nonexistent/docker.sock');
    expect(silent.stdout).toMatch(/^problem: .*\/nonexistent\/docker\.sock/m);
    await docker.exec('rm', '--force', 'ovs0-s07');
    for (const slot of ['1', '2', '4', '5', '6']) await json('restart', '--time', '0', slot);
    await json('cleanup', '--containers');
    expect(await slots.problems()).toEqual([]);
  });

  it('are removed by cleanup when they have ended, and no others', async () => {
    await start('--slot', '1', ...SLEEP);
    await start('--slot', '2', ...SLEEP);
    await docker.run('other');
    await docker.run('ovs0-s09');
    await docker.exec('kill', 'ovs0-s02', 'other', 'ovs0-s09');
    await eventually(async () => (await ps())[1]?.state === 'exited', { what: 'the end of ovs0-s02' });
    const changes = ['docker: remove ovs0-s02, which is exited', 'ovsdb: delete port ovs0-s02'];
    expect(await json('cleanup', '--containers', '--dry-run')).toEqual({ changes });
    expect(await json('cleanup', '--containers')).toEqual({ changes });
    const left = await docker.exec('ps', '--all', '--format', '{{.Names}}');
    expect(left.split('\n').sort()).toEqual(['other', 'ovs0-s01', 'ovs0-s09']);
    expect(await json('cleanup', '--containers')).toEqual({ changes: [] });
    await docker.reaches('ovs0-s01', '10.0.0.254');
  });

  it.each([
    ['before it was made', '/containers/create', 'before'],
    ['when it was made', '/containers/create', 'after'],
    ['when it ran', '/start', 'after'],
  ] as const)(
    'are started by the same command as one that was killed %s, or cleaned up',
    async (_, path, when) => {
      const before = await everything();
      for (const isCleanedUp of [true, false]) {
        const held = await holdDocker(docker.socket, posts(path), when);
        const args = [MAIN, 'start', '--docker', held.socket, '--slot', '3', ...SLEEP];
        const killed = await host.start(process.execPath, args, { env: { OVS_RUNDIR: host.ovs.dir } });
        await held.reached;
        await killed.stop('SIGKILL');
        await held.close();
        expect(await ps()).toMatchObject([{ name: 'ovs0-s03', state: 'interrupted' }]);
        expect(await slots.problems()).toEqual([expect.stringContaining('ovs0-s03')]);
        if (!isCleanedUp) continue;
        await json('cleanup', '--containers');
        expect(await everything()).toEqual(before);
      }
      await start('--slot', '3', ...SLEEP);
      await docker.reaches('ovs0-s03', '10.0.0.254');
      await json('stop', '3', '--time', '0');
      expect(await everything()).toEqual(before);
    },
  );

  it('are started over links and ports that are left without a container', async () => {
    const before = await everything();
    const pair = ['link', 'add', 'name', 'ovs0-s03', 'type', 'veth', 'peer', 'name', 'ovs0-c03'];
    await host.exec('ip', pair);
    await start('--slot', '3', ...SLEEP);
    await docker.exec('rm', '--force', 'ovs0-s03');
    expect(await ps()).toMatchObject([{ state: 'interrupted', image: null }]);
    await start('--slot', '3', ...SLEEP);
    await docker.reaches('ovs0-s03', '10.0.0.254');
    await json('stop', '3', '--time', '0');
    await host.exec('ip', pair);
    expect(await json('cleanup', '--containers')).toEqual({ changes: ['ip link delete dev ovs0-s03'] });
    expect(await everything()).toEqual(before);
  });

  it('are looked after by an agent while one runs', async () => {
    const agent = await startAgent(host, '--docker', docker.socket);
    await start('--slot', '1', ...SLEEP);
    await start('--slot', '2', '--eth1', 'ovs1', ...SLEEP);
    await docker.reaches('ovs0-s01', '10.0.0.2');
    await host.ovs.ofctl('del-flows', 'ovs0');
    await docker.reaches('ovs0-s01', '10.0.0.2');
    await json('stop', '1', '--time', '0');
    expect(agent.output).not.toMatch(/ERROR|could not be changed/);
    await agent.stop();
    await docker.reaches('ovs0-s02', '10.0.0.254');
  });
}, ['dockerd', 'docker', 'busybox']);
