import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { FeedClient } from '../app/feed-client.ts';
import { type RunningController, startController } from '../cli/galago.ts';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';

describeWithLab('galago controller', () => {
  let lab: Lab;
  const feeds: FeedClient[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
  });

  afterEach(() => {
    for (const { socket } of feeds.splice(0)) socket.terminate();
  });

  afterAll(() => lab?.close());

  async function start(...args: string[]): Promise<RunningController & { readonly feed: FeedClient }> {
    const controller = await startController(args, (command, argv) => lab.start(command, argv));
    const feed = await FeedClient.connect(controller.feedUrl);
    feeds.push(feed);
    return { ...controller, feed };
  }

  /** Has the bridge call the controller as users do. */
  async function setController(host: Host, { openflowPort }: RunningController): Promise<void> {
    const port = await host.importPort(openflowPort, 0);
    await host.ovs.vsctl('set-controller', host.bridge, `tcp:127.0.0.1:${port}`);
  }

  async function addContainers(host: Host, ...pods: readonly (string | undefined)[]): Promise<Container[]> {
    const containers: Container[] = [];
    for (const [index, pod] of pods.entries()) {
      const name = `${host.name}-c${index + 1}`;
      const address = `10.0.0.${index + 1}/24`;
      containers.push(await host.addContainer({ name, address, ...(pod !== undefined && { pod }) }));
    }
    return containers;
  }

  it('is a learning switch after set-controller, and tells the feed what it learns', async () => {
    const host = await lab.addSwitch({ name: 'learning' });
    const [a, b] = (await addContainers(host, undefined, undefined)) as [Container, Container];
    const controller = await start();
    const { feed, process } = controller;
    expect(await feed.next()).toEqual({ type: 'state', switches: [] });
    await setController(host, controller);
    const { switch: id } = await feed.find('switchUp');
    expect(await feed.find('switchMode')).toMatchObject({ switch: id, mode: 'learning', problems: [] });

    await eventually(async () => (await a.ping(b.ip)).received === 1);
    const learnt = [await feed.find('endpointLearnt'), await feed.find('endpointLearnt')];
    expect(learnt.map(({ mac, at }) => ({ mac, at }))).toEqual([
      { mac: a.mac, at: { port: a.ofport } },
      { mac: b.mac, at: { port: b.ofport } },
    ]);

    const late = await FeedClient.connect(controller.feedUrl);
    feeds.push(late);
    const { switches } = await late.find('state');
    expect(switches).toMatchObject([{ switch: id, mode: 'learning' }]);
    const known = switches[0]!.endpoints.map(({ mac, at }) => ({ mac, at }));
    expect(known).toEqual(learnt.map(({ mac, at }) => ({ mac, at })));

    const pings = await a.startPing(b.ip);
    await eventually(() => pings.received >= 10);
    process.kill('SIGTERM');
    expect(await process.exited).toEqual({ code: 0, signal: null });
    expect(await feed.closed).toMatchObject({ code: 1001 });
    const before = pings.received;
    await eventually(() => pings.received > before + 10);
    expect(await pings.stop()).toMatchObject({ lost: 0 });
    expect(await host.ovs.ofctl('dump-flows', host.bridge)).toMatch(new RegExp(`dl_dst=${b.mac}`));
  });

  it('refuses pods on a bridge that would join them, and says the commands that mend it', async () => {
    const host = await lab.addSwitch({ name: 'refused', failMode: 'standalone' });
    const [a, b] = (await addContainers(host, '1', '1')) as [Container, Container];
    const controller = await start('--ovsdb', host.ovs.dbSocket);
    await setController(host, controller);
    const { problems } = await controller.feed.find('switchMode', ({ mode }) => mode === 'refused');
    expect(problems).toHaveLength(2);
    expect((await a.ping(b.ip, { timeoutSec: 0.2 })).received).toBe(0);
    for (const problem of problems) {
      const [, commands] = /: ovs-vsctl (.*)$/.exec(problem)!;
      await host.ovs.vsctl(...commands!.split(' '));
    }
    await controller.feed.find('switchMode', ({ mode }) => mode === 'pods');
    await eventually(async () => (await a.ping(b.ip)).received === 1);
    expect((await controller.process.stop()).code).toBe(0);
  });

  it('mends such a bridge itself with --secure-bridges, and keeps the pods apart', async () => {
    const host = await lab.addSwitch({ name: 'mended', failMode: 'standalone' });
    const [a, b, other] = (await addContainers(host, '1', '1', '2')) as [Container, Container, Container];
    const controller = await start('--ovsdb', host.ovs.dbSocket, '--secure-bridges');
    await setController(host, controller);
    const { mode, problems } = await controller.feed.find('switchMode', (event) => event.mode !== 'waiting');
    expect({ mode, problems }).toEqual({ mode: 'pods', problems: [] });
    await controller.process.waitForOutput(/made secure/);
    const settings = await host.ovs.vsctl('get', 'Bridge', host.bridge, 'fail_mode', 'other_config');
    expect(settings.trim().split('\n')).toEqual(['secure', '{disable-in-band="true"}']);
    expect((await host.ovs.vsctl('get', 'Controller', host.bridge, 'connection_mode')).trim()).toBe(
      'out-of-band',
    );
    expect(await controller.feed.find('podJoined', (event) => event.interface === other.port)).toMatchObject({
      pod: '2',
      port: other.ofport,
    });

    await eventually(async () => (await a.ping(b.ip)).received === 1);
    expect((await a.ping(other.ip, { timeoutSec: 0.2 })).received).toBe(0);
    expect((await controller.process.stop()).code).toBe(0);
  });
});
