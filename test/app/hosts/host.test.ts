import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Host } from '../../../src/app/hosts/host.ts';
import type { OpenVswitch } from '../../../src/app/hosts/host-view.ts';
import { OvsdbClient, OvsdbTestServer } from '../../../src/ovsdb/index.ts';
import { openVswitch } from '../../../src/ovsdb/schemas/index.ts';
import { silentLog } from '../../../src/util/log.ts';

const LEASE = { address: '10.0.0.5', until: 1000, prefixLength: 24 };

describe("a lease in a host's database", () => {
  let server: OvsdbTestServer<OpenVswitch>;
  let client: OvsdbClient<OpenVswitch>;
  let host: Host;

  beforeEach(async () => {
    server = new OvsdbTestServer(openVswitch);
    client = await OvsdbClient.connect('unix:test', { schema: openVswitch, dial: server.dial });
    await client.transact((tx) => tx.insert('Open_vSwitch', {}));
    await addInterface('asker', { 'galago-ip': 'dhcp' });
    host = await Host.open('h1', client, () => {}, silentLog);
  });

  afterEach(async () => {
    await host.close();
    await server.close();
  });

  const addInterface = (name: string, ids: Readonly<Record<string, string>>) =>
    client.transact((tx) => {
      const external_ids = new Map(Object.entries({ 'galago-pod': '7', ...ids }));
      const iface = tx.insert('Interface', { name, external_ids });
      const port = tx.insert('Port', { name, interfaces: [iface] });
      const bridge = tx.insert('Bridge', { name: `br-${name}`, ports: [port] });
      tx.mutate('Open_vSwitch', [], 'bridges', 'insert', [bridge]);
    });

  const idsOf = (name: string) => server.rows('Interface').find((row) => row.name === name)?.external_ids;

  it('is recorded, renewed and taken back', async () => {
    await host.recordLease('asker', LEASE);
    expect(idsOf('asker')?.get('galago-lease')).toBe('10.0.0.5');
    await host.recordLease('asker', { ...LEASE, until: 2000 });
    expect(idsOf('asker')?.get('galago-lease-until')).toBe('2000');
    await host.recordLease('asker', undefined);
    expect([...(idsOf('asker')?.keys() ?? [])].sort()).toEqual(['galago-ip', 'galago-pod']);
  });

  it.each([
    { 'galago-ip': '10.0.0.5/24' },
    { 'galago-ip': '10.0.0.5' },
    { 'galago-ip': 'dhcp', 'galago-lease': '10.0.0.5' },
  ])('is refused by the database while another endpoint of the pod has %o', async (ids) => {
    await addInterface('owner', ids);
    await expect(host.recordLease('asker', LEASE)).rejects.toMatchObject({ code: 'OVSDB_TIMED_OUT' });
    expect(idsOf('asker')?.has('galago-lease')).toBe(false);
  });

  it('is no matter to other pods', async () => {
    await addInterface('owner', { 'galago-pod': '8', 'galago-ip': '10.0.0.5/24' });
    await host.recordLease('asker', LEASE);
    expect(idsOf('asker')?.get('galago-lease')).toBe('10.0.0.5');
  });
});
