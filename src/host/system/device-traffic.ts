import { tryCommand } from './command.ts';

/**
 * Has the kernel take nothing itself of what comes in by a device that is in a bridge of the userspace datapath: the
 * bridge has a copy, and gives the kernel what is for it. Without nftables everything comes in twice.
 */
export async function keepFromKernel(device: string): Promise<void> {
  await giveToKernel();
  // Packet sockets, by which Open vSwitch reads, have theirs before this hook.
  const chain = `type filter hook ingress device "${device}" priority -500; policy drop;`;
  await tryCommand('nft', ['add', 'table', ...TABLE]);
  await tryCommand('nft', ['add', 'chain', ...TABLE, 'uplink', `{ ${chain} }`]);
}

/** True when that has been done, or cannot be. */
export async function isKeptFromKernel(): Promise<boolean> {
  const tables = await tryCommand('nft', ['list', 'tables', 'netdev']);
  return tables === undefined || tables.split('\n').includes(`table ${TABLE.join(' ')}`);
}

/** Undoes it. */
export async function giveToKernel(): Promise<void> {
  await tryCommand('nft', ['delete', 'table', ...TABLE]);
}

const TABLE = ['netdev', 'galago'];
