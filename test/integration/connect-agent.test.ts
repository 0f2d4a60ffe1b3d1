import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually, type Host, Lab, run } from '../lab/index.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson, startAgent } from './host-cli.ts';

describeWithLab('galago connect on a host with an agent', () => {
  let lab: Lab;
  let host: Host;
  let agent: RunningProcess;
  let number = 0;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addHost({ name: 'h1', address: '192.0.2.1/24', bridge: false });
    await galagoJson(host, 'init', '--usermode');
    agent = await startAgent(host);
    await eventually(confirmed, { what: 'the agent to say what it has done' });
  });

  afterAll(async () => {
    await agent?.stop();
    await lab?.close();
  });

  /** The configuration that the bridge has the flows of, as its database says. */
  const confirmed = async (): Promise<number> => {
    const ids = await host.ovs.vsctl('get', 'Bridge', 'br-int', 'external_ids');
    return Number(/galago-flows-cfg="(\d+)"/.exec(ids)?.[1]);
  };

  /** Connects another container, and returns its address and how the command ended. */
  const connect = async () => {
    const name = `c${++number}`;
    const container = await host.addContainer({ name, bridge: false });
    const ip = `10.0.0.${number}`;
    return { ip, ...(await galago(host, 'connect', `netns:${container.netns}`, ip, '7')) };
  };

  const flowsOf = (ip: string) => host.ovs.ofctl('dump-flows', 'br-int', `table=30,arp,arp_tpa=${ip}`);

  it('ends when the switch has the flows of the endpoint, so that its first packet is not lost', async () => {
    for (let i = 0; i < 5; i++) {
      const { ip, exitCode } = await connect();
      expect(exitCode).toBe(0);
      expect(await flowsOf(ip)).toContain(`arp_tpa=${ip}`);
    }
  });

  it('follows what anybody changes', async () => {
    await host.ovs.vsctl('set', 'Open_vSwitch', '.', 'external_ids:somebody=else');
    const cfg = Number(await host.ovs.vsctl('get', 'Open_vSwitch', '.', 'cur_cfg'));
    await eventually(async () => (await confirmed()) >= cfg, { what: 'the agent to follow' });
  });

  it('is done again when a namespace was made anew under its name', async () => {
    const [a, b] = await Promise.all(['a', 'b'].map((name) => host.addContainer({ name, bridge: false })));
    await galagoJson(host, 'connect', `netns:${a!.netns}`, '10.0.9.1', '9');
    await galagoJson(host, 'connect', `netns:${b!.netns}`, '10.0.9.2', '9');
    const said = agent.output.length;
    for (let i = 0; i < 2; i++) {
      await run('ip', ['netns', 'delete', b!.netns]);
      await run('ip', ['netns', 'add', b!.netns]);
      await eventually(async () => (await a!.ping('10.0.9.2')).received === 1, { what: 'it to be back' });
    }
    expect(agent.output.slice(said)).not.toMatch(/WARN|ERROR/);
  });

  it('does not wait for an agent that has gone', async () => {
    await agent.stop('SIGKILL');
    const before = await confirmed();
    const { ip, exitCode } = await connect();
    expect(exitCode).toBe(0);
    expect(await confirmed()).toBe(before);
    expect(await flowsOf(ip)).not.toContain(`arp_tpa=${ip}`);
    agent = await startAgent(host);
    await eventually(async () => (await flowsOf(ip)).includes(`arp_tpa=${ip}`), { what: 'its flows' });
  });

  it('tells only bridges that galago init has made', async () => {
    await host.addBridge('br-other');
    const cfg = Number(await host.ovs.vsctl('get', 'Open_vSwitch', '.', 'cur_cfg'));
    await eventually(async () => (await confirmed()) >= cfg, { what: 'the agent to follow' });
    expect(await host.ovs.vsctl('get', 'Bridge', 'br-other', 'external_ids')).toBe('{}\n');
  });
});
