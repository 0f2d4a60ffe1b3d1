import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { addTranslated, forge, usurp } from '../docs/forged-tunnel.ts';
import { eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson, startAgent } from './host-cli.ts';

const SHUT = 'table inet filter { chain input { type filter hook input priority 0; policy drop; }; }\n';
const DROP = 'nftables inet galago: drop forged packets of vxlan';

describeWithLab('tunnel packets that a container forges by a network of which its host translates addresses', () => {
  let lab: Lab;
  let host: Host;
  let other: Host;

  beforeAll(async () => {
    lab = await Lab.create();
    const add = (number: number) => {
      const address = [`192.0.2.${number}/24`, `2001:db8::${number}/64`];
      return lab.addHost({ name: `h${number}`, address, bridge: false });
    };
    [host, other] = (await Promise.all([1, 2].map(add))) as [Host, Host];
  });

  afterAll(async () => {
    await lab?.close();
  });

  const init = (localIp: string) => galagoJson(host, 'init', '--usermode', '--local-ip', localIp);
  const ruleset = () => host.exec('nft', ['--stateless', 'list', 'ruleset']);

  it('are dropped by what galago init and cluster have set up, until galago cleanup', async () => {
    const [here, there, elsewhere] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
    const container = await addTranslated(host, other, there);
    await usurp(container, `${elsewhere}/32`);
    const ends = await Promise.all([listen(host, here), listen(other, there)]);
    const forgeAll = async () => {
      await forge(container, there, '02:00:00:00:99:01');
      await forge(container, there, '02:00:00:00:99:02', elsewhere);
      await forge(container, here, '02:00:00:00:99:03', elsewhere);
      return heard(host, here, ends);
    };
    const before = await ruleset();
    expect(await forgeAll()).toEqual(['99:01', '99:02', '99:03']);
    expect(await init(here)).toMatchObject({ changes: expect.arrayContaining([DROP]), dropsForgery: true });
    // Who the other hosts are is not known yet.
    expect(await forgeAll()).toEqual(['99:02']);
    await galago(host, 'cluster', there, elsewhere);
    expect(await forgeAll()).toEqual([]);
    await host.exec('nft', ['flush', 'chain', 'inet', 'galago', 'leaving']);
    expect(await galagoJson(host, 'status')).toMatchObject({
      problems: expect.arrayContaining([
        "containers' other networks are not kept out of the tunnels: galago init",
      ]),
    });
    expect(await init(here)).toMatchObject({ changes: [DROP] });
    expect(await forgeAll()).toEqual([]);

    const agent = await startAgent(host);
    // As somebody does who starts a firewall, and loads all its rules anew.
    const load = () => host.exec('nft', ['--file', '-'], { input: `flush ruleset\n${before}${SHUT}` });
    await load();
    await agent.waitForOutput(/put right again .*nftables inet filter input: let vxlan in/);
    // The host's own packets are no others than those of the tunnel.
    expect(await forgeAll()).toEqual([]);
    expect(await galagoJson(host, 'status')).toMatchObject({ problems: [] });
    for (const done of [/let vxlan in/g, /drop forged packets/g])
      expect(agent.output.match(done)).toHaveLength(1);
    // Whatever the agent is about when the settings go.
    await load();
    await galago(host, 'cleanup');
    await agent.exited;
    await host.exec('nft', ['delete', 'table', 'inet', 'filter']);
    expect(await ruleset()).toBe(before);
  });

  it("are dropped over IPv6 as well, also with the host's own address from the beginning", async () => {
    const [here, there] = ['2001:db8::1', '2001:db8::2'];
    const container = await addTranslated(host, other, there);
    const ends = [await listen(other, there)];
    await usurp(container, `${here}/128`);
    const forgeAll = async () => {
      await forge(container, there, '02:00:00:00:99:04');
      await forge(container, there, '02:00:00:00:99:05', here);
      return heard(host, here, ends);
    };
    expect(await forgeAll()).toEqual(['99:04', '99:05']);
    await init(here);
    expect(await forgeAll()).toEqual([]);
  });
}, ['nft']);

/** Where a tunnel ends, with the contents of the packets that have come there, in hexadecimal digits. */
interface TunnelEnd {
  readonly address: string;
  readonly packets: string[];
}

async function listen(host: Host, address: string): Promise<TunnelEnd> {
  const packets: string[] = [];
  const socket = await host.bindUdp({ host: address, port: VXLAN });
  socket.on('message', (message) => packets.push(message.toString('hex')));
  return { address, packets };
}

/** The forged frames that have come, as what their MAC addresses end with, up to what the host itself sends then. */
async function heard(host: Host, from: string, ends: readonly TunnelEnd[]): Promise<readonly string[]> {
  const socket = await host.bindUdp({ host: from, port: 0 });
  for (const { address } of ends) await new Promise((resolve) => socket.send(OWN, VXLAN, address, resolve));
  const own = OWN.toString('hex');
  await eventually(() => ends.every(({ packets }) => packets.includes(own)), {
    what: "the host's own packet",
  });
  const forged = ends.flatMap(({ packets }) => packets.splice(0).filter((packet) => packet !== own));
  return forged.map((packet) => packet.replace(/^.*0200000099(..).*$/, '99:$1')).sort();
}

const OWN = Buffer.from("the host's own");
const VXLAN = 4789;
