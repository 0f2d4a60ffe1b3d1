import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Host, Lab } from '../lab/index.ts';
import { CommandError, SEARCH_PATH } from '../lab/run.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, MAIN } from './host-cli.ts';

/** What `galago init --json` prints, as far as it is looked at. */
interface Initialized {
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
'restart galago-agent.service') [ -e broken ] || { sh -c "$(sed -n 's/^ExecStartPre=//p' $unit)" && touch active; } ;;
'daemon-reload') ;;
*) exit 9 ;;
esac
`;

describeWithLab('galago init where systemd is', () => {
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

  /** Runs it where the host's Open vSwitch is the machine's, and the machine has booted with systemd. */
  const onMachine = async (...args: readonly string[]) => {
    const script = `
      mount -t tmpfs none /run
      mkdir -p /run/openvswitch /run/systemd/system
      mount --bind ${host.ovs.dir} /run/openvswitch
      mount --bind ${join(dir, 'units')} /etc/systemd/system
      exec "$@"`;
    const command = ['--mount', 'sh', '-ec', script, 'sh', process.execPath, MAIN, ...args];
    return host.exec('unshare', command, { env: { PATH: `${dir}:${SEARCH_PATH}` }, timeoutMs: 60_000 });
  };
  const init = async (...args: readonly string[]): Promise<Initialized> =>
    JSON.parse(await onMachine('init', '--usermode', '--json', ...args));

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
    expect([await isThere('enabled'), await isThere('active')]).toEqual([true, true]);

    await writeFile(join(dir, 'calls'), '');
    expect(await init()).toMatchObject({ agent: 'galago-agent.service', changes: [] });
    expect(await readFile(join(dir, 'calls'), 'utf8')).not.toMatch(/restart|enable |reload/);
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
    expect([await isThere('enabled'), await isThere('active')]).toEqual([false, false]);
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
    for (const args of [[], ['--no-agent']]) expect(await init(...args)).toMatchObject({ agent: null });
    expect(await onMachine('cleanup')).not.toContain('systemd');
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
});
