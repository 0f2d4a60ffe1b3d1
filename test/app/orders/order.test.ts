import { describe, expect, it } from '@jest/globals';
import { parseDhcpSubnet } from '../../../src/app/dhcp/subnet.ts';
import type { BridgeView } from '../../../src/app/hosts/host-view.ts';
import { parsePod } from '../../../src/app/hosts/pod.ts';
import { BridgeOrders } from '../../../src/app/orders/bridge-orders.ts';
import type { KnownHost, Underlay } from '../../../src/app/orders/order.ts';

const VXLAN = { interface: 'vx0', type: 'vxlan', ofport: 9, error: undefined };

/** A bridge with an interface in each of the pods, whose port is its number. */
function bridge(datapathId: string, pods: readonly string[], changes: Partial<BridgeView> = {}): BridgeView {
  const members = pods.map((text, i) => {
    const [name, key] = text.split('=') as [string, string?];
    return { interface: `if${i + 1}`, ofport: i + 1, pod: parsePod(name, key) };
  });
  return {
    name: `br-${datapathId}`,
    datapathId,
    carriesPods: pods.length > 0,
    insecurities: [],
    members,
    podPorts: members.map(({ ofport }) => ofport),
    problems: [],
    tunnels: [VXLAN],
    subnets: new Map(),
    ...changes,
  };
}

const host = (number: number, ...bridges: BridgeView[]): KnownHost => ({
  name: `h${number}`,
  view: { localIp: `192.0.2.${number}`, bridges },
});

const UNDERLAY: Underlay = { encapsulation: 'vxlan', localIp: undefined, peers: [], mayLackHosts: false };

function order(hosts: readonly KnownHost[], underlay: Partial<Underlay> = {}, orders = new BridgeOrders()) {
  follow(orders, hosts, { ...UNDERLAY, ...underlay });
  return orders;
}

const namesKnown = new WeakMap<BridgeOrders, readonly string[]>();

/** Tells of all hosts that there are now. */
function follow(orders: BridgeOrders, hosts: readonly KnownHost[], underlay = UNDERLAY): ReadonlySet<string> {
  const names = hosts.map(({ name }) => name);
  const gone = (namesKnown.get(orders) ?? []).filter((name) => !names.includes(name));
  namesKnown.set(orders, names);
  return orders.update({ told: hosts, gone }, underlay);
}

/** The peers of each pod on a bridge, by pod. */
function peersOn(orders: ReturnType<typeof order>, datapathId: string): Record<string, readonly string[]> {
  const known = orders.get(datapathId)?.order;
  if (known?.mode !== 'pods') throw new Error(`${datapathId} carries no pods`);
  const { members, peersByKey } = known.plan;
  return Object.fromEntries(members.map(({ pod }) => [pod.name, peersByKey.get(pod.key) ?? []]));
}

const problemsOn = (orders: ReturnType<typeof order>, datapathId: string) =>
  orders.get(datapathId)?.order.problems;

describe('the order for a bridge', () => {
  it('is to learn when no interface of it is in a pod', () => {
    const orders = order([host(1, bridge('a', []))]);
    expect(orders.get('a')).toMatchObject({
      order: { mode: 'learning', bridge: 'br-a' },
      needsTunnel: false,
    });
  });

  it('is to carry only its own network when it is a virtual switch, whatever peers there are', () => {
    const member = { interface: 'ovs0-s01', ofport: 1, pod: { name: 'ovs0', key: 1 } };
    const changes = { vswitch: [member], carriesPods: true };
    const underlay = { peers: ['192.0.2.9'], mayLackHosts: true };
    const orders = order([host(1, bridge('a', [], changes)), host(2, bridge('b', [], changes))], underlay);
    for (const id of ['a', 'b']) {
      const { order: known, needsTunnel } = orders.get(id)!;
      expect(known).toMatchObject({
        mode: 'pods',
        problems: [],
        plan: { members: [member], keepsPeers: false },
      });
      expect(known).toMatchObject({ plan: { tunnel: undefined, remoteStations: [], peersByKey: new Map() } });
      expect(needsTunnel).toBe(false);
    }
    const insecure = order([host(1, bridge('c', [], { ...changes, insecurities: ['x'] }))]);
    expect(insecure.get('c')?.order.mode).toBe('refused');
  });

  it('is to carry pods when one is, with their members and the tunnel port', () => {
    const orders = order([host(1, bridge('a', ['7', '8']))]);
    expect(orders.get('a')).toMatchObject({
      needsTunnel: false,
      order: {
        mode: 'pods',
        bridge: 'br-a',
        problems: [],
        plan: {
          members: [
            { interface: 'if1', ofport: 1, pod: { name: '7', key: 0x10007 } },
            { interface: 'if2', ofport: 2, pod: { name: '8', key: 0x10008 } },
          ],
          tunnel: { ofport: 9 },
          keepsPeers: false,
        },
      },
    });
  });

  it('is refused while it could not keep pods apart, with what mends it', () => {
    const insecurities = ['fail_mode is standalone: do this'];
    const orders = order([host(1, bridge('a', ['7'], { insecurities })), host(2, bridge('b', ['7']))]);
    expect(orders.get('a')).toMatchObject({
      needsTunnel: false,
      order: { mode: 'refused', problems: insecurities, podPorts: [1] },
    });
    expect(peersOn(orders, 'b')).toEqual({ 7: [] });
  });

  it('is not given before the switch has a datapath id', () => {
    const nameless = bridge('a', ['7'], { datapathId: undefined });
    expect(follow(new BridgeOrders(), [host(1, nameless)]).size).toBe(0);
  });

  it('says that hosts may be missing', () => {
    const orders = order([host(1, bridge('a', ['7']))], { mayLackHosts: true });
    expect(orders.get('a')?.order).toMatchObject({ plan: { keepsPeers: true } });
  });
});

describe('the tunnel port', () => {
  const GRE = [
    { interface: 'gre0', type: 'gre', ofport: 8, error: undefined },
    { interface: 'gre1', type: 'ip6gre', ofport: 9, error: undefined },
  ];
  const tunnelOf = (localIp: string) => {
    const one = { name: 'h1', view: { localIp, bridges: [bridge('a', ['7'], { tunnels: GRE })] } };
    const known = order([one], { encapsulation: 'gre' }).get('a')?.order;
    return known?.mode === 'pods' ? known.plan.tunnel : undefined;
  };

  it('for GRE is of another type where the host’s address is IPv6', () => {
    expect(tunnelOf('192.0.2.1')).toEqual({ ofport: 8 });
    expect(tunnelOf('2001:db8::1')).toEqual({ ofport: 9 });
  });
});

describe('the peers of a pod', () => {
  it('are the other hosts that hold it, and no others', () => {
    const orders = order([
      host(1, bridge('a', ['7', '8'])),
      host(3, bridge('c', ['8', '9'])),
      host(2, bridge('b', ['7', '8'])),
    ]);
    expect(peersOn(orders, 'a')).toEqual({ 7: ['192.0.2.2'], 8: ['192.0.2.2', '192.0.2.3'] });
    expect(peersOn(orders, 'b')).toEqual({ 7: ['192.0.2.1'], 8: ['192.0.2.1', '192.0.2.3'] });
    expect(peersOn(orders, 'c')).toEqual({ 8: ['192.0.2.1', '192.0.2.2'], 9: [] });
    expect(orders.get('c')?.needsTunnel).toBe(true);
  });

  it('are named once when a host holds the pod on two bridges, and never the host itself', () => {
    const orders = order([host(1, bridge('a', ['7']), bridge('b', ['7'])), host(2, bridge('c', ['7']))]);
    expect(peersOn(orders, 'a')).toEqual({ 7: ['192.0.2.2'] });
    expect(peersOn(orders, 'c')).toEqual({ 7: ['192.0.2.1'] });
  });

  it('take in hosts of other controllers, but for the host’s own address', () => {
    const peers = ['192.0.2.9', '192.0.2.1'];
    const one = order([host(1, bridge('a', ['7'])), host(2, bridge('b', ['8']))], { peers });
    expect(peersOn(one, 'a')).toEqual({ 7: ['192.0.2.9'] });
    expect(peersOn(one, 'b')).toEqual({ 8: ['192.0.2.1', '192.0.2.9'] });
    const nameless = { name: 'h1', view: { localIp: undefined, bridges: [bridge('a', ['7'])] } };
    expect(peersOn(order([nameless], { peers, localIp: '192.0.2.1' }), 'a')).toEqual({ 7: ['192.0.2.9'] });
  });

  it('are of the same family as the host’s own address; others are a problem', () => {
    const six: KnownHost = { name: 'h2', view: { localIp: '2001:db8::2', bridges: [bridge('b', ['7'])] } };
    const orders = order([host(1, bridge('a', ['7'])), six], { peers: ['2001:db8::3', '192.0.2.4'] });
    expect(peersOn(orders, 'a')).toEqual({ 7: ['192.0.2.4'] });
    expect(problemsOn(orders, 'a')).toEqual(
      ['2001:db8::2', '2001:db8::3'].map(
        (peer) => `no tunnel leads from 192.0.2.1 to ${peer}: one is IPv4, the other IPv6`,
      ),
    );
    expect(peersOn(orders, 'b')).toEqual({ 7: ['2001:db8::3'] });
    expect(problemsOn(orders, 'b')).toHaveLength(2);
  });

  it('are none while another host has not said where tunnels to it end, which is a problem', () => {
    const nameless = (name: string, id: string): KnownHost => ({
      name,
      view: { localIp: undefined, bridges: [bridge(id, ['7'])] },
    });
    const orders = order([nameless('h1', 'a'), nameless('h2', 'b'), host(3, bridge('c', ['7']))]);
    expect(peersOn(orders, 'c')).toEqual({ 7: [] });
    expect(problemsOn(orders, 'c')).toEqual([]);
    expect(peersOn(orders, 'a')).toEqual({ 7: ['192.0.2.3'] });
    expect(problemsOn(orders, 'a')).toEqual([
      'where do tunnels to this host end? ovs-vsctl set Open_vSwitch . external_ids:galago-local-ip=ADDRESS',
    ]);
    expect(problemsOn(order([nameless('h1', 'a')]), 'a')).toEqual([]);
  });
});

describe('the tunnel of a bridge', () => {
  const withTunnels = (...tunnels: BridgeView['tunnels']) => [
    host(1, bridge('a', ['7'], { tunnels })),
    host(2, bridge('b', ['7'])),
  ];

  it('is needed when another host holds one of its pods', () => {
    expect(order(withTunnels()).get('a')).toMatchObject({
      needsTunnel: true,
      order: { problems: [], plan: { tunnel: undefined } },
    });
  });

  it('is the one of the encapsulation that is used', () => {
    const orders = order(withTunnels({ ...VXLAN, type: 'geneve', ofport: 5 }, VXLAN), {
      encapsulation: 'geneve',
    });
    expect(orders.get('a')?.order).toMatchObject({ plan: { tunnel: { ofport: 5 } } });
  });

  it('is a problem when the switch could not open it', () => {
    const failed = { ...VXLAN, ofport: undefined, error: 'could not add' };
    expect(order(withTunnels(failed)).get('a')?.order).toMatchObject({
      problems: ['tunnel port vx0: could not add'],
      plan: { tunnel: undefined },
    });
  });
});

describe('a conflict of keys', () => {
  it('leaves out the interface that came later, and nothing else', () => {
    const orders = order([
      host(1, bridge('a', ['web=5', 'db=5', '7'])),
      host(2, bridge('b', ['web=6', '7'], { problems: ['if9 is in no pod: no reason'] })),
    ]);
    expect(peersOn(orders, 'a')).toEqual({ web: [], 7: ['192.0.2.2'] });
    expect(problemsOn(orders, 'a')).toEqual([`if2 is in no pod: key 5 of pod 'db' is the key of pod 'web'`]);
    expect(problemsOn(orders, 'b')).toEqual([
      'if9 is in no pod: no reason',
      `if1 is in no pod: pod 'web' has the key 5 elsewhere, here it is 6`,
    ]);
  });

  it('is over at once when the other one has gone', () => {
    const earlier = new BridgeOrders();
    order([host(1, bridge('a', ['web=5'])), host(2, bridge('b', ['db=5']))], {}, earlier);
    const orders = order([host(1, bridge('a', ['7'])), host(2, bridge('b', ['db=5']))], {}, earlier);
    expect(peersOn(orders, 'b')).toEqual({ db: [] });
    expect(problemsOn(orders, 'b')).toEqual([]);
  });

  it('does not arise when a pod changes its own key', () => {
    const earlier = new BridgeOrders();
    order([host(1, bridge('a', ['web=5']))], {}, earlier);
    const orders = order([host(1, bridge('a', ['web=6']))], {}, earlier);
    expect(problemsOn(orders, 'a')).toEqual([]);
    expect(peersOn(orders, 'a')).toEqual({ web: [] });
  });
});

describe('addresses in the order for a bridge', () => {
  const A = { mac: '02:00:00:00:00:01', ips: ['10.0.0.1'] };
  const B = { mac: '02:00:00:00:00:02', ips: ['10.0.0.2'] };
  const withAddresses = (id: string, ...addresses: readonly (typeof A | undefined)[]): BridgeView => {
    const plain = bridge(
      id,
      addresses.map(() => '7'),
    );
    const members = plain.members.map((member, i) => ({
      ...member,
      ...(addresses[i] && { addresses: addresses[i] }),
    }));
    return { ...plain, members };
  };
  const planOn = (orders: ReturnType<typeof order>, id: string) => {
    const known = orders.get(id)?.order;
    if (known?.mode !== 'pods') throw new Error(`${id} carries no pods`);
    return known.plan;
  };

  it('are those of the same pods on other hosts', () => {
    const orders = order([
      host(1, withAddresses('a', A)),
      host(2, withAddresses('b', B, undefined)),
      host(3, bridge('c', ['8'])),
    ]);
    expect(planOn(orders, 'a').remoteStations).toEqual([{ key: 0x10007, peer: '192.0.2.2', ...B }]);
    expect(planOn(orders, 'b').remoteStations).toEqual([{ key: 0x10007, peer: '192.0.2.1', ...A }]);
    expect(planOn(orders, 'c').remoteStations).toEqual([]);
  });

  it('are no endpoint’s when they are the DHCP server’s, unless it had them before', () => {
    const served = { subnets: new Map([['7', parseDhcpSubnet('subnet=10.0.0.0/24')]]) };
    const first = order([host(1, { ...withAddresses('a', A, B), ...served })]);
    expect(problemsOn(first, 'a')).toEqual([`if1 is in no pod: the DHCP server of pod '7' has 10.0.0.1`]);
    expect([...planOn(first, 'a').subnets.keys()]).toEqual([0x10007]);
    const orders = new BridgeOrders();
    order([host(1, withAddresses('a', A, B))], {}, orders);
    const later = order([host(1, { ...withAddresses('a', A, B), ...served })], {}, orders);
    expect(problemsOn(later, 'a')).toEqual([`no DHCP where an endpoint has the server's address 10.0.0.1`]);
    expect(planOn(later, 'a').members).toHaveLength(2);
    expect(planOn(later, 'a').subnets.size).toBe(0);
  });

  it('stay with whoever had them first, until that one has gone', () => {
    const orders = new BridgeOrders();
    order([host(2, withAddresses('b', A))], {}, orders);
    const thief = { mac: B.mac, ips: A.ips };
    const both = order([host(1, withAddresses('a', thief)), host(2, withAddresses('b', A))], {}, orders);
    expect(problemsOn(both, 'a')).toEqual([`if1 is in no pod: another endpoint of pod '7' has 10.0.0.1`]);
    expect(planOn(both, 'a').members).toEqual([]);
    expect(planOn(both, 'b').members).toHaveLength(1);
    const later = order([host(1, withAddresses('a', thief)), host(2, withAddresses('b', B))], {}, orders);
    expect(problemsOn(later, 'a')).toEqual([]);
    expect(problemsOn(later, 'b')).toEqual([`if1 is in no pod: another endpoint of pod '7' has ${B.mac}`]);
  });
});

describe('a change', () => {
  /** Hosts with two pods each; neighbours share one of them. */
  const many = (count: number, reads: { members: number }) =>
    Array.from({ length: count }, (_, i) => {
      const plain = bridge(`${i}`, [`${i + 1}`, `${i + 2}`]);
      const counted = { ...plain };
      const read = () => {
        reads.members++;
        return plain.members;
      };
      Object.defineProperty(counted, 'members', { get: read });
      return host(i + 1, counted);
    });

  it('is followed to the bridges whose pods it touches, and what others are is not even looked at', () => {
    const reads = { members: 0 };
    const hosts = many(100, reads);
    const orders = order(hosts);
    const before = ['9', '12', '80'].map((id) => orders.get(id));
    const changed = [...hosts];
    // As a database is read again: what has not changed is the same.
    const { members } = hosts[10]!.view.bridges[0]!;
    const more = bridge('10', ['11', '12', '500']);
    changed[10] = host(11, { ...more, members: [...members, more.members[2]!] });
    reads.members = 0;
    expect(follow(orders, changed)).toEqual(new Set(['10']));
    expect(reads.members).toBeLessThan(5);
    changed[10] = host(11, { ...more, members: [members[1]!, more.members[2]!] });
    expect(follow(orders, changed)).toEqual(new Set(['9', '10']));
    expect(peersOn(orders, '9')).toEqual({ 10: ['192.0.2.9'], 11: [] });
    expect(['9', '12', '80'].map((id, i) => orders.get(id) === before[i])).toEqual([false, true, true]);
    expect(reads.members).toBeLessThan(10);
    expect(follow(orders, changed).size).toBe(0);
  });

  it('of a host that goes is followed to those that shared its pods', () => {
    const hosts = many(10, { members: 0 });
    const orders = order(hosts);
    const left = hosts.filter(({ name }) => name !== 'h5');
    expect(follow(orders, left)).toEqual(new Set(['3', '4', '5']));
    expect(orders.get('4')).toBeUndefined();
    expect(peersOn(orders, '5')).toEqual({ 6: [], 7: ['192.0.2.7'] });
  });

  it('of where the tunnels to a host end is followed to all that it shares pods with', () => {
    const hosts = many(10, { members: 0 });
    const orders = order(hosts);
    const moved = hosts.with(4, { name: 'h5', view: { ...hosts[4]!.view, localIp: '192.0.2.99' } });
    expect(follow(orders, moved)).toEqual(new Set(['3', '4', '5']));
    expect(peersOn(orders, '5')).toEqual({ 6: ['192.0.2.99'], 7: ['192.0.2.7'] });
  });

  it('of what is the same for all is followed to all', () => {
    const hosts = many(10, { members: 0 });
    const orders = order(hosts);
    expect(follow(orders, hosts, { ...UNDERLAY, peers: ['192.0.2.200'] }).size).toBe(10);
    expect(peersOn(orders, '0')).toEqual({ 1: ['192.0.2.200'], 2: ['192.0.2.2', '192.0.2.200'] });
  });

  it('leaves the order to the other one of two databases that know a bridge', () => {
    const hosts = [host(1, bridge('a', ['7'])), host(2, bridge('a', ['8']))];
    const orders = order(hosts);
    expect(peersOn(orders, 'a')).toEqual({ 8: [] });
    expect(follow(orders, [hosts[0]!])).toEqual(new Set(['a']));
    expect(peersOn(orders, 'a')).toEqual({ 7: [] });
  });

  it('of the earlier one of two such databases leaves the order to the later one', () => {
    const orders = order([host(1, bridge('a', ['7'])), host(2, bridge('a', ['8']))]);
    const told = [host(1, bridge('a', ['9']))];
    expect(orders.update({ told, gone: [] }, UNDERLAY)).toEqual(new Set(['a']));
    expect(peersOn(orders, 'a')).toEqual({ 8: [] });
    orders.update({ told: [], gone: ['h2'] }, UNDERLAY);
    expect(peersOn(orders, 'a')).toEqual({ 9: [] });
  });
});
