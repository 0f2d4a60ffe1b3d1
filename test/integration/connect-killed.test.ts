import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { SEARCH_PATH } from '../lab/run.ts';
import type { ProcessExit } from '../lab/running-process.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson, MAIN } from './host-cli.ts';
import { ObservedController } from './observed-controller.ts';
import { addPodHosts, callHosts } from './pod-hosts.ts';
import { wholeState } from './whole-state.ts';

/** Where a command is killed: at one that it runs, by words of that, or at one of its transactions, by its comment. */
interface Place {
  readonly at: string;
  /** `half`: when the first line of a batch has been carried out. */
  readonly when: 'before' | 'half' | 'after';
}

/** Stands in for a command that `galago` runs, and kills `galago` where `Place` says. */
const STAND_IN = `#!/bin/sh
name=\${0##*/}
mark=\${0%/*}/running.$$
: > "$mark"
trap 'rm -f "$mark"' EXIT
input=$(cat)
PATH=$REAL_PATH
run() { printf '%s\\n' "$input" | "$name" "$@"; }
case "$name $* $input" in
  *"$KILL_AT"*)
    case $KILL_WHEN in
      before) ;;
      half) input=$(printf '%s' "$input" | head -n 1); run "$@" ;;
      after) run "$@" ;;
    esac
    kill -9 $PPID
    exit 1 ;;
esac
run "$@"
`;

describeWithLab('galago, killed at any step', () => {
  let lab: Lab;
  let host: Host;
  let controller: ObservedController;
  let peer: Container;
  let container: Container;
  let target: string;
  let proxy: KillingProxy;
  let bin: string;
  let before: object;
  let links: string;

  beforeAll(async () => {
    lab = await Lab.create();
    [host] = (await addPodHosts(lab, 1)) as [Host];
    await host.ovs.vsctl('set', 'Open_vSwitch', '.', 'external_ids:galago-bridge=br-int');
    controller = await ObservedController.start(callHosts([host]));
    peer = await host.addContainer({ name: 'peer', bridge: false });
    container = await host.addContainer({ name: 'victim', bridge: false });
    target = `netns:${container.netns}`;
    await galagoJson(host, 'connect', `netns:${peer.netns}`, '10.0.0.9', '7');
    await galagoJson(host, 'connect', `netns:${peer.netns}`, 'fd00::9', '7', '--ifname', 'eth2');
    bin = join(lab.dir, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'ip'), STAND_IN);
    chmodSync(join(bin, 'ip'), 0o755);
    symlinkSync('ip', join(bin, 'nsenter'));
    proxy = await KillingProxy.listen(join(lab.dir, 'kill.sock'), host.ovs.dbSocket.slice('unix:'.length));
    await controller.controller.settled();
  });

  beforeEach(async () => {
    before = await wholeState(host);
    links = await linksInside();
  });

  afterEach(async () => {
    await galago(host, 'disconnect', target);
  });

  afterAll(async () => {
    proxy?.close();
    await controller?.close();
    await lab?.close();
  });

  const linksInside = () => container.exec('ip', ['-br', 'address']);

  /** Runs a command that is killed, and waits until nothing is left of it that goes on. */
  async function kill({ at, when }: Place, ...args: readonly string[]): Promise<ProcessExit> {
    const env = [
      `PATH=${bin}:${SEARCH_PATH}`,
      `REAL_PATH=${SEARCH_PATH}`,
      `KILL_AT=${at}`,
      `KILL_WHEN=${when}`,
    ];
    const command = [process.execPath, MAIN, ...args, '--db', `unix:${proxy.path}`];
    proxy.arm(at, when);
    const running = await host.start('env', [...env, ...command]);
    proxy.pid = running.pid;
    const exit = await running.exited;
    await eventually(() => !readdirSync(bin).some(isRunning), { what: 'the end of what it had begun' });
    return exit;
  }

  const KILLED = { code: null, signal: 'SIGKILL' };
  const VETH = 'a veth pair';
  const INTERNAL = 'an internal port';
  const KINDS = {
    [VETH]: { from: 'fd00::9', args: ['fd00::1', '7'] },
    [INTERNAL]: { from: '10.0.0.9', args: ['10.0.0.1', '7', '--internal'] },
  };

  it.each<[keyof typeof KINDS, Place['at'], Place['when']]>([
    [VETH, 'address show', 'before'],
    [VETH, 'link add', 'before'],
    [VETH, 'link add', 'after'],
    [VETH, 'galago: connect', 'before'],
    [VETH, 'galago: connect', 'after'],
    [VETH, 'disable_ipv6', 'after'],
    [VETH, 'address add', 'before'],
    [VETH, 'address add', 'after'],
    [VETH, 'ethtool', 'before'],
    [VETH, 'ethtool', 'after'],
    [VETH, 'dev eth1 up', 'before'],
    [VETH, 'dev eth1 up', 'after'],
    [INTERNAL, 'galago: connect', 'before'],
    [INTERNAL, 'galago: connect', 'after'],
    [INTERNAL, 'netns', 'after'],
    [INTERNAL, 'address add', 'half'],
    [INTERNAL, 'address add', 'after'],
  ])('connects by %s as if nothing had been: at %s, %s', async (kind, at, when) => {
    const { args, from } = KINDS[kind];
    expect(await kill({ at, when }, 'connect', target, ...args)).toEqual(KILLED);
    expect(await galagoJson(host, 'connect', target, ...args)).toMatchObject({ ifname: 'eth1' });
    expect(await galagoJson(host, 'connect', target, ...args)).toMatchObject({ changed: false });
    await eventually(async () => (await container.ping(from)).received === 1, { what: 'the peer' });
    expect(await galagoJson(host, 'status')).not.toMatchObject({
      problems: expect.arrayContaining([expect.stringMatching(/gal-/)]),
    });
    await galago(host, 'disconnect', target);
    expect(await linksInside()).toBe(links);
    expect(await wholeState(host)).toEqual(before);
  });

  it.each<[Place['at'], Place['when']]>([
    ['galago: disconnect', 'before'],
    ['galago: disconnect', 'after'],
    ['link delete', 'before'],
    ['link delete', 'after'],
  ])('disconnects as if nothing had been: at %s, %s', async (at, when) => {
    await galagoJson(host, 'connect', target, '10.0.0.1', '7');
    expect(await kill({ at, when }, 'disconnect', target)).toEqual(KILLED);
    await galago(host, 'disconnect', target);
    expect(await linksInside()).toBe(links);
    expect(await wholeState(host)).toEqual(before);
  });

  it.each<[Place['at'], Place['when']]>([
    ['galago: remove', 'before'],
    ['galago: remove', 'after'],
  ])('mends what has lost its interface as if nothing had been: at %s, %s', async (at, when) => {
    const args = ['connect', target, '10.0.0.1', '7'];
    await galagoJson(host, ...args);
    await container.exec('ip', ['link', 'delete', 'dev', 'eth1']);
    expect(await kill({ at, when }, ...args)).toEqual(KILLED);
    expect(await galagoJson(host, ...args)).toMatchObject({ changed: true });
    await eventually(async () => (await container.ping('10.0.0.9')).received === 1, { what: 'the peer' });
    await galago(host, 'disconnect', target);
    expect(await wholeState(host)).toEqual(before);
  });
});

/** Whether a mark is that of a stand-in that runs: one that was ended by a signal leaves it behind. */
function isRunning(mark: string): boolean {
  const [, pid] = /^running\.(\d+)$/.exec(mark) ?? [];
  return pid !== undefined && existsSync(`/proc/${pid}`);
}

/** Passes on what a client and a database say, and kills the client at a transaction. */
class KillingProxy {
  readonly path: string;
  readonly #server: Server;
  #at = '';
  #when = '';
  pid = 0;

  static async listen(path: string, database: string): Promise<KillingProxy> {
    const proxy = new KillingProxy(path, database);
    await new Promise<void>((resolve) => proxy.#server.listen(path, resolve));
    return proxy;
  }

  private constructor(path: string, database: string) {
    this.path = path;
    this.#server = createServer((client) => this.#serve(client, connectSocket(database)));
  }

  /** Has the next client be killed. */
  arm(at: string, when: string): void {
    this.#at = at;
    this.#when = when;
  }

  close(): void {
    this.#server.close();
  }

  #serve(client: Socket, database: Socket): void {
    for (const [one, other] of [
      [client, database],
      [database, client],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
    let said = '';
    let isSent = false;
    client.on('data', (chunk) => {
      said += chunk;
      if (!said.includes(this.#at)) return database.write(chunk);
      if (this.#when === 'before') return process.kill(this.pid, 'SIGKILL');
      isSent = true;
      return database.write(chunk);
    });
    database.on('data', (chunk) => (isSent ? process.kill(this.pid, 'SIGKILL') : client.write(chunk)));
  }
}
