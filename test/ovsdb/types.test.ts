import { describe, expect, it } from '@jest/globals';
import type { OvsdbClient, Ref, Row, RowOf, Transaction } from '../../src/ovsdb/index.ts';
import { openVswitch } from '../../src/ovsdb/schemas/index.ts';

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
