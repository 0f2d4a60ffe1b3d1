import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually, type Host, Lab } from '../lab/index.ts';
import { run, SEARCH_PATH } from '../lab/run.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson, hostState, MAIN, startAgent } from './host-cli.ts';

const UPLINK = ['init', '--usermode', '--uplink', 'eth0', '--local-ip', '192.0.2.1'];
/** What the host has beside its addresses, each as somebody may well have it. */
const NETWORK = `
  address add 198.51.100.1/24 dev eth0 label eth0:1
  address add 198.51.100.9/32 dev eth0 metric 5
  address add 10.9.0.1 peer 10.9.0.2/32 dev eth0
  address add 2001:db8::5/128 nodad dev eth0
  address add 2001:db8:0:5::1/64 dev eth0 valid_lft 5000 preferred_lft 4000
  route add 0.0.0.0/0 via 192.0.2.2 metric 100 proto static mtu 1400
  route add 203.0.113.0/24 via 192.0.2.2 src 198.51.100.1
  route add 203.0.114.0/24 via 192.0.9.2 table 77 onlink dev eth0
  route add ::/0 via 2001:db8::2 dev eth0 metric 5
  route add ::/0 via fe80::1 dev eth0 proto ra metric 1024 expires 900 pref high
`;

describeWithLab('galago init --uplink', () => {
  let lab: Lab;
  let host: Host;
  let other: Host;
  let before: Awaited<ReturnType<typeof network>>;

  beforeEach(async () => {
    lab = await Lab.create();
    const addresses = (number: number) => [`192.0.2.${number}/24`, `2001:db8::${number}/64`];
    [host, other] = await Promise.all([
      lab.addHost({ name: 'h1', address: addresses(1), bridge: false, uplink: 'device' }),
      lab.addHost({ name: 'h2', address: addresses(2), bridge: false }),
    ]);
    await host.exec('ip', ['-batch', '-'], { input: NETWORK.trim() });
    await eventually(
      async () => (await host.exec('ip', ['-oneline', 'address', 'show', 'tentative'])) === '',
    );
    before = await network(host);
  });

  afterEach(async () => {
    await lab?.close();
  });

  const isReached = async () => {
    const replies = [await other.ping('192.0.2.1'), await other.ping('2001:db8::1')];
    return replies.every(({ received, duplicates }) => received === 1 && duplicates === 0);
  };
  const isAsBefore = () =>
    eventually(async () => expect(await network(host)).toEqual(before), { what: 'the network of before' });

  it('carries pods through a bridge in the place of the device, until cleanup gives that its own back', async () => {
    const boxes = await Promise.all(
      [host, other].map((one, i) => one.addContainer({ name: `box${i}`, bridge: false })),
    );
    // Until the other end of the pair is up, this one is not.
    await eventually(async () => {
      const settled = await network(host);
      expect(settled.links.join()).not.toContain('NO-CARRIER');
      expect(await host.exec('ip', ['-oneline', 'address', 'show', 'tentative'])).toBe('');
    });
    before = await network(host);
    const dry = await galago(host, ...UPLINK, '--dry-run');
    expect(dry.stdout).toMatch(/^ip: move 192\.0\.2\.1\/24, .* and 5 routes from eth0 to br-phy$/m);
    const refused = await galago(host, ...UPLINK);
    expect(refused).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^error: .*--yes.*HOST_CONSENT_REQUIRED/),
    });
    expect(await network(host)).toEqual(before);

    expect(await galagoJson(host, ...UPLINK, '--yes')).toMatchObject({ uplink: 'eth0', mustConfirm: true });
    await eventually(isReached, { what: 'the host at its addresses' });
    expect(manual(await network(host))).toEqual(manual(before));
    expect(await galagoJson(host, 'status')).toMatchObject({
      uplink: 'eth0',
      problems: expect.arrayContaining([expect.stringContaining('unconfirmed')]),
    });
    expect((await galago(host, 'init', '--confirm', '--dry-run')).stdout).toContain('galago-uplink=eth0');
    expect(await galagoJson(host, 'init', '--confirm')).toEqual({ uplink: 'eth0', agent: null });
    expect(await galagoJson(host, 'status')).toMatchObject({
      ...{ uplink: 'eth0', agent: false },
      problems: ['no agent looks after this host: galago agent'],
    });
    expect((await galago(host, 'init', '--confirm')).stderr).toContain('HOST_UPLINK_SETTLED');
    expect(await galagoJson(host, ...UPLINK)).toMatchObject({ changes: [], mustConfirm: false });
    await host.exec('nft', ['flush', 'ruleset']);
    expect(await galagoJson(host, 'init')).toMatchObject({
      changes: [expect.stringMatching(/^nftables netdev/), expect.stringMatching(/^nftables inet/)],
    });
    expect(await galagoJson(host, 'init')).toMatchObject({ changes: [] });
    expect(await isReached()).toBe(true);

    await galagoJson(other, 'init', '--usermode', '--local-ip', '192.0.2.2');
    const agents: RunningProcess[] = [];
    for (const [i, one] of [host, other].entries()) {
      await galago(one, 'cluster', '192.0.2.1', '192.0.2.2');
      agents.push(await startAgent(one));
      await galagoJson(one, 'connect', `netns:${boxes[i]!.netns}`, `10.0.0.${i + 1}`, '7');
    }
    await eventually(async () => (await boxes[0]!.ping('10.0.0.2')).received === 1, { what: 'the pod' });
    await host.exec('nft', ['flush', 'ruleset']);
    await agents[0]!.waitForOutput(/put right again .*keep what eth0 receives from the kernel/);
    expect(await isReached()).toBe(true);

    expect((await galago(host, 'cleanup')).stderr).toContain('HOST_CONSENT_REQUIRED');
    expect(await galago(host, 'cleanup', '--yes')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await network(host)).toEqual(before);
    expect(await isReached()).toBe(true);
  });

  it('moves again without asking after a reboot, when it was confirmed before', async () => {
    await galagoJson(host, ...UPLINK, '--yes');
    await galagoJson(host, 'init', '--confirm');
    const moved = await network(host);
    // The network is set up as it was, and the database remembers.
    await host.exec('nft', ['delete', 'table', 'netdev', 'galago']);
    await host.exec('ip', ['address', 'flush', 'dev', 'br-phy', 'scope', 'global']);
    await host.exec('ip', ['link', 'set', 'br-phy', 'down']);
    for (const address of ['192.0.2.1/24', '2001:db8::1/64'])
      await host.exec('ip', ['address', 'add', address, 'nodad', 'dev', 'eth0']);
    await host.exec('ip', ['-batch', '-'], { input: NETWORK.trim() });
    expect(await galagoJson(host, 'init')).toMatchObject({ uplink: 'eth0', mustConfirm: false });
    await eventually(() => !existsSync(recordOf(host)), { what: 'the guard to end' });
    expect((await network(host)).routes.sort()).toEqual(moved.routes.sort());
    await eventually(isReached, { what: 'the host at its addresses' });
  });

  it('puts everything back when nobody confirms, whatever becomes of the terminal', async () => {
    await galagoJson(host, ...UPLINK, '--yes', '--confirm-within', '5');
    for (const pid of await guards(host)) process.kill(pid, 'SIGHUP');
    await isAsBefore();
    await eventually(isReached, { what: 'the host at its addresses' });
    expect((await galago(host, 'init', '--confirm')).stderr).toContain('HOST_UPLINK_SETTLED');
    expect(existsSync(recordOf(host))).toBe(false);
  });

  it('is confirmed by a new connection only, and undone by cleanup before that', async () => {
    const env = { OVS_RUNDIR: host.ovs.dir, SSH_CONNECTION: '192.0.2.2 50000 192.0.2.1 22' };
    const overSsh = (...args: readonly string[]) =>
      host.exec(process.execPath, [MAIN, ...args], { env, timeoutMs: 60_000 });
    await overSsh(...UPLINK, '--yes');
    expect((await galago(host, ...UPLINK)).stdout).toContain('not confirmed yet');
    await expect(overSsh('init', '--confirm')).rejects.toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('HOST_UPLINK_SAME_CONNECTION'),
    });
    await galago(host, 'cleanup', '--yes');
    expect(await network(host)).toEqual(before);
    await eventually(async () => (await guards(host)).length === 0, { what: 'the guard to end' });
    expect(await network(host)).toEqual(before);
  });

  it.each([
    ['before the addresses go', 'ip', '-force -batch -'],
    ['before they come', 'ip', '-batch -'],
    ['after they came', 'nft', 'add chain'],
  ])('is undone when it is killed %s', async (_, command, args) => {
    const { env, reached, release } = await stopAt(host, command, args);
    const init = await host.start(process.execPath, [MAIN, ...UPLINK, '--yes'], { env });
    await eventually(() => existsSync(reached), { what: `init to run ${command} ${args}` });
    process.kill(init.pid, 'SIGKILL');
    await init.exited;
    await writeFile(release, '');
    await isAsBefore();
    await eventually(isReached, { what: 'the host at its addresses' });
  });

  it('is undone also when what the one that was killed had begun ends last', async () => {
    const { env, reached, release, ended } = await stopAt(host, 'ip', '-force -batch -', {
      isOutlived: true,
    });
    const init = await host.start(process.execPath, [MAIN, ...UPLINK, '--yes'], { env });
    await eventually(() => existsSync(reached), { what: 'init to move the addresses' });
    process.kill(init.pid, 'SIGKILL');
    await init.exited;
    await eventually(async () => !(await host.ovs.vsctl('list-br')).includes('br-phy'), {
      what: 'everything to be put back',
    });
    await writeFile(release, '');
    await eventually(() => existsSync(ended), { what: 'what was begun to end' });
    await isAsBefore();
  });

  it('is undone by init itself when the guard is killed', async () => {
    const { env, reached, release } = await stopAt(host, 'ip', '-batch -');
    const init = host.exec(process.execPath, [MAIN, ...UPLINK, '--yes'], { env, timeoutMs: 60_000 });
    const failed = expect(init).rejects.toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('HOST_UPLINK_STUCK'),
    });
    await eventually(() => existsSync(reached), { what: 'init to move the addresses' });
    for (const pid of await guards(host)) process.kill(pid, 'SIGKILL');
    await eventually(async () => (await guards(host)).length === 0, { what: 'the guard to end' });
    await writeFile(release, '');
    await failed;
    await isAsBefore();
  });

  it.each([
    ['an agent', ['agent', '--no-api']],
    ['cleanup', ['cleanup', '--yes']],
  ])('is undone by %s when the guard was killed', async (_, args) => {
    await galagoJson(host, ...UPLINK, '--yes');
    await loseGuard();
    expect((await galago(host, 'status')).stdout).toMatch(
      /unconfirmed, and what .* was killed: galago cleanup/,
    );
    const command = await host.start(process.execPath, [MAIN, ...args], {
      env: { OVS_RUNDIR: host.ovs.dir },
    });
    await isAsBefore();
    await eventually(isReached, { what: 'the host at its addresses' });
    await command.exited;
  });

  it('is undone by cleanup when one that was killed has not come so far', async () => {
    await galagoJson(host, ...UPLINK, '--yes');
    await galagoJson(host, 'init', '--confirm');
    await host.ovs.vsctl('clear', 'Open_vSwitch', '.', 'external_ids');
    const late =
      /^problem: +eth0 is in br-phy, unconfirmed, and it is too late for that: galago cleanup --yes$/m;
    expect((await galago(host, 'status')).stdout).toMatch(late);
    await galago(host, 'cleanup', '--yes');
    await isAsBefore();
  });

  it('is undone by init, and then done, when the guard was killed', async () => {
    await galagoJson(host, ...UPLINK, '--yes');
    await loseGuard();
    expect(await galagoJson(host, ...UPLINK, '--yes')).toMatchObject({ uplink: 'eth0', mustConfirm: true });
    expect(await guards(host)).toHaveLength(1);
    await eventually(isReached, { what: 'the host at its addresses' });
    await galago(host, 'cleanup', '--yes');
    expect(await network(host)).toEqual(before);
  });

  /** Kills the guard, and has its time be over. */
  const loseGuard = async () => {
    for (const pid of await guards(host)) process.kill(pid, 'SIGKILL');
    await eventually(async () => (await guards(host)).length === 0, { what: 'the guard to end' });
    const record = JSON.parse(await readFile(recordOf(host), 'utf8')) as { readonly madeAt: number };
    await writeFile(recordOf(host), JSON.stringify({ ...record, madeAt: record.madeAt - 3600 }));
  };

  it('moves nothing where it cannot be watched over', async () => {
    const script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"';
    const onReadOnly = (...args: readonly string[]) =>
      host.exec(
        'unshare',
        ['--mount', 'sh', '-c', script, 'sh', host.ovs.dir, process.execPath, MAIN, ...args],
        {
          ...{ env: { OVS_RUNDIR: host.ovs.dir }, timeoutMs: 60_000 },
        },
      );
    await expect(onReadOnly(...UPLINK, '--yes')).rejects.toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(
        /^error: the uplink cannot be watched over: EROFS.*HOST_UPLINK_STUCK\)\n$/,
      ),
    });
    expect(await network(host)).toEqual(before);
  });

  it('refuses what no bridge can take the place of, and changes nothing', async () => {
    const refuse = async (expected: RegExp, ...args: readonly string[]) => {
      const now = await network(host);
      const { exitCode, stderr } = await galago(host, 'init', '--local-ip', '192.0.2.1', ...args);
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(expected) });
      expect(await network(host)).toEqual(now);
    };
    const usermode = ['--usermode', '--yes', '--uplink'];
    const ip = (text: string) => host.exec('ip', text.split(' '));
    await refuse(/HOST_UNDERLAY_INVALID/, '--usermode');
    await refuse(/kernel's datapath.*HOST_UPLINK_INVALID/, '--uplink', 'eth0', '--yes');
    await refuse(/there is no device 'eth7'.*HOST_UPLINK_INVALID/, ...usermode, 'eth7');
    await refuse(/lo is no network card.*HOST_UPLINK_INVALID/, ...usermode, 'lo');
    await ip('link add down0 type veth peer name down1');
    await refuse(/down0 is down.*HOST_UPLINK_INVALID/, ...usermode, 'down0');
    await ip('link set down0 up');
    await refuse(/down0 has no address.*HOST_UPLINK_INVALID/, ...usermode, 'down0');
    await ip('link add link eth0 name above type macvlan');
    await refuse(/above is on top of eth0.*HOST_UPLINK_INVALID/, ...usermode, 'eth0');
    await ip('link delete above');
    await ip('link add below type bridge');
    await ip('link set eth0 master below');
    await refuse(/eth0 is a part of below.*HOST_UPLINK_INVALID/, ...usermode, 'eth0');
    await ip('link delete below');
    await ip('address add 192.0.2.77/24 dev eth0 valid_lft 500 preferred_lft 500');
    await refuse(/192.0.2.77\/24 on eth0 is leased.*HOST_UPLINK_INVALID/, ...usermode, 'eth0');
    await ip('address change 192.0.2.77/24 dev eth0 valid_lft forever preferred_lft forever');
    expect(await galago(host, ...UPLINK, '--dry-run')).toMatchObject({ exitCode: 0 });
    await ip('address delete 192.0.2.77/24 dev eth0');
    await ip('route add 198.18.0.0/15 nexthop via 192.0.2.9 nexthop via 192.0.2.10');
    await refuse(/198.18.0.0\/15 over eth0.*nexthops.*HOST_UPLINK_INVALID/, ...usermode, 'eth0');
    await ip('route delete 198.18.0.0/15');
    await host.ovs.vsctl('add-br', 'br-phy', '--', 'set', 'bridge', 'br-phy', 'datapath_type=netdev');
    await refuse(/HOST_BRIDGE_FOREIGN/, ...usermode, 'eth0');
    await host.ovs.vsctl('del-br', 'br-phy');
  });
}, ['nft']);

/** What is printed of links and routes, but for the seconds that count down, and the database and the firewall. */
async function network(host: Host) {
  const ip = async (...args: readonly string[]) => {
    const printed = await host.exec('ip', ['-json', ...args]);
    const lines = (JSON.parse(printed || '[]') as readonly object[]).map((one) => JSON.stringify(one));
    return lines.map((line) => line.replaceAll(/"(expires|\w+_life_time)":\d{1,4}\b/g, ''));
  };
  const links = await ip('address');
  return {
    links: links.filter((line) => !line.includes('"ovs-netdev"')),
    routes: [
      ...(await ip('-4', 'route', 'show', 'table', 'all')),
      ...(await ip('-6', 'route', 'show', 'table', 'all')),
    ],
    database: await hostState(host),
    firewall: await host.exec('nft', ['list', 'ruleset']),
  };
}

/** Routes that are not the kernel's own, as if they were over `eth0`. */
function manual({ routes }: Awaited<ReturnType<typeof network>>): string[] {
  return routes
    .filter((route) => !route.includes('"kernel"'))
    .map((route) => route.replace('br-phy', 'eth0'));
}

function recordOf({ ovs }: Host): string {
  return join(ovs.dir, 'galago-uplink.json');
}

/** The processes that watch over a move on a host. */
async function guards(host: Host): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return line.includes('uplink-guard') && line.includes(recordOf(host)) ? Number(pid) : 0;
    }),
  );
  return found.filter((pid) => pid > 0);
}

/**
 * Has a command of the host wait, when it is called with these arguments, until a file is there.
 * @param isOutlived whether the first that is called so, and no other, goes on when what has called it was killed
 */
async function stopAt({ ovs }: Host, command: string, args: string, { isOutlived = false } = {}) {
  const dir = join(ovs.dir, 'stop');
  const [reached, release, ended] = ['reached', 'release', 'ended'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(dir);
  const real = (await run('sh', ['-c', `command -v ${command}`], { env: { PATH: SEARCH_PATH } })).trim();
  const wait = `touch ${reached}; while ! [ -e ${release} ]; do sleep 0.02; done`;
  const script = `#!/bin/sh
case "$*" in
"${args}"*)
  ${isOutlived ? `[ -e ${reached} ] || { ${wait}; ${real} "$@"; touch ${ended}; exit; }` : `${wait}; kill -0 $PPID || exit 1`}
esac
exec ${real} "$@"
`;
  await writeFile(join(dir, command), script, { mode: 0o755 });
  const env = { PATH: `${dir}:${SEARCH_PATH}`, OVS_RUNDIR: ovs.dir };
  return { env, reached, release, ended };
}
