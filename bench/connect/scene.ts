import { stat } from 'node:fs/promises';
import { galago, startAgent } from '../../test/integration/host-cli.ts';
import { type Container, eventually, type Host, Lab } from '../../test/lab/index.ts';
import type { RunningProcess } from '../../test/lab/running-process.ts';

/** The pod that all are connected to, and the VLAN that stands for it where there are no pods. */
export const POD = 7;
/** The subnet of everybody; nobody has an address twice, so that nobody remembers another's MAC address. */
const PREFIX_LENGTH = 16;

/** A container that waits to be connected. */
export interface Newcomer {
  readonly container: Container;
  /** A process in its namespace. */
  readonly pid: number;
  /** With prefix length. */
  readonly ip: string;
  readonly mac: string;
}

/** The bridges of the host, by who connects to them. */
export const BRIDGES = { galago: 'br-int', ovsDocker: 'br-docker', sequence: 'br0', sequenceTunnels: 'br1' };

/** A host with an agent, and on each of its bridges somebody who answers pings. */
export class Scene implements AsyncDisposable {
  readonly host: Host;
  readonly #lab: Lab;
  readonly #agent: RunningProcess;
  #number = 1;

  static async create(): Promise<Scene> {
    const lab = await Lab.create();
    try {
      const host = await lab.addHost({ name: 'h1', address: '192.0.2.1/24', bridge: false });
      const { exitCode, stderr } = await galago(host, 'init', '--usermode');
      if (exitCode !== 0) throw new Error(`galago init ended with ${exitCode}: ${stderr}`);
      for (const name of [BRIDGES.ovsDocker, BRIDGES.sequence, BRIDGES.sequenceTunnels])
        await host.addBridge(name, 'standalone');
      return new Scene(lab, host, await startAgent(host));
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  private constructor(lab: Lab, host: Host, agent: RunningProcess) {
    this.#lab = lab;
    this.host = host;
    this.#agent = agent;
  }

  /** A directory for files, which goes with the scene. */
  get dir(): string {
    return this.#lab.dir;
  }

  /** What commands have to know about where they run. */
  get env(): Readonly<Record<string, string>> {
    return { OVS_RUNDIR: this.host.ovs.dir };
  }

  async newcomer(): Promise<Newcomer> {
    const number = this.#number++;
    const [high, low] = [number >> 8, number & 0xff];
    const hex = [high, low].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    const name = `c${number}`;
    // Its eth0 is somebody else's, as Docker gives it.
    const container = await this.host.addContainer({ name, bridge: false, mac: `02:00:00:01:${hex}` });
    const { pid } = await container.start('sleep', ['infinity']);
    const inode = async (path: string) => (await stat(path)).ino;
    await eventually(
      async () => (await inode(`/proc/${pid}/ns/net`)) === (await inode(`/run/netns/${container.netns}`)),
    );
    return { container, pid, ip: `10.7.${high}.${low}/${PREFIX_LENGTH}`, mac: `02:00:00:02:${hex}` };
  }

  /** Takes it away again, with its port. */
  async remove({ container }: Newcomer, port: string): Promise<void> {
    await this.host.ovs.vsctl('--if-exists', 'del-port', port);
    await this.host.removeContainer(container);
  }

  /** Waits until the switch has nothing to do any more for a container that came or went. */
  async settled(): Promise<void> {
    const flows = async () => (await this.host.ovs.ofctl('dump-flows', BRIDGES.galago)).split('\n').length;
    let before = -1;
    await eventually(async () => {
      const now = await flows();
      const isSame = now === before;
      before = now;
      return isSame;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.stop();
    await this.#lab.close();
  }
}
