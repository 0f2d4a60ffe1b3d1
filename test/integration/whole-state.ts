import type { Host } from '../lab/index.ts';

/** Columns that change by themselves. */
const VOLATILE = ['statistics', 'status', 'link_resets', 'cur_cfg', 'next_cfg'];
const TABLES = ['Open_vSwitch', 'Bridge', 'Port', 'Interface', 'Controller', 'Manager'];

/** All of a host that commands may change: links, the rows of its database, rules of its firewall. */
export async function wholeState(host: Host): Promise<object> {
  const links = JSON.parse(await host.exec('ip', ['-json', '-details', 'address'])) as readonly object[];
  const rules = await host.exec('nft', ['--stateless', 'list', 'ruleset']);
  return { links, rules, rows: await Promise.all(TABLES.map((table) => rowsOf(host, table))) };
}

async function rowsOf(host: Host, table: string): Promise<readonly string[]> {
  const { headings, data } = JSON.parse(await host.ovs.vsctl('--format=json', 'list', table)) as {
    readonly headings: readonly string[];
    readonly data: readonly (readonly unknown[])[];
  };
  const rows = data.map((row) => row.filter((_, i) => !VOLATILE.includes(headings[i]!)));
  return rows.map((row) => JSON.stringify([table, ...row])).sort();
}
