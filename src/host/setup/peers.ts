import { UsageError } from '../../util/errors.ts';
import { familyOf, readTunnelAddress } from '../../util/tunnel-address.ts';
import type { HostDatabase } from '../database.ts';
import { readSettings, SettingKey } from './settings.ts';

/**
 * Reads the tunnel addresses of hosts, without this host's own, so that the same list is right on all of them.
 * @param localIp this host's own, where it is known
 * @throws UsageError `HOST_PEER_INVALID`
 */
export function parsePeers(texts: readonly string[], localIp?: string): readonly string[] {
  const peers = texts.map((text) => parsePeer(text, localIp));
  return [...new Set(peers)].filter((peer) => peer !== localIp);
}

/** A host has one tunnel address, so that all hosts of a cluster have to have one of the same family. */
function parsePeer(text: string, localIp: string | undefined): string {
  const address = readTunnelAddress(text);
  const expected = "expected a host's address like 192.0.2.1 or 2001:db8::1";
  if (address === undefined) throw new UsageError('HOST_PEER_INVALID', `${expected}, got '${text}'`);
  if (localIp === undefined || familyOf(address) === familyOf(localIp)) return address;
  const is = `${address} is IPv${familyOf(address)}`;
  const message = `tunnels of this host begin at ${localIp}, and ${is}: both ends have to be of one family`;
  throw new UsageError('HOST_PEER_INVALID', message);
}

/** Writes the peers of this host. @returns false when they are so already. @throws OvsdbError */
export async function writePeers(db: HostDatabase, peers: readonly string[]): Promise<boolean> {
  const sorted = [...new Set(peers)].sort();
  if (sorted.join() === readSettings(db).peers.join()) return false;
  const text = sorted.length === 0 ? undefined : sorted.join(' ');
  await db.write('peers', (tx) => db.writeSettings(tx, new Map([[SettingKey.PEERS, text]])));
  return true;
}
