import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FeedClient } from '../app/feed-client.ts';
import { startController } from '../cli/galago.ts';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';

describeWithLab('galago controller on each host', () => {
  let lab: Lab;
  let hosts: readonly [Host, Host];
  let containers: readonly [Container, Container];

  beforeAll(async () => {
    lab = await Lab.create();
    hosts = await Promise.all([
      lab.addHost({ name: 'h1', address: '192.0.2.1/24' }),
      lab.addHost({ name: 'h2', address: '192.0.2.2/24' }),
    ]);
    containers = await Promise.all([
      hosts[0].addContainer({ name: 'agent-a1', address: '10.0.0.1/24', pod: '42' }),
      hosts[1].addContainer({ name: 'agent-b1', address: '10.0.0.2/24', pod: '42' }),
    ]);
  });

  afterAll(() => lab?.close());

  function startAgent(host: Host, peer: Host, encap: string) {
    const sockets = ['--openflow', `unix:${host.ovs.mgmt(host.bridge)}`, '--ovsdb', host.ovs.dbSocket];
    const addresses = ['--local-ip', host.ip, '--peer', peer.ip, '--encap', encap];
    return startController([...sockets, ...addresses], (command, args) => lab.start(command, args));
  }

  it.each(['vxlan', 'geneve', 'gre'])(
    'carries a pod between hosts by %s, from the local address',
    async (encap) => {
      const [h1, h2] = hosts;
      const [a, b] = containers;
      const agents = await Promise.all([startAgent(h1, h2, encap), startAgent(h2, h1, encap)]);
      const feed = await FeedClient.connect(agents[0].feedUrl);
      let remote: unknown;
      void feed
        .find('endpointLearnt', ({ mac }) => mac === b.mac)
        .then((event) => {
          remote = event;
        });
      // As long as the controllers have not made the new tunnel, the old one carries the pod.
      await eventually(async () => (await a.ping(b.ip)).received === 1 && remote !== undefined);
      expect(remote).toMatchObject({ domain: '42', at: { peer: h2.ip } });

      const port = (
        await h1.ovs.vsctl('--bare', '--columns=name', 'find', 'Interface', `type=${encap}`)
      ).trim();
      const options = (await h1.ovs.vsctl('get', 'Interface', port, 'options')).trim();
      expect(options).toBe(`{key=flow, local_ip="${h1.ip}", remote_ip=flow}`);
      expect(await h1.ofport(port)).toBeGreaterThan(0);

      feed.socket.terminate();
      for (const { process } of agents) expect((await process.stop()).code).toBe(0);
    },
  );
});
