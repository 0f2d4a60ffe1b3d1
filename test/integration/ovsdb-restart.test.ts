import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Backoff, type ConnectionMethod, type DialOptions, dial } from '../../src/net/index.ts';
import { OvsdbClient, type OvsdbConnectOptions, type SchemaJson } from '../../src/ovsdb/index.ts';
import { openVswitch } from '../../src/ovsdb/schemas/index.ts';
import { Lab, run } from '../lab/index.ts';
import { testSchema } from '../ovsdb/test-schema.ts';
import { describeWithLab } from './describe-with-lab.ts';

/** A way to dial that waits until it is let through. */
function gatedDial() {
  let open = Promise.resolve();
  let release = () => {};
  const received: string[] = [];
  return {
    /** All that the last connection has received. */
    received: () => received.join(''),
    shut: () => {
      open = new Promise((resolve) => {
        release = resolve;
      });
    },
    open: () => release(),
    dial: async (method: ConnectionMethod, options: DialOptions) => {
      await open;
      const socket = await dial(method, options);
      received.length = 0;
      socket.on('data', (chunk: Buffer) => received.push(chunk.toString()));
      return socket;
    },
  };
}

describeWithLab('OVSDB servers that die', () => {
  let lab: Lab;
  const clients: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
  });

  afterAll(async () => {
    for (const client of clients) await client.close();
    await lab?.close();
  });

  async function connect<S extends SchemaJson>(method: string, options: OvsdbConnectOptions<S>) {
    const backoff = new Backoff({ minMs: 5, maxMs: 5 });
    const client = await OvsdbClient.connect<S>(method, { backoff, waitForServer: true, ...options });
    clients.push(client);
    return client;
  }

  it('reports rows deleted while the server was dead, once', async () => {
    const host = await lab.addSwitch();
    await host.ovs.vsctl('add-br', 'br-gone', '--', 'set', 'Bridge', 'br-gone', 'datapath_type=netdev');
    const gate = gatedDial();
    const client = await connect(host.ovs.dbSocket, { schema: openVswitch, dial: gate.dial });
    const replica = await client.replicate({ Bridge: ['name', 'external_ids'], Port: ['name'] });
    const told: string[] = [];
    replica.Bridge.on('delete', (row) => told.push(`delete bridge ${row.name}`));
    replica.Port.on('delete', (row) => told.push(`delete port ${row.name}`));
    replica.Bridge.on('insert', (row) => told.push(`insert bridge ${row.name}`));
    replica.Bridge.on('update', (row, old) =>
      told.push(`update bridge ${row.name} ${old.external_ids.get('k')} to ${row.external_ids.get('k')}`),
    );
    replica.on('change', (changes) => told.push(`change ${changes.length}`));

    gate.shut();
    const stale = once(replica, 'stale');
    process.kill(host.ovs.ovsdbPid!, 'SIGKILL');
    await stale;
    expect(replica.isStale).toBe(true);
    expect(replica.Bridge.find({ name: 'br-gone' })).toBeDefined();
    const waiting = client.transact((tx) => tx.select('Bridge', [], ['name']));
    await host.ovs.restartOvsdb();
    await host.ovs.vsctl('del-br', 'br-gone', '--', 'set', 'Bridge', 'br0', 'external_ids:k=v');
    gate.open();

    await replica.synced();
    expect(told).toEqual([
      'update bridge br0 undefined to v',
      'delete bridge br-gone',
      'delete port br-gone',
      'change 3',
    ]);
    expect((await waiting).rows.map(({ name }) => name)).toEqual(['br0']);
    expect(replica.isStale).toBe(false);
  });

  it('continues where it stopped with a clustered server, which keeps its history', async () => {
    const file = (name: string) => join(lab.dir, name);
    const schemaFile = file('test.ovsschema');
    const method = `unix:${file('raft.sock')}`;
    await run('sh', ['-c', 'cat > "$0"', schemaFile], { input: JSON.stringify(testSchema.json) });
    await run('ovsdb-tool', ['create-cluster', file('raft.db'), schemaFile, `unix:${file('raft.raft')}`]);
    const args = [file('raft.db'), `--remote=p${method}`, `--unixctl=${file('raft.ctl')}`];
    let server = await lab.start('ovsdb-server', args);
    const gate = gatedDial();
    const client = await connect(method, { schema: testSchema, dial: gate.dial });
    const other = await connect(method, { schema: testSchema });
    const insert = (names: readonly string[], firstCount: number) =>
      other.transact((tx) => {
        for (const [i, name] of names.entries()) {
          tx.insert('Thing', { name, count: firstCount + i, parts: [tx.insert('Part', { name })] });
        }
      });
    // The server forgets the oldest transactions once its history is larger than the database itself.
    const kept = Array.from({ length: 50 }, (_, i) => `kept${i}`);
    await insert(kept, 0);
    await insert(['gone'], 60);
    const replica = await client.replicate({ Thing: ['name'] });
    const told: string[] = [];
    replica.Thing.on('delete', (row) => told.push(`delete ${row.name}`));
    replica.Thing.on('insert', (row) => told.push(`insert ${row.name}`));

    gate.shut();
    const lost = [once(replica, 'stale'), once(other, 'disconnected')];
    await server.stop('SIGKILL');
    await Promise.all(lost);
    server = await lab.start('ovsdb-server', args);
    await other.transact((tx) => tx.delete('Thing', [['name', '==', 'gone']]));
    await insert(['new'], 61);
    gate.open();
    await replica.synced();
    expect(gate.received()).toMatch(/"result":\[true,/);
    expect(told.sort()).toEqual(['delete gone', 'insert new']);
    expect([...replica.Thing].map((row) => row.name).sort()).toEqual([...kept, 'new'].sort());
  });
});
