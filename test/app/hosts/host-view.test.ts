import { describe, expect, it } from '@jest/globals';
import { type HostReplica, type HostView, readHost } from '../../../src/app/hosts/host-view.ts';

interface InterfaceRow {
  readonly ofport?: number;
  readonly type?: string;
  readonly ids?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  readonly error?: string;
}

interface RemoteRow {
  readonly target: string;
  readonly connection_mode?: string;
}

interface HostRows {
  readonly datapathId?: string | undefined;
  readonly ids?: Readonly<Record<string, string>>;
  readonly curCfg?: number;
  readonly nextCfg?: number;
  readonly failMode?: string;
  readonly bridgeIds?: Readonly<Record<string, string>>;
  readonly otherConfig?: Readonly<Record<string, string>>;
  readonly interfaces?: Readonly<Record<string, InterfaceRow>>;
  readonly controllers?: readonly RemoteRow[];
  readonly managers?: readonly RemoteRow[];
}

/** A table as a replica has it: rows by `_uuid`, and iterable. */
function table(rows: Readonly<Record<string, object>>) {
  const all = Object.entries(rows).map(([_uuid, row]) => ({ _uuid, ...row }));
  return {
    get: (uuid: string) => all.find(({ _uuid }) => _uuid === uuid),
    [Symbol.iterator]: () => all.values(),
  };
}

const map = (record: Readonly<Record<string, string>> = {}) => new Map(Object.entries(record));
const remotes = (rows: readonly RemoteRow[] = []) => Object.fromEntries(rows.map((row, i) => [`r${i}`, row]));

/** A host with one bridge, `br-int`, each interface of which is a port of the same name. */
function replica(host: HostRows): HostReplica {
  const { interfaces = {}, controllers, managers, failMode = 'secure', curCfg = 1, nextCfg = 1 } = host;
  const names = Object.keys(interfaces);
  const rows = names.map((name) => {
    const { ids, options, type = '', ofport, error } = interfaces[name]!;
    return [name, { name, type, ofport, error, external_ids: map(ids), options: map(options) }] as const;
  });
  return {
    Open_vSwitch: table({
      root: {
        external_ids: map(host.ids),
        cur_cfg: curCfg,
        next_cfg: nextCfg,
        manager_options: Object.keys(remotes(managers)),
      },
    }),
    Bridge: table({
      bridge: {
        name: 'br-int',
        datapath_id: 'datapathId' in host ? host.datapathId : '0000000000000001',
        ports: [...names, 'gone'],
        fail_mode: failMode === '' ? undefined : failMode,
        controller: Object.keys(remotes(controllers)),
        other_config: map(host.otherConfig),
        external_ids: map(host.bridgeIds),
      },
    }),
    Port: table(Object.fromEntries(names.map((name) => [name, { name, interfaces: [name, 'gone'] }]))),
    Interface: table(Object.fromEntries(rows)),
    Controller: table(remotes(controllers)),
    Manager: table(remotes(managers)),
  } as unknown as HostReplica;
}

const bridgeOf = (view: HostView) => view.bridges[0]!;
const read = (host: HostRows) => bridgeOf(readHost(replica(host)));
const VXLAN = { type: 'vxlan', ofport: 9, options: { remote_ip: 'flow', key: 'flow' } };

describe('the view of a host', () => {
  it.each([
    [undefined, undefined],
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['fe80::1', undefined],
    ['h1', undefined],
  ])('has the tunnel address %p as %p', (text, localIp) => {
    const ids = text === undefined ? {} : { 'galago-local-ip': text };
    expect(readHost(replica({ ids })).localIp).toBe(localIp);
  });

  it('has no bridges before its database has been initialised', () => {
    const empty = replica({});
    const tables = { ...empty, Open_vSwitch: table({}), Bridge: table({}) } as unknown as HostReplica;
    expect(readHost(tables)).toEqual({ localIp: undefined, bridges: [] });
  });
});

describe('the view of a bridge', () => {
  it('has the interfaces that are in a pod and that the switch has opened', () => {
    const bridge = read({
      interfaces: {
        web1: { ofport: 1, ids: { 'galago-pod': '7' } },
        db1: { ofport: 2, ids: { 'galago-pod': 'db', 'galago-key': '0x10' } },
        soon: { ids: { 'galago-pod': '7' } },
        failed: { ofport: -1, ids: { 'galago-pod': '7' } },
        podless: { ofport: 3 },
      },
    });
    expect(bridge).toEqual({
      name: 'br-int',
      datapathId: '0000000000000001',
      carriesPods: true,
      insecurities: [],
      members: [
        { interface: 'web1', ofport: 1, pod: { name: '7', key: 0x10007 } },
        { interface: 'db1', ofport: 2, pod: { name: 'db', key: 16 } },
      ],
      podPorts: [1, 2],
      problems: [],
      subnets: new Map(),
      tunnels: [],
    });
  });

  it('has who is on it, when it is a virtual switch, and there no pods and tunnels', () => {
    const slot = { 'galago-role': 'slot', 'galago-mac': '52:00:0a:00:00:01', 'galago-ip': '10.0.0.1/24' };
    const bridge = read({
      bridgeIds: { 'galago-vswitch': '10.0.0.254/24' },
      interfaces: {
        'ovs0-s01': { ofport: 1, ids: slot },
        web1: { ofport: 2, ids: { 'galago-pod': '7' } },
        vx0: VXLAN,
      },
    });
    const pod = { name: 'br-int', key: 1 };
    const addresses = { mac: '52:00:0a:00:00:01', ips: ['10.0.0.1'] };
    expect(bridge).toMatchObject({ carriesPods: true, members: [], tunnels: [], podPorts: [1, 2, 9] });
    expect(bridge.vswitch).toEqual([{ interface: 'ovs0-s01', ofport: 1, pod, addresses }]);
  });

  it('carries no pods when no interface names one and there is no tunnel', () => {
    expect(read({ interfaces: { a: { ofport: 1 } } }).carriesPods).toBe(false);
    expect(read({ interfaces: { a: { ofport: 1, ids: { 'galago-key': '5' } } } }).carriesPods).toBe(false);
    expect(read({ interfaces: { vx0: VXLAN } })).toMatchObject({ carriesPods: true, members: [] });
  });

  it('goes on to carry pods when the last interface has left its pod', () => {
    const before = readHost(replica({ interfaces: { a: { ofport: 1, ids: { 'galago-pod': '7' } } } }));
    const after = bridgeOf(readHost(replica({ interfaces: { a: { ofport: 1 } } }), before));
    expect(after).toMatchObject({ carriesPods: true, members: [], podPorts: [] });
  });

  it('isolates an interface whose pod is wrong, and says why', () => {
    const bridge = read({
      interfaces: {
        bad: { ofport: 1, ids: { 'galago-pod': 'a b' } },
        keyless: { ofport: 2, ids: { 'galago-pod': 'web' } },
        good: { ofport: 3, ids: { 'galago-pod': 'global' } },
      },
    });
    expect(bridge.members).toMatchObject([{ interface: 'good' }]);
    expect(bridge).toMatchObject({ carriesPods: true, podPorts: [1, 2, 3] });
    expect(bridge.problems).toEqual([
      expect.stringMatching(/^bad is in no pod: expected a pod's name .* got 'a b'$/),
      expect.stringMatching(/^keyless is in no pod: pod 'web' needs a tunnel key/),
    ]);
  });

  it('takes only ports to anywhere for tunnels, and never for members', () => {
    const ids = { 'galago-pod': '7' };
    const bridge = read({
      interfaces: {
        vx0: { ...VXLAN, ids },
        gn0: { ...VXLAN, type: 'geneve', ofport: -1, error: 'in use' },
        fixed: { ...VXLAN, options: { remote_ip: '192.0.2.2', key: 'flow' } },
        keyed: { ...VXLAN, options: { remote_ip: 'flow', key: '5' } },
      },
    });
    expect(bridge.tunnels).toEqual([
      { interface: 'vx0', type: 'vxlan', ofport: 9, error: undefined },
      { interface: 'gn0', type: 'geneve', ofport: undefined, error: 'in use' },
    ]);
    expect(bridge.members).toEqual([]);
    expect(bridge.problems).toEqual(['vx0 is in no pod: a tunnel carries all pods and can be in none']);
  });
});

describe('the datapath id of a bridge', () => {
  it('outlives a database that has forgotten it, until the switch writes another', () => {
    const first = readHost(replica({ datapathId: undefined }));
    expect(bridgeOf(first).datapathId).toBeUndefined();
    const named = readHost(replica({}), first);
    expect(bridgeOf(named).datapathId).toBe('0000000000000001');
    const forgotten = readHost(replica({ datapathId: undefined }), named);
    expect(bridgeOf(forgotten).datapathId).toBe('0000000000000001');
    const renamed = readHost(replica({ datapathId: '0000000000000002' }), forgotten);
    expect(bridgeOf(renamed).datapathId).toBe('0000000000000002');
  });
});

describe('the insecurity of a bridge', () => {
  const FIX = 'set bridge br-int other_config:disable-in-band=true';
  const remote = (target: string, connection_mode?: string) => ({
    target,
    ...(connection_mode !== undefined && { connection_mode }),
  });

  it.each([
    ['', 'fail_mode is standalone: ovs-vsctl set-fail-mode br-int secure'],
    ['standalone', 'fail_mode is standalone: ovs-vsctl set-fail-mode br-int secure'],
  ])('is a fail_mode of %p', (failMode, problem) => {
    expect(read({ failMode }).insecurities).toEqual([problem]);
  });

  it.each([['tcp:192.0.2.9:6653'], ['ssl:192.0.2.9:6653']])('is a controller at %s', (target) => {
    expect(read({ controllers: [remote(target)] }).insecurities).toEqual([
      `control is in-band: ovs-vsctl set controller br-int connection_mode=out-of-band -- ${FIX}`,
    ]);
    expect(read({ controllers: [remote(target, 'in-band')] }).insecurities).toHaveLength(1);
    expect(read({ controllers: [remote(target, 'out-of-band')] }).insecurities).toEqual([]);
  });

  it('is a manager that is called, which has hidden flows in every bridge', () => {
    const managers = [remote('tcp:192.0.2.9:6640')];
    expect(read({ managers }).insecurities).toEqual([`control is in-band: ovs-vsctl ${FIX}`]);
    expect(read({ managers: [remote('ssl:192.0.2.9:6640', 'out-of-band')] }).insecurities).toEqual([]);
  });

  it('is not what calls here, nor what in-band control is disabled for', () => {
    const controllers = [remote('ptcp:6653'), remote('unix:/tmp/x'), remote('punix:/tmp/y')];
    expect(read({ controllers, managers: [remote('ptcp:6640')] }).insecurities).toEqual([]);
    const inBand = [remote('tcp:192.0.2.9:6653')];
    const otherConfig = { 'disable-in-band': 'true' };
    expect(read({ controllers: inBand, managers: inBand, otherConfig }).insecurities).toEqual([]);
  });

  it('lasts until the switch has carried out what mends it', () => {
    const insecure = readHost(replica({ failMode: 'standalone' }));
    const underWay = readHost(replica({ nextCfg: 2 }), insecure);
    expect(bridgeOf(underWay).insecurities).toEqual([
      'the switch has not carried out the change of its configuration yet',
    ]);
    expect(bridgeOf(readHost(replica({ nextCfg: 2 }), underWay)).insecurities).toHaveLength(1);
    expect(bridgeOf(readHost(replica({ nextCfg: 2, curCfg: 2 }), underWay)).insecurities).toEqual([]);
    expect(bridgeOf(readHost(replica({ nextCfg: 2 }))).insecurities).toEqual([]);
  });
});

describe('addresses and DHCP in the view of a bridge', () => {
  const ids = { 'galago-pod': '7', 'galago-mac': '02:00:00:00:00:01' };
  const memberWith = (more: Readonly<Record<string, string>>) =>
    read({ interfaces: { if1: { ofport: 1, ids: { ...ids, ...more } } } }).members[0];

  it('are what the labels say', () => {
    expect(memberWith({})?.addresses).toEqual({ mac: ids['galago-mac'], ips: [] });
    expect(memberWith({ 'galago-ip': '10.0.0.1' })?.addresses).toEqual({
      mac: ids['galago-mac'],
      ips: ['10.0.0.1'],
    });
  });

  it('have what DHCP has given, and until when', () => {
    const lease = (address: string, until: string) => {
      return { 'galago-lease': address, 'galago-lease-until': until };
    };
    const dynamic = { mac: ids['galago-mac'], isDynamic: true };
    expect(memberWith({ 'galago-ip': 'dhcp' })).toMatchObject({ addresses: { ...dynamic, ips: [] } });
    const leased = memberWith({ 'galago-ip': 'dhcp', ...lease('10.0.0.5', '1000') });
    expect(leased).toMatchObject({ addresses: { ...dynamic, ips: ['10.0.0.5'] }, leasedUntil: 1000 });
    for (const damaged of [lease('10.0.0.5', ''), lease('10.0.0', '1000'), lease('10.0.0.5', 'soon')])
      expect(memberWith({ 'galago-ip': 'dhcp', ...damaged })).not.toHaveProperty('leasedUntil');
    const fixed = memberWith({ 'galago-ip': '10.0.0.1', ...lease('10.0.0.5', '1000') });
    expect(fixed).not.toHaveProperty('leasedUntil');
  });

  it('have the subnets of pods, and what is wrong with others', () => {
    const { subnets, problems } = read({
      bridgeIds: { 'galago-dhcp-7': 'subnet=10.0.0.0/24', 'galago-dhcp-8': 'subnet=10.0.0', other: 'x' },
    });
    expect([...subnets.keys()]).toEqual(['7']);
    expect(problems).toEqual([expect.stringMatching(/^no DHCP in pod '8': expected an IPv4 network/)]);
  });
});
