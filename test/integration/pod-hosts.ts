import { expect } from '@jest/globals';
import type { ControllerOptions } from '../../src/app/index.ts';
import { type Container, eventually, type Host, type Lab } from '../lab/index.ts';
import type { ContinuousPing } from '../lab/ping.ts';
import type { ObservedController } from './observed-controller.ts';

/** Makes hosts `h1`, `h2`… on the underlay that say where tunnels to them end. */
export async function addPodHosts(lab: Lab, count: number): Promise<Host[]> {
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  return Promise.all(
    numbers.map(async (number) => {
      const host = await lab.addHost({ name: `h${number}`, address: `192.0.2.${number}/24` });
      await host.ovs.vsctl('set', 'Open_vSwitch', '.', `external_ids:galago-local-ip=${host.ip}`);
      return host;
    }),
  );
}

/** The options of a controller that calls the hosts' bridges and databases. */
export function callHosts(hosts: readonly Host[]): ControllerOptions {
  return {
    openflow: hosts.map(({ ovs, bridge }) => `unix:${ovs.mgmt(bridge)}`),
    ovsdb: hosts.map(({ ovs }) => ovs.dbSocket),
  };
}

/** Waits until every host carries pods, and as many interfaces in all are in one. */
export function untilMembers(controller: ObservedController, count: number): Promise<void> {
  return controller.until(`${count} members`, (state) => {
    const isReady = state.every(({ mode, problems }) => mode === 'pods' && problems.length === 0);
    return isReady && state.flatMap(({ members }) => members).length === count;
  });
}

/** Sees to it that the first packet between two hosts is not the one that finds the neighbour. */
export async function warmUnderlay(hosts: readonly Host[]): Promise<void> {
  for (const from of hosts)
    for (const to of hosts)
      if (to !== from) await eventually(async () => (await from.ping(to.ip)).received === 1);
}

/**
 * Puts a container into a pod that is on the bridge already. While links of a host come and go, or its routes change,
 * Open vSwitch's userspace datapath loses packets on their way into tunnels, so that no ping can count them then.
 */
export async function joinPod(host: Host, container: Container, pod: string): Promise<void> {
  await host.ovs.vsctl('set', 'Interface', container.port, `external_ids:galago-pod=${pod}`);
}

/** Expects that a ping has lost nothing, also of what was delayed by a change just now, and ends it. */
export async function expectUnbroken(ping: ContinuousPing): Promise<void> {
  const { received } = ping;
  await eventually(() => ping.received >= received + 20, { what: 'further replies' });
  expect(await ping.stop()).toMatchObject({ lost: 0, duplicates: 0 });
}

/** The lines of a host's flow dump that have all of the given texts in them. */
export async function flowLines(host: Host, ...texts: readonly string[]): Promise<string[]> {
  const lines = (await host.ovs.ofctl('dump-flows', host.bridge)).split('\n');
  return lines.filter((line) => texts.every((text) => line.includes(text)));
}

/** The interface that carries a host's tunnels, once it is there. */
export async function tunnelPort(host: Host): Promise<{ readonly name: string; readonly ofport: number }> {
  const find = ['--columns=name', '--bare', 'find', 'Interface', 'options:remote_ip=flow'];
  const name = await eventually(async () => (await host.ovs.vsctl(...find)).trim() || false, {
    what: `the tunnel port of ${host.name}`,
  });
  return { name, ofport: await host.ofport(name) };
}
