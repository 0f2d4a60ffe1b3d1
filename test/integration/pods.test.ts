import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { ObservedController } from './observed-controller.ts';
import { addPodHosts, callHosts, flowLines, tunnelPort, untilMembers, warmUnderlay } from './pod-hosts.ts';

describeWithLab('pods on three hosts', () => {
  let lab: Lab;
  let hosts: Host[];
  let controller: ObservedController;
  /** Two pods that are the same down to addresses: one container of each on every host, a second one on the first. */
  const pods: Record<'7' | 'db', Container[]> = { 7: [], db: [] };

  beforeAll(async () => {
    lab = await Lab.create();
    hosts = await addPodHosts(lab, 3);
    controller = await ObservedController.start(callHosts(hosts));
    for (const pod of ['7', 'db'] as const) {
      const places = [...hosts, hosts[0]!];
      pods[pod] = await Promise.all(
        places.map((host, i) =>
          host.addContainer({
            name: `pods-${pod}-${i + 1}`,
            address: `10.0.0.${i + 1}/24`,
            mac: `02:00:00:00:77:0${i + 1}`,
            externalIds: { 'galago-pod': pod, ...(pod === 'db' && { 'galago-key': '0x123' }) },
          }),
        ),
      );
    }
    await Promise.all(hosts.map(tunnelPort));
    await untilMembers(controller, 8);
    await warmUnderlay(hosts);
  });

  beforeEach(() => {
    controller.taken();
  });

  afterAll(async () => {
    await controller?.close();
    await lab?.close();
  });

  const [h1, h2, h3] = [0, 1, 2].map((i) => () => hosts[i]!) as [() => Host, () => Host, () => Host];

  it('reach each other in the pod by ping and TCP, with the same addresses in both', async () => {
    for (const members of Object.values(pods)) {
      for (const from of members) {
        for (const to of members) {
          if (from === to) continue;
          const what = `${from.name} to ${to.name}`;
          const isReached = async () =>
            expect(await from.ping(to.ip, { count: 2 })).toMatchObject({ received: 2, duplicates: 0 });
          await eventually(isReached, { what });
          await from.tcpTransfer(to, 20_000);
        }
      }
    }
    const endpoints = controller.state.flatMap((bridge) => bridge.endpoints);
    expect(endpoints).toHaveLength(3 * 8);
    for (const { domain, mac, at } of endpoints) {
      const index = Number(mac.slice(-1)) - 1;
      expect(at).toEqual('peer' in at ? { peer: hosts[index % 3]!.ip } : { port: expect.any(Number) });
      expect(['7', 'db']).toContain(domain);
    }
  });

  it('do not reach another pod', async () => {
    const lone = await h2().addContainer({
      name: 'pods-lone',
      address: '10.0.0.9/24',
      externalIds: { 'galago-pod': '8' },
    });
    await controller.next('podJoined', { interface: lone.port, pod: '8', key: 0x10008 });
    await controller.controller.settled();
    for (const from of [pods[7][0]!, pods[7][1]!, pods.db[1]!])
      expect(await from.ping(lone.ip, { timeoutSec: 0.3 })).toMatchObject({ received: 0 });
    expect(await lone.ping(pods[7][1]!.ip, { timeoutSec: 0.3 })).toMatchObject({ received: 0 });

    // The same interface, in the pod: it is there at once, and no longer where it was.
    await h2().ovs.vsctl('set', 'Interface', lone.port, 'external_ids:galago-pod=7');
    await controller.next('podJoined', { interface: lone.port, pod: '7' });
    await controller.next('podLeft', { interface: lone.port, pod: '8' });
    await controller.controller.settled();
    await eventually(async () =>
      expect(await lone.ping(pods[7][0]!.ip, { count: 3 })).toMatchObject({ received: 3 }),
    );
    await eventually(async () =>
      expect(await pods[7][2]!.ping(lone.ip, { count: 3 })).toMatchObject({ received: 3 }),
    );

    const set = ['external_ids:galago-pod=db', 'external_ids:galago-key=0x123'];
    await h2().ovs.vsctl('set', 'Interface', lone.port, ...set);
    await controller.next('podJoined', { interface: lone.port, pod: 'db', key: 0x123 });
    await controller.controller.settled();
    expect(await pods[7][2]!.ping(lone.ip, { timeoutSec: 0.3 })).toMatchObject({ received: 0 });
    await eventually(async () =>
      expect(await lone.ping(pods.db[2]!.ip, { count: 3 })).toMatchObject({ received: 3 }),
    );

    await h2().removeContainer(lone);
    await controller.next('podLeft', { interface: lone.port, pod: 'db' });
    await controller.controller.settled();
    expect(await flowLines(h2(), lone.mac)).toEqual([]);
    expect(await flowLines(h2(), `in_port=${lone.ofport}`)).toEqual([]);
  });

  it('find a container that moved to another host with its addresses', async () => {
    const options = {
      address: '10.0.0.10/24',
      mac: '02:00:00:00:77:10',
      externalIds: { 'galago-pod': '7' },
    };
    const before = await h1().addContainer({ name: 'pods-before', ...options });
    await controller.next('podJoined', { interface: before.port });
    await controller.controller.settled();
    const [, onH2, onH3] = pods[7];
    await eventually(async () =>
      expect(await onH3!.ping(before.ip, { count: 3 })).toMatchObject({ received: 3 }),
    );
    await eventually(async () =>
      expect(await onH2!.ping(before.ip, { count: 3 })).toMatchObject({ received: 3 }),
    );

    await h1().removeContainer(before);
    await controller.next('endpointAged', { mac: options.mac, at: { port: before.ofport } });
    controller.taken();
    const after = await h2().addContainer({ name: 'pods-after', ...options });
    await controller.next('podJoined', { interface: after.port });
    await controller.controller.settled();
    await eventually(async () =>
      expect(await after.ping(onH3!.ip, { count: 3 })).toMatchObject({ received: 3 }),
    );
    await controller.next('endpointMoved', {
      mac: options.mac,
      at: { peer: h2().ip },
      from: { peer: h1().ip },
    });
    await eventually(async () =>
      expect(await onH3!.ping(after.ip, { count: 3 })).toMatchObject({ received: 3 }),
    );
    await eventually(async () =>
      expect(await onH2!.ping(after.ip, { count: 3 })).toMatchObject({ received: 3 }),
    );
    await h2().removeContainer(after);
  });

  it('have the others told when the last container of a pod leaves a host', async () => {
    const [one, other] = await Promise.all(
      [h1(), h3()].map((host, i) =>
        host.addContainer({
          name: `pods-last-${i}`,
          address: `10.0.1.${i + 1}/24`,
          externalIds: { 'galago-pod': '9' },
        }),
      ),
    );
    await controller.until('both in the pod', (state) => {
      const members = state.flatMap((bridge) => bridge.members);
      return members.filter(({ pod }) => pod === '9').length === 2;
    });
    await eventually(async () =>
      expect(await one!.ping(other!.ip, { count: 3 })).toMatchObject({ received: 3 }),
    );
    expect(await flowLines(h1(), 'tun_id=0x10009', h3().ip)).not.toEqual([]);
    expect(await flowLines(h2(), '0x10009')).toEqual([]);

    await h3().removeContainer(other!);
    await controller.next('endpointAged', { domain: '9', at: { peer: h3().ip } });
    await controller.controller.settled();
    expect(await flowLines(h1(), 'tun_id=0x10009')).toEqual([]);
    expect(await flowLines(h3(), '0x10009')).toEqual([]);
    await h1().removeContainer(one!);
    await controller.until('nobody in the pod', (state) =>
      state.flatMap((bridge) => bridge.members).every(({ pod }) => pod !== '9'),
    );
    expect(await h1().ovs.ofctl('dump-groups', 'br-int')).not.toContain(
      `group_id=${0x6a00_0000 + 2 * 0x10009}`,
    );
  });

  it('forget an address that falls silent', async () => {
    const quiet = await h1().addContainer({
      name: 'pods-quiet',
      address: '10.0.0.11/24',
      externalIds: { 'galago-pod': '7' },
    });
    await controller.next('podJoined', { interface: quiet.port });
    await controller.controller.settled();
    await eventually(async () =>
      expect(await quiet.ping(pods[7][1]!.ip, { count: 2 })).toMatchObject({ received: 2 }),
    );
    // The same flow, which waits less long.
    const [line] = await flowLines(h1(), 'table=20', `dl_src=${quiet.mac}`);
    const match = /priority=\S+/.exec(line!)![0];
    const cookie = /cookie=[^,]+/.exec(line!)![0];
    const own = `${cookie},table=20,idle_timeout=1,send_flow_rem`;
    await h1().addFlows([`${own},${match},actions=goto_table:30`]);
    const at = { port: quiet.ofport };
    await controller.next('endpointAged', { domain: '7', mac: quiet.mac, at });
    await controller.controller.settled();
    expect(await flowLines(h1(), quiet.mac)).toEqual([]);
    await eventually(async () =>
      expect(await quiet.ping(pods[7][0]!.ip, { count: 2 })).toMatchObject({ received: 2 }),
    );
    await controller.next('endpointLearnt', { domain: '7', mac: quiet.mac, at });
    await h1().removeContainer(quiet);
  });

  it('isolate only the interfaces whose pod is wrong, and say why', async () => {
    const wrong = { invalid: 'a b', keyless: 'web', rival: 'other' };
    const names = Object.keys(wrong) as (keyof typeof wrong)[];
    const containers = await Promise.all(
      names.map((name, i) =>
        h1().addContainer({
          name: `pods-${name}`,
          address: `10.0.0.${20 + i}/24`,
          externalIds: {
            'galago-pod': wrong[name],
            ...(name === 'rival' && { 'galago-key': '0x123' }),
          },
        }),
      ),
    );
    const problems = () => controller.state.flatMap((bridge) => bridge.problems);
    await controller.until('three problems', () => problems().length === 3);
    expect(problems()).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^pods-invalid is in no pod: expected a pod's name .* got 'a b'$/),
        expect.stringMatching(/^pods-keyless is in no pod: pod 'web' needs a tunnel key: set external_ids/),
        `pods-rival is in no pod: key 291 of pod 'other' is the key of pod 'db'`,
      ]),
    );
    for (const container of containers) {
      expect(await container.ping(pods.db[0]!.ip, { timeoutSec: 0.3 })).toMatchObject({ received: 0 });
      expect(await container.ping(containers[0]!.ip, { timeoutSec: 0.3 })).toMatchObject(
        container === containers[0] ? {} : { received: 0 },
      );
    }
    await eventually(async () =>
      expect(await pods.db[0]!.ping(pods.db[1]!.ip)).toMatchObject({ received: 1 }),
    );

    await h1().ovs.vsctl('set', 'Interface', 'pods-keyless', 'external_ids:galago-key=9');
    await controller.next('podJoined', { interface: 'pods-keyless', pod: 'web', key: 9 });
    for (const container of containers) await h1().removeContainer(container);
    await controller.until('no problems', () => problems().length === 0);
  });

  it('put back the tunnel port when somebody takes it away', async () => {
    const { name } = await tunnelPort(h2());
    await h2().ovs.vsctl('del-port', name);
    const [onH1, onH2] = pods[7];
    await eventually(async () => (await onH1!.ping(onH2!.ip)).received === 1, { what: 'a new tunnel port' });
  });

  it('survive somebody who deletes all flows, or makes the switch do so', async () => {
    const [onH1, onH2] = pods[7];
    const works = () =>
      eventually(async () => (await onH1!.ping(onH2!.ip, { count: 2 })).received === 2, { what: 'flows' });
    await works();
    await h1().ovs.ofctl('del-flows', 'br-int');
    await works();
    await h1().ovs.vsctl(
      ...['set-controller', 'br-int', 'unix:/nowhere', '--', 'set-fail-mode', 'br-int', 'secure'],
    );
    await works();
    await h1().ovs.vsctl('del-controller', 'br-int');
    await works();
  });
});
