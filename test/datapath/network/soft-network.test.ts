import { duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SoftNetwork, SoftSwitch } from '../../../src/datapath/index.ts';
import { output } from '../../../src/ofp/actions/standard.ts';
import { PortNo } from '../../../src/ofp/ports.ts';
import { Switch } from '../../../src/ofp/session/switch.ts';
import { parseFlow } from '../../../src/ofp/text/flow-parse.ts';

const switches: SoftSwitch[] = [];
afterEach(async () => {
  await Promise.all(switches.splice(0).map((sw) => sw.close()));
});

/** A switch, and a controller's session with it. */
async function make(...flows: readonly string[]): Promise<{ sw: SoftSwitch; session: Switch }> {
  const sw = new SoftSwitch({ datapathId: switches.length + 1 });
  switches.push(sw);
  const session = await call(sw);
  for (const flow of flows) session.send(parseFlow(flow));
  await session.barrier();
  return { sw, session };
}

function call(sw: SoftSwitch): Promise<Switch> {
  const [ours, theirs] = duplexPair();
  sw.connect(theirs);
  return Switch.open(ours);
}

const mac = (number: number) => `02:00:00:00:00:${number.toString(16).padStart(2, '0')}`;
const host = (number: number) => ({ mac: mac(number), ip: `10.0.0.${number}/24` });

describe('wires', () => {
  it('carry frames between switches and hosts, as the flows say', async () => {
    const network = new SoftNetwork();
    const [a, b] = [await make('actions=normal'), await make('actions=normal')];
    network.connect(a.sw, 1, b.sw, 1);
    const [web, db] = [network.addHost(a.sw, 2, host(1)), network.addHost(b.sw, 2, host(2))];
    expect(await web.ping(db.ip)).toBe(true);
    expect(await db.ping(web.ip)).toBe(true);
    expect(await web.ping('10.0.0.3')).toBe(false);
    b.session.send(parseFlow('priority=40000,icmp,icmp_type=8,actions=drop'));
    await b.session.barrier();
    expect(await web.ping(db.ip)).toBe(false);
  });

  it('carry what waits for a controller, and wait for it', async () => {
    const network = new SoftNetwork();
    const { sw, session } = await make('priority=0,actions=controller');
    session.on('packetIn', ({ match, data }) =>
      // As late as an answer that had to be looked up.
      setImmediate(() =>
        session.send({ type: 'packetOut', inPort: match.inPort!, data, actions: [output(PortNo.FLOOD)] }),
      ),
    );
    const [web, db] = [network.addHost(sw, 1, host(1)), network.addHost(sw, 2, host(2))];
    expect(await Promise.all([web.ping(db.ip), db.ping(web.ip), db.ping('10.0.0.9')])).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('end loops', async () => {
    const network = new SoftNetwork({ maxFrames: 50 });
    const [a, b] = [await make('actions=flood'), await make('actions=flood')];
    network.connect(a.sw, 1, b.sw, 1);
    network.connect(a.sw, 2, b.sw, 2);
    network.connect(a.sw, 3, b.sw, 3);
    const web = network.addHost(a.sw, 4, host(1));
    web.announce();
    await network.idle();
    expect(network.dropped).toBeGreaterThan(0);
    expect(network.delivered).toBeLessThan(50 * 33);
  });

  it('are told of when they are cut and mended, and groups choose another', async () => {
    const network = new SoftNetwork();
    const [a, b] = [await make(), await make('actions=normal')];
    network.connect(a.sw, 1, b.sw, 1);
    network.connect(a.sw, 2, b.sw, 2);
    const [web, db] = [network.addHost(a.sw, 3, host(1)), network.addHost(b.sw, 3, host(2))];
    const buckets = [1, 2].map((port) => ({ watchPort: port, actions: [output(port)] }));
    a.session.send({ type: 'groupMod', command: 'add', groupId: 1, groupType: 'fastFailover', buckets });
    a.session.send(parseFlow('priority=2,in_port=3,actions=group:1'));
    a.session.send(parseFlow('priority=1,actions=output:3'));
    b.session.send(parseFlow('priority=40000,in_port=3,actions=output:1,output:2'));
    await Promise.all([a.session.barrier(), b.session.barrier()]);
    const states: string[] = [];
    for (const { session } of [a, b])
      session.on('portStatus', ({ port }) =>
        states.push(`${session.id.at(-1)}/${port.portNo} ${port.state}`),
      );
    expect(await web.ping(db.ip)).toBe(true);
    network.cut(a.sw, 1);
    await network.idle();
    expect(await web.ping(db.ip)).toBe(true);
    network.cut(b.sw, 2);
    expect(await web.ping(db.ip)).toBe(false);
    network.mend(a.sw, 2);
    expect(await web.ping(db.ip)).toBe(true);
    await network.idle();
    expect(states).toEqual(['1/1 1', '2/1 1', '2/2 1', '1/2 1', '1/2 4', '2/2 4']);
  });

  it('hang on one port each', async () => {
    const network = new SoftNetwork();
    const [{ sw }, other] = [await make(), await make()];
    network.addHost(sw, 1, host(1));
    const taken = expect.objectContaining({ code: 'DATAPATH_PORT_TAKEN' });
    expect(() => network.addHost(sw, 1, host(2))).toThrow(taken);
    expect(() => network.connect(other.sw, 1, sw, 1)).toThrow(taken);
    expect(() => network.addTunnel(sw, 1, '192.0.2.1')).toThrow(taken);
    expect(network.addHost(other.sw, 1, host(3)).ip).toBe('10.0.0.3');
    network.disconnect(sw, 1);
    network.connect(other.sw, 2, sw, 1);
    network.disconnect(other.sw, 2);
    network.addTunnel(sw, 1, '192.0.2.1');
    network.disconnect(sw, 1);
    network.addTunnel(other.sw, 2, '192.0.2.1');
    expect(() => network.connect(sw, 1, sw, 1)).toThrow(taken);
    network.connect(sw, 1, sw, 2);
  });

  it('let a switch come back without its flows', async () => {
    const network = new SoftNetwork();
    const { sw, session } = await make('actions=normal');
    const [web, db] = [network.addHost(sw, 1, host(1)), network.addHost(sw, 2, host(2))];
    expect(await web.ping(db.ip)).toBe(true);
    await sw.stop();
    expect(session.isClosed).toBe(true);
    expect(await web.ping(db.ip)).toBe(false);
    expect(() => sw.connect(duplexPair()[0])).toThrow(expect.objectContaining({ code: 'DATAPATH_STOPPED' }));
    sw.start();
    expect(await web.ping(db.ip)).toBe(false);
    const again = await call(sw);
    expect([...again.ports.keys()]).toEqual([1, 2]);
    again.send(parseFlow('actions=normal'));
    await again.barrier();
    expect(await web.ping(db.ip)).toBe(true);
  });
});

describe('tunnels', () => {
  const out = (key: number, dst: string) => `set_field:${key}->tun_id,set_field:${dst}->tun_dst,output:9`;

  it('carry the key and the addresses that flows set and match', async () => {
    const network = new SoftNetwork();
    const a = await make(`in_port=1,actions=${out(7, '192.0.2.2')}`, 'in_port=9,tun_id=7,actions=output:1');
    const b = await make(
      `in_port=1,actions=${out(7, '192.0.2.1')}`,
      'in_port=9,tun_id=7,tun_src=192.0.2.1,tun_dst=192.0.2.2,actions=output:1',
    );
    network.addTunnel(a.sw, 9, '192.0.2.1');
    network.addTunnel(b.sw, 9, '192.0.2.2');
    const [web, db] = [network.addHost(a.sw, 1, host(1)), network.addHost(b.sw, 1, host(2))];
    expect(await web.ping(db.ip)).toBe(true);
    b.session.send(parseFlow(`in_port=1,actions=${out(8, '192.0.2.1')}`));
    await b.session.barrier();
    expect(await web.ping(db.ip)).toBe(false);
  });

  it.each([
    ['nowhere', 'output:9'],
    ['to where nobody is', out(7, '192.0.2.3')],
    ['to the port itself', out(7, '192.0.2.1')],
    ['of another encapsulation', out(7, '192.0.2.4')],
  ])('lead nowhere: %s', async (_, actions) => {
    const network = new SoftNetwork();
    const { sw } = await make(`in_port=1,actions=${actions}`, 'in_port=9,actions=output:2');
    network.addTunnel(sw, 9, '192.0.2.1');
    network.addTunnel(sw, 8, '192.0.2.4', 'geneve');
    const [web, db] = [network.addHost(sw, 1, host(1)), network.addHost(sw, 2, host(2))];
    web.announce();
    await network.idle();
    expect(db.received).toEqual([]);
    expect(network.delivered).toBe(1);
  });

  it('run over IPv6, and have as many bits of the key as their encapsulation', async () => {
    const network = new SoftNetwork();
    const a = await make(
      'in_port=1,actions=set_field:0x1000007->tun_id,set_field:fd00::2->tun_ipv6_dst,output:9,output:8',
    );
    const match = 'tun_ipv6_src=fd00::1,tun_ipv6_dst=fd00::2';
    const b = await make(
      `in_port=9,tun_id=7,${match},actions=output:1`,
      `in_port=8,tun_id=0x1000007,${match},actions=output:2`,
    );
    for (const [encapsulation, port] of [['geneve', 9] as const, ['gre', 8] as const]) {
      network.addTunnel(a.sw, port, 'fd00::1', encapsulation);
      network.addTunnel(b.sw, port, 'fd00::2', encapsulation);
    }
    const web = network.addHost(a.sw, 1, host(1));
    const hosts = [network.addHost(b.sw, 1, host(2)), network.addHost(b.sw, 2, host(3))];
    web.announce();
    await network.idle();
    expect(hosts.map(({ received }) => received.length)).toEqual([1, 1]);
  });

  it('end at one port of an encapsulation', async () => {
    const network = new SoftNetwork();
    const { sw } = await make();
    network.addTunnel(sw, 1, '192.0.2.1');
    network.addTunnel(sw, 2, '192.0.2.1', 'gre');
    expect(() => network.addTunnel(sw, 3, '192.0.2.1')).toThrow(
      expect.objectContaining({ code: 'DATAPATH_ADDRESS_TAKEN' }),
    );
  });
});
