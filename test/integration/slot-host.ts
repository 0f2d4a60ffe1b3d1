import { expect } from '@jest/globals';
import { Docker, IMAGE } from '../lab/docker.ts';
import type { Host, Lab } from '../lab/index.ts';
import { type CliResult, galago, galagoJson } from './host-cli.ts';

/** What `galago start --json` prints, as far as it is looked at. */
export interface Started {
  readonly slot: number;
  readonly name: string;
  readonly id: string;
}

/** What runs in a slot until it is ended. */
export const SLEEP: readonly string[] = [IMAGE, 'sleep', '1000000'];

/** A host with Docker and two virtual switches: `ovs0`, 10.0.0.254/24 and fd00:1::/64, and `ovs1`, 10.1.0.1/16. */
export class SlotHost {
  readonly host: Host;
  readonly docker: Docker;

  static async create(lab: Lab): Promise<SlotHost> {
    const host = await lab.addHost({ name: 'h1', bridge: false });
    const docker = await Docker.start(host);
    await host.ovs.vsctl('init');
    const create = ['vswitch', 'create', '--usermode'];
    await galagoJson(host, ...create, '10.0.0.254/24', '--ipv6-prefix', 'fd00:1::/64');
    await galagoJson(host, ...create, '10.1.0.1/16', '--name', 'ovs1');
    return new SlotHost(host, docker);
  }

  private constructor(host: Host, docker: Docker) {
    this.host = host;
    this.docker = docker;
  }

  /** Runs a command for slots to its end, whatever that is. */
  run(command: string, ...args: readonly string[]): Promise<CliResult> {
    return galago(this.host, command, '--docker', this.docker.socket, '--json', ...args);
  }

  /** Runs a command for slots, and returns what it printed. */
  async json<T>(command: string, ...args: readonly string[]): Promise<T> {
    const { exitCode, stdout, stderr } = await this.run(command, ...args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    return JSON.parse(stdout);
  }

  start(...args: readonly string[]): Promise<Started> {
    return this.json('start', ...args);
  }

  ps(): Promise<readonly Record<string, unknown>[]> {
    return this.json('ps');
  }

  /** What `galago status` says is wrong. */
  async problems(): Promise<readonly string[]> {
    return (await this.json<{ readonly problems: readonly string[] }>('status')).problems;
  }

  /** Removes all containers, and what they leave. */
  async empty(): Promise<void> {
    const ids = (await this.docker.exec('ps', '--all', '--quiet')).split('\n').filter((id) => id !== '');
    if (ids.length > 0) await this.docker.exec('rm', '--force', ...ids);
    await this.json('cleanup', '--containers');
  }
}
