import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Controller } from '../../src/app/index.ts';
import type { SoftHost } from '../../src/datapath/index.ts';
import { Sim } from '../sim/index.ts';
import type { SimHost } from '../sim/sim-host.ts';

const KEYS: Readonly<Record<string, string>> = { blue: '100', green: '200' };
const mac = (number: number) => `02:00:00:00:00:0${number}`;

describe('a pod network on three hosts', () => {
  let sim: Sim;
  let hosts: SimHost[];
  let controller: Controller;
  /** By pod, one on each host: the pods are the same down to addresses. */
  let pods: Record<'blue' | 'green', SoftHost[]>;

  const labels = (pod: string) => ({ 'galago-pod': pod, 'galago-key': KEYS[pod]! });
  const add = (host: SimHost, pod: string, number: number, name = `${pod}${number}`) =>
    host.addContainer({ name, mac: mac(number), ip: `10.0.0.${number}/24`, externalIds: labels(pod) });

  beforeEach(async () => {
    sim = new Sim();
    hosts = [];
    for (const number of [1, 2, 3])
      hosts.push(await sim.addHost({ name: `h${number}`, address: `192.0.2.${number}` }));
    controller = await sim.startController();
    pods = { blue: [], green: [] };
    for (const pod of ['blue', 'green'] as const)
      for (const [index, host] of hosts.entries()) pods[pod].push(await add(host, pod, index + 1));
    await sim.settled();
  });

  afterEach(() => sim.close());

  it('connects who is in a pod, and nobody else', async () => {
    for (const members of Object.values(pods))
      for (const from of members)
        for (const to of members) if (from !== to) expect(await from.ping(to.ip)).toBe(true);
    const lone = await add(hosts[0]!, 'blue', 9);
    await sim.settled();
    expect(await pods.green[0]!.ping(lone.ip)).toBe(false);
    expect(await pods.blue[1]!.ping(lone.ip)).toBe(true);
    const heard = pods.green.flatMap(({ received }) => received).length;
    lone.announce();
    await sim.network.idle();
    expect(pods.green.flatMap(({ received }) => received)).toHaveLength(heard);
  });

  it('sends what it knows the way to nowhere else', async () => {
    const [first, second, third] = pods.blue as [SoftHost, SoftHost, SoftHost];
    await first.ping(second.ip);
    await sim.settled();
    const heard = third.received.length;
    expect(await first.ping(second.ip)).toBe(true);
    expect(third.received).toHaveLength(heard);
  });

  it('follows labels that change and containers that go', async () => {
    const [first, second] = pods.blue as [SoftHost, SoftHost];
    await hosts[1]!.label('blue2', labels('green'));
    await sim.settled();
    expect(await first.ping(second.ip)).toBe(false);
    await hosts[1]!.removeContainer('blue2');
    await sim.settled();
    expect(controller.state()[1]!.members.map(({ interface: name }) => name)).toEqual(['green2']);
    expect(await first.ping(pods.blue[2]!.ip)).toBe(true);
  });

  it('goes on without a controller, and another one takes it over', async () => {
    const [first, second] = pods.blue as [SoftHost, SoftHost];
    await sim.stopController();
    expect(await first.ping(second.ip)).toBe(true);
    await sim.startController();
    await sim.settled();
    expect(await first.ping(second.ip)).toBe(true);
  });

  it('puts everything back into a switch that was started again', async () => {
    const [first, second, third] = pods.blue as [SoftHost, SoftHost, SoftHost];
    expect(await first.ping(second.ip)).toBe(true);
    await hosts[1]!.vswitchd.crash();
    expect(await first.ping(second.ip)).toBe(false);
    expect(await first.ping(third.ip)).toBe(true);
    hosts[1]!.vswitchd.restart();
    await sim.settled();
    expect(await first.ping(second.ip)).toBe(true);
    expect(await second.ping(third.ip)).toBe(true);
  });
});
