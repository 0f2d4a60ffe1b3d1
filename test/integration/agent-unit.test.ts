import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Host, Lab } from '../lab/index.ts';
import { CommandError, SEARCH_PATH } from '../lab/run.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, MAIN } from './host-cli.ts';

/** What `galago init` and `galago vswitch create` print as JSON, as far as it is looked at. */
interface Made {
  readonly agent: string | null;
  readonly changes: readonly string[];
}

/**
 * In the place of `systemctl`, where no systemd can run: remembers what is enabled and active, and runs what the unit
 * says is to be run before the agent.
 */
const SYSTEMCTL = `#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >> calls
unit=/etc/systemd/system/galago-agent.service
case "$*" in
'is-enabled galago-agent.service') [ -e enabled ] && echo enabled ;;
'is-active galago-agent.service') [ -e active ] && echo active ;;
'enable --quiet galago-agent.service') touch enabled ;;
'disable --quiet --now galago-agent.service') rm -f enabled active ;;
'stop galago-agent.service') rm -f active ;;
'restart galago-agent.service') [ -e broken ] || { sh -c "$(sed -n 's/^ExecStartPre=//p' $unit)" && touch active; } ;;
'daemon-reload') ;;
*) exit 9 ;;
esac
`;

describeWithLab('a host where systemd is', () => {
  let lab: Lab;
  let host: Host;
  let dir: string;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addHost({ name: 'h1', address: '192.0.2.1/24', bridge: false });
    dir = join(host.ovs.dir, 'systemd');
    await mkdir(join(dir, 'units'), { recursive: true });
    await writeFile(join(dir, 'systemctl'), SYSTEMCTL, { mode: 0o755 });
  });

  afterAll(async () => {
    await lab?.close();
  });

  const unit = () => readFile(join(dir, 'units/galago-agent.service'), 'utf8');
  const isThere = (name: string) =>
    stat(join(dir, name)).then(
      () => true,
      () => false,
    );
  const isRunning = async () => [await isThere('enabled'), await isThere('active')];
  const forgetCalls = () => writeFile(join(dir, 'calls'), '');
  const calls = () => readFile(join(dir, 'calls'), 'utf8');

  /** The words of a command where the host's Open vSwitch is the machine's, and the machine has booted with systemd. */
  const machine = (...command: readonly string[]) => {
    const script = `
      mount -t tmpfs none /run
      mkdir -p /run/openvswitch /run/systemd/system
      mount --bind ${host.ovs.dir} /run/openvswitch
      mount --bind ${join(dir, 'units')} /etc/systemd/system
      exec "$@"`;
    return ['--mount', 'sh', '-ec', script, 'sh', ...command];
  };
  const onMachine = async (...args: readonly string[]) => {
    const env = { PATH: `${dir}:${SEARCH_PATH}` };
    return host.exec('unshare', machine(process.execPath, MAIN, ...args), { env, timeoutMs: 60_000 });
  };
  const json = async <T = Made>(...args: readonly string[]): Promise<T> =>
    JSON.parse(await onMachine(...args, '--json'));
  const init = (...args: readonly string[]) => json('init', '--usermode', ...args);
  const create = (...args: readonly string[]) =>
    json('vswitch', 'create', '--usermode', '10.0.0.254/24', ...args);

  it('has it run the agent from then on, and cleanup ends that', async () => {
    expect(await onMachine('init', '--usermode', '--dry-run')).toMatch(
      /^systemd: enable galago-agent.service$/m,
    );
    expect(await isThere('units/galago-agent.service')).toBe(false);
    const made = await init();
    expect(made).toMatchObject({
      agent: 'galago-agent.service',
      changes: expect.arrayContaining([
        'systemd: write /etc/systemd/system/galago-agent.service',
        'systemd: enable galago-agent.service',
        'systemd: start galago-agent.service',
      ]),
    });
    const start = `ExecStart=${process.execPath} ${MAIN} agent\n`;
    expect(await unit()).toContain(start);
    expect(await unit()).toMatch(
      /^ExecStartPre=.* init --no-agent --bridge br-int .* --local-ip 192\.0\.2\.1 .*--usermode$/m,
    );
    expect(await isRunning()).toEqual([true, true]);

    await forgetCalls();
    expect(await init()).toMatchObject({ agent: 'galago-agent.service', changes: [] });
    expect(await calls()).not.toMatch(/restart|enable |reload/);
    expect(await init('--mtu', '1400')).toMatchObject({
      changes: expect.arrayContaining(['systemd: restart galago-agent.service']),
    });
    expect(await init()).toMatchObject({ changes: [] });
    expect(await unit()).toContain('--mtu 1400');

    expect(await onMachine('cleanup', '--dry-run')).toMatch(
      /^systemd: stop and delete galago-agent.service$/m,
    );
    await onMachine('cleanup');
    expect(await isThere('units/galago-agent.service')).toBe(false);
    expect(await isRunning()).toEqual([false, false]);
  });

  it('has it run the agent for virtual switches too, as long as there are any', async () => {
    const made = [
      'systemd: write /etc/systemd/system/galago-agent.service',
      'systemd: enable galago-agent.service',
      'systemd: start galago-agent.service',
    ];
    const dry = await create('--dry-run');
    expect(dry.changes.slice(-3)).toEqual(made);
    expect(await isThere('units/galago-agent.service')).toBe(false);
    expect(await create()).toMatchObject({ agent: 'galago-agent.service', changes: dry.changes });
    expect(await unit()).not.toContain('ExecStartPre');
    expect(await isRunning()).toEqual([true, true]);
    await forgetCalls();
    expect(await create()).toMatchObject({ agent: 'galago-agent.service', changes: [] });
    expect(await calls()).not.toMatch(/restart|enable |reload/);
    const again = await onMachine('vswitch', 'create', '10.1.0.254/24', '--usermode', '--name', 'ovs1');
    expect(again).toBe('ovs1: 10.1.0.254/24\nagent: galago-agent.service runs\n');

    // It does so after a boot.
    expect(await json('status')).toMatchObject({
      problems: ['no agent looks after this host: journalctl --unit galago-agent.service'],
    });
    await host.exec('ip', ['address', 'flush', 'dev', 'ovs0']);
    const start = /^ExecStart=(.*)$/m.exec(await unit())![1]!;
    const agent = await host.start('unshare', machine('sh', '-c', `exec ${start}`));
    await agent.waitForOutput(/put right again vswitch=ovs0 .*address add 10\.0\.0\.254\/24/, 60_000);
    await agent.waitForOutput(/looking after this host bridges="?ovs0 ovs1/, 60_000);
    expect(await json('status')).toMatchObject({ agent: true, problems: [] });
    expect(await agent.stop()).toMatchObject({ code: 0 });
    expect(await onMachine('vswitch', 'remove', 'ovs1')).toBe('ovs1: removed\n');
    expect(await isRunning()).toEqual([true, true]);

    const remove = [
      'systemd: stop and delete galago-agent.service',
      'ovsdb: delete bridge ovs0',
      'nftables: delete table inet galago',
    ];
    expect(await json('vswitch', 'remove', '--dry-run')).toEqual({ changes: remove });
    expect(await isRunning()).toEqual([true, true]);
    expect(await json('vswitch', 'remove')).toEqual({ name: 'ovs0', removed: true, changes: remove });
    expect(await isThere('units/galago-agent.service')).toBe(false);
    expect(await isRunning()).toEqual([false, false]);
  });

  it('has it set the host up before the agent runs only while there is something to set up', async () => {
    await create();
    expect(await init()).toMatchObject({
      changes: expect.arrayContaining([
        'systemd: write /etc/systemd/system/galago-agent.service',
        'systemd: restart galago-agent.service',
      ]),
    });
    const whole = await unit();
    expect(whole).toMatch(/^ExecStartPre=.* init --no-agent .*--usermode$/m);
    expect(await create()).toMatchObject({ changes: [] });
    expect(await unit()).toBe(whole);

    const { changes } = await json('cleanup', '--dry-run');
    expect(changes.slice(0, 2)).toEqual([
      'systemd: write /etc/systemd/system/galago-agent.service',
      'systemd: restart galago-agent.service',
    ]);
    await forgetCalls();
    expect(await json('cleanup')).toEqual({ changes });
    // Not while the host is being cleaned up.
    expect((await calls()).match(/^(stop|restart)/gm)).toEqual(['stop', 'restart']);
    expect(await unit()).not.toContain('ExecStartPre');
    expect(await isRunning()).toEqual([true, true]);
    expect(await json('cleanup')).toEqual({ changes: [] });

    await init();
    expect(await onMachine('vswitch', 'remove')).toBe('ovs0: removed\n');
    expect(await unit()).toBe(whole);
    await onMachine('cleanup');
    expect(await isRunning()).toEqual([false, false]);
  });

  it('says so when the agent does not start', async () => {
    await writeFile(join(dir, 'broken'), '');
    const failure = await init().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CommandError);
    expect(failure).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('HOST_AGENT_FAILED') });
    await onMachine('cleanup');
  });

  it("leaves units alone that are not its own, with --no-agent, and for another Open vSwitch than the machine's", async () => {
    await writeFile(join(dir, 'units/galago-agent.service'), '[Service]\n');
    for (const args of [[], ['--no-agent']]) {
      expect(await init(...args)).toMatchObject({ agent: null });
      expect(await create(...args)).toMatchObject({ agent: null });
    }
    expect(await onMachine('cleanup')).not.toContain('systemd');
    expect(await onMachine('vswitch', 'remove')).toBe('ovs0: removed\n');
    await galago(host, 'init', '--usermode');
    await galago(host, 'cleanup');
    expect(await unit()).toBe('[Service]\n');
  });

  it('goes on as the agent in the foreground when it is asked to', async () => {
    const env = { OVS_RUNDIR: host.ovs.dir };
    const agent = await host.start(process.execPath, [MAIN, 'init', '--usermode', '--agent'], { env });
    await agent.waitForOutput(/looking after this host/, 60_000);
    expect(await agent.stop()).toMatchObject({ code: 0 });
    await galago(host, 'cleanup');
  });
}, ['nft']);
