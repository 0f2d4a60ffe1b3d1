import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { ENCAPSULATIONS } from '../../../src/host/setup/encapsulation.ts';
import type { HostTunnels } from '../../../src/host/system/forgery.ts';

/** Keeps the table in a file, and lists the rules that have a comment as nft(8) does. */
const NFT = `#!/bin/sh
cd "$(dirname "$0")"
case "$*" in
'--check --file -') grep -q refused && exit 1; exit 0 ;;
'--file -') cat > table ;;
'--json list table inet galago')
  [ -e table ] || exit 1
  awk '
    $1 == "chain" { chain = $2 }
    match($0, /comment ".*"/) {
      printf ",{\\"rule\\":{\\"chain\\":\\"%s\\",\\"comment\\":%s}}", chain, substr($0, RSTART + 8, RLENGTH - 8)
    }
    BEGIN { printf "{\\"nftables\\":[{}" }
    END { print "]}" }' table ;;
'delete table inet galago') rm table ;;
esac
`;

let dir: string;
let forgery: typeof import('../../../src/host/system/forgery.ts');

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'galago-nft-'));
  await writeFile(join(dir, 'nft'), NFT, { mode: 0o755 });
  process.env.PATH = `${dir}:${process.env.PATH}`;
  // It reads the path when it is loaded.
  forgery = await import('../../../src/host/system/forgery.ts');
});

beforeEach(() => rm(join(dir, 'table'), { force: true }));

afterAll(() => rm(dir, { recursive: true, force: true }));

const V4: HostTunnels = {
  encapsulation: ENCAPSULATIONS.vxlan,
  localIp: '192.0.2.1',
  peers: ['192.0.2.3', '192.0.2.2'],
};
const V6 = { encapsulation: ENCAPSULATIONS.gre, localIp: '2001:db8::1', peers: ['2001:db8::2'] };

/** Carries out what has to be done. @returns that, a line each */
async function make(tunnels: HostTunnels): Promise<readonly string[]> {
  const { changes } = await forgery.planForgery(tunnels);
  for (const each of changes) await each.carryOut();
  return changes.map(({ text }) => text);
}

const table = async () => (await readFile(join(dir, 'table'), 'utf8')).replaceAll(/ comment ".*"/g, '');

it('drops what is forged of a tunnel, in one transaction', async () => {
  expect(await make(V4)).toEqual(['nftables inet galago: drop forged packets of vxlan']);
  expect(await table()).toBe(`add table inet galago
delete table inet galago
table inet galago {
chain ports {
type filter hook prerouting priority -300;
iifgroup 27162 drop
}
chain leaving {
type filter hook postrouting priority 300;
ip saddr 192.0.2.1 udp dport 4789 ct direction original ct original ip saddr != 192.0.2.1 drop
ip saddr 192.0.2.1 udp dport 4789 ct direction reply ct reply ip saddr != 192.0.2.1 drop
}
chain passing {
type filter hook forward priority 0;
ip saddr { 192.0.2.1, 192.0.2.2, 192.0.2.3 } udp dport 4789 fib saddr . iif oif eq 0 drop
}
chain arriving {
type filter hook input priority 0;
ip daddr 192.0.2.1 udp dport 4789 fib saddr . iif oif eq 0 drop
}
}
`);
});

it('knows tunnels over IPv6, and packets without ports', async () => {
  await make(V6);
  expect(await table()).toContain('\nip6 daddr 2001:db8::1 meta l4proto gre fib saddr . iif oif eq 0 drop\n');
  expect(await table()).toContain('\nip6 saddr { 2001:db8::1, 2001:db8::2 } meta l4proto gre fib');
});

it('has nothing to do a second time, and begins anew for another tunnel or host', async () => {
  await make(V4);
  expect(await make({ ...V4, peers: [...V4.peers].reverse() })).toEqual([]);
  for (const other of [
    { ...V4, peers: [] },
    { ...V4, localIp: '192.0.2.9' },
    { ...V4, encapsulation: ENCAPSULATIONS.geneve },
    V6,
  ]) {
    expect(await make(other)).toHaveLength(1);
    expect(await make(other)).toEqual([]);
  }
});

it('sees that rules are missing', async () => {
  await make(V4);
  const all = await readFile(join(dir, 'table'), 'utf8');
  await writeFile(join(dir, 'table'), all.replace(/^ip daddr .*\n/m, ''));
  expect(await make(V4)).toHaveLength(1);
  await forgery.deleteForgeryTable();
  expect(await forgery.hasForgeryTable()).toBe(false);
  expect(await make(V4)).toHaveLength(1);
});

it('leaves out what is no address of another host, as somebody may have written it', async () => {
  await make({ ...V4, peers: ['192.0.2.1', '192.0.2.2', '2001:db8::2', 'x }; flush ruleset;'] });
  expect(await table()).toContain('ip saddr { 192.0.2.1, 192.0.2.2 } udp');
});

it('does nothing where nftables has not what it takes', async () => {
  const refused = { ...V4, localIp: 'refused' };
  expect(await forgery.planForgery(refused)).toEqual({ isDropped: false, changes: [] });
});
