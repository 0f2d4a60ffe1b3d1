import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { listenOvsdb, OvsdbClient, type RowOf } from '../../src/ovsdb/index.ts';
import { openVswitch } from '../../src/ovsdb/schemas/index.ts';
import { type Host, Lab } from '../lab/index.ts';
import { Arrivals, rejection } from '../net/sockets.ts';
import { describeWithLab } from './describe-with-lab.ts';

type Client = OvsdbClient<typeof openVswitch.json>;

describeWithLab('OVSDB with a real Open vSwitch', () => {
  let lab: Lab;
  let host: Host;
  let db: Client;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addSwitch();
    db = await OvsdbClient.connect(host.ovs.dbSocket, { schema: openVswitch });
  });

  afterAll(async () => {
    await db?.close();
    await lab?.close();
  });

  /** Adds a bridge with its internal port, and waits until ovs-vswitchd has made it. */
  async function addBridge(name: string) {
    const replica = await db.replicate({ Open_vSwitch: ['cur_cfg', 'next_cfg'], Bridge: true });
    const [ovs] = replica.Open_vSwitch;
    const bridge = await db.transact((tx) => {
      const iface = tx.insert('Interface', { name, type: 'internal' });
      const port = tx.insert('Port', { name, interfaces: [iface] });
      const inserted = tx.insert('Bridge', {
        name,
        datapath_type: 'netdev',
        fail_mode: 'secure',
        protocols: ['OpenFlow13', 'OpenFlow15'],
        ports: [port],
        external_ids: new Map([['made-by', 'a "test"']]),
      });
      tx.mutate('Open_vSwitch', ovs!._uuid, 'bridges', 'insert', [inserted]);
      tx.mutate('Open_vSwitch', ovs!._uuid, 'next_cfg', '+=', 1);
      return inserted;
    });
    const wanted = replica.Open_vSwitch.get(ovs!._uuid)!.next_cfg;
    while (replica.Open_vSwitch.get(ovs!._uuid)!.cur_cfg < wanted) await once(replica, 'change');
    await replica.close();
    return bridge;
  }

  async function removeBridge(name: string) {
    const [ovs] = await rows('Open_vSwitch');
    const [bridge] = await rows('Bridge', [['name', '==', name]]);
    await db.transact((tx) => tx.mutate('Open_vSwitch', ovs!._uuid, 'bridges', 'delete', [bridge!._uuid]));
  }

  async function rows<T extends 'Open_vSwitch' | 'Bridge' | 'Port'>(
    table: T,
    where: readonly [] | readonly [readonly ['name', '==', string]] = [],
  ): Promise<readonly { readonly _uuid: RowOf<typeof openVswitch, T>['_uuid'] }[]> {
    const selected = await db.transact((tx) => tx.select(table, where as never));
    return selected.rows as never;
  }

  it('lists the databases and reads the schema', async () => {
    expect(await db.listDbs()).toEqual(expect.arrayContaining(['Open_vSwitch', '_Server']));
    expect((await db.getSchema()).tables.get('Bridge')?.indexes).toEqual([['name']]);
    expect((await db.getSchema('_Server')).tables.has('Database')).toBe(true);
    expect(await rejection(db.getSchema('Nonesuch'))).toMatchObject({ code: 'OVSDB_UNKNOWN_DATABASE' });
    await db.echo();
  });

  it('makes a bridge with a port and an interface, which ovs-vswitchd then makes', async () => {
    const bridge = await addBridge('br-new');
    expect((await host.ovs.vsctl('get', 'Bridge', 'br-new', '_uuid')).trim()).toBe(bridge.uuid);
    expect((await host.ovs.vsctl('get', 'Bridge', 'br-new', 'external_ids')).trim()).toBe(
      '{made-by="a \\"test\\""}',
    );
    expect(await host.ovs.ofctl('show', 'br-new')).toContain('LOCAL(br-new)');
    await removeBridge('br-new');
    expect((await host.ovs.vsctl('list-br')).trim()).toBe('br0');
  });

  it('replicates what the kernel and ovs-vsctl say, with the rows as they were', async () => {
    const replica = await db.replicate({ Interface: true, Bridge: ['name', 'external_ids', 'flood_vlans'] });
    expect([...replica.Bridge].map(({ name }) => name)).toEqual(['br0']);
    const iface = replica.Interface.find({ name: 'br0' });
    expect(iface).toMatchObject({ type: 'internal', ofport: 65534, error: undefined });
    expect(iface?.statistics.get('rx_packets')).toBeGreaterThanOrEqual(0);

    const updates = new Arrivals<readonly unknown[]>();
    replica.Bridge.on('update', (row, old) => updates.push([old, row]));
    const bridge = replica.Bridge.find({ name: 'br0' })!;
    await host.ovs.vsctl('set', 'Bridge', 'br0', 'external_ids:a=1', 'flood_vlans=1,2');
    const first = { ...bridge, external_ids: new Map([['a', '1']]), flood_vlans: [1, 2] };
    expect(await updates.next()).toEqual([bridge, first]);
    await host.ovs.vsctl('set', 'Bridge', 'br0', 'external_ids={b=2}', 'flood_vlans=2,3');
    const second = { ...bridge, external_ids: new Map([['b', '2']]), flood_vlans: [2, 3] };
    expect(await updates.next()).toEqual([first, second]);
    await host.ovs.vsctl(
      'clear',
      'Bridge',
      'br0',
      'external_ids',
      '--',
      'clear',
      'Bridge',
      'br0',
      'flood_vlans',
    );
    expect(await updates.next()).toEqual([second, bridge]);
    await replica.close();
  });

  it('follows an optional column through all its changes', async () => {
    const replica = await db.replicate({ Port: ['name', 'tag', 'vlan_mode'] });
    const seen = new Arrivals<readonly unknown[]>();
    replica.Port.on('update', ({ tag, vlan_mode }) => seen.push([tag, vlan_mode]));
    await host.ovs.vsctl('set', 'Port', 'br0', 'tag=5', 'vlan_mode=access');
    await host.ovs.vsctl('set', 'Port', 'br0', 'tag=6');
    await host.ovs.vsctl('clear', 'Port', 'br0', 'tag', '--', 'clear', 'Port', 'br0', 'vlan_mode');
    expect([await seen.next(), await seen.next(), await seen.next()]).toEqual([
      [5, 'access'],
      [6, 'access'],
      [undefined, undefined],
    ]);
    await replica.close();
  });

  it('shows a change by the time the transaction is done', async () => {
    const replica = await db.replicate({ Port: ['name', 'external_ids'] });
    const port = replica.Port.find({ name: 'br0' })!;
    const change = await db.transact((tx) => {
      tx.mutate(
        'Port',
        port,
        'external_ids',
        'insert',
        new Map([
          ['x', '1'],
          ['y', '2'],
        ]),
      );
      tx.mutate('Port', port, 'external_ids', 'delete', ['x']);
      return tx.update('Port', [['name', 'includes', 'br0']], { bond_fake_iface: false });
    });
    expect(change.count).toBe(1);
    expect(replica.Port.get(port._uuid)?.external_ids).toEqual(new Map([['y', '2']]));
    await db.transact((tx) => tx.update('Port', port._uuid, { external_ids: new Map() }));
    expect(replica.Port.get(port._uuid)?.external_ids).toEqual(new Map());
    await replica.close();
  });

  it('does not overwrite what somebody else has written meanwhile', async () => {
    const replica = await db.replicate({ Port: ['name', 'other_config'] });
    const row = replica.Port.find({ name: 'br0' })!;
    await host.ovs.vsctl('set', 'Port', 'br0', 'other_config:theirs=1');
    const ours = new Map([...row.other_config, ['ours', '1']]);
    expect(
      await rejection(db.transact((tx) => tx.update('Port', row, { other_config: ours }))),
    ).toMatchObject({
      code: 'OVSDB_TIMED_OUT',
      operation: 0,
      table: 'Port',
    });
    expect((await host.ovs.vsctl('get', 'Port', 'br0', 'other_config')).trim()).toBe('{theirs="1"}');
    await replica.close();
  });

  it('reports what the server refuses', async () => {
    const [ovs] = await rows('Open_vSwitch');
    const [port] = await rows('Port');
    const duplicate = db.transact((tx) => {
      const bridge = tx.insert('Bridge', { name: 'br0' });
      tx.mutate('Open_vSwitch', ovs!._uuid, 'bridges', 'insert', [bridge]);
    });
    expect(await rejection(duplicate)).toMatchObject({
      name: 'OvsdbError',
      code: 'OVSDB_CONSTRAINT_VIOLATION',
      operation: undefined,
      details: expect.stringContaining('identical values (br0) for index on column "name"'),
    });
    const beyond = db.transact((tx) => {
      tx.comment('the second operation fails');
      tx.mutate('Port', port!._uuid, 'tag', '+=', 1);
      tx.mutate('Port', port!._uuid, 'trunks', 'insert', [1]);
      tx.mutate('Port', port!._uuid, 'trunks', '+=', 5000);
    });
    expect(await rejection(beyond)).toMatchObject({
      code: 'OVSDB_CONSTRAINT_VIOLATION',
      operation: 3,
      table: 'Port',
    });
    const dangling = db.transact((tx) => tx.mutate('Bridge', [], 'ports', 'insert', [ovs!._uuid as never]));
    expect(await rejection(dangling)).toMatchObject({ code: 'OVSDB_REFERENTIAL_INTEGRITY_VIOLATION' });
  });

  it('refuses wrong names and values before they are sent', async () => {
    const refused = (build: (tx: never) => unknown) => rejection(db.transact(build as never));
    type AnyTx = { insert(table: string, row: object): void };
    expect(await refused((tx: AnyTx) => tx.insert('Interfaces', {}))).toMatchObject({
      message: `Open_vSwitch ${db.schema.version} has no table 'Interfaces'; did you mean 'Interface'?`,
    });
    expect(await refused((tx: AnyTx) => tx.insert('Interface', { nmae: 'x' }))).toMatchObject({
      name: 'UsageError',
      code: 'OVSDB_UNKNOWN_COLUMN',
      message: "table 'Interface' has no column 'nmae'; did you mean 'name'?",
    });
    expect(await refused((tx: AnyTx) => tx.insert('Bridge', { fail_mode: 'secur' }))).toMatchObject({
      message:
        "Bridge.fail_mode: expected one of 'secure', 'standalone', got 'secur'; did you mean 'secure'?",
    });
  });

  it('gives a client for a switch that calls after set-manager, and ends with the call', async () => {
    const clients = new Arrivals<Client>();
    const listener = await listenOvsdb('ptcp:0', clients.push, { schema: openVswitch });
    try {
      const port = await host.importPort('port' in listener.method ? listener.method.port : 0, 0);
      await host.ovs.vsctl('set-manager', `tcp:127.0.0.1:${port}`);
      const client = await clients.next();
      const replica = await client.replicate({ Manager: true, Bridge: ['name'] });
      expect(replica.Bridge.find({ name: 'br0' })?.name).toBe('br0');
      while (![...replica.Manager].some((row) => row.is_connected)) await once(replica, 'change');
      const closed = once(client, 'closed');
      await host.ovs.vsctl('del-manager');
      expect(await closed).toMatchObject([{ reason: { code: 'OVSDB_CLOSED' } }]);
      expect(replica.isStale).toBe(true);
    } finally {
      await listener.close();
    }
  });
});
