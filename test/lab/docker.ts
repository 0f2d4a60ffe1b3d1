import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { eventually } from './eventually.ts';
import type { Host } from './host.ts';
import { run } from './run.ts';
import type { RunningProcess } from './running-process.ts';

/** A Docker Engine of its own on a host, with one image: a busybox. */
export class Docker {
  /** The path of its socket. */
  readonly socket: string;
  readonly #host: Host;
  readonly #mark: string;
  #daemon: RunningProcess;

  /** Starts the daemon and makes its image; `lab.close()` ends it if nobody did. */
  static async start(host: Host): Promise<Docker> {
    const dir = join(host.ovs.dir, 'docker');
    await mkdir(dir, { recursive: true });
    const docker = new Docker(host, `${dir}/docker.sock`, await startDaemon(host, dir));
    await docker.#makeImage(join(dir, 'image'));
    return docker;
  }

  private constructor(host: Host, socket: string, daemon: RunningProcess) {
    this.#host = host;
    this.#mark = join(host.ovs.dir, '..');
    this.socket = socket;
    this.#daemon = daemon;
  }

  /** Runs `docker`, and returns what it printed. @throws CommandError `LAB_COMMAND_FAILED` */
  async exec(...args: readonly string[]): Promise<string> {
    return (await run('docker', ['-H', `unix://${this.socket}`, ...args], { timeoutMs: 120_000 })).trim();
  }

  /** Starts a container without any network, which sleeps until it is ended. @returns its id */
  run(name: string, labels: Readonly<Record<string, string>> = {}): Promise<string> {
    const options = ['--detach', '--network', 'none', '--name', name];
    // What sleeps is deaf to the signal that would end it.
    options.push('--stop-timeout', '0');
    const labelled = Object.entries(labels).flatMap(([label, value]) => ['--label', `${label}=${value}`]);
    return this.exec('run', ...options, ...labelled, '--cap-add', 'NET_ADMIN', IMAGE, 'sleep', '1000000');
  }

  /** Ends the daemon, and with it the containers that run, and starts it anew. */
  async restart(): Promise<void> {
    await this.#daemon.stop('SIGTERM', 60_000);
    this.#daemon = await startDaemon(this.#host, dirname(this.socket));
  }

  /** The process that a container's namespaces are those of. */
  pid(container: string): Promise<string> {
    return this.exec('inspect', '--format', '{{.State.Pid}}', container);
  }

  /** Waits until a container reaches an address. */
  async reaches(container: string, address: string): Promise<void> {
    const what = `${container} of ${this.#host.name} to reach ${address}`;
    await eventually(() => this.inside(container, 'ping', '-c', '1', '-W', '1', address), { what });
  }

  /** Runs a command in a container. @throws CommandError `LAB_COMMAND_FAILED` */
  inside(container: string, ...command: readonly string[]): Promise<string> {
    return this.exec('exec', container, ...command);
  }

  /** Ends all containers, and then the daemon. */
  async stop(): Promise<void> {
    const ids = (await this.exec('ps', '--all', '--quiet')).split('\n').filter((id) => id !== '');
    if (ids.length > 0) await this.exec('rm', '--force', ...ids);
    await this.#daemon.stop();
  }

  /** No registry is asked: the image is made of one program. */
  async #makeImage(root: string): Promise<void> {
    for (const folder of ['bin', 'tmp']) await mkdir(join(root, folder), { recursive: true });
    const busybox = (await run('sh', ['-c', 'command -v busybox'])).trim();
    await copyFile(busybox, join(root, 'bin/busybox'));
    for (const name of COMMANDS) await symlink('busybox', join(root, 'bin', name));
    await writeFile(join(root, DHCP_SCRIPT), SET_ADDRESS, { mode: 0o755 });
    await run('tar', ['-C', root, '-cf', `${root}.tar`, '.']);
    // The mark has the lab end what runs, should nobody else.
    const changes = [`ENV GALAGO_LAB=${this.#mark}`, 'CMD ["sh"]'].flatMap((change) => ['--change', change]);
    await this.exec('import', ...changes, `${root}.tar`, IMAGE);
  }
}

async function startDaemon(host: Host, dir: string): Promise<RunningProcess> {
  const own = ['--data-root', `${dir}/data`, '--exec-root', `${dir}/exec`, '--pidfile', `${dir}/docker.pid`];
  const network = ['--iptables=false', '--ip6tables=false', '--bridge=none'];
  const more = ['--storage-driver=vfs', '-H', `unix://${dir}/docker.sock`];
  // Another daemon's plugins and containers are in /run/docker.
  const script = 'mkdir -p /run/docker && mount -t tmpfs none /run/docker && exec dockerd "$@"';
  const argv = ['--mount', 'sh', '-c', script, 'sh', ...own, ...network, ...more];
  const daemon = await host.start('unshare', argv);
  await daemon.waitForOutput(/API listen on/, 120_000);
  return daemon;
}

/** What busybox is called as in the image. */
const COMMANDS = 'sh sleep ping ip udhcpc nc cat hostname wc head httpd wget'.split(' ');

/** The name of the image. */
export const IMAGE = 'galago-test:1';

/** What `udhcpc -s` has do what the server said, in the image. */
export const DHCP_SCRIPT = '/udhcpc.sh';
const SET_ADDRESS = `#!/bin/sh
test "$1" != bound || ip address add "$ip/$mask" dev "$interface"
`;
