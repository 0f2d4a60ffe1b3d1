import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MAIN } from '../../test/integration/host-cli.ts';
import { inContext, SEARCH_PATH } from '../../test/lab/run.ts';
import type { Profiler } from '../harness/profile.ts';
import type { Role } from '../harness/rounds.ts';
import { BRIDGES, type Newcomer, POD, type Scene } from './scene.ts';

/** One way to give a container an interface in a pod. */
export interface Way {
  readonly name: string;
  readonly role: Role;
  /** The bridge that it connects to; without one, whom it connects reaches nobody. */
  readonly bridge: string | undefined;
  /** Connects it, and returns the name of the port. */
  connect(newcomer: Newcomer): Promise<string>;
  close?(): Promise<void>;
}

/** `galago connect`, from the start of its process to its end. */
export function galagoProcess({ host, env }: Scene, profiler: Profiler | undefined): Way {
  const run = (nodeOptions: readonly string[], args: readonly string[]) =>
    host.exec(process.execPath, [...nodeOptions, MAIN, ...args], { env });
  return {
    name: 'galago connect',
    role: 'ours',
    bridge: BRIDGES.galago,
    async connect({ container, ip, mac }) {
      const args = ['connect', `netns:${container.netns}`, ip, `${POD}`, '--mac', mac, '--json'];
      const printed = await (profiler === undefined
        ? run([], args)
        : profiler.recordProcess('galago connect', (nodeOptions) => run(nodeOptions, args)));
      return (JSON.parse(printed) as { readonly port: string }).port;
    },
  };
}

/** What the command does, in a process that runs already, as the agent does it. */
export function galagoInProcess({ host }: Scene): Way {
  const program = fileURLToPath(new URL('./in-process.ts', import.meta.url));
  const { file, argv, env } = inContext(
    process.execPath,
    ['--import', 'tsx', program, host.ovs.dbSocket],
    host,
  );
  const child = spawn(file, argv, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    name: 'galago, in a process that runs',
    role: 'ours',
    bridge: BRIDGES.galago,
    async connect({ container, ip, mac }) {
      child.stdin.write(`netns:${container.netns} ${ip} ${mac} ${0x10000 + POD}\n`);
      const { value: port, done } = await lines.next();
      if (done) throw new Error(`the process ended with ${child.exitCode}`);
      return port;
    },
    async close() {
      const end = once(child, 'exit');
      child.stdin.end();
      await end;
    },
  };
}

/**
 * `ovs-docker add-port`, with a `docker` that knows the process at once: Docker's own time is nobody's here, and the
 * time of its command neither.
 */
export async function ovsDocker(scene: Scene): Promise<Way> {
  const bin = join(scene.dir, 'bin');
  await mkdir(bin);
  // ovs-docker calls `docker inspect -f '{{.State.Pid}}' CONTAINER`; a container goes by its process here.
  await writeFile(join(bin, 'docker'), '#!/bin/sh\necho "$4"\n', { mode: 0o755 });
  const env = { ...scene.env, PATH: `${bin}:${SEARCH_PATH}` };
  const { host } = scene;
  return {
    name: 'ovs-docker add-port',
    role: 'peer',
    bridge: BRIDGES.ovsDocker,
    async connect({ pid, ip, mac }) {
      const where = ['add-port', BRIDGES.ovsDocker, 'eth1', `${pid}`];
      await host.exec('ovs-docker', [...where, `--ipaddress=${ip}`, `--macaddress=${mac}`], { env });
      return (
        await host.ovs.vsctl(
          '--bare',
          '--columns=name',
          'find',
          'Interface',
          `external_ids:container_id=${pid}`,
        )
      ).trim();
    },
  };
}

/** The commands that lorispack's `connect` comes to, one after the other, in one shell. */
export function sequence({ host, env }: Scene): Way {
  return {
    name: "lorispack's commands",
    role: 'peer',
    bridge: BRIDGES.sequence,
    async connect({ container: { netns }, pid, ip, mac }) {
      const [tap, peer] = [`tap${pid}`, `peertap${pid}`];
      const inside = `ip netns exec ${netns} ip`;
      const key = `0x${(0x10000 + POD).toString(16)}`;
      const commands = [
        `ip link add ${tap} type veth peer name ${peer}`,
        `ovs-vsctl add-port ${BRIDGES.sequence} ${tap} tag=${POD}`,
        `ip link set ${tap} up`,
        `ip link set ${peer} netns ${netns}`,
        `${inside} link set dev ${peer} name eth1 address ${mac}`,
        `${inside} link set dev eth1 up`,
        `${inside} addr add ${ip} dev eth1`,
        ...[
          `table=3,priority=1,tun_id=${key},actions=push_vlan:0x8100,set_field:${0x1000 + POD}->vlan_vid,resubmit(,10)`,
          `table=21,priority=1,dl_vlan=${POD},actions=strip_vlan,set_field:${key}->tun_id,resubmit(,22)`,
        ].map((flow) => `ovs-ofctl -O OpenFlow13 add-flow ${BRIDGES.sequenceTunnels} '${flow}'`),
      ];
      await host.exec('sh', ['-ec', commands.join('\n')], { env });
      return tap;
    },
  };
}

/** The links that Galago makes, by the commands that it runs, and nothing else: no switch. */
export function linksAlone({ host }: Scene): Way {
  return {
    name: 'the links alone',
    role: 'limit',
    bridge: undefined,
    async connect({ container: { netns }, pid, ip, mac }) {
      const tap = `tap${pid}`;
      const inside = `nsenter --net=/run/netns/${netns}`;
      const look = 'ip -json -details -batch - >/dev/null';
      const commands = [
        `printf 'address show\\nroute show default\\n' | ${inside} ${look}`,
        `echo link add name ${tap} up type veth peer name eth1 netns ${netns} address ${mac} | ip -batch -`,
        `printf 'address add ${ip} dev eth1\\nlink set dev eth1 up\\n' | ${inside} ip -batch -`,
        `${inside} ethtool -K eth1 tx off >/dev/null`,
      ];
      await host.exec('sh', ['-ec', commands.join('\n')]);
      return tap;
    },
  };
}
