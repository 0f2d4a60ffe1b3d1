import { describe, expect, it } from '@jest/globals';
import {
  type DatabaseSchema,
  OvsdbClient,
  OvsdbTestServer,
  type Ref,
  type Row,
  type RowOf,
  type Transaction,
} from '../../src/ovsdb/index.ts';
import {
  hardwareVtep,
  openVswitch,
  ovnNorthbound,
  ovnSouthbound,
  server,
} from '../../src/ovsdb/schemas/index.ts';
import { rejection } from '../net/sockets.ts';

type Vswitch = typeof openVswitch.json;

/** True when both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Fails to compile unless its type argument is true. */
function check<_ extends true>(): void {}

describe('the types of rows', () => {
  it('follow from the schema', () => {
    type Port = RowOf<typeof openVswitch, 'Port'>;
    check<Same<Port['_uuid'], Ref<'Port'>>>();
    check<Same<Port['name'], string>>();
    check<Same<Port['bond_updelay'], number>>();
    check<Same<Port['fake_bridge'], boolean>>();
    check<Same<Port['tag'], number | undefined>>();
    check<Same<Port['trunks'], readonly number[]>>();
    check<Same<Port['interfaces'], readonly Ref<'Interface'>[]>>();
    check<Same<Port['qos'], Ref<'QoS'> | undefined>>();
    check<Same<Port['lacp'], 'active' | 'passive' | 'off' | undefined>>();
    check<Same<Port['statistics'], ReadonlyMap<string, number>>>();
    type Bridge = Row<Vswitch, 'Bridge'>;
    check<Same<Bridge['flow_tables'], ReadonlyMap<number, Ref<'Flow_Table'>>>>();
    type Collector = Row<Vswitch, 'Flow_Sample_Collector_Set'>;
    check<Same<Collector['bridge'], Ref<'Bridge'>>>();
    check<Same<Collector['id'], number>>();
    expect(openVswitch.json.tables.Port.columns.name.mutable).toBe(false);
  });

  it('keep references to different tables apart', () => {
    const mixUp = (port: Ref<'Port'>): Ref<'Bridge'> =>
      // @ts-expect-error a port is no bridge
      port;
    expect(mixUp).toBeInstanceOf(Function);
  });
});

describe('the types of transactions', () => {
  it('accept what the schema allows', () => {
    const build = (tx: Transaction<Vswitch>, ovs: Ref<'Open_vSwitch'>, bridge: Row<Vswitch, 'Bridge'>) => {
      const iface = tx.insert('Interface', { name: 'veth0', external_ids: new Map([['galago-pod', 'web']]) });
      const port = tx.insert('Port', { name: 'veth0', interfaces: [iface], tag: undefined, lacp: 'active' });
      tx.mutate('Bridge', bridge._uuid, 'ports', 'insert', [port]);
      tx.mutate('Bridge', bridge, 'other_config', 'delete', ['key']);
      tx.update('Bridge', bridge, { fail_mode: 'secure', protocols: ['OpenFlow13'] });
      tx.mutate('Open_vSwitch', ovs, 'next_cfg', '+=', 1);
      tx.delete('Port', [
        ['tag', '<', 10],
        ['name', '==', 'veth0'],
      ]);
      const rows = tx.select('Port', [], ['name']);
      return () => rows.rows.map(({ _uuid, name }): [Ref<'Port'>, string] => [_uuid, name]);
    };
    expect(build).toBeInstanceOf(Function);
  });

  it('refuse wrong tables, columns and values', () => {
    const build = (tx: Transaction<Vswitch>, bridge: Ref<'Bridge'>, port: Ref<'Port'>) => {
      // @ts-expect-error no such table
      tx.insert('Prot', {});
      // @ts-expect-error no such column
      tx.insert('Interface', { nam: 'veth0' });
      // @ts-expect-error a port needs interfaces
      tx.insert('Port', { name: 'veth0' });
      // @ts-expect-error a string is no number
      tx.insert('Interface', { name: 1 });
      // @ts-expect-error not one of the enumerated
      tx.update('Bridge', bridge, { fail_mode: 'secur' });
      // @ts-expect-error a name is for life
      tx.update('Bridge', bridge, { name: 'br1' });
      // @ts-expect-error a bridge is no port
      tx.update('Bridge', bridge, { ports: [bridge] });
      // @ts-expect-error a map is a Map
      tx.update('Bridge', bridge, { external_ids: { a: 'b' } });
      // @ts-expect-error a port is not updated as a bridge
      tx.update('Bridge', port, {});
      // @ts-expect-error a set of references does not count
      tx.mutate('Bridge', bridge, 'ports', '+=', 1);
      // @ts-expect-error a name has no mutators
      tx.mutate('Bridge', bridge, 'datapath_type', 'insert', ['x']);
      // @ts-expect-error strings are not ordered
      tx.delete('Bridge', [['name', '<', 'br1']]);
      // @ts-expect-error the interface is not of a port
      tx.insert('Bridge', { ports: [tx.insert('Interface', {})] });
      // @ts-expect-error not selected
      return () => tx.select('Port', [], ['name']).rows[0]?.tag;
    };
    expect(build).toBeInstanceOf(Function);
  });
});

describe('the types of integers', () => {
  it('know the ranges of the schema', () => {
    const build = (tx: Transaction<Vswitch>, interfaces: readonly Ref<'Interface'>[], known: number) => {
      tx.insert('Port', { interfaces, tag: 0, trunks: [0, 4095] });
      tx.insert('Port', { interfaces, tag: 4095, bond_updelay: -5 });
      tx.insert('Port', { interfaces, tag: known, trunks: [known, 1] });
      tx.update('Mirror', [], { select_vlan: [1, 2], snaplen: 14 });
      // @ts-expect-error an integer from 0 to 4095
      tx.insert('Port', { interfaces, tag: 4096 });
      // @ts-expect-error an integer from 0 to 4095
      tx.insert('Port', { interfaces, tag: -1 });
      // @ts-expect-error an integer from 0 to 4095
      tx.insert('Port', { interfaces, tag: 1.5 });
      // @ts-expect-error an integer
      tx.insert('Port', { interfaces, bond_updelay: 1.5 });
      // @ts-expect-error the second is none from 0 to 4095
      tx.update('Port', [], { trunks: [4095, 10000] });
      // @ts-expect-error an integer from 14 to 65535
      tx.update('Mirror', [], { snaplen: 13 });
      // @ts-expect-error an integer from 14 to 65535
      tx.update('Mirror', [], { snaplen: 65536 });
      // @ts-expect-error no such column, beside one that there is
      tx.update('Port', [], { tag: 1, tga: 2 });
    };
    expect(build).toBeInstanceOf(Function);
  });
});

describe('the types of the schemas that are shipped', () => {
  it('refuse wrong tables, columns and values of each', () => {
    type Builders = {
      vtep: Transaction<typeof hardwareVtep.json>;
      north: Transaction<typeof ovnNorthbound.json>;
      south: Transaction<typeof ovnSouthbound.json>;
      server: Transaction<typeof server.json>;
    };
    const build = ({ vtep, north, south, server: self }: Builders) => {
      vtep.insert('Physical_Locator', { dst_ip: '192.0.2.1', encapsulation_type: 'vxlan_over_ipv4' });
      north.insert('ACL', { action: 'allow', direction: 'from-lport', priority: 32767 });
      south.insert('Encap', { type: 'geneve', ip: '192.0.2.1' });
      self.update('Database', [], { model: 'clustered', index: 1 });
      // @ts-expect-error no such table
      vtep.insert('Locator', {});
      // @ts-expect-error no such column
      vtep.insert('Physical_Locator', { ip: '192.0.2.1' });
      // @ts-expect-error not one of the enumerated
      vtep.insert('Physical_Locator', { encapsulation_type: 'gre' });
      // @ts-expect-error no such table
      north.insert('Acl', {});
      // @ts-expect-error no such column
      north.insert('ACL', { prio: 1 });
      // @ts-expect-error not one of the enumerated
      north.insert('ACL', { action: 'permit' });
      // @ts-expect-error an integer from 0 to 32767
      north.insert('ACL', { priority: 32768 });
      // @ts-expect-error no such table
      south.insert('Encaps', {});
      // @ts-expect-error no such column
      south.insert('Encap', { address: '192.0.2.1' });
      // @ts-expect-error not one of the enumerated
      south.insert('Encap', { type: 'gre' });
      // @ts-expect-error no such table
      self.update('Databases', [], {});
      // @ts-expect-error no such column
      self.update('Database', [], { modle: 'clustered' });
      // @ts-expect-error not one of the enumerated
      self.update('Database', [], { model: 'cluster' });
    };
    expect(build).toBeInstanceOf(Function);
  });

  it.each<[string, DatabaseSchema, object, string]>([
    ['Mirror', openVswitch, { snaplen: 13 }, 'Mirror.snaplen: expected an integer from 14 to 65535, got 13'],
    [
      'Logical_Switch',
      hardwareVtep,
      { tunnel_key: 'x' },
      "Logical_Switch.tunnel_key: expected an integer, got 'x'",
    ],
    ['ACL', ovnNorthbound, { priority: -1 }, 'ACL.priority: expected an integer from 0 to 32767, got -1'],
    ['Encap', ovnSouthbound, { ip: 7 }, 'Encap.ip: expected a string, got 7'],
    ['Database', server, { leader: 1 }, 'Database.leader: expected true or false, got 1'],
  ])('refuse a wrong value of %s before it is sent', async (table, schema, row, message) => {
    await using testServer = new OvsdbTestServer(schema);
    const { name } = schema;
    await using db = await OvsdbClient.connect('unix:test', { database: name, dial: testServer.dial });
    const before = testServer.rows(table);
    expect(await rejection(db.transact((tx) => tx.insert(table, row as never)))).toMatchObject({
      code: 'OVSDB_BAD_VALUE',
      message,
    });
    const misspelt = rejection(db.transact((tx) => tx.insert(table, { no_such: 1 })));
    expect(await misspelt).toMatchObject({ code: 'OVSDB_UNKNOWN_COLUMN' });
    expect(await rejection(db.transact((tx) => tx.insert('No', {})))).toMatchObject({
      code: 'OVSDB_UNKNOWN_TABLE',
    });
    expect(testServer.rows(table)).toEqual(before);
  });
});

describe('the types of replicas', () => {
  it('hold the tables and columns that were selected', () => {
    const use = async (db: OvsdbClient<Vswitch>) => {
      const replica = await db.replicate({ Bridge: ['name', 'ports'], Port: true });
      const bridge = replica.Bridge.find({ name: 'br-int' });
      const name: string | undefined = bridge?.name;
      const tag: number | undefined = replica.Port.get(bridge!.ports[0]!)?.tag;
      replica.Bridge.on('update', (row, old) => [row.ports, old.ports]);
      replica.on('change', (changes) => {
        for (const change of changes) {
          if (change.table === 'Port' && change.type === 'update')
            check<Same<typeof change.old.name, string>>();
        }
      });
      // @ts-expect-error not replicated
      replica.Interface;
      // @ts-expect-error not selected
      replica.Bridge.find({ fail_mode: 'secure' });
      // @ts-expect-error not selected
      bridge?.fail_mode;
      // @ts-expect-error a bridge is no port
      replica.Port.get(bridge!._uuid);
      // @ts-expect-error no such table
      await db.replicate({ Brige: true });
      // @ts-expect-error no such column
      await db.replicate({ Bridge: ['nam'] });
      // @ts-expect-error replicas are read-only
      bridge!.name = 'br1';
      return [name, tag];
    };
    expect(use).toBeInstanceOf(Function);
  });

  it('have rows in place of references that are followed', () => {
    const use = async (db: OvsdbClient<Vswitch>) => {
      const replica = await db.replicate({
        Bridge: ['name', 'ports', 'mirrors', 'flow_tables'],
        Port: ['name', 'interfaces', 'qos'],
        Interface: true,
        Flow_Table: ['flow_limit'],
        QoS: true,
      });
      const bridge = replica.Bridge.find({ name: 'br-int' }, { follow: true })!;
      const iface = bridge.ports[0]!.interfaces[0]!;
      check<Same<typeof iface.ofport, number | undefined>>();
      const port = replica.Port.follow(replica.Port.find({ name: 'veth0' })!);
      const kind: string | undefined = port.qos?.type;
      check<Same<typeof bridge.mirrors, readonly Ref<'Mirror'>[]>>();
      const limit: number | undefined = bridge.flow_tables.get(1)?.flow_limit;
      // @ts-expect-error not selected
      bridge.ports[0]?.tag;
      // @ts-expect-error a reference, as it was not followed
      replica.Bridge.find({ name: 'br-int' })?.ports[0]?.interfaces;
      return [kind, limit];
    };
    expect(use).toBeInstanceOf(Function);
  });

  it('hold what is selected under conditions, and indexes of it', () => {
    const use = async (db: OvsdbClient<Vswitch>) => {
      const replica = await db.replicate({
        Interface: { columns: ['name', 'external_ids'], where: [['name', '==', 'veth0'], false] },
        Port: { where: [['tag', '<', 10]] },
      });
      const byPod = replica.Interface.index((row) => row.external_ids.get('galago-pod'));
      const name: string | undefined = byPod.first('web')?.name;
      const byInterface = replica.Port.index((port) => port.interfaces);
      const tags = byInterface.get([...replica.Interface.rows.keys()][0]!).map(({ tag }) => tag);
      await replica.changeWhere({ Port: [true] });
      // @ts-expect-error not selected
      byPod.first('web')?.ofport;
      // @ts-expect-error keys are strings
      byPod.get(1);
      // @ts-expect-error not replicated
      await replica.changeWhere({ Bridge: [true] });
      // @ts-expect-error no such column
      await db.replicate({ Port: { where: [['tagg', '==', 1]] } });
      return [name, tags];
    };
    expect(use).toBeInstanceOf(Function);
  });

  it('take any name where the schema is only known at run time', () => {
    const use = async (db: OvsdbClient) => {
      const replica = await db.replicate({ Logical_Switch: ['name'], Anything: true });
      const row = replica.Logical_Switch.find({ name: 'ls0' });
      const name = row?.name;
      await db.transact((tx) => {
        const port = tx.insert('Logical_Switch_Port', { name: 'p0', up: true });
        tx.mutate('Logical_Switch', [['name', '==', 'ls0']], 'ports', 'insert', [port]);
        if (row !== undefined) tx.update('Logical_Switch', row, { other_config: new Map() });
      });
      return name;
    };
    expect(use).toBeInstanceOf(Function);
  });
});
